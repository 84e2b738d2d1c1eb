/* SPDX-License-Identifier: MIT */
/*
 * src/libtlsbye/sys/in_handler.c by itself, in every situation in which close() may be called: inside a handler it must
 * never say "outside", and in plain code it must. Each situation runs in a child of its own, which ends with the answer.
 * Prints the situations whose answer is wrong, and ends with 1 if there is one; --may-doubt: in plain code, too.
 * --cost KB prints what an answer costs with so much of the stack in use.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "in_handler_situations.h"
#include "libtlsbye/sys/in_handler.h"

static const struct situation {
	const char *name;
	void (*body)(void);
	bool plain;
} situations[] = {
#define ROW(name, function, plain) {name, function, plain},
	SITUATIONS(ROW)
#undef ROW
};

static bool is_right(const struct situation *of, bool may_doubt)
{
	pid_t child = fork();
	int status;

	if (!child) {
		of->body();
		_exit(said);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && (WEXITSTATUS(status) == DOUBT ? !of->plain || may_doubt
							       : WEXITSTATUS(status) == OUTSIDE && of->plain))
		return true;
	printf("wrong: %s: %s %d\n", of->name, WIFEXITED(status) ? "answer" : "signal",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return false;
}

/* What every signal does, as the kernel has it; with one pending that nobody ignores. */
struct dispositions {
	char of[64][32];
	sigset_t pending;
};

static void read_dispositions(struct dispositions *all)
{
	memset(all, 0, sizeof *all);
	for (int sig = 1; sig <= 64; sig++)
		syscall(SYS_rt_sigaction, sig, NULL, all->of[sig - 1], sizeof(uint64_t));
	sigpending(&all->pending);
}

static bool init_leaves_no_trace(void)
{
	static struct dispositions first, then; /* not on the stack: they hold restorers */
	sigset_t stack_fault;

	sigemptyset(&stack_fault);
	sigaddset(&stack_fault, SIGSTKFLT);
	sigprocmask(SIG_BLOCK, &stack_fault, NULL);
	raise(SIGSTKFLT);
	read_dispositions(&first);
	in_handler_init();
	in_handler_begin();
	read_dispositions(&then);
	if (!memcmp(&first, &then, sizeof first) && sigismember(&then.pending, SIGSTKFLT))
		return true;
	printf("wrong: in_handler_init changes what a signal does\n");
	return false;
}

static void print_cost(void)
{
	enum { TIMES = 2000 };
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < TIMES; i++)
		ask();
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f ns, %s\n",
	       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / TIMES,
	       said == OUTSIDE ? "outside" : "in doubt");
}

int main(int argc, char **argv)
{
	bool may_doubt = argc == 2 && !strcmp(argv[1], "--may-doubt");
	bool right = init_leaves_no_trace();

	in_handler_learn_thread();
	if (argc == 3 && !strcmp(argv[1], "--cost")) {
		deep(atoi(argv[2]), print_cost);
		return 0;
	}
	for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
		fflush(stdout);
		right &= is_right(&situations[i], may_doubt);
	}
	return right ? 0 : 1;
}
