/* SPDX-License-Identifier: MIT */
/*
 * The TLS half of server_dlopen.c: a shared object that needs libssl, as python's _ssl or perl's Net::SSLeay does.
 * --mode closesocket closes by the name that it brought along from another system.
 */
#include "legacy.h"

int plugin_serve(int argc, char **argv);
int closesocket(int fd);

int closesocket(int fd)
{
	return close(fd);
}

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	SSL_free(ssl);
	if (legacy_is("closesocket"))
		closesocket(fd);
	else
		close(fd);
}

int plugin_serve(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
