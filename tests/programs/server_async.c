/* SPDX-License-Identifier: MIT */
/*
 * Signal-driven I/O: SIGIO for each thing that happens on the socket (fcntl(2), O_ASYNC). Prints how many signals came
 * after close(), when there is no socket any more that could have sent them. Old inetd-like servers and games.
 */
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "legacy.h"

static volatile sig_atomic_t closed, before, after;

static void on_sigio(int signal)
{
	(void)signal;
	if (closed)
		after++;
	else
		before++;
}

/* So long, or until the first signal, if that is what is waited for. */
static void wait_ms(long ms, bool for_the_first)
{
	long until = legacy_ms() + ms;
	struct timespec step = {.tv_nsec = 10 * 1000 * 1000};

	while (legacy_ms() < until && !(for_the_first && before))
		nanosleep(&step, NULL);
}

/* The peer answers the goodbye with its own within a few milliseconds. */
static void close_and_count(int fd)
{
	close(fd);
	closed = 1;
	wait_ms(300, false);
}

static void talk(SSL *ssl, int fd)
{
	signal(SIGIO, on_sigio);
	closed = before = after = 0;
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
	legacy_exchange(ssl);
	wait_ms(5000, true); /* for the peer's late bytes: the signals do come */
	if (!legacy_is("close-first"))
		SSL_free(ssl);
	close_and_count(fd);
	if (legacy_is("close-first"))
		SSL_free(ssl);
	printf("before=%s after=%d\n", before ? "some" : "none", (int)after);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
