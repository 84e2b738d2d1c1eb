/* SPDX-License-Identifier: MIT */
/*
 * Call sites: where in the program the calls stand that an event tells of. A hook hands on its own name and the address
 * that it returns to; here they are kept with the connection, as they are. What object an address belongs to is found out
 * when the event is told (real_objects.h), and what line of source by who reads the log.
 *
 * With TLSBYE_BACKTRACE=on the frames further out are kept as well, for events in JSON: text has no room for them.
 *
 * Rules: async-signal-safe, call_sites_begin excepted. Where nobody will ask (LOG_FORMAT=text), nothing but the address is kept.
 */
#ifndef TLSBYE_CALL_SITES_H
#define TLSBYE_CALL_SITES_H

#include "sys/export.h"

#include <stdbool.h>
#include <stdint.h>

/* A hooked call: its name, as the program writes it, and the address that it returns to. NULL: nobody's. */
struct call {
	const char *name;
	void *from;
};

/* In a hook. The compiler computes it where it is used: on the slow branch. */
#define THIS_CALL ((struct call){__func__, CALLER})

/* One of each, the first; of SITE_WRITE the last. */
enum site {
	SITE_SSL_SHUTDOWN, /* or BIO_ssl_shutdown */
	SITE_SSL_FREE,     /* or SSL_clear, BIO_free and its kin */
	SITE_CLOSE,        /* of the last descriptor; dup2, fclose and the like, too */
	SITE_SHUTDOWN,     /* shutdown(2) */
	SITE_LEAVE,        /* exit and exec */
	SITE_READ,         /* that failed; a handshake, too */
	SITE_WRITE,        /* that failed, or was to be repeated */
};
enum { SITES = SITE_WRITE + 1, FRAMES_MAX = 16 };

struct traces;

struct sites {
	struct call at[SITES];
	struct traces *traces; /* a mapping of its own, or NULL */
};

/* Constructor, after the settings: whatever may not be done later (in a signal handler, in a chroot). */
void call_sites_begin(void);

/* Ordinary code only: objects that were loaded since become known. Costs one look where there are none. */
void call_sites_refresh(void);

/* Walks further up from a call that was noted, where that is wished. */
void call_sites_walk(struct sites *sites, enum site site, void *from);
extern bool call_sites_walking INTERNAL;

/* In the place of the one that is there. */
static inline void call_sites_note_anew(struct sites *sites, enum site site, struct call call)
{
	if (!call.from)
		return;
	sites->at[site] = call;
	if (__builtin_expect(call_sites_walking, false))
		call_sites_walk(sites, site, call.from);
}

/* Keeps the call, unless there is one of this kind already. */
static inline void call_sites_note(struct sites *sites, enum site site, struct call call)
{
	if (!sites->at[site].from)
		call_sites_note_anew(sites, site, call);
}

/* The frames of a site, the innermost first: how many, at most FRAMES_MAX; 0 where it is not known. */
unsigned call_sites_frames(const struct sites *sites, enum site site, const uintptr_t **frames);

/* The connection's record goes. */
void call_sites_forget(struct sites *sites);

#endif
