/* SPDX-License-Identifier: MIT */
/* See late_call.h. */
#include "observe/late_call.h"

#include "connection/descriptors.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "sys/settings.h"

#include <errno.h>

bool late_call_is_one(const struct connection *c)
{
	return c->socket.cookie && !c->socket.own_bio && !c->socket.datagram && !c->seen.hands_off &&
	       atomic_load(&c->socket.fd) < 0 && atomic_load(&c->released.close_paths) & PATH_CLOSE;
}

/* A number that nobody has by now is EBADF, which harms nobody. */
static bool is_in_use(const struct connection *c, int fd)
{
	return fd >= 0 && real.fcntl(fd, F_GETFD) >= 0 && !socket_is_of(c, fd);
}

SLOWLY static void note(struct connection *c, int fd, const char *call, bool held_back)
{
	struct connection *other = descriptors_ref_connection(fd);
	uint32_t number = other && other != c ? other->number : 0;
	if (number && !held_back)
		atomic_store(&other->seen.disturbed, true);
	if (!c->seen.late_call_told)
		events_late_call(c, call, number, held_back);
	c->seen.late_call_told = true;
	if (other)
		records_unref(other);
}

void late_call_note(struct connection *c, SSL *ssl, const char *call, bool held_back)
{
	int saved = errno;
	int fd =
		ssl && settings->mode != MODE_OFF && late_call_is_one(c) ? which_socket_write_fd(c, ssl) : -1;
	if (is_in_use(c, fd))
		note(c, fd, call, held_back);
	errno = saved;
}

void late_call_note_free(struct connection *c, SSL *ssl)
{
	if (!ssl || !late_call_is_one(c))
		return;
	BIO *bio = c->lib->SSL_get_wbio(ssl);
	if (bio && c->lib->BIO_ctrl(bio, BIO_CTRL_GET_CLOSE, 0, NULL) == BIO_CLOSE)
		late_call_note(c, ssl, "SSL_free", false);
}
