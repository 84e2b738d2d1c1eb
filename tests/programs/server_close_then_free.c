/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, closes, and only then SSL_free(): at SSL_free() the socket is gone, and its number may be
 * another's. The habit of ruby (at garbage collection), w3m, check_http, httperf and s_client. The --mode is what
 * closes: dup2 and dup3 put another file over it; fclose and freopen close its stream (smtp and ftp clients of old);
 * close_range and closefrom close all that there is from it on (daemons, sshd, sudo).
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "legacy.h"

/* glibc has the two since 2.34; the object's are called wherever it is, and libc's or none elsewhere. */
#pragma weak close_range
#pragma weak closefrom
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);

static void close_upwards(int fd)
{
	if (legacy_is("closefrom") && closefrom)
		closefrom(fd);
	else if (legacy_is("close_range") && close_range)
		close_range((unsigned)fd, ~0U, 0);
	else
		syscall(436 /* SYS_close_range */, fd, ~0U, 0);
}

static void let_go(int fd, int null)
{
	if (legacy_is("dup2"))
		dup2(null, fd);
	else if (legacy_is("dup3"))
		dup3(null, fd, O_CLOEXEC);
	else if (legacy_is("fclose"))
		fclose(fdopen(fd, "r+"));
	else if (legacy_is("freopen"))
		fclose(freopen("/dev/null", "r", fdopen(fd, "r+")));
	else if (legacy_is("close_range") || legacy_is("closefrom"))
		close_upwards(fd);
	else
		close(fd);
}

static void talk(SSL *ssl, int fd)
{
	int null = open("/dev/null", O_RDONLY);

	legacy_exchange(ssl);
	let_go(fd, null);
	SSL_free(ssl);
	close(null);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
