/* SPDX-License-Identifier: MIT */
/*
 * Environments in which a program finds itself, or into which it puts itself: filters, limits, other roots and users. A name may
 * have an argument after a colon:
 *
 *   calls:kill, calls:trap     only the calls whose numbers stand in the file $ENVIRONMENT_CALLS; another kills, or raises SIGSYS, for
 *                              which there is a handler that answers EPERM
 *   calls:eperm, calls:enosys  another is refused so; and as containers have it: no clone3(), no name space by clone(), those that the
 *                              file has with a minus refused by EPERM
 *   no-unix                    RestrictAddressFamilies= without AF_UNIX: EAFNOSUPPORT
 *   nproc, nofile, as, fsize   these limits: 0, of AS what there is and a little more
 *   rlimits                    as OpenSSH's sandbox by rlimits: these, but for AS, as another user
 *   user, no-caps, no-new-privs
 *   pids:FOLDER                a cgroup of this process alone, which exists, and whose pids.max is 1
 *   chroot:FOLDER
 *   no-proc, no-dev, read-only mounts of its own
 *   descriptors                0 to 2 are closed, and sockets get their numbers
 *
 * Rules: false where this machine lets nobody do so; errno tells why.
 */
#ifndef TLSBYE_TESTS_ENVIRONMENT_H
#define TLSBYE_TESTS_ENVIRONMENT_H

#include <stdbool.h>

bool environment_enter(const char *name);

/* After "descriptors": has nobody written to them? */
bool environment_is_clean(void);

#endif
