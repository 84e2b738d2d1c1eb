/* SPDX-License-Identifier: MIT */
/*
 * A peer that means no good, or has lost its mind: peer_adverse serve|connect --mode NAME [OPTION...].
 *
 * After an honest handshake (or in its place) it does one thing that no test of good manners does, reads what comes, and tells
 * for each connection what it saw: "peer: got=BYTES notify=yes|no end=fin|rst|open ms=N", where ms is the time from the other
 * side's end until nobody takes its bytes any more. `got` is what could be decrypted.
 *
 * Rules: never waits in OpenSSL or in the kernel: one poll() of at most 20 ms at a time, and --rounds seconds in all. A mode that
 * floods goes on after the other side's FIN, until it is reset: what bounds it there is the other side's business.
 */
#include "legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

struct peer {
	SSL *ssl;
	int fd;
	bool raw; /* no more TLS from here: it has failed, or was never there */
	size_t got;
	bool notified;
	const char *end;
	long ended_at, until;
};

static const unsigned char zeros[65536];

static void reset(struct peer *p)
{
	struct linger zero = {1, 0};

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero));
	p->end = "own";
}

static void saw_end(struct peer *p, const char *how)
{
	if (p->ended_at == 0)
		p->ended_at = legacy_ms();
	if (strcmp(p->end, "rst") != 0) /* after which a read finds an end like any other */
		p->end = how;
}

