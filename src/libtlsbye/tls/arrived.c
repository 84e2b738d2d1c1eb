/* SPDX-License-Identifier: MIT */
/* See arrived.h. */
#include "tls/arrived.h"

#include "sys/clock.h"
#include "sys/real.h"

#include <errno.h>
#include <poll.h>

enum { DEADLINE_US = 50 * 1000 }; /* P2 */

/* Whose reading goes on on this thread: a BIO's callback has no other way to know. */
struct arrived {
	struct libssl *lib;
	int fd;
};
static _Thread_local struct arrived *arrived;

/* Not by recv(MSG_PEEK), which would take a reset: the kernel tells it once. What OpenSSL answers (KeyUpdate) is short. */
static bool is_ready(int fd, short events)
{
	struct pollfd look = {.fd = fd, .events = events};
	return real.poll(&look, 1, 0) == 1;
}

static long wait_not(BIO *bio, int operation, const char *bytes, size_t length, int argi, long argl,
		     int result, size_t *processed)
{
	int saved = errno;
	(void)bytes, (void)length, (void)argi, (void)argl, (void)processed;
	bool may = (operation != BIO_CB_READ || is_ready(arrived->fd, POLLIN)) &&
		   (operation != BIO_CB_WRITE || is_ready(arrived->fd, POLLOUT));
	errno = saved;
	if (may)
		return result;
	arrived->lib->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
	arrived->lib->BIO_set_flags(
		bio, BIO_FLAGS_SHOULD_RETRY | (operation == BIO_CB_READ ? BIO_FLAGS_READ : BIO_FLAGS_WRITE));
	return -1;
}

/* The one that does the I/O. */
static BIO *end_of_chain(struct libssl *lib, SSL *ssl)
{
	BIO *bio = lib->SSL_get_rbio(ssl), *next;
	while (bio && (next = lib->BIO_next(bio)))
		bio = next;
	return bio;
}

/* The program's own callback, of either kind, is not called meanwhile: it would see reads that are not the program's. */
int64_t arrived_read(struct connection *c, SSL *ssl, int fd, uint64_t most, int *last)
{
	char junk[4096];
	struct libssl *lib = c->lib;
	uint64_t taken = 0, until = clock_us() + DEADLINE_US;
	struct arrived now = {.lib = lib, .fd = fd}, *outer = arrived;
	BIO *bio = end_of_chain(lib, ssl);
	if (!bio)
		return -1;
	BIO_callback_fn_ex theirs = lib->BIO_get_callback_ex(bio);
	lib->BIO_set_callback_ex(bio, wait_not);
	if (lib->BIO_get_callback_ex(bio) != wait_not) /* a library that has none */
		return -1;
	arrived = &now;
	do {
		*last = lib->SSL_read(ssl, junk, sizeof junk);
		if (*last > 0)
			taken += (uint64_t)*last;
	} while (*last > 0 && taken < most && clock_us() < until);
	arrived = outer;
	lib->BIO_set_callback_ex(bio, theirs);
	return (int64_t)taken;
}
