/* SPDX-License-Identifier: MIT */
/*
 * A DTLS server without a goodbye, and its right clients beside it, each a process of its own that prints what it heard
 * last. VPN gateways and media relays leave their peers waiting for a timeout in this way.
 *
 * --mode tells how the server lets go: free (SSL_free, close), close (close, SSL_free), exit, shutdown, handshake (it gives
 * up in the middle of one); fork-free lets a child exit in between; shared-free, shared-first and shared-close have one
 * socket for two clients. With "connected" in front the socket is connected, else the peer's address is known to the BIO
 * alone. With "sorted" the server reads the socket itself and gives each SSL what is its own, as servers with one socket
 * for all do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "judge/tls.h"
#include "legacy.h"

enum { CLIENTS = 2 };

static struct sockaddr_in6 address; /* the server's */
static socklen_t address_size = sizeof(address);
static int orders
	[CLIENTS]; /* pipes from the server: 'h' shake hands, 'g' say something; their end: tell what was heard */

static bool mode_has(const char *word)
{
	return strstr(legacy.mode, word) != NULL;
}

static SSL *new_ssl(SSL_CTX *ctx, int fd, bool connected)
{
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	SSL *ssl = SSL_new(ctx);

	if (connected)
		BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &address);
	SSL_set_bio(ssl, bio, bio);
	return ssl;
}

/* --- the clients --- */

/* Until the call succeeds, or the server has no more orders. */
static int insist(SSL *ssl, int pipe, int (*call)(SSL *))
{
	struct pollfd wait[] = {{.fd = SSL_get_fd(ssl), .events = POLLIN}, {.fd = pipe}};
	int result;

	while ((result = call(ssl)) <= 0 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ) {
		poll(wait, 2, -1);
		if (wait[1].revents & POLLHUP && !(wait[0].revents & POLLIN))
			break;
	}
	return result;
}

static int read_some(SSL *ssl)
{
	char buf[64];

	return SSL_read(ssl, buf, sizeof(buf));
}

static const char *end_heard(SSL *ssl, int result)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_ZERO_RETURN:
		return "close_notify";
	case SSL_ERROR_WANT_READ:
		return "nothing";
	default:
		return "error";
	}
}

/* Without keys only the type of each record tells (RFC 6347, 4.1): 21 is an alert. */
static const char *end_seen(int fd)
{
	unsigned char datagram[2048];
	bool alert = false;

	while (recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT) > 0)
		alert |= datagram[0] == 21;
	return alert ? "alert" : "nothing";
}

static void be_client(int number, int pipe)
{
	struct script script = {.dtls = true};
	SSL_CTX *ctx = tls_context(&script);
	int fd = socket(address.sin6_family, SOCK_DGRAM | SOCK_NONBLOCK, 0), got = 0, result = 0;
	SSL *ssl = new_ssl(ctx, fd, true);
	char order;

	connect(fd, (struct sockaddr *)&address, address_size);
	while (read(pipe, &order, 1) == 1) {
		if (order == 'g')
			SSL_write(ssl, "hello", 5);
		result = order == 'b' ? SSL_connect(ssl)
				      : insist(ssl, pipe, order == 'h' ? SSL_connect : read_some);
		got += order == 'g' && result > 0 ? result : 0;
	}
	printf("client=%d got=%d end=%s\n", number, got,
	       SSL_in_init(ssl) ? end_seen(fd) : end_heard(ssl, read_some(ssl)));
	fflush(stdout);
	if (!SSL_in_init(ssl))
		SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(ctx);
	exit(0);
}

static void start_client(int number, int server)
{
	int ends[2];

	if (pipe(ends) != 0)
		exit(3);
	if (fork() == 0) {
		for (int i = 0; i < number; i++)
			close(orders[i]);
		close(ends[1]);
		close(server);
		be_client(number + 1, ends[0]);
	}
	close(ends[0]);
	orders[number] = ends[1];
}

/* --- the server --- */

static int bound_socket(void)
{
	int fd = socket(legacy.ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;

	address.sin6_family = legacy.ipv6 ? AF_INET6 : AF_INET;
	if (legacy.ipv6)
		address.sin6_addr = in6addr_loopback;
	else
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address_size = legacy.ipv6 ? sizeof(address) : sizeof(*v4);
	if (bind(fd, (struct sockaddr *)&address, address_size) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &address_size) != 0)
		exit(3);
	return fd;
}

static void order(int client, char what)
{
	if (write(orders[client], &what, 1) != 1)
		exit(3);
}

static void connect_to_sender(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	char byte;

	if (recvfrom(fd, &byte, 1, MSG_PEEK, (struct sockaddr *)&peer, &size) < 0 ||
	    connect(fd, (struct sockaddr *)&peer, size) != 0)
		exit(3);
}

