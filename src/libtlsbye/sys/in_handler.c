/* SPDX-License-Identifier: MIT */
/*
 * The kernel's signal frames, looked for on the stack: see in_handler.h.
 *
 * A frame is known by its shape, whoever installed the handler and with whatever restorer. On x86 it is the saved
 * code segment, which nothing else has reason to keep on a stack, beside the saved flags; on arm64 the head of the saved FPU
 * registers, always the first record. All of this is the kernel's ABI. On x86-64 glibc's restorer, the address that a
 * handler returns to, is looked for as well: an emulator may leave the segments out.
 *
 * Rules: memory between the stack pointer and the stack's end is mapped, nothing else is read. What is written after
 * the constructor belongs to one thread: after fork and vfork it is as true as before.
 */
#include "in_handler.h"

#include "sys/kernel.h"
#include "sys/process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The stack is searched as it is, red zones of a sanitizer included. */
#define AS_IT_IS __attribute__((no_sanitize_address, no_sanitize_thread))

typedef uintptr_t __attribute__((may_alias)) word;

/* Where the frames of a thread can be searched; from == to: not known. */
struct stack {
	uintptr_t from, to;
};

static uintptr_t main_top; /* above all frames of the main thread; 0: not known */
static bool frames_known;  /* this machine's, and this kernel's */
static __thread struct stack own_stack;
__thread bool in_handler_knows_thread;
static __thread bool asked; /* pthread_getattr_np, or found no reason to */

#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__i386__)
/* Bit 1 is always set in the flags register; these and all from 22 upwards never are. */
static bool are_flags(word w)
{
	return (w & ~(word)0x3f7fd5) == 2;
}
#endif

#if defined(__x86_64__) && !defined(__ILP32__)
/* From the return address of a frame to the flags: struct ucontext up to its registers, 17 of them. */
enum { TO_FLAGS = 23, WORDS_AROUND = TO_FLAGS };

/* A handler is entered as by a call (psABI): a frame, and its word of segments as well, is 8 past a multiple of 16. */
enum { STRIDE = 2, PHASE = 1 };

static uintptr_t restorer; /* glibc's */

/*
 * struct sigcontext: ip, flags, then cs, gs, fs and ss in one word, gs and fs always 0. cs is 0x33, or 0x23 where 32-bit code
 * was interrupted, with 0xe000 added by Xen; ss is written since Linux 4.6 only.
 */
static inline bool is_segments(word w)
{
	return (w & 0xffffffff0fef) == 0x23;
}

static inline bool is_suspect(word w)
{
	return is_segments(w) || w == restorer;
}

/* A restorer alone is what any call of sigaction leaves behind, in the buffers of many a server. */
AS_IT_IS static bool is_frame(const word *at)
{
	return are_flags(is_segments(*at) ? at[-1] : at[TO_FLAGS]);
}

/* The kernel's own idea of struct sigaction. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

static bool kernel_sigaction(int sig, const struct kernel_sigaction *new, struct kernel_sigaction *old)
{
	return kernel_call(SYS_rt_sigaction, sig, (long)new, (long)old, sizeof old->mask, 0, 0) == 0;
}

/*
 * glibc tells its restorer to nobody but the kernel: install what is installed already, then put back what was, and see
 * what that replaces. The restorer of a handler that somebody has installed would be no answer: it may be their own.
 */
static bool know_frames(void)
{
	struct kernel_sigaction was, now;
	struct sigaction same;

	if (!kernel_sigaction(SIGSTKFLT, NULL, &was) || sigaction(SIGSTKFLT, NULL, &same) ||
	    sigaction(SIGSTKFLT, &same, NULL) || !kernel_sigaction(SIGSTKFLT, &was, &now))
		return false;

	restorer = now.restorer;
	return restorer != 0;
}

#elif defined(__i386__)
enum { WORDS_AROUND = 3, STRIDE = 1, PHASE = 0 };

/* The code that once returned from a handler, still written for debuggers to know a frame by: without and with siginfo. */
static const word code[][2] = {{0x0077b858, 0x80cd0000}, {0x0000adb8, 0x0080cd00}};

/* struct sigcontext: ip, cs, flags, sp, ss. cs is 0x73, by a 64-bit kernel 0x23, with 0xe000 added by Xen; ss likewise. */
static inline bool is_segment(word w, word segment)
{
	return (w & ~(word)0xf050) == segment;
}

static inline bool is_suspect(word w)
{
	return is_segment(w, 0x23) || w == code[0][0] || w == code[1][0];
}

