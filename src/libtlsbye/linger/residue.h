/* SPDX-License-Identifier: MIT */
/*
 * What the socket did not take of close_notify, or of a record that was half on the wire: it is kept, and sent before the
 * half-close by whoever drains.
 *
 * Rules: async-signal-safe. At most RESIDUE_MAX bytes a connection.
 */
#ifndef TLSBYE_RESIDUE_H
#define TLSBYE_RESIDUE_H

#include "sys/kernel.h"

#include <stdint.h>
#include <sys/mman.h>

enum { RESIDUE_MAX = 32 * 1024 }; /* more than a TLS record and an alert */

struct residue {
	unsigned char *bytes; /* a mapping of its own (RESIDUE_MAX), or NULL */
	uint32_t length, sent;
	bool kernels; /* instead of bytes: close_notify, by the kernel's record layer (ktls.h) */
	int error;    /* by which the socket refused it, and the rest was dropped; 0: it did not */
};

static inline bool residue_any(const struct residue *residue)
{
	return residue->sent < residue->length || residue->kernels;
}

/* Room for so many bytes more? Maps at the first. */
bool residue_has_room(struct residue *residue, size_t length);
bool residue_keep(struct residue *residue, const void *bytes, size_t length);

/* Sends as far as it goes. True when nothing is left; a peer that is gone leaves nothing: there is nobody to tell. */
bool residue_send(struct residue *residue, int fd, const struct kernel *kernel);

/* Gives the mapping back. */
static inline void residue_forget(struct residue *residue)
{
	if (residue->bytes)
		munmap(residue->bytes, RESIDUE_MAX);
	*residue = (struct residue){0};
}

#endif
