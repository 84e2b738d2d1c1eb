/* SPDX-License-Identifier: MIT */
/*
 * The socket side of the judge: see wire.h for what each answer of the kernel means. Everything here is
 * non-blocking; time is spent in wire_wait() alone.
 */
#include "judge/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "judge/clock.h"

void wire_init(struct wire *w, int fd)
{
	*w = (struct wire){.fd = fd};
}

static void note_end(struct wire *w, bool *which)
{
	if (!w->fin && !w->rst)
		w->ended_ms = clock_now_ms();
	*which = true;
}

/* The error of a socket whose other end is gone. EPIPE: the RST met CLOSE_WAIT, so a FIN had come before. */
static void note_error(struct wire *w, int error)
{
	if (error == EPIPE && !w->half_closed && !w->rst)
		note_end(w, &w->fin);
	note_end(w, &w->rst);
}

/* How many of the bytes are framed as records; none from the first on that cannot begin one. */
static size_t frame(struct framing *f, const unsigned char *buf, size_t n)
{
	size_t at = 0;

	while (at < n && !f->plain) {
		size_t step = 1;

		if (f->have == 0 && (buf[at] < 20 || buf[at] > 24)) {
			f->plain = true;
			break;
		}
		if (f->have < sizeof(f->header)) {
			f->header[f->have++] = buf[at];
			if (f->have == sizeof(f->header))
				f->left = (size_t)f->header[3] << 8 | f->header[4];
		} else {
			step = n - at < f->left ? n - at : f->left;
			f->left -= step;
		}
		if (f->have == sizeof(f->header) && f->left == 0)
			f->have = 0;
		at += step;
	}
	return at;
}

size_t wire_recv(struct wire *w, void *buf, size_t n, size_t *framed)
{
	ssize_t got = recv(w->fd, buf, n, MSG_DONTWAIT);

	if (got > 0) {
		*framed = frame(&w->framing, buf, (size_t)got);
		return (size_t)got;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	w->read_over = true;
	if (got < 0)
		note_error(w, errno);
	else if (!w->rst) /* after a RST that a send() has told, 0 says only that the queue is empty */
		note_end(w, &w->fin);
	return 0;
}

size_t wire_send(struct wire *w, const void *buf, size_t n)
{
	ssize_t sent;

	if (w->rst || w->half_closed)
		return 0;
	sent = send(w->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0)
		return (size_t)sent;
	if (errno != EAGAIN && errno != EINTR)
		note_error(w, errno);
	return 0;
}

size_t wire_record_need(const struct wire *w)
{
	const struct framing *f = &w->framing;

	return f->have < sizeof(f->header) ? sizeof(f->header) - f->have : f->left;
}

bool wire_mid_record(const struct wire *w)
{
	return w->framing.have > 0;
}

void wire_wait(struct wire *w, short events, int64_t until_ms)
{
	int64_t left = until_ms - clock_now_ms();
	struct pollfd p = {.fd = w->fd, .events = events};

	if (left <= 0)
		return;
	/* POLLERR and POLLHUP cannot be masked: without POLLIN to answer them poll() would only spin. */
	if (w->hung && !(events & POLLIN)) {
		p.fd = -1;
		left = 1;
	}
	if (poll(&p, 1, (int)left) > 0 && (p.revents & (POLLERR | POLLHUP)))
		w->hung = true;
	if ((p.revents & POLLRDHUP) && !(p.revents & POLLERR) && (events & POLLRDHUP))
		note_end(w, &w->fin);
}

void wire_look(struct wire *w)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
		note_error(w, error);
}

void wire_half_close(struct wire *w)
{
	if (w->half_closed || w->rst)
		return;
	/* ENOTCONN here is a RST that nobody has been told of yet: the error waits in SO_ERROR. */
	wire_look(w);
	shutdown(w->fd, SHUT_WR);
	w->half_closed = true;
}

/* Both directions have ended and are acknowledged, or it was reset: nothing can arrive on this socket any more. */
bool wire_gone(const struct wire *w)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	return getsockopt(w->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

void wire_close(struct wire *w, bool reset)
{
	struct linger abort_now = {.l_onoff = 1, .l_linger = 0};

	if (reset)
		setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof(abort_now));
	close(w->fd);
	w->fd = -1;
}
