/* SPDX-License-Identifier: MIT */
/* See side.h. Lets go as server_free_then_close does; --mode close-first closes, then frees. */
#include "side.h"

#include <getopt.h>

#include "legacy.h"

static SSL_CTX *ctx;

static void start(int argc, char **argv)
{
	optind = 1; /* the other side has read the arguments already */
	ctx = legacy_start(argc, argv, true);
}

static void *handshake(int fd)
{
	return legacy_handshake(ctx, fd, true);
}

static void exchange(void *ssl)
{
	legacy_exchange(ssl);
}

static void let_go(void *ssl, int fd)
{
	if (legacy_is("close-first"))
		close(fd);
	SSL_free(ssl);
	if (!legacy_is("close-first"))
		close(fd);
}

const struct side *side(void)
{
	static struct side us = {
		.start = start, .handshake = handshake, .exchange = exchange, .let_go = let_go};

	us.in_libssl = (void *)SSL_CTX_new;
	us.in_libcrypto = (void *)ERR_print_errors_fp;
	return &us;
}
