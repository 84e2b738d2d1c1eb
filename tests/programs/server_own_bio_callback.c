/* SPDX-License-Identifier: MIT */
/*
 * An info callback does I/O of its own in the middle of SSL_accept, before a byte of the connection has passed; the
 * connection's BIO is the program's own (own_bio.h).
 * --mode other: to a log server over TCP, to things that are no stream, with memory that the kernel does not touch. The
 * program closes the log's socket with bytes unread: its peer must see a reset, as bare.
 * --mode tls: the whole reply on another TLS connection, the judge's first. (A session cache over TLS.)
 * --mode jumps: the callback leaves SSL_accept by longjmp(), once; the handshake is begun again.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "own_bio.h"

static const unsigned char like_a_record[16] = {22, 3, 1, 0, 11};
static int log_fd = -1, log_peer;
static SSL *other;
static jmp_buf before_accept;
static bool jumped;

/* Is the result as it must be? */
static void check(const char *what, ssize_t result, ssize_t right, int error)
{
	if (result != right || (result < 0 && errno != error))
		printf("wrong=%s\n", what);
}

static void write_awkwardly(void)
{
	int packets[2], pipe_ends[2], nowhere = open("/dev/null", O_WRONLY);
	char *volatile unmapped = (char *)16;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, packets) != 0 || pipe(pipe_ends) != 0)
		exit(3);
	check("datagram", send(packets[0], like_a_record, 16, 0), 16, 0);
	check("pipe", write(pipe_ends[1], like_a_record, 16), 16, 0);
	check("/dev/null", write(nowhere, unmapped, 100), 100, 0);
	check("log", write(log_fd, "a line\n", 7), 7, 0);
	check("discarding", recv(log_fd, unmapped, 8, MSG_TRUNC), 8, 0);
	check("no message", sendmsg(log_fd, NULL, 0), -1, EFAULT);
	check("no buffer", recv(log_fd, unmapped, 8, 0), -1, EFAULT);
	check("no socket", recv(pipe_ends[0], unmapped, 8, 0), -1, ENOTSOCK);
	check("no parts", readv(log_fd, NULL, 0), 0, 0);
	check("no descriptor", write(-1, "", 1), -1, EBADF);
	for (int i = 0; i < 2; i++) {
		close(packets[i]);
		close(pipe_ends[i]);
	}
	close(nowhere);
}

static void callback(const SSL *ssl, int where, int result)
{
	(void)ssl, (void)result;
	if (!(where & SSL_CB_HANDSHAKE_START))
		return;
	if (legacy_is("other"))
		write_awkwardly();
	if (legacy_is("tls"))
		legacy_write(other);
	if (legacy_is("jumps") && !jumped) {
		jumped = true;
		longjmp(before_accept, 1);
	}
}

/* A pair of TCP sockets, with bytes on their way to log_fd. */
static void open_log(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	log_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, any, size) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, any, &size) != 0 || connect(log_fd, any, size) != 0)
		exit(3);
	log_peer = legacy_accept(listener);
	close(listener);
	if (write(log_peer, "welcome, and many words more\n", 29) != 29)
		exit(3);
}

static void close_log(void)
{
	char rest[64];
	ssize_t n;

	if (read(log_peer, rest, 7) != 7)
		exit(3);
	close(log_fd);
	n = read(log_peer, rest, sizeof(rest));
	printf("log=%s\n", n == 0 ? "eof" : n < 0 && errno == ECONNRESET ? "reset" : "alive");
	close(log_peer);
}

static void serve(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_info_callback(ssl, callback);
	if (setjmp(before_accept)) {
		/* The one that was left is lost; the thread goes on, and writes what is no TLS of anybody's. */
		if (write(log_fd, like_a_record, 7) != 7)
			exit(3);
		ssl = SSL_new(ctx);
		SSL_set_info_callback(ssl, callback);
	}
	own_bio_handshake(ssl, "socket", fd);
	legacy_exchange(ssl);
	own_bio_flush(SSL_get_wbio(ssl));
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen(), fd = -1;

	if (legacy_is("tls")) {
		fd = legacy_accept(listener);
		other = legacy_handshake(ctx, fd, true);
		legacy_read_once(other);
		serve(ctx, legacy_accept(listener));
		SSL_free(other);
		close(fd);
	} else {
		open_log();
		serve(ctx, legacy_accept(listener));
		close_log();
	}
	SSL_CTX_free(ctx);
	return 0;
}
