/* SPDX-License-Identifier: MIT */
/*
 * judge: the other side of every test. It plays a TLS server or client by a script, and says beyond doubt how the
 * program at the other end let go of each connection: what TLS said last, what TCP said last, and what arrived.
 *
 * This file only dispatches. options.c reads the script, workers.c runs the connections, conversation.c plays one,
 * wire.c watches its socket, verdict.c words what was found.
 */
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge/endpoint.h"
#include "judge/options.h"
#include "judge/tls.h"
#include "judge/workers.h"

static int judge(bool server, int argc, char **argv)
{
	struct script script;
	struct totals totals = {0};
	int listener = -1;
	SSL_CTX *ctx;
	bool done;

	options_parse(&script, server, argc, argv);
	ctx = tls_context(&script);
	if (!ctx) {
		ERR_print_errors_fp(stderr);
		return 1;
	}
	if (server && (listener = endpoint_listen(&script)) < 0)
		return 1;
	done = workers_run(&script, ctx, listener, &totals);
	verdict_totals_print(&totals);
	if (listener >= 0)
		close(listener);
	SSL_CTX_free(ctx);
	free(script.file);
	return done ? 0 : 1;
}

static int serve(int argc, char **argv)
{
	return judge(true, argc, argv);
}

static int connect_to(int argc, char **argv)
{
	return judge(false, argc, argv);
}

static int cert(int argc, char **argv)
{
	if (argc != 3 || argv[1][0] == '-') {
		fprintf(stderr, "Usage: judge cert CERT.pem KEY.pem\n");
		return 2;
	}
	return tls_write_pair(argv[1], argv[2]) ? 0 : 1;
}

static const struct {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} modes[] = {
	{"serve", "play a TLS server", serve},
	{"connect", "play a TLS client", connect_to},
	{"cert", "write a self-signed pair for localhost: judge cert CERT.pem KEY.pem", cert},
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: judge MODE [OPTION...]\n"
		    "Judge how the other side ends its TLS connections on loopback.\n\n");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(to, "  %-8s %s\n", modes[i].name, modes[i].summary);
	fprintf(to, "\n`judge serve --help` and `judge connect --help` tell the options and the verdict's "
		    "words.\n");
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		static char name[32];

		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		/* argp names the program by argv[0] in its messages. */
		snprintf(name, sizeof(name), "judge %s", modes[i].name);
		argv[1] = name;
		return modes[i].run(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 2;
}
