/* SPDX-License-Identifier: MIT */
/*
 * Situations on the stack that the thread began with: see in_handler_situations.h.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "in_handler_situations.h"
#include "libtlsbye/sys/in_handler.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif

enum { TICKS = 300 };

volatile sig_atomic_t said = NOT_ASKED;
static volatile sig_atomic_t ticks;
static sigjmp_buf before;

void ask(void)
{
	errno = EXDEV;
	bool outside = in_handler_is_outside();

	if (errno != EXDEV)
		said = ERRNO_CHANGED;
	else if (said != OUTSIDE && said != ERRNO_CHANGED)
		said = outside ? OUTSIDE : DOUBT;
}

void asks(int sig)
{
	(void)sig;
	ask();
}

static void asks_with_info(int sig, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	asks(sig);
}

void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(sig, &action, NULL);
}

void interrupt(void (*handler)(int), int flags)
{
	handle(SIGUSR1, handler, flags);
	raise(SIGUSR1);
}

static void alternate_stack(void *memory, int flags)
{
	stack_t stack = {.ss_sp = memory, .ss_size = STACK, .ss_flags = flags};

	if (sigaltstack(&stack, NULL))
		_exit(said == NOT_ASKED ? DOUBT : said); /* an emulator has no SS_AUTODISARM */
}

/* --- plain code --- */

void after_handler(void)
{
	interrupt(SIG_IGN, 0);
	interrupt(asks, 0);
	said = NOT_ASKED;
	ask();
}

static void leaves(int sig)
{
	(void)sig;
	siglongjmp(before, 1);
}

void after_siglongjmp(void)
{
	if (!sigsetjmp(before, 1))
		interrupt(leaves, 0);
	ask();
}

void after_siglongjmp_off_alternate_stack(void)
{
	alternate_stack(malloc(STACK), 0);
	if (!sigsetjmp(before, 1))
		interrupt(leaves, SA_ONSTACK);
	ask();
}

void with_alternate_stack(void)
{
	alternate_stack(malloc(STACK), 0);
	interrupt(asks, SA_ONSTACK);
	said = NOT_ASKED;
	ask();
}

/* then() with so many more KB in use. */
__attribute__((noinline)) int deep(int kb, void (*then)(void))
{
	volatile char room[KB];

	memset((char *)room, kb, sizeof room);
	if (!kb)
		then();
	else
		deep(kb - 1, then);
	return room[KB - 1];
}

void half_deep(void)
{
	deep(96, ask);
}

__attribute__((noinline)) static void ask_above_remains(void)
{
	volatile char buffer[16 * KB];

	buffer[0] = 0;
	ask();
	(void)buffer[0];
}

/* A server that ignores SIGPIPE, and then reads into a buffer on the stack. */
void after_sigaction(void)
{
	handle(SIGPIPE, SIG_IGN, SA_RESTART);
	handle(SIGUSR1, asks, 0);
	ask_above_remains();
}

void forked(void)
{
	pid_t child = fork();
	int status;

	if (child) {
		waitpid(child, &status, 0);
		said = WEXITSTATUS(status);
		return;
	}
	ask();
	_exit(said);
}

void vforked(void)
{
	pid_t child = vfork();
	int status;

	if (!child) {
		ask();
		_exit(said);
	}
	waitpid(child, &status, 0);
	said = WEXITSTATUS(status);
}

/* --- handlers --- */

void in_handler(void)
{
	interrupt(asks, 0);
}

void with_info(void)
{
	struct sigaction action = {.sa_sigaction = asks_with_info, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &action, NULL);
	kill(getpid(), SIGUSR1);
}

static void resets_itself(int sig)
{
	signal(sig, SIG_DFL);
	ask();
}

void in_reset_handler(void)
{
	interrupt(resets_itself, 0);
	interrupt(asks, SA_RESETHAND);
}

static void interrupts_itself(int sig)
{
	static volatile sig_atomic_t depth;

	if (++depth < 4)
		raise(sig);
	ask();
}

void in_nodefer_handler(void)
{
	interrupt(interrupts_itself, SA_NODEFER);
}

static void is_interrupted(int sig)
{
	(void)sig;
	raise(SIGUSR2);
	ask();
}

