/* SPDX-License-Identifier: MIT */
/* See residue.h. */
#include "linger/residue.h"

#include "linger/ktls.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

bool residue_has_room(struct residue *residue, size_t length)
{
	if (!residue->bytes) {
		void *mapped =
			mmap(NULL, RESIDUE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (mapped == MAP_FAILED)
			return false;
		residue->bytes = mapped;
	}
	return length <= RESIDUE_MAX - residue->length;
}

bool residue_keep(struct residue *residue, const void *bytes, size_t length)
{
	if (!residue_has_room(residue, length))
		return false;
	memcpy(residue->bytes + residue->length, bytes, length);
	residue->length += (uint32_t)length;
	return true;
}

bool residue_send(struct residue *residue, int fd, const struct kernel *kernel)
{
	unsigned interruptions = 0;
	if (residue->kernels && ktls_close_notify(fd, kernel) == KTLS_NOT_NOW)
		return false;
	residue->kernels = false;
	while (residue->sent < residue->length) {
		long sent = kernel->send(fd, residue->bytes + residue->sent, residue->length - residue->sent,
					 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -EINTR && interruptions++ < KERNEL_INTERRUPTIONS)
			continue;
		if (sent == -EAGAIN || sent == -EWOULDBLOCK || sent == -EINTR) /* later, within the limits */
			return false;
		if (sent < 0) { /* the peer is gone: there is nobody to tell */
			residue->error = (int)-sent;
			residue->sent = residue->length;
		} else {
			residue->sent += (uint32_t)sent;
		}
	}
	return true;
}
