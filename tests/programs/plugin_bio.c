/* SPDX-License-Identifier: MIT */
/*
 * The half of check_libcrypto.c that uses BIOs and no TLS, as ssh, git and python's hashlib do: says whether each way of freeing one really frees it,
 * by a method of its own that is told of it, and how many threads the process has.
 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int plugin_bio(void);

static int freed;

static int note(BIO *bio)
{
	(void)bio;
	freed++;
	return 1;
}

static int after(const char *what, int want)
{
	printf("%s=%d\n", what, freed);
	if (freed != want)
		return 1;
	freed = 0;
	return 0;
}

int plugin_bio(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "noted");
	BIO *shared = NULL;
	struct stat tasks;
	int wrong = 0;

	BIO_meth_set_destroy(method, note);
	wrong += BIO_free(BIO_new(method)) != 1;
	wrong += after("free", 1);
	BIO_vfree(BIO_new(method));
	wrong += after("vfree", 1);
	BIO_free_all(BIO_push(BIO_new(method), BIO_new(method)));
	wrong += after("free_all", 2);
	shared = BIO_new(method);
	wrong += BIO_up_ref(shared) != 1;
	BIO_free_all(shared);
	wrong += after("shared", 0);
	BIO_free_all(shared);
	wrong += after("last", 1);
	wrong += BIO_free(NULL) != 0;
	/* libcrypto's own calls of BIO_free */
	EVP_PKEY *key = EVP_PKEY_new();
	BIO_free_all(BIO_push(BIO_new(BIO_f_base64()), BIO_new(BIO_s_mem())));
	EVP_PKEY_free(key);
	BIO_meth_free(method);
	stat("/proc/self/task", &tasks);
	printf("threads=%u\n", (unsigned)tasks.st_nlink - 2);
	return wrong;
}
