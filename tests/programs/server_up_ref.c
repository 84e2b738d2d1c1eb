/* SPDX-License-Identifier: MIT */
/*
 * Two parts of the program hold the SSL (SSL_up_ref): the first to free it does not end the connection, the other
 * goes on writing. Anything with reference counts of its own: rust-openssl, libevent, Lua bindings.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	size_t all = legacy.write;

	legacy_read_once(ssl);
	SSL_up_ref(ssl);
	legacy.write = all / 2;
	legacy_write(ssl);
	SSL_free(ssl);
	legacy.offset = all / 2;
	legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
	legacy.write = all;
	legacy.offset = 0;
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
