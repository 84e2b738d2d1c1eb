/* SPDX-License-Identifier: MIT */
/*
 * A time limit ends a call that waits in SSL_read(): its handler leaves by siglongjmp(), as those of fetchmail and the
 * monitoring plugins do, so that the call never returns; then close, then SSL_free. --mode never: without SSL_free, and
 * the program lives on until it is ended. --mode exit, kill: the handler closes, and ends the process itself.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "legacy.h"

static sigjmp_buf before_the_call;
static int fd_to_close;

static void on_alarm(int signal)
{
	(void)signal;
	if (!legacy_is("exit") && !legacy_is("kill"))
		siglongjmp(before_the_call, 1);
	close(fd_to_close);
	if (legacy_is("exit"))
		_exit(0);
	kill(getpid(), SIGKILL);
}

static void talk(SSL *ssl, int fd)
{
	const struct itimerval limit = {.it_value.tv_usec = 50000};
	char buf[64];

	legacy_write(ssl);
	fd_to_close = fd;
	signal(SIGALRM, on_alarm);
	if (!sigsetjmp(before_the_call, 1)) {
		setitimer(ITIMER_REAL, &limit, NULL);
		while (SSL_read(ssl, buf, sizeof(buf)) > 0)
			continue;
	}
	close(fd);
	if (!legacy_is("never"))
		SSL_free(ssl);
	while (legacy_is("never"))
		pause();
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
