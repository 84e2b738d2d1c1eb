/* SPDX-License-Identifier: MIT */
/*
 * A handler ends the process while close() waits for the peer (SO_LINGER): a daemon that is told to stop just then.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "legacy.h"

static void on_alarm(int signal)
{
	(void)signal;
	_exit(0);
}

static void talk(SSL *ssl, int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 5};
	struct itimerval soon = {.it_value.tv_usec = 200000};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	legacy_write(ssl);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	SSL_free(ssl);
	close(fd);
	exit(1); /* it did not wait: this test says nothing */
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
