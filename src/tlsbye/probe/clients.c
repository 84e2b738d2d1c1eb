/* SPDX-License-Identifier: MIT */
/*
 * The judging peer as a server. A client that speaks HTTP gets a short reply once its request is complete; one that
 * speaks something else gets none: it would find a stranger's words in its protocol. We read slowly, out of a small
 * buffer, so that a client's RST finds something to destroy; and after half of the time we end ourselves, for clients
 * that wait for the server's end.
 */
#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tlsbye/cli.h"
#include "context.h"
#include "json.h"
#include "judge/conversation.h"
#include "request.h"
#include "words.h"

#define RECEIVE_BUFFER 4096
#define BYTES_MOST     (1U << 30)

static struct script make_script(const struct plan *plan)
{
	struct script s = {
		.server = true,
		.tickets = true,
		.tls = plan->tls,
		.any_content = true,
		.wait_first = true,
		.receive_buffer = RECEIVE_BUFFER,
		.pause_ms = 50,
		.watch_ms = 50,
		.late_answer = true,
		.limit_ms = plan->timeout_ms,
		.own_end_ms = plan->timeout_ms / 2,
		.tls_only = true,
		.most = BYTES_MOST,
		.stop = &plan_stopped,
	};

	request_make_reply(plan, &s);
	return s;
}

/* What a browser or curl says when it does not trust us is no end of a conversation. */
static void judge_client(const struct plan *plan, struct client *c)
{
	struct trial *t = &c->trial;

	t->tried = !plan_stopped && !trials_failed(plan, &t->verdict, c->peer.text, &t->trouble);
	if (t->tried)
		findings_of_client(plan, t, &c->delivery, c->faults);
	if (plan->json)
		return;
	if (plan->verbose) {
		struct verdict v = t->verdict;

		v.expects = c->delivery.expects;
		v.expected = c->delivery.expected;
		verdict_print(&v);
	}
	if (t->tried)
		words_of_client(t, &c->peer, &c->delivery, c->faults);
	else
		printf("%s\n", t->trouble.text[0] ? t->trouble.text : "interrupted");
	fflush(stdout);
}

/* How many came. */
static unsigned serve(const struct plan *plan, int listener, SSL_CTX *ctx, struct client *clients,
		      struct trouble *trouble)
{
	struct script s = make_script(plan);
	unsigned n = 0;

	while (s.file && n < plan->connections && !plan_stopped) {
		struct client *c = &clients[n];
		int fd = reach_accept(plan, listener, &c->peer, trouble);

		if (fd < 0)
			break;
		c->trial.message.request = true;
		/* With words of the user's own, the first byte is enough of a request. */
		s.message = plan->send ? NULL : &c->trial.message;
		c->trial.verdict.id = ++n;
		conversation_hold(&s, ctx, fd, NULL, &c->trial.verdict);
		judge_client(plan, c);
	}
	free(s.file);
	return n;
}

static int conclude(const struct plan *plan, const struct client *clients, unsigned n, bool faults[FAULTS])
{
	bool all_ended = n == plan->connections, bad = false;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned f = 0; f < FAULTS; f++)
			bad |= faults[f] |= clients[i].faults[f];
		all_ended = all_ended && clients[i].trial.tried && findings_ended(&clients[i].trial.verdict);
	}
	return bad ? 1 : all_ended ? 0 : 2;
}

static int probe(const struct plan *plan, int listener, SSL_CTX *ctx, const struct peer *here)
{
	struct client *clients = calloc(plan->connections, sizeof(*clients));
	bool faults[FAULTS] = {false};
	struct trouble trouble = {""};
	unsigned n = 0;
	int status;

	if (clients)
		n = serve(plan, listener, ctx, clients, &trouble);
	else
		plan_trouble_is(&trouble, "out of memory");
	status = conclude(plan, clients, n, faults);
	if (plan->json)
		json_of_clients(here, clients, n, faults, trouble.text, status);
	else if (!trouble.text[0] || n > 0)
		words_overall(faults, status == 2 ? "not every client was seen to end its connection" : NULL);
	if (trouble.text[0] && !plan_stopped)
		cli_say("%s", trouble.text);
	free(clients);
	return status;
}

int clients_probe(const struct plan *plan)
{
	struct script server = {.server = true, .tickets = true, .tls = plan->tls};
	struct trouble trouble = {""};
	struct peer here = {0};
	SSL_CTX *ctx = context_new(plan, &server, &trouble);
	int listener = ctx ? reach_listen(plan, &here, RECEIVE_BUFFER, &trouble) : -1;
	int status = 2;

	if (listener >= 0) {
		cli_say("listening on %s for %u client%s", here.text, plan->connections,
			plan->connections == 1 ? "" : "s");
		status = probe(plan, listener, ctx, &here);
		close(listener);
	} else {
		cli_say("%s", trouble.text);
	}
	SSL_CTX_free(ctx);
	return status;
}
