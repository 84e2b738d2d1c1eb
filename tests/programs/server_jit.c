/* SPDX-License-Identifier: MIT */
/*
 * Frees, and closes from machine code that it has made itself, in memory that belongs to no file: what luajit, java and
 * node do. x86-64 only; elsewhere it says so, and leaves with 77.
 */
#include <sys/mman.h>

#include "legacy.h"

#ifdef __x86_64__
static const unsigned char code[] = {
	0x48, 0x83, 0xec, 0x08, /* sub $8, %rsp */
	0xff, 0xd6,             /* call *%rsi */
	0x48, 0x83, 0xc4, 0x08, /* add $8, %rsp */
	0xc3,                   /* ret */
};

static void talk(SSL *ssl, int fd)
{
	void *made = mmap(NULL, sizeof(code), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*call)(int, int (*)(int));

	memcpy(made, code, sizeof(code));
	mprotect(made, sizeof(code), PROT_READ | PROT_EXEC);
	*(void **)&call = made;
	legacy_exchange(ssl);
	SSL_free(ssl);
	call(fd, close);
	printf("returned-to=%zu\n", (size_t)made + 6);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
#else
int main(void)
{
	puts("not on this machine");
	return 77;
}
#endif
