/* SPDX-License-Identifier: MIT */
/*
 * A QUIC client that nobody answers: begins its handshake, frees and closes. QUIC has an end of its own (CONNECTION_CLOSE,
 * RFC 9000, 10.2), which OpenSSL sees to, or the program. Counts the datagrams that came from it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "legacy.h"

#if OPENSSL_VERSION_NUMBER < 0x30200000L || defined(OPENSSL_NO_QUIC)

int main(void)
{
	puts("quic=no");
	return 0;
}

#else

#include <openssl/quic.h>

static int bound_socket(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*address);

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (struct sockaddr *)address, size) != 0 ||
	    getsockname(fd, (struct sockaddr *)address, &size) != 0)
		exit(3);
	return fd;
}

static SSL *begin(SSL_CTX *ctx, int fd, const struct sockaddr_in *to)
{
	static const unsigned char protocol[] = {4, 't', 'e', 's', 't'};
	SSL *ssl = SSL_new(ctx);
	BIO *bio = BIO_new(BIO_s_datagram());
	BIO_ADDR *peer = BIO_ADDR_new();

	BIO_set_fd(bio, fd, BIO_NOCLOSE);
	BIO_ADDR_rawmake(peer, AF_INET, &to->sin_addr, sizeof(to->sin_addr), to->sin_port);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_blocking_mode(ssl, 0);
	SSL_set1_initial_peer_addr(ssl, peer);
	SSL_set_alpn_protos(ssl, protocol, sizeof(protocol));
	BIO_ADDR_free(peer);
	return ssl;
}

int main(void)
{
	struct sockaddr_in server, client;
	int recorder = bound_socket(&server), fd = bound_socket(&client), datagrams = 0, connected;
	SSL_CTX *ctx = SSL_CTX_new(OSSL_QUIC_client_method());
	SSL *ssl = begin(ctx, fd, &server);
	char buf[2048];

	alarm(30);
	connected = SSL_connect(ssl);
	SSL_free(ssl);
	close(fd);
	while (recv(recorder, buf, sizeof(buf), 0) > 0)
		datagrams++;
	printf("quic=yes connect=%d datagrams=%d\n", connected, datagrams);
	SSL_CTX_free(ctx);
	return 0;
}

#endif
