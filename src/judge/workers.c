/* SPDX-License-Identifier: MIT */
/*
 * One mutex for what the threads share: the number of the next connection, the totals and the output, so that a
 * line is never torn by another's. A conversation runs outside it.
 */
#include "judge/workers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge/conversation.h"
#include "judge/endpoint.h"

struct run {
	const struct script *script;
	SSL_CTX *ctx;
	int listener;
	struct totals *totals;
	pthread_mutex_t lock;
	pthread_mutex_t accepting; /* ids follow the order of the connections */
	unsigned started;
	bool failed;
};

/* The socket of the next connection, its number in *id; -1: there is none. */
static int next_connection(struct run *r, unsigned *id)
{
	int fd = -1;

	pthread_mutex_lock(&r->accepting);
	if (!r->failed && r->started < r->script->connections) {
		if (r->script->server)
			fd = endpoint_accept(r->script, r->listener);
		else
			fd = endpoint_connect(r->script);
		if (fd < 0)
			r->failed = true;
		else
			*id = ++r->started;
	}
	pthread_mutex_unlock(&r->accepting);
	return fd;
}

static void report(struct run *r, const struct verdict *v)
{
	pthread_mutex_lock(&r->lock);
	verdict_totals_add(r->totals, v);
	if (!r->script->quiet)
		verdict_print(v);
	if (r->script->progress)
		fprintf(stderr, "\rjudge: %u of %u connections%s", r->totals->connections,
			r->script->connections, r->totals->connections == r->script->connections ? "\n" : "");
	pthread_mutex_unlock(&r->lock);
}

static void *work(void *arg)
{
	struct run *r = arg;
	bool reuse = r->script->reuse_session;
	SSL_SESSION *session = NULL;
	unsigned id;
	int fd;

	while ((fd = next_connection(r, &id)) >= 0) {
		struct verdict v = {.id = id};

		conversation_hold(r->script, r->ctx, fd, reuse ? &session : NULL, &v);
		report(r, &v);
	}
	SSL_SESSION_free(session);
	return NULL;
}

bool workers_run(const struct script *script, SSL_CTX *ctx, int listener, struct totals *totals)
{
	struct run r = {.script = script, .ctx = ctx, .listener = listener, .totals = totals};
	pthread_t *threads = calloc(script->parallel, sizeof(*threads));
	unsigned n = 0;

	if (!threads)
		return false;
	pthread_mutex_init(&r.lock, NULL);
	pthread_mutex_init(&r.accepting, NULL);
	while (n < script->parallel && pthread_create(&threads[n], NULL, work, &r) == 0)
		n++;
	if (n == 0)
		fprintf(stderr,
			"judge: no thread can be started; look at the limit of processes (ulimit -u)\n");
	while (n > 0)
		pthread_join(threads[--n], NULL);
	free(threads);
	return !r.failed && totals->connections == script->connections;
}
