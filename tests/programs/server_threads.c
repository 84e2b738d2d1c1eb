/* SPDX-License-Identifier: MIT */
/*
 * One thread is blocked in SSL_read() while another closes the descriptor: the open file lives on until the read(2)
 * under way returns, the next one fails with EBADF. Thread pools with a watchdog, and "close to interrupt".
 */
#include <pthread.h>
#include <sys/syscall.h>

#include "legacy.h"

static _Atomic pid_t reader_tid;
static int got;

static void *reader(void *ssl)
{
	char buf[2048];

	reader_tid = (pid_t)syscall(SYS_gettid);
	got = SSL_read(ssl, buf, sizeof(buf));
	return NULL;
}

/* Until the reader sleeps, it is not in the read yet: its state in /proc is the condition to wait for. */
static void wait_until_asleep(void)
{
	char path[64], state = 0;

	while (state != 'S') {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)reader_tid);
		f = reader_tid ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 0;
		if (f)
			fclose(f);
	}
}

static void talk(SSL *ssl, int fd)
{
	pthread_t thread;

	legacy_exchange(ssl);
	reader_tid = 0;
	pthread_create(&thread, NULL, reader, ssl);
	wait_until_asleep();
	close(fd);
	pthread_join(thread, NULL);
	printf("reader got=%d\n", got);
	fflush(stdout);
	SSL_free(ssl);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
