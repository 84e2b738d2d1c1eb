/* SPDX-License-Identifier: MIT */
/*
 * `tlsbye probe`: the command line, and what is to be done with it. The trials are in probe/trials.c, what they mean in
 * probe/findings.c; the TLS and TCP of them all is the judging peer's (src/judge).
 *
 * A bad value ends here with status 2, before anything is contacted.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>

#include "cli.h"
#include "probe/clients.h"
#include "probe/json.h"
#include "probe/starttls.h"
#include "probe/values.h"
#include "probe/words.h"

enum {
	KEY_LISTEN = 0x100,
	KEY_CONNECTIONS,
	KEY_WAIT,
	KEY_CERT,
	KEY_KEY,
	KEY_EXPECT,
	KEY_STARTTLS,
	KEY_SNI,
	KEY_ALPN,
	KEY_CAFILE,
	KEY_CAPATH,
	KEY_INSECURE,
	KEY_VERIFY,
	KEY_TLS,
	KEY_SEND,
	KEY_PATH,
	KEY_HOST,
	KEY_TIMEOUT,
	KEY_JSON,
	KEY_VERBOSE,
};

/* For which side an option makes sense: elsewhere it is refused, not ignored. */
enum { FOR_SERVERS = 1, FOR_CLIENTS = 2 };

struct asked {
	struct plan plan;
	const char *only_servers, *only_clients; /* the last such option, by its name */
	bool named;
};

static const struct argp_option options[] = {
	{.doc = "How to reach it:", .group = 1},
	{"starttls", KEY_STARTTLS, "PROTOCOL", 0, "smtp, imap, ftp or postgres: plaintext first, then TLS",
	 1},
	{"tls", KEY_TLS, "1.2|1.3", 0, "this version only (default: what both can)", 1},
	{"sni", KEY_SNI, "NAME", 0, "the server name to ask for and to verify (default: HOST)", 1},
	{"alpn", KEY_ALPN, "NAMES", 0, "protocols to offer, like h2,http/1.1 (default: none)", 1},
	{"cafile", KEY_CAFILE, "FILE", 0, "trust these certificates (default: the system's)", 1},
	{"capath", KEY_CAPATH, "DIR", 0, "trust the certificates in DIR", 1},
	{"verify", KEY_VERIFY, NULL, 0, "refuse a certificate that is not trusted (default: told, no more)",
	 1},
	{"insecure", KEY_INSECURE, NULL, 0, "the opposite of --verify: the default", 1},
	{.doc = "What to say:", .group = 2},
	{"path", KEY_PATH, "PATH", 0, "what to ask HTTP for (default: /)", 2},
	{"host", KEY_HOST, "NAME", 0, "HTTP's Host (default: HOST and its port)", 2},
	{"send", KEY_SEND, "FILE", 0, "send these bytes instead of a request of ours (-: standard input)", 2},
	{.doc = "Instead of a server, probe clients:", .group = 3},
	{"listen", KEY_LISTEN, "[ADDRESS:]PORT", 0,
	 "serve TLS there, and judge who connects (default: 127.0.0.1)", 3},
	{"connections", KEY_CONNECTIONS, "N", 0, "so many clients (default: 1)", 3},
	{"wait", KEY_WAIT, "TIME", 0, "for each to come (default: 60s)", 3},
	{"expect", KEY_EXPECT, "SIZE", 0, "each should deliver so many bytes", 3},
	{"cert", KEY_CERT, "FILE", 0, "certificate in PEM (default: a fresh one for localhost)", 3},
	{"key", KEY_KEY, "FILE", 0, "its key (default: in the same file)", 3},
	{.doc = "Limits and output:", .group = 4},
	{"timeout", KEY_TIMEOUT, "TIME", 0, "for each step of each trial (default: 10s)", 4},
	{"json", KEY_JSON, NULL, 0, "one JSON object instead of lines", 4},
	{"verbose", KEY_VERBOSE, NULL, 0, "what was seen in each trial, too", 4},
	{0}};

static const char help[] =
	"How does that peer end its TLS connections? Five connections: one waits for the peer's end, one ends first with "
	"close_notify, one half-closes without it, one leaves the peer more bytes than it reads, one sends them late.\v"
	"Nothing is contacted but HOST (port 443 unless it says otherwise).\n\n"
	"Example: tlsbye probe --path=/large.iso www.example.org\n"
	"         tlsbye probe --starttls=smtp mail.example.org:25\n"
	"         tlsbye probe --listen 8443\n\n"
	"The exit status is 0 when the peer is clean, 1 when it is not, 2 for misuse and when it could not be tried. "
	"What is called clean: tlsbye-probe(1).";

/* --- options --- */

