/* SPDX-License-Identifier: MIT */
/* See environment.h. */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { NOBODY = 65534, MOST = 1024, NAME_SPACES = 0x7e020000, MARGIN = 1 << 20 };

static struct sock_filter filter[MOST];
static unsigned short length;

static void add(unsigned short code, unsigned k, unsigned char yes, unsigned char no)
{
	if (length < MOST)
		filter[length++] = (struct sock_filter){code, yes, no, k};
}

static void load(size_t offset)
{
	add(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void answer(unsigned action)
{
	add(BPF_RET | BPF_K, action, 0, 0);
}

/* Only for this number, which is loaded: the next so many. */
static void only_for(long number, unsigned char instructions)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, instructions);
}

static bool install(void)
{
	struct sock_fprog program = {length, filter};
	return length < MOST && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The lower half of an argument. */
static size_t argument(int number)
{
	size_t at = offsetof(struct seccomp_data, args) + (size_t)number * sizeof(__u64);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? at : at + sizeof(__u32);
}

static void as_in_containers(void)
{
	only_for(SYS_clone3, 1);
	answer(SECCOMP_RET_ERRNO | ENOSYS);
	only_for(SYS_clone, 4);
	load(argument(0));
	add(BPF_JMP | BPF_JSET | BPF_K, NAME_SPACES, 0, 1);
	answer(SECCOMP_RET_ERRNO | EPERM);
	load(offsetof(struct seccomp_data, nr));
}

static void refuse(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	(void)signal, (void)info;
#if defined __x86_64__
	at->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined __aarch64__
	at->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#else
	(void)at;
	_exit(77);
#endif
}

static bool only_calls(const char *otherwise)
{
	const char *name = getenv("ENVIRONMENT_CALLS");
	FILE *file = name ? fopen(name, "re") : NULL;
	struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO | SA_NODEFER};
	bool kill = !strcmp(otherwise, "kill"), trap = !strcmp(otherwise, "trap");
	int number;
	if (!file)
		return false;
	load(offsetof(struct seccomp_data, nr));
	if (!kill && !trap)
		as_in_containers();
	while (fscanf(file, "%d", &number) == 1) {
		only_for(abs(number), 1);
		answer(number < 0 ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW);
	}
	fclose(file);
	if (trap && sigaction(SIGSYS, &action, NULL) != 0)
		return false;
	answer(kill                           ? SECCOMP_RET_KILL_PROCESS
	       : trap                         ? SECCOMP_RET_TRAP
	       : !strcmp(otherwise, "enosys") ? SECCOMP_RET_ERRNO | ENOSYS
					      : SECCOMP_RET_ERRNO | EPERM);
	return install();
}

static bool no_unix(void)
{
	load(offsetof(struct seccomp_data, nr));
	only_for(SYS_socket, 3);
	load(argument(0));
	only_for(AF_UNIX, 1);
	answer(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	answer(SECCOMP_RET_ALLOW);
	return install();
}

static bool limit(__rlimit_resource_t which, rlim_t most)
{
	struct rlimit both = {most, most};
	return setrlimit(which, &both) == 0;
}

static rlim_t address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	if (!file || fscanf(file, "%lu", &pages) != 1)
		pages = (1ul << 30) / (unsigned long)getpagesize();
	if (file)
		fclose(file);
	return pages * (rlim_t)getpagesize() + MARGIN;
}

static bool another_user(void)
{
	return setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static bool no_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};
	return syscall(SYS_capset, &header, none) == 0;
}

static bool alone_in(const char *folder)
{
	static const char *const files[] = {"cgroup.procs", "pids.max"};
	for (int i = 0; i < 2; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		FILE *file = fopen(path, "we");
		bool written = file && fputs(i == 0 ? "0" : "1", file) >= 0;
		if (!file || fclose(file) != 0 || !written)
			return false;
	}
	return true;
}

static bool mounts_of_its_own(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool hide(const char *folder)
{
	return mounts_of_its_own() && mount("none", folder, "tmpfs", 0, NULL) == 0;
}

static int beside_stderr = -1;

static bool other_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || dup2(pair[0], fd) != fd)
			return false;
		close(pair[0]);
		beside_stderr = pair[1]; /* the last one's */
	}
	return true;
}

bool environment_is_clean(void)
{
	char byte;
	return beside_stderr < 0 || recv(beside_stderr, &byte, 1, MSG_DONTWAIT) < 0;
}

bool environment_enter(const char *name)
{
	const char *colon = strchr(name, ':'), *rest = colon ? colon + 1 : "";
	size_t n = colon ? (size_t)(colon - name) : strlen(name);
#define IS(word) (n == sizeof word - 1 && memcmp(name, word, n) == 0)
	errno = EINVAL;
	return IS("calls")     ? only_calls(rest)
	       : IS("no-unix") ? no_unix()
	       : IS("nproc")   ? another_user() && limit(RLIMIT_NPROC, 0)
	       : IS("nofile")  ? limit(RLIMIT_NOFILE, 0)
	       : IS("rlimits") ? another_user() && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 0) &&
					 limit(RLIMIT_NPROC, 0)
	       : IS("as")           ? limit(RLIMIT_AS, address_space())
	       : IS("fsize")        ? limit(RLIMIT_FSIZE, 0)
	       : IS("user")         ? another_user()
	       : IS("no-caps")      ? no_capabilities()
	       : IS("no-new-privs") ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
	       : IS("pids")         ? alone_in(rest)
	       : IS("chroot")       ? chroot(rest) == 0 && chdir("/") == 0
	       : IS("no-proc")      ? hide("/proc")
	       : IS("no-dev")       ? hide("/dev")
	       : IS("read-only")    ? mounts_of_its_own() &&
					   mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0
	       : IS("descriptors") ? other_descriptors()
				   : false;
#undef IS
}
