/* SPDX-License-Identifier: MIT */
/*
 * The exported functions by which a process cuts itself off from what is around it: afterwards it may find neither name
 * of the hub, so its mailbox is made before.
 *
 * Rules: the real function's result and errno are the program's. Raw system calls are not seen.
 */
#include "connection/mailbox.h"
#include "sys/export.h"
#include "sys/real.h"

EXPORT int chroot(const char *path)
{
	mailbox_prepare();
	return real_chroot()(path);
}

/* Threads that want a working folder or descriptors of their own are cut off from nothing. */
EXPORT int unshare(int flags)
{
	if (flags & (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUSER))
		mailbox_prepare();
	return real_unshare()(flags);
}

EXPORT int setns(int fd, int kind)
{
	mailbox_prepare();
	return real_setns()(fd, kind);
}
