/* SPDX-License-Identifier: MIT */
/*
 * SSL_free() ends TLS, not the connection: it goes on in plaintext on the same socket, then closes. FTPS with CCC
 * (RFC 4217), and any STARTTLS server that drops its layer. --mode notify does it right, by SSL_shutdown() first.
 * --mode stream writes more to a stream than the socket takes without waiting, and prints what fclose() answered.
 */
#include <errno.h>
#include <fcntl.h>

#include "legacy.h"

static void overfill_stream(int fd)
{
	size_t size = 8 << 20;
	char *text = calloc(1, size), *buffer = malloc(2 * size);
	FILE *stream = fdopen(fd, "w");
	int result;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	setvbuf(stream, buffer, _IOFBF, 2 * size);
	fwrite(text, 1, size, stream);
	errno = 0;
	result = fclose(stream);
	printf("fclose=%d errno=%d\n", result, errno);
	free(buffer);
	free(text);
}

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("notify"))
		SSL_shutdown(ssl);
	SSL_free(ssl);
	if (legacy_is("stream")) {
		overfill_stream(fd);
		return;
	}
	if (write(fd, "PLAIN\n", 6) != 6)
		perror("write");
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
