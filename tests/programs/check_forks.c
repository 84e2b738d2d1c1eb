/* SPDX-License-Identifier: MIT */
/*
 * Forks while its threads begin and end TLS connections; each child loads a library, which takes the lock that a walk
 * over the loaded objects holds. Such a walk is made long here, so that a fork meets one. A server that forks its helpers
 * does so by chance. Prints how many children had to be ended.
 */
#include <dlfcn.h>
#include <link.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 2, FORKS = 40 };

static SSL_CTX *ctx;
static _Atomic int stop, walks;
static bool slow;

typedef int visitor(struct dl_phdr_info *info, size_t size, void *data);
struct visit {
	visitor *visit;
	void *data;
};

static int visit_slowly(struct dl_phdr_info *info, size_t size, void *data)
{
	const struct visit *visit = data;

	usleep(200);
	return visit->visit(info, size, visit->data);
}

/* In the place of libc's, for whoever is preloaded. */
int dl_iterate_phdr(visitor *visit, void *data)
{
	static __typeof__(dl_iterate_phdr) *real;
	struct visit wrapped = {visit, data};

	walks += slow;
	if (!real)
		real = (__typeof__(real))dlsym(RTLD_NEXT, "dl_iterate_phdr");
	return real(slow ? visit_slowly : visit, slow ? (void *)&wrapped : data);
}

static void begin_and_end(void)
{
	int pair[2];
	SSL *ssl = SSL_new(ctx);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		exit(2);
	SSL_set_fd(ssl, pair[0]);
	SSL_connect(ssl);
	SSL_free(ssl);
	close(pair[0]);
	close(pair[1]);
}

static void *serve(void *nothing)
{
	while (!stop)
		begin_and_end();
	return nothing;
}

static bool child_is_stuck(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		alarm(5);
		dlopen("libanl.so.1", RTLD_NOW);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status);
}

int main(void)
{
	pthread_t threads[THREADS];
	int stuck = 0;

	ctx = SSL_CTX_new(TLS_client_method());
	begin_and_end(); /* the first one looks for libssl */
	slow = true;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, serve, NULL);
	for (int i = 0; i < FORKS && !stuck; i++)
		stuck += child_is_stuck();
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("stuck=%d walked=%s\n", stuck, walks ? "yes" : "no");
	return 0;
}
