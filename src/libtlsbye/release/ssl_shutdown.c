/* SPDX-License-Identifier: MIT */
/* See ssl_shutdown.h. */
#include "release/ssl_shutdown.h"

#include "connection/socket.h"
#include "connection/which_socket.h"
#include "observe/end_of_stream.h"
#include "release/release.h"
#include "sys/settings.h"
#include "tls/arrived.h"

#include <errno.h>

/*
 * The program has closed the socket, and the number by which its SSL knows it may be another connection's: a record of
 * ours would break that one, a read would take one from it (P6).
 */
static bool has_no_socket(const struct connection *c, const SSL *ssl)
{
	if (!c->socket.cookie || c->socket.own_bio || c->socket.datagram || atomic_load(&c->socket.fd) >= 0)
		return false;
	int fd = which_socket_write_fd(c, ssl);
	return fd >= 0 && !socket_is_of(c, fd);
}

/* As the real call without the number that it had: what is out is out, and the rest is EBADF. */
static int without_socket(const struct connection *c, SSL *ssl)
{
	int ends = c->lib->SSL_get_shutdown(ssl);
	bool both = ends & SSL_SENT_SHUTDOWN && ends & SSL_RECEIVED_SHUTDOWN;
	if (both || c->lib->SSL_get_quiet_shutdown(ssl))
		return 1;
	if (c->released.notify == NOTIFY_SENT && !c->seen.called_shutdown)
		return 0;
	errno = EBADF;
	return -1;
}

static bool is_blocking(int fd)
{
	int flags = real.fcntl(fd, F_GETFL);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

/* With the error that tells why: it would have failed at the first of the records that were taken. */
static void fail_as_bare(const struct connection *c)
{
	c->lib->ERR_new();
	c->lib->ERR_set_error(ERR_LIB_SSL, SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY, NULL);
	(c->lib->ERR_put_error)(ERR_LIB_SSL, 0, SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY, __FILE__,
				__LINE__);
}

int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl)
{
	int n = 1, fd = atomic_load(&c->socket.fd);
	if (!release_is_curing() || c->seen.hands_off || !atomic_load(&c->ssl))
		return 1;
	if (has_no_socket(c, ssl))
		return without_socket(c, ssl);
	if (c->released.notify != NOTIFY_SENT || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	if (!c->seen.called_shutdown) /* we said it on an earlier close path; the real call would wait for the peer */
		return 0;
	if (c->socket.datagram || fd < 0 || !socket_is_of(c, fd))
		return 1; /* memory BIOs, or closed: no release of ours can come of it (P5) */
	int64_t taken = arrived_read(c, ssl, fd, settings->linger_bytes, &n);
	if (taken < 0)
		return 1;
	c->seen.never_read += (uint64_t)taken;
	end_of_stream_seen_after_notify(c, ssl);
	if (c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	int error = n > 0 ? SSL_ERROR_NONE : c->lib->SSL_get_error(ssl, n);
	if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		return -1;
	if (!taken) /* as bare: it waits for the peer, or not, as the program has it */
		return 1;
	if (is_blocking(fd))
		fail_as_bare(c);
	else if (n > 0)
		return 1;
	return -1;
}
