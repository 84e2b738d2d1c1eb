/* SPDX-License-Identifier: MIT */
/*
 * A library whose constructor starts a thread, and waits for it: it does so with the loader's lock, for which the thread
 * must not have to wait. Its calls are all the first of their kind in the process.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void at_the_end(void)
{
}

/* Each fails, and so the next one comes. */
static void exec_each(void)
{
	char none[] = "/none/such", *argv[] = {none, NULL};

	execv(none, argv);
	execve(none, argv, environ);
	execvp(none, argv);
	execvpe(none, argv, environ);
	fexecve(-1, argv, environ);
	execl(none, none, NULL);
}

static void call_seldom_called(void)
{
	pid_t child = vfork();

	if (child == 0) {
		exec_each();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	child = fork();
	if (child == 0) {
		at_quick_exit(at_the_end);
		quick_exit(0);
	}
	waitpid(child, NULL, 0);
	recvmmsg(-1, NULL, 0, 0, NULL);
	sendmmsg(-1, NULL, 0, 0);
	setns(-1, 0);
	if (unshare(0) != 0 || chroot("/none/such") == 0)
		perror("unshare or chroot");
}

static void *call_each(void *nothing)
{
	struct timespec no_time = {0};
	struct timeval at_once = {0};
	FILE *stream = fdopen(open("/dev/null", O_RDONLY), "r");

	poll(NULL, 0, 0);
	ppoll(NULL, 0, &no_time, NULL);
	select(0, NULL, NULL, NULL, &at_once);
	pselect(0, NULL, NULL, NULL, &no_time, NULL);
	stream = freopen("/dev/zero", "r", stream);
	if (stream)
		fclose(stream);
	atexit(at_the_end);
	call_seldom_called();
	return nothing;
}

__attribute__((constructor)) static void wait_for_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_each, NULL) == 0)
		pthread_join(thread, NULL);
}
