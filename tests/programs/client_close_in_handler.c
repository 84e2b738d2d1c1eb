/* SPDX-License-Identifier: MIT */
/*
 * A signal handler closes the connection while the thread loops in malloc() and free(), or (--mode openssl) in
 * SSL_write(), or (--mode read) in SSL_read(), which the peer either feeds or leaves waiting: close() is
 * async-signal-safe, and whoever takes a lock or allocates in it dead-locks here. Watchdogs and "close on SIGALRM" time
 * limits (wget, fetchmail, inetd's children). Prints the rounds done.
 */
#include <signal.h>
#include <time.h>

#include "judge/pattern.h"
#include "legacy.h"

static int fd_to_close;
static volatile sig_atomic_t closed;
static int rounds;

static void on_signal(int signal)
{
	(void)signal;
	close(fd_to_close);
	closed = 1;
}

static void loop_in_malloc(void)
{
	while (!closed) {
		void *volatile p = malloc(64 + (size_t)rounds % 4096);

		free(p);
	}
}

static void loop_in_openssl(SSL *ssl)
{
	for (uint64_t i = legacy.write; !closed; i++) {
		unsigned char byte = pattern_byte(i);

		SSL_write(ssl, &byte, 1);
	}
	ERR_clear_error();
}

/* Where nothing comes it sleeps in read(), which the kernel starts again behind the handler: on a closed descriptor. */
static void loop_in_read(SSL *ssl)
{
	char buf[64];

	while (!closed)
		SSL_read(ssl, buf, sizeof(buf));
	ERR_clear_error();
}

static void talk(SSL *ssl, int fd)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec when = {.it_value.tv_nsec = 50000 + rounds % 200 * 1000};
	timer_t timer;

	legacy_write(ssl);
	fd_to_close = fd;
	closed = 0;
	signal(SIGUSR1, on_signal);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &when, NULL);
	if (legacy_is("openssl"))
		loop_in_openssl(ssl);
	else if (legacy_is("read"))
		loop_in_read(ssl);
	else
		loop_in_malloc();
	timer_delete(timer);
	SSL_free(ssl);
	rounds++;
}

int main(int argc, char **argv)
{
	int status = legacy_call(argc, argv, talk);

	printf("rounds=%d\n", rounds);
	return status;
}