/* --- a server that sorts: its SSLs read from memory, and write to the socket --- */

static struct {
	SSL *ssl;
	struct sockaddr_storage peer; /* unknown until its first datagram */
} talkers[CLIENTS];

static SSL *new_sorted_ssl(SSL_CTX *ctx, int fd, int client)
{
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem());

	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, BIO_new_dgram(fd, BIO_NOCLOSE));
	talkers[client].ssl = ssl;
	return ssl;
}

static void sort_one_datagram(int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof(peer);
	char datagram[2048];
	ssize_t n = recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&peer, &size);

	for (int i = 0; i < CLIENTS && n > 0; i++) {
		if (talkers[i].peer.ss_family && memcmp(&talkers[i].peer, &peer, size) != 0)
			continue;
		talkers[i].peer = peer;
		BIO_ctrl(SSL_get_wbio(talkers[i].ssl), BIO_CTRL_DGRAM_SET_PEER, 0, &peer);
		BIO_write(SSL_get_rbio(talkers[i].ssl), datagram, (int)n);
		return;
	}
}

/* The call, with what it wants to read. Unsorted, the BIO reads from the socket itself, and blocks. */
static int served(SSL *ssl, int fd, int (*call)(SSL *))
{
	int result;

	while ((result = call(ssl)) <= 0 && mode_has("sorted") &&
	       SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ)
		sort_one_datagram(fd);
	return result;
}

/* --- the ways to let go --- */

static SSL *serve(SSL_CTX *ctx, int fd, int client)
{
	SSL *ssl;

	order(client, 'h');
	if (mode_has("connected"))
		connect_to_sender(fd);
	ssl = mode_has("sorted") ? new_sorted_ssl(ctx, fd, client) : new_ssl(ctx, fd, mode_has("connected"));
	if (served(ssl, fd, SSL_accept) != 1)
		fprintf(stderr, "no handshake\n");
	return ssl;
}

static void exchange(SSL *ssl, int fd, int client)
{
	order(client, 'g');
	if (served(ssl, fd, read_some) != 5 || SSL_write(ssl, "hello", 5) != 5)
		printf("server failed client=%d\n", client + 1);
	fflush(stdout);
}

static void with_two(SSL_CTX *ctx, int fd)
{
	SSL *first = serve(ctx, fd, 0), *second;

	exchange(first, fd, 0);
	second = serve(ctx, fd, 1);
	exchange(second, fd, 1);
	if (mode_has("shared-free")) {
		SSL_free(first);
		exchange(second, fd, 1);
		SSL_free(second);
	} else if (mode_has("shared-first")) {
		SSL_free(second);
		exchange(first, fd, 0);
		SSL_free(first);
	}
	close(fd);
	if (mode_has("shared-close")) {
		SSL_free(first);
		SSL_free(second);
	}
}

static void give_up(SSL_CTX *ctx, int fd)
{
	SSL *ssl = new_ssl(ctx, fd, false);
	struct pollfd hello = {.fd = fd, .events = POLLIN};

	order(0, 'b');
	poll(&hello, 1, -1);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	printf("accept=%d\n", SSL_accept(ssl));
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

static void with_one(SSL_CTX *ctx, int fd)
{
	SSL *ssl = serve(ctx, fd, 0);
	int again;

	exchange(ssl, fd, 0);
	if (mode_has("fork")) {
		if (fork() == 0)
			exit(0);
		wait(NULL);
		exchange(ssl, fd, 0);
	}
	if (mode_has("exit"))
		exit(legacy.status);
	if (mode_has("shutdown"))
		shutdown(fd, SHUT_WR);
	if (mode_has("free"))
		SSL_free(ssl);
	close(fd);
	again = socket(address.sin6_family, SOCK_DGRAM, 0);
	printf("bind-again=%d\n", bind(again, (struct sockaddr *)&address, address_size));
	fflush(stdout);
	if (!mode_has("free"))
		SSL_free(ssl);
}

int main(int argc, char **argv)
{
	struct script script = {.server = true, .dtls = true};
	SSL_CTX *ctx;
	int fd;

	SSL_CTX_free(legacy_start(argc, argv, true));
	fd = bound_socket();
	for (int i = 0; i < (mode_has("shared") ? CLIENTS : 1); i++)
		start_client(i, fd);
	ctx = tls_context(&script);
	if (mode_has("shared"))
		with_two(ctx, fd);
	else if (mode_has("handshake"))
		give_up(ctx, fd);
	else
		with_one(ctx, fd);
	for (int i = 0; i < CLIENTS; i++)
		if (orders[i])
			close(orders[i]);
	while (wait(NULL) > 0)
		;
	SSL_CTX_free(ctx);
	return legacy.status;
}
