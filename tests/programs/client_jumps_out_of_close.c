/* SPDX-License-Identifier: MIT */
/*
 * A time limit around close(), by a signal whose handler leaves it by siglongjmp(): resolvers, ftp and mail clients. Here the
 * signal comes again and again from a thread, so that one is waiting wherever the thread that closes lets signals in again.
 * Prints how often cancellation was off afterwards, and how often the number was open and could not be closed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "legacy.h"

static sigjmp_buf back;
static pthread_t closer;
static _Atomic bool armed, over;

static void on_signal(int number)
{
	(void)number;
	if (armed)
		siglongjmp(back, 1);
}

static void *send_signals(void *nothing)
{
	while (!over)
		if (armed)
			pthread_kill(closer, SIGUSR1);
	return nothing;
}

static void talk(SSL *ssl, int fd)
{
	static volatile int off, stuck;
	int state;

	legacy_exchange(ssl);
	SSL_free(ssl);
	if (sigsetjmp(back, 1) == 0) {
		armed = true;
		close(fd);
	}
	armed = false;
	if (fcntl(fd, F_GETFD) >= 0 && close(fd) != 0 && fcntl(fd, F_GETFD) >= 0)
		stuck++;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	if (state != PTHREAD_CANCEL_ENABLE)
		off++;
	printf("cancellation_off=%d stuck=%d\n", off, stuck);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pthread_t sender;
	int status;

	closer = pthread_self();
	signal(SIGUSR1, on_signal);
	if (pthread_create(&sender, NULL, send_signals, NULL) != 0)
		return 3;
	status = legacy_call(argc, argv, talk);
	over = true;
	pthread_join(sender, NULL);
	return status;
}
