/* SPDX-License-Identifier: MIT */
/*
 * Lets go while it may not open one descriptor more (RLIMIT_NOFILE): a busy server at its limit, whose way out is
 * that close(). Prints what close() gave, and whether the number is free again. --mode close-first frees afterwards.
 */
#include <errno.h>
#include <sys/resource.h>

#include "legacy.h"

/* The soft limit only: the old one comes back for the next connection. */
static struct rlimit forbid_more(void)
{
	struct rlimit before, now;

	getrlimit(RLIMIT_NOFILE, &before);
	now = before;
	now.rlim_cur = (rlim_t)dup(1);
	close((int)now.rlim_cur);
	setrlimit(RLIMIT_NOFILE, &now);
	return before;
}

static void talk(SSL *ssl, int fd)
{
	struct rlimit before = forbid_more();
	int another = dup(1), result, again;

	legacy_exchange(ssl);
	if (!legacy_is("close-first"))
		SSL_free(ssl);
	errno = 0;
	result = close(fd);
	printf("at-limit=%s close=%d errno=%d", another < 0 ? "yes" : "no", result, errno);
	again = dup(1);
	printf(" free-again=%s\n", again == fd ? "yes" : "no");
	fflush(stdout);
	close(again);
	if (legacy_is("close-first"))
		SSL_free(ssl);
	setrlimit(RLIMIT_NOFILE, &before);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
