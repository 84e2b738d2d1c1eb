/* SPDX-License-Identifier: MIT */
/* tlsbye probe [options] HOST:PORT, or --listen PORT: how does that peer end its connections? */
#ifndef TLSBYE_PROBE_H
#define TLSBYE_PROBE_H

/* argv[0] is "tlsbye probe". Returns 0: clean, 1: not clean, 2: misuse, or it could not be tried. */
int probe_command(int argc, char **argv);

#endif
