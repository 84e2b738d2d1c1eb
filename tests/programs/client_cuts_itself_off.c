/* SPDX-License-Identifier: MIT */
/*
 * Cuts itself off from everything around it, as vsftpd's process that speaks TLS does, in a connection that it then lets
 * go by SSL_free() and close(): a network of its own, another root, another user, no further process. --mode tells how:
 *
 *   chroot    chroot() last: the hub's abstract name is gone before, its path with it
 *   unshare   unshare() last: the path is gone before, the abstract name with it
 *   raw       as chroot, by a raw system call, which nobody sees
 *   task      as chroot, but it may have further processes
 *   killed    as chroot, and the hub is killed then
 *
 * Says what must be as without tlsbye: "descriptors=N errno=N failed=N", what is more than before, of a call that
 * succeeds, of a chroot() that fails. Status 77: this machine lets nobody do so.
 */
#include "legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { NOBODY = 65534 };

static void die(const char *what)
{
	perror(what);
	exit(77);
}

static int descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Another user's TMPDIR that nobody else can enter is no rarer. */
static void remove_path_of_hub(void)
{
	const char *hub = getenv("TLSBYE_HUB"), *folder = hub ? strrchr(hub, ':') : NULL;
	char path[256];
	snprintf(path, sizeof path, "%s/hub", folder ? folder + 1 : "");
	if (folder && unlink(path) != 0)
		die("unlink");
}

static void change_root(void)
{
	const char *folder = getenv("TMPDIR");
	char root[] = "empty-XXXXXX";
	if (!folder || chdir(folder) != 0 || !mkdtemp(root) || chdir(root) != 0)
		die("mkdtemp");
	errno = EXDEV;
	if ((legacy_is("raw") ? (int)syscall(SYS_chroot, ".") : chroot(".")) != 0)
		die("chroot");
}

static void cut_off(void)
{
	if (legacy_is("unshare"))
		remove_path_of_hub();
	else if (syscall(SYS_unshare, CLONE_NEWNET) != 0)
		die("unshare");
	errno = EXDEV;
	if (!legacy_is("unshare"))
		change_root();
	else if (unshare(CLONE_NEWNET) != 0)
		die("unshare");
}

static void kill_hub(void)
{
	const char *hub = getenv("TLSBYE_HUB"), *pid = hub ? strchr(hub, ':') : NULL;
	for (int signal = SIGKILL; pid && kill(atoi(pid + 1), signal) == 0; signal = 0)
		usleep(1000);
}

static void give_up_rights(void)
{
	const struct rlimit none = {0, 0};
	if (legacy_is("killed"))
		kill_hub();
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
	    (!legacy_is("task") && setrlimit(RLIMIT_NPROC, &none) != 0))
		die("setuid");
}

static void talk(SSL *ssl, int fd)
{
	int before = descriptors(), kept, failed;
	legacy_write(ssl);
	cut_off();
	kept = errno;
	failed = chroot("/nowhere/at/all") == 0 ? 0 : errno;
	printf("descriptors=%d errno=%d failed=%d\n", descriptors() - before, kept, failed);
	fflush(stdout);
	give_up_rights();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
