/* SPDX-License-Identifier: MIT */
/* tlsbye run [options] [--] PROGRAM [ARGS...]: becomes PROGRAM, with the object preloaded. */
#ifndef TLSBYE_RUN_H
#define TLSBYE_RUN_H

/* argv[0] is "tlsbye run". Returns an exit status only when the program could not be run. */
int run_command(int argc, char **argv);

#endif