AS_IT_IS static bool is_frame(const word *at)
{
	return (is_segment(at[0], 0x23) && are_flags(at[1]) && is_segment(at[3], 0x2b)) ||
	       (at[0] == code[0][0] && at[1] == code[0][1]) || (at[0] == code[1][0] && at[1] == code[1][1]);
}

static bool know_frames(void)
{
	return true;
}

#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
enum { WORDS_AROUND = 0, STRIDE = 2, PHASE = 0 }; /* each record is aligned to 16 bytes */

/*
 * struct fpsimd_context: FPSIMD_MAGIC, its size 0x210. The return address is no help: it is in a register that a
 * handler may keep elsewhere, or sign.
 */
static inline bool is_suspect(word w)
{
	return w == UINT64_C(0x0000021046508001);
}

AS_IT_IS static bool is_frame(const word *at)
{
	(void)at;
	return true;
}

/* No FPU, no record. */
static bool know_frames(void)
{
	return getauxval(AT_HWCAP) & 1 /* HWCAP_FP */;
}

#else
enum { WORDS_AROUND = 0, STRIDE = 1, PHASE = 0 };

static inline bool is_suspect(word w)
{
	(void)w;
	return true;
}

AS_IT_IS static bool is_frame(const word *at)
{
	(void)at;
	return true;
}

static bool know_frames(void)
{
	return false;
}
#endif

static bool is_near(uintptr_t here, uintptr_t top)
{
	return here < top && top - here <= IN_HANDLER_DEPTH;
}

/*
 * The kernel put these bytes above the program's arguments and environment, and the main thread's stack grows from below them.
 * Where the array of the environment is still the kernel's, it follows the end of the arguments': nearer is better.
 */
static uintptr_t top_of_main(uintptr_t here)
{
	uintptr_t top = getauxval(AT_RANDOM) & ~(sizeof(word) - 1);
	uintptr_t array = (uintptr_t)environ;

	if (!is_near(here, top))
		return 0;
	return is_near(here, array) && array < top && !environ[-1] ? array : top;
}

/* A handler may come in between: .to is written last. */
static void learn(uintptr_t low, uintptr_t top)
{
	own_stack.from = top - low > IN_HANDLER_DEPTH ? top - IN_HANDLER_DEPTH : low;
	atomic_signal_fence(memory_order_seq_cst);
	own_stack.to = top;
	in_handler_knows_thread = true;
}

void in_handler_init(void)
{
	main_top = top_of_main((uintptr_t)__builtin_frame_address(0));
	if (main_top)
		learn(main_top - IN_HANDLER_DEPTH, main_top);
}

void in_handler_begin(void)
{
	frames_known = !process_is_emulated() && know_frames();
}

static void learn_pthread(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &low, &size)) {
		uintptr_t top = (uintptr_t)low + size;
		uintptr_t variables =
			(uintptr_t)&own_stack; /* libc keeps a thread's at the top, above all frames */

		learn((uintptr_t)low, is_near(variables, top) ? variables : top);
	}
	pthread_attr_destroy(&attr);
}

void in_handler_learn_this_thread(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	int saved_errno = errno;

	/* A thread that is given a part of the main thread's stack is searched to that one's end: too far, but no less. */
	if (is_near(here, main_top)) {
		learn(main_top - IN_HANDLER_DEPTH, main_top);
		return;
	}
	/* Of the main thread, pthread_getattr_np reads a file, and a coroutine of it does not matter here. */
	if (!asked && kernel_call(SYS_gettid, 0, 0, 0, 0, 0, 0) != getpid())
		learn_pthread();
	asked = true;
	errno = saved_errno;
}

AS_IT_IS __attribute__((noinline)) static bool has_frame(uintptr_t from, uintptr_t to)
{
	const word *at = (const word *)(from & ~(STRIDE * sizeof(word) - 1)) + PHASE;
	const word *end = (const word *)to - WORDS_AROUND; /* no frame ends as close to it */

	for (; at < end; at += STRIDE) {
		if (__builtin_expect(is_suspect(*at), 0) && is_frame(at))
			return true;
	}
	return false;
}

__attribute__((noinline)) bool in_handler_is_outside(void)
{
	/* Every frame of the kernel's is above the caller's, so above ours. */
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct stack stack = own_stack;

	if (!frames_known || here < stack.from || here >= stack.to)
		return false;
	return !has_frame(here, stack.to);
}
