/* SPDX-License-Identifier: MIT */
/*
 * Talks through BIO_new_ssl_connect() and leaves by BIO_free_all(), as OpenSSL's own manual shows it: whoever copied
 * demos/sslecho and the like, and OpenSSL's HTTP and OCSP clients. It only writes: the server's tickets lie unread.
 *
 * --mode buffered writes through BIO_new_buffer_ssl_connect() and flushes; unflushed forgets to, at the end; up_ref frees the
 * chain twice, writing in between; exit just leaves; thread leaves so with a thread in BIO_read(); idle_thread has one that does
 * nothing; fork has a child that leaves so in the middle; partial abandons a write half-done, and reads behind it.
 */
#include "legacy.h"

#include "judge/pattern.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static BIO *dial(SSL_CTX *ctx)
{
	bool buffered = legacy_is("buffered") || legacy_is("unflushed");
	BIO *bio = buffered ? BIO_new_buffer_ssl_connect(ctx) : BIO_new_ssl_connect(ctx);
	char where[32];

	snprintf(where, sizeof(where), "127.0.0.1:%d", legacy.port);
	BIO_set_conn_hostname(bio, where);
	if (BIO_do_connect(bio) != 1)
		fprintf(stderr, "no handshake\n");
	return bio;
}

static void write_pattern(BIO *bio, size_t from, size_t to)
{
	unsigned char *buf = malloc(to - from + 1);

	pattern_fill(buf, to - from, from);
	if (BIO_write(bio, buf, (int)(to - from)) != (int)(to - from))
		fprintf(stderr, "BIO_write failed\n");
	free(buf);
}

/* Until the socket is full; the read then makes OpenSSL forget that it wanted to write. */
static void abandon(BIO *bio)
{
	unsigned char *buf = calloc(1, legacy.write), byte;
	SSL *ssl;
	int fd = (int)BIO_get_fd(bio, NULL), wrote;

	BIO_get_ssl(bio, &ssl);
	BIO_socket_nbio(fd, 1);
	pattern_fill(buf, legacy.write, 0);
	wrote = BIO_write(bio, buf, (int)legacy.write);
	printf("half-done=%s\n", wrote <= 0 && BIO_should_retry(bio) ? "yes" : "no");
	BIO_read(bio, &byte, 1);
	free(buf);
}

static atomic_int reader;

static void *reads(void *bio)
{
	unsigned char byte;

	atomic_store(&reader, (int)syscall(SYS_gettid));
	while (BIO_read(bio, &byte, 1) > 0)
		continue;
	return NULL;
}

static void *sleeps(void *nothing)
{
	pause();
	return nothing;
}

static void start_thread(void *(*run)(void *), BIO *bio)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run, bio);
}

/*
 * exit() cleans OpenSSL up, and a thread that is still reading the server's tickets then crashes, once in a hundred
 * runs, bare or not. So all has been read, and it sleeps in read().
 */
static void wait_for_reader(BIO *bio)
{
	char path[64], state = 0;
	int unread = 1;

	while (!atomic_load(&reader))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&reader));
	while (state != 'S' || unread > 0) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
			state = 0;
		if (f)
			fclose(f);
		ioctl((int)BIO_get_fd(bio, NULL), FIONREAD, &unread);
	}
}

static void talk_around_fork(BIO *bio)
{
	write_pattern(bio, 0, legacy.write / 2);
	if (fork() == 0)
		exit(0);
	wait(NULL);
	write_pattern(bio, legacy.write / 2, legacy.write);
}

static void talk(BIO *bio)
{
	if (legacy_is("partial")) {
		abandon(bio);
	} else if (legacy_is("up_ref")) {
		BIO_up_ref(bio);
		write_pattern(bio, 0, legacy.write / 2);
		BIO_free_all(bio);
		write_pattern(bio, legacy.write / 2, legacy.write);
	} else if (legacy_is("fork")) {
		talk_around_fork(bio);
	} else {
		write_pattern(bio, 0, legacy.write);
	}
	if (legacy_is("thread")) {
		start_thread(reads, bio);
		wait_for_reader(bio);
	}
	if (legacy_is("idle_thread"))
		start_thread(sleeps, NULL);
	if (legacy_is("buffered"))
		(void)BIO_flush(bio);
	if (legacy_is("unflushed")) {
		(void)BIO_flush(bio);
		BIO_write(bio, "the end", 7);
	}
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);

	for (int i = 0; i < legacy.connections; i++) {
		BIO *bio = dial(ctx);
		long start;

		talk(bio);
		if (legacy_is("exit") || legacy_is("thread"))
			exit(legacy.status);
		start = legacy_ms();
		BIO_free_all(bio);
		printf("free=%s\n", legacy_ms() - start < 500 ? "quick" : "slow");
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
