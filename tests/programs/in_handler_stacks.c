/* SPDX-License-Identifier: MIT */
/*
 * Situations on other stacks, coroutines' and threads': see in_handler_situations.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "in_handler_situations.h"
#include "libtlsbye/sys/in_handler.h"

static ucontext_t outer, coroutine;

/* --- other stacks --- */

static void run_coroutine(void *memory, size_t size, void (*body)(void))
{
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = memory;
	coroutine.uc_stack.ss_size = size;
	coroutine.uc_link = &outer;
	makecontext(&coroutine, body, 0);
	swapcontext(&outer, &coroutine);
}

static void learn_and_ask(void)
{
	in_handler_learn_thread();
	ask();
}

void in_coroutine(void)
{
	run_coroutine(malloc(STACK), STACK, learn_and_ask);
}

void in_handler_in_coroutine(void)
{
	run_coroutine(malloc(STACK), STACK, in_handler);
}

void in_handler_in_coroutine_inside_stack(void)
{
	char room[STACK / 2];

	run_coroutine(room, sizeof room, in_handler);
}

void after_coroutine(void)
{
	in_coroutine();
	said = NOT_ASKED;
	ask();
}

/* --- threads --- */

struct job {
	void (*learn)(void);
	void (*body)(void);
	void *stack;
};

static void *work(void *of)
{
	struct job *job = of;

	errno = EXDEV;
	if (job->learn)
		job->learn();
	if (errno != EXDEV)
		said = ERRNO_CHANGED;
	job->body();
	return NULL;
}

static void in_thread(struct job job)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (job.stack && pthread_attr_setstack(&attr, job.stack, STACK))
		_exit(NOT_ASKED);
	if (pthread_create(&thread, &attr, work, &job))
		_exit(NOT_ASKED);
	pthread_join(thread, NULL);
}

static void *page_of_stack(void)
{
	return mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void thread(void)
{
	in_thread((struct job){in_handler_learn_thread, ask, NULL});
}

void thread_with_own_stack(void)
{
	in_thread((struct job){in_handler_learn_thread, ask, page_of_stack()});
}

void thread_that_forks(void)
{
	in_thread((struct job){in_handler_learn_thread, forked, NULL});
}

void thread_half_deep(void)
{
	in_thread((struct job){in_handler_learn_thread, half_deep, NULL});
}

void thread_after_another(void)
{
	in_thread((struct job){in_handler_learn_thread, in_handler, NULL});
	said = NOT_ASKED;
	in_thread((struct job){in_handler_learn_thread, after_handler, NULL});
}

void thread_that_has_not_learned(void)
{
	in_thread((struct job){NULL, ask, NULL});
}

void handler_in_thread(void)
{
	in_thread((struct job){in_handler_learn_thread, in_handler, NULL});
	in_thread((struct job){in_handler_learn_thread, in_handler, page_of_stack()});
	in_thread((struct job){in_handler_learn_thread, forked_in_handler, NULL});
	in_thread((struct job){in_handler_learn_thread, on_disarmed_stack, NULL});
	in_thread((struct job){in_handler_learn_thread, in_deep_handler, NULL});
}

void handler_in_thread_inside_stack(void)
{
	_Alignas(64) static char elsewhere[STACK];
	_Alignas(64) char room[STACK / 2 + STACK / 4];
	struct job job = {in_handler_learn_thread, in_handler, NULL};
	pthread_attr_t attr;
	pthread_t thread;

	in_thread((struct job){in_handler_learn_thread, in_handler, elsewhere});
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, room, sizeof room);
	pthread_create(&thread, &attr, work, &job);
	pthread_join(thread, NULL);
}
