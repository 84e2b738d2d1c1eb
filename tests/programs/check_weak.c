/* SPDX-License-Identifier: MIT */
/*
 * No libssl here. A program may ask whether there is one, by a weak reference or by dlsym(), and then calls what it finds:
 * weakly SSL_free and BIO_free, then each function named by an argument. Says what is there, and what is not 0 afterwards.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

void SSL_free(void *ssl) __attribute__((weak));
int BIO_free(void *bio) __attribute__((weak));

typedef long six(void *, void *, long, void *, void *, void *);

/* What is given is big enough for whatever a libssl would look for or write there. */
static void call(const char *name, six *function)
{
	static char first[4096], second[4096], third[4096], none[4096];
	size_t size = 0;
	errno = 0;
	/* int or pointer: the upper half of an int's register says nothing. */
	int result = (int)function(first, second, 1, &size, third, third);
	int without = (int)function(NULL, NULL, 0, &size, NULL, NULL);
	if (result || without || errno || size || memcmp(first, none, sizeof none) ||
	    memcmp(second, none, sizeof none) || memcmp(third, none, sizeof none))
		printf("%s: %d, %d, errno=%d, size=%zu, or something written\n", name, result, without, errno,
		       size);
}

int main(int argc, char **argv)
{
	printf("SSL_free %s, BIO_free %s\n", SSL_free ? "there" : "absent", BIO_free ? "there" : "absent");
	if (SSL_free)
		SSL_free(&argc);
	if (BIO_free && BIO_free(&argc) != 0)
		puts("BIO_free: not 0");
	for (int i = 1; i < argc; i++) {
		six *function = (six *)dlsym(RTLD_DEFAULT, argv[i]);
		if (function)
			call(argv[i], function);
		else
			printf("%s absent\n", argv[i]);
	}
	return 0;
}
