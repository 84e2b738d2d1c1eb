/* SPDX-License-Identifier: MIT */
/* `tlsbye check`: can the object reach this program? See tlsbye-check(1). */
#ifndef TLSBYE_CHECK_H
#define TLSBYE_CHECK_H

int check_command(int argc, char **argv);

#endif