/* As much as the socket takes. */
static void send_raw(struct peer *p, const void *bytes, size_t n)
{
	if (send(p->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
		return;
	p->raw = true;
	saw_end(p, "rst");
}

static void send_head(struct peer *p, size_t length, size_t sent)
{
	unsigned char head[5] = {23, 3, 3, (unsigned char)(length >> 8), (unsigned char)length};

	send_raw(p, head, sizeof(head));
	send_raw(p, zeros, sent);
}

/* --- what it does once, after its request --- */

static void half_record(struct peer *p)
{
	send_head(p, 16384, 100);
}

static void oversize_record(struct peer *p)
{
	send_head(p, 65535, 65535);
}

static void garbage(struct peer *p)
{
	send_raw(p, zeros, sizeof(zeros));
}

/* The next SSL_read() begins it: in a SSL_do_handshake() of its own OpenSSL would not take the data that comes meanwhile. */
static void renegotiation(struct peer *p)
{
	if (SSL_version(p->ssl) == TLS1_2_VERSION)
		SSL_renegotiate(p->ssl);
}

static void post_handshake_auth(struct peer *p)
{
	SSL_set_verify(p->ssl, SSL_VERIFY_PEER, NULL);
	if (SSL_verify_client_post_handshake(p->ssl) == 1)
		SSL_do_handshake(p->ssl);
}

static void after_close_notify(struct peer *p)
{
	SSL_shutdown(p->ssl);
	send_head(p, 16384, 16384);
	send_raw(p, zeros, sizeof(zeros));
}

/* --- and what it does again and again --- */

static void key_updates(struct peer *p)
{
	if (!p->raw && SSL_key_update(p->ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
		SSL_do_handshake(p->ssl);
	else
		send_head(p, 16384, 16384);
}

static void tickets(struct peer *p)
{
	if (!p->raw && SSL_new_session_ticket(p->ssl) == 1)
		SSL_do_handshake(p->ssl);
	else
		send_head(p, 16384, 16384);
}

static void data_flood(struct peer *p)
{
	send_head(p, 16384, 16384);
}

static const struct mode {
	const char *name;
	void (*once)(struct peer *p);
	void (*again)(struct peer *p);
	size_t reset_after; /* so many bytes */
	bool reset_at_end;
} modes[] = {
	{"half-record", half_record, NULL, 0, false},
	{"oversize-record", oversize_record, NULL, 0, false},
	{"garbage", garbage, NULL, 0, false},
	{"renegotiation", renegotiation, NULL, 0, false},
	{"post-handshake-auth", post_handshake_auth, NULL, 0, false},
	{"after-close-notify", after_close_notify, NULL, 0, false},
	{"key-updates", NULL, key_updates, 0, false},
	{"tickets", NULL, tickets, 0, false},
	{"data", NULL, data_flood, 0, false},
	{"reset-while-reading", NULL, NULL, 100000, false},
	{"reset-at-close-notify", NULL, NULL, 0, true},
	{"zero-window", NULL, NULL, 0, false},
	{"reset-after-connect", NULL, NULL, 0, false},
	{"reset-in-hello", NULL, NULL, 0, false},
	{"reset-after-handshake", NULL, NULL, 0, false},
	{"reset-after-request", NULL, NULL, 0, false},
};

/* Beneath TLS: until FIN or reset. */
static void read_raw(struct peer *p)
{
	char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0)
		saw_end(p, "fin");
	else if (n < 0 && errno != EAGAIN)
		saw_end(p, "rst");
}

static void read_some(struct peer *p)
{
	char bytes[16384];
	int n, why;

	if (p->raw) {
		read_raw(p);
		return;
	}
	ERR_clear_error();
	errno = 0;
	n = SSL_read(p->ssl, bytes, sizeof(bytes));
	why = SSL_get_error(p->ssl, n);
	if (n > 0) {
		p->got += (size_t)n;
		return;
	}
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return;
	if (why == SSL_ERROR_SYSCALL && errno == ECONNRESET)
		saw_end(p, "rst");
	ERR_clear_error();
	p->notified = why == SSL_ERROR_ZERO_RETURN;
	p->raw = true;
}

/* A flood is over when it is reset, not when it sees a FIN. */
static bool is_over(const struct peer *p, const struct mode *mode)
{
	return strcmp(p->end, "open") != 0 && (!mode->again || strcmp(p->end, "rst") == 0);
}

static bool must_reset(const struct peer *p, const struct mode *mode)
{
	return (mode->reset_after && p->got >= mode->reset_after) || (mode->reset_at_end && p->raw);
}

static void go_on(struct peer *p, const struct mode *mode)
{
	struct pollfd ready = {.fd = p->fd, .events = mode->again ? POLLIN | POLLOUT : POLLIN};

	while (!is_over(p, mode) && legacy_ms() < p->until) {
		if (poll(&ready, 1, 20) > 0 && ready.revents & POLLOUT)
			mode->again(p);
		read_some(p);
		if (must_reset(p, mode)) {
			reset(p);
			return;
		}
	}
}

/* Until the other side is gone, or for so long: it reads nothing. */
static void keep_window_shut(struct peer *p)
{
	struct pollfd gone = {.fd = p->fd};

	while (legacy_ms() < p->until && poll(&gone, 1, 20) == 0)
		;
	if (legacy_ms() < p->until)
		saw_end(p, "rst");
}

/* True: that was all. */
static bool before_handshake(struct peer *p)
{
	static const unsigned char half_hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7};

	if (legacy_is("reset-in-hello"))
		send_raw(p, half_hello, sizeof(half_hello));
	if (!legacy_is("reset-after-connect") && !legacy_is("reset-in-hello"))
		return false;
	reset(p);
	return true;
}

static void talk(struct peer *p, SSL_CTX *ctx, bool server, const struct mode *mode)
{
	static const char request[1000];

	if (before_handshake(p))
		return;
	p->ssl = legacy_handshake(ctx, p->fd, server);
	if (!legacy_is("reset-after-handshake"))
		SSL_write(p->ssl, request, sizeof(request));
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	if (legacy_is("reset-after-handshake") || legacy_is("reset-after-request")) {
		reset(p);
	} else if (legacy_is("zero-window")) {
		keep_window_shut(p);
	} else {
		if (mode->once)
			mode->once(p);
		go_on(p, mode);
	}
}

static void play(SSL_CTX *ctx, int fd, bool server, const struct mode *mode)
{
	struct peer p = {.fd = fd, .end = "open", .until = legacy_ms() + legacy.rounds * 1000L};
	long now;

	talk(&p, ctx, server, mode);
	now = legacy_ms();
	printf("peer: got=%zu notify=%s end=%s ms=%ld\n", p.got, p.notified ? "yes" : "no", p.end,
	       p.ended_at ? now - p.ended_at : 0L);
	fflush(stdout);
	close(fd);
	SSL_free(p.ssl);
}

int main(int argc, char **argv)
{
	bool server = argc > 1 && strcmp(argv[1], "serve") == 0;
	SSL_CTX *ctx = legacy_start(argc - 1, argv + 1, server);
	const struct mode *mode = NULL;
	int listener = server ? legacy_listen() : -1;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (legacy_is(modes[i].name))
			mode = &modes[i];
	if (!mode)
		return 2;
	for (int i = 0; i < legacy.connections; i++)
		play(ctx, server ? legacy_accept(listener) : legacy_connect(), server, mode);
	return 0;
}
