/* SPDX-License-Identifier: MIT */
/*
 * A time limit ends a call that waits in SSL_read(): its handler leaves by siglongjmp(), as those of fetchmail and the
 * monitoring plugins do, so that the call never returns; then close, then SSL_free. --mode never: without SSL_free, and
 * the program lives on until it is ended. --mode exit, kill: the handler closes, and ends the process itself. --mode thread: it is
 * another thread that waits in SSL_read(), and the process ends under it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
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

static _Atomic pid_t reader_id;

static void *read_for_ever(void *ssl)
{
	char buf[64];

	reader_id = (pid_t)syscall(SYS_gettid);
	SSL_read(ssl, buf, sizeof(buf));
	return NULL;
}

/* In read(), as /proc says: then it is inside. */
static bool reader_sleeps(void)
{
	char path[64], state = 0;
	FILE *file;

	if (!reader_id)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)reader_id);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		exit(4);
	fclose(file);
	return state == 'S';
}

static void close_under_reader(SSL *ssl, int fd)
{
	pthread_t reader;

	pthread_create(&reader, NULL, read_for_ever, ssl);
	while (!reader_sleeps())
		usleep(1000);
	close(fd);
	exit(0);
}

static void talk(SSL *ssl, int fd)
{
	const struct itimerval limit = {.it_value.tv_usec = 50000};
	char buf[64];

	legacy_write(ssl);
	if (legacy_is("thread"))
		close_under_reader(ssl, fd);
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
