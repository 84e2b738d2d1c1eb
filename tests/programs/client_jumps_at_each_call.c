/* SPDX-License-Identifier: MIT */
/*
 * A time limit ends close(): its handler leaves by siglongjmp(), as those of resolvers, ftp and mail clients do. The
 * signal comes at the n-th getsockopt() of the connection's close, n one more with each connection: whoever asks the
 * kernel within close() asks by the program's own function here. Then the program closes what is still open.
 *
 * Prints how often the handler jumped, how many numbers could not be closed after that, and how often the thread was
 * left with its cancellation turned off.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "legacy.h"

static sigjmp_buf before_the_close;
static volatile sig_atomic_t calls_left;
static int jumps, stuck, left_off;

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (calls_left > 0 && --calls_left == 0)
		raise(SIGUSR1);
	return (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}

static void on_limit(int signal)
{
	(void)signal;
	siglongjmp(before_the_close, 1);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void talk(SSL *ssl, int fd)
{
	static volatile int nth;
	int state;

	legacy_write(ssl);
	if (!legacy_is("closes-first"))
		SSL_free(ssl);
	if (!sigsetjmp(before_the_close, 1)) {
		calls_left = ++nth;
		close(fd);
	} else {
		jumps++;
	}
	calls_left = 0;
	stuck += is_open(fd) && close(fd) && is_open(fd);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	left_off += state != PTHREAD_CANCEL_ENABLE;
	if (legacy_is("closes-first"))
		SSL_free(ssl);
}

int main(int argc, char **argv)
{
	signal(SIGUSR1, on_limit);
	int status = legacy_call(argc, argv, talk);

	printf("jumped=%s stuck=%d cancellation_left_off=%d\n", jumps ? "yes" : "no", stuck, left_off);
	return status;
}