void in_nested_handler(void)
{
	handle(SIGUSR2, asks, 0);
	interrupt(is_interrupted, 0);
}

void on_alternate_stack(void)
{
	alternate_stack(malloc(STACK), 0);
	interrupt(asks, SA_ONSTACK);
}

void on_disarmed_stack(void)
{
	alternate_stack(malloc(STACK), (int)SS_AUTODISARM);
	interrupt(asks, SA_ONSTACK);
	handle(SIGUSR2, asks, SA_ONSTACK);
	interrupt(is_interrupted, SA_ONSTACK);
}

void on_stack_inside_stack(void)
{
	char room[STACK / 8];
	stack_t stack = {.ss_sp = room, .ss_size = sizeof room, .ss_flags = (int)SS_AUTODISARM};

	sigaltstack(&stack, NULL);
	interrupt(asks, SA_ONSTACK);
	stack.ss_flags = 0;
	sigaltstack(&stack, NULL);
	interrupt(asks, SA_ONSTACK);
}

void in_deep_handler(void)
{
	deep(96, in_handler);
	deep(2 * IN_HANDLER_DEPTH / KB, in_handler);
}

static void waits(int sig)
{
	forked();
	vforked();
	asks(sig);
}

void forked_in_handler(void)
{
	interrupt(waits, 0);
}

static int cloned(void *unused)
{
	(void)unused;
	ask();
	return 0;
}

static void clones(int sig)
{
	char *stack = malloc(STACK);
	pid_t child = clone(cloned, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	waitpid(child, NULL, 0);
	asks(sig);
}

void cloned_in_handler(void)
{
	interrupt(clones, 0);
}

static void faults(int sig, siginfo_t *info, void *context)
{
	(void)context;
	asks(sig);
	mprotect(info->si_addr, 1, PROT_READ | PROT_WRITE);
}

void in_fault(void)
{
	struct sigaction action = {.sa_sigaction = faults, .sa_flags = SA_SIGINFO};
	volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &action, NULL);
	*page = 1;
}

static void ticking(int sig)
{
	asks(sig);
	ticks++;
}

static void tick(void)
{
	struct itimerval every = {{0, 300}, {0, 300}};

	handle(SIGALRM, ticking, 0);
	setitimer(ITIMER_REAL, &every, NULL);
}

void in_malloc(void)
{
	void *volatile kept[64] = {NULL};

	tick();
	for (unsigned i = 0; ticks < TICKS; i++) {
		free(kept[i % 64]);
		kept[i % 64] = malloc(i * 37 % 9000);
	}
}

/* A leaf function that keeps what it has below the stack pointer, where there is a red zone. */
__attribute__((noinline)) static unsigned leaf(unsigned n)
{
	volatile unsigned room[12];

	for (unsigned i = 0; i < 12; i++)
		room[i] = n + i;
	return room[n % 12];
}

void in_leaf(void)
{
	unsigned n = 0;

	tick();
	while (ticks < TICKS)
		n = leaf(n);
}

/* A handler that clears what the kernel saved of the segments, but for its own return. */
static void clears_segments(int sig, siginfo_t *info, void *context)
{
#if defined(__x86_64__)
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	greg_t saved = registers[REG_CSGSFS];

	registers[REG_CSGSFS] = 0;
	asks_with_info(sig, info, context);
	registers[REG_CSGSFS] = saved;
#else
	asks_with_info(sig, info, context);
#endif
}

void with_cleared_segments(void)
{
	struct sigaction action = {.sa_sigaction = clears_segments, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

void own_restorer(void);
#if defined(__x86_64__)
__asm__(".text\nown_restorer: mov $15, %eax\nsyscall\n");
#elif defined(__i386__)
__asm__(".text\nown_restorer: pop %eax\nmov $119, %eax\nint $0x80\n");
#elif defined(__aarch64__)
__asm__(".text\nown_restorer: mov x8, 139\nsvc 0\n");
#else
void own_restorer(void)
{
}
#endif

void with_own_restorer(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = {asks, SA_RESTORER, own_restorer, 0};

	if (syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, sizeof action.mask))
		_exit(NOT_ASKED);
	raise(SIGUSR1);
	raise(SIGUSR1); /* the restorer does restore */
}