static error_t parse_reach(int key, char *arg, struct plan *plan)
{
	switch (key) {
	case KEY_STARTTLS:
		if (!starttls_named(arg, &plan->starttls))
			return cli_misuse("--starttls=%s: not one of smtp, imap, ftp, postgres", arg);
		return 0;
	case KEY_TLS:
		if (strcmp(arg, "1.2") != 0 && strcmp(arg, "1.3") != 0)
			return cli_misuse("--tls=%s: not 1.2 or 1.3", arg);
		plan->tls = arg[2] == '2' ? TLS1_2_VERSION : TLS1_3_VERSION;
		return 0;
	case KEY_SNI:
		return values_word("sni", arg, 0, &plan->server_name);
	case KEY_ALPN:
		return values_word("alpn", arg, 0, &plan->alpn);
	case KEY_CAFILE:
		plan->cafile = arg;
		return 0;
	case KEY_CAPATH:
		plan->capath = arg;
		return 0;
	case KEY_VERIFY:
	case KEY_INSECURE:
		plan->verify = key == KEY_VERIFY;
		return 0;
	case KEY_PATH:
		return values_word("path", arg, '/', &plan->path);
	case KEY_HOST:
		return values_word("host", arg, 0, &plan->http_host);
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_clients(int key, char *arg, struct asked *asked)
{
	static const struct setting connections = {.name = "connections",
						   .kind = KIND_COUNT,
						   .min = "1",
						   .max = "1000",
						   .unfit = "not a number",
						   .out_of_range = "not from 1 to 1000"};
	static const struct setting expect = {.name = "expect",
					      .kind = KIND_SIZE,
					      .min = "0",
					      .max = "1G",
					      .unfit = "not a size like 65536, 64K or 1M",
					      .out_of_range = "not from 0 to 1G"};
	struct plan *plan = &asked->plan;
	int64_t n = 0;
	error_t err;

	switch (key) {
	case KEY_CONNECTIONS:
		err = values_quantity(&connections, arg, &n);
		plan->connections = (unsigned)n;
		return err;
	case KEY_WAIT:
		return values_time("wait", arg, &plan->wait_ms);
	case KEY_EXPECT:
		plan->expects = true;
		err = values_quantity(&expect, arg, &n);
		plan->expected = (uint64_t)n;
		return err;
	case KEY_CERT:
		plan->cert = arg;
		return 0;
	case KEY_KEY:
		plan->key = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_common(int key, char *arg, struct asked *asked)
{
	struct plan *plan = &asked->plan;

	switch (key) {
	case KEY_LISTEN:
		if (asked->named)
			return cli_misuse(
				"HOST and --listen: one of them; the one probes a server, the other clients");
		plan->listen = asked->named = true;
		return values_place(arg, "127.0.0.1", plan);
	case KEY_SEND:
		return values_bytes(arg, plan);
	case KEY_TIMEOUT:
		return values_time("timeout", arg, &plan->timeout_ms);
	case KEY_JSON:
		plan->json = true;
		return 0;
	case KEY_VERBOSE:
		plan->verbose = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const char *option_name(int key)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].name && options[i].key == key)
			return options[i].name;
	return "";
}

/* Options that contradict each other. */
static error_t check(struct asked *asked)
{
	struct plan *plan = &asked->plan;

	if (!asked->named)
		return cli_misuse("no HOST:PORT to probe, and no --listen");
	if (plan->listen && asked->only_servers)
		return cli_misuse("--%s: makes no sense with --listen, which probes clients",
				  asked->only_servers);
	if (!plan->listen && asked->only_clients)
		return cli_misuse("--%s: makes sense with --listen only", asked->only_clients);
	if (plan->key && !plan->cert)
		return cli_misuse("--key=%s: whose? --cert names the certificate", plan->key);
	if (plan->cert && !plan->key)
		plan->key = plan->cert;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *asked = state->input;
	error_t err;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARG:
		if (asked->named)
			return cli_misuse("%s: one HOST:PORT at a time, and none with --listen", arg);
		asked->named = true;
		return values_place(arg, NULL, &asked->plan);
	case ARGP_KEY_END:
		return check(asked);
	}
	err = parse_reach(key, arg, &asked->plan);
	if (err != ARGP_ERR_UNKNOWN) {
		if (key != KEY_TLS)
			asked->only_servers = option_name(key);
		return err;
	}
	err = parse_clients(key, arg, asked);
	if (err != ARGP_ERR_UNKNOWN) {
		asked->only_clients = option_name(key);
		return err;
	}
	return parse_common(key, arg, asked);
}

/* --- the probe --- */

static void on_interrupt(int signal)
{
	(void)signal;
	plan_stopped = 1;
}

/* The first SIGINT asks for what is known so far, the second one ends us. */
static void heed_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
}

/* Who waits for us shall see what ended us. */
static void pass_interrupt_on(void)
{
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
}

static int server_probe(const struct plan *plan)
{
	static struct trials trials;
	struct findings findings;
	const struct trial *first = &trials.each[TRIAL_WAIT];
	bool faulty = false;
	int status;

	trials_run(plan, &trials);
	findings_make(&trials, &findings);
	for (unsigned i = 0; i < FAULTS; i++)
		faulty = faulty || findings.faults[i];
	status = faulty ? 1 : findings.clean ? 0 : 2;
	if (plan->json)
		json_of_server(plan, &trials, &findings, status);
	else if (first->tried || plan_stopped)
		words_of_server(plan, &trials, &findings);
	if (!first->tried && !plan_stopped)
		cli_say("%s", first->trouble.text);
	return status;
}

int probe_command(int argc, char **argv)
{
	static const struct argp_child children[] = {{&cli_argp, 0, NULL, -1}, {0}};
	static const struct argp argp = {.options = options,
					 .parser = parse,
					 .args_doc = "HOST[:PORT]\n--listen [ADDRESS:]PORT",
					 .doc = help,
					 .children = children};
	struct asked asked = {.plan = {.connections = 1, .path = "/", .timeout_ms = 10000, .wait_ms = 60000}};
	int status = cli_parse(&argp, argc, argv, &asked);

	if (status == 0) {
		heed_interrupt();
		status = asked.plan.listen ? clients_probe(&asked.plan) : server_probe(&asked.plan);
		if (fflush(stdout) != 0 || ferror(stdout)) {
			cli_say("the findings could not be written: %s", strerror(errno));
			status = EXIT_MISUSE;
		}
		if (plan_stopped)
			pass_interrupt_on();
	}
	free(asked.plan.send);
	return status;
}
