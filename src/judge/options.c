/* SPDX-License-Identifier: MIT */
/*
 * One table of options for both modes; an option that makes no sense in one of them is refused there, not ignored:
 * a test whose option does nothing would pass for no reason.
 */
#include "judge/options.h"

#include <argp.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	OPT_TLS = 256,
	OPT_CONNECTIONS,
	OPT_PARALLEL,
	OPT_PORT,
	OPT_PORT_FILE,
	OPT_IPV6,
	OPT_UNIX,
	OPT_NO_TICKETS,
	OPT_SESSION_REUSE,
	OPT_HANDSHAKE,
	OPT_HANDSHAKE_ONLY,
	OPT_SEND,
	OPT_SEND_FILE,
	OPT_TRAIL,
	OPT_LATE_TRAIL,
	OPT_GARBAGE,
	OPT_WAIT_FIRST,
	OPT_RCVBUF,
	OPT_PAUSE,
	OPT_CHUNK,
	OPT_CHUNK_PAUSE,
	OPT_NEVER_READ,
	OPT_EXPECT,
	OPT_EXPECT_ANY,
	OPT_PLAIN,
	OPT_END,
	OPT_END_AT,
	OPT_WATCH,
	OPT_LIMIT,
	OPT_PATIENCE,
	OPT_QUIET,
	OPT_PROGRESS,
};

static const struct argp_option options[] = {
	{0, 0, 0, 0, "Connections:", 1},
	{"tls", OPT_TLS, "1.2|1.3", 0, "This version only (default: what both can)", 1},
	{"connections", OPT_CONNECTIONS, "N", 0, "How many to judge (1)", 1},
	{"parallel", OPT_PARALLEL, "K", 0, "So many at once (1)", 1},
	{"port", OPT_PORT, "PORT", 0, "serve: the port (0: the kernel chooses)", 1},
	{"port-file", OPT_PORT_FILE, "FILE", 0, "serve: write the port there once it listens", 1},
	{"ipv6", OPT_IPV6, 0, 0, "::1 instead of 127.0.0.1", 1},
	{"unix", OPT_UNIX, "PATH", 0,
	 "An AF_UNIX socket of this name instead of TCP; the port says nothing then", 1},
	{"no-tickets", OPT_NO_TICKETS, 0, 0, "serve: neither session tickets nor a session cache", 1},
	{"session-reuse", OPT_SESSION_REUSE, 0, 0, "connect: offer the session of the connection before", 1},
	{"handshake", OPT_HANDSHAKE, "full|none|hello|garbage", 0,
	 "none: TCP only; hello: connect's first flight and nothing more; garbage: bytes that are no TLS "
	 "(full)",
	 1},
	{0, 0, 0, 0, "What it says (sizes take K or M):", 2},
	{"send", OPT_SEND, "BYTES", 0, "Pattern bytes right after the handshake: the request", 2},
	{"send-file", OPT_SEND_FILE, "FILE", 0, "The bytes of FILE, before those of --send", 2},
	{"trail", OPT_TRAIL, "BYTES", 0,
	 "More of them behind the request: unread by who reads once; behind --handshake=hello as records of 0-RTT",
	 2},
	{"late-trail", OPT_LATE_TRAIL, "BYTES", 0, "More of them once the first byte arrived", 2},
	{"garbage", OPT_GARBAGE, 0, 0, "A record that cannot be decrypted, behind the request", 2},
	{"wait-first", OPT_WAIT_FIRST, 0, 0, "Say nothing before the first byte arrived", 2},
	{"handshake-only", OPT_HANDSHAKE_ONLY, 0, 0, "Say nothing at all (the default, spelt out)", 2},
	{0, 0, 0, 0, "How it reads:", 3},
	{"rcvbuf", OPT_RCVBUF, "BYTES", 0, "SO_RCVBUF", 3},
	{"pause", OPT_PAUSE, "MS", 0, "Wait so long behind the handshake before the first read", 3},
	{"chunk", OPT_CHUNK, "BYTES", 0, "Read at most so much at once", 3},
	{"chunk-pause", OPT_CHUNK_PAUSE, "MS", 0, "and wait so long after each", 3},
	{"never-read", OPT_NEVER_READ, 0, 0, "Read nothing behind the handshake", 3},
	{0, 0, 0, 0, "What it expects, and how it ends:", 4},
	{"expect", OPT_EXPECT, "BYTES", 0,
	 "Bytes that the other side should deliver (unknown: close_notify decides)", 4},
	{"expect-any", OPT_EXPECT_ANY, 0, 0, "Do not hold the content against the pattern", 4},
	{"starttls-plain", OPT_PLAIN, 0, 0,
	 "Plaintext may follow close_notify: do not half-close before the FIN", 4},
	{"end", OPT_END, "answer|bare|never|first|first-bare|reset|half", 0,
	 "answer: at the other side's end send close_notify and close; bare: close only; never: do neither; "
	 "first: "
	 "close_notify and half-close after its own data; first-bare: half-close only; reset: close with a "
	 "zero "
	 "SO_LINGER; half: answer and half-close, but keep the socket (answer)",
	 4},
	{"end-at", OPT_END_AT, "BYTES", 0, "End when so many bytes have arrived instead (0: at once)", 4},
	{"watch", OPT_WATCH, "MS", 0, "How long to look for a RST behind a FIN before closing (50)", 4},
	{"limit", OPT_LIMIT, "SECONDS", 0, "A connection ends after so long; fractions are allowed (10)", 4},
	{"patience", OPT_PATIENCE, "SECONDS", 0, "How long to wait for a connection, or for a listener (10)",
	 4},
	{0, 0, 0, 0, "Output:", 5},
	{"quiet", OPT_QUIET, 0, 0, "The total only", 5},
	{"progress", OPT_PROGRESS, 0, 0, "A progress line on stderr", 5},
	{0},
};

static const char doc_serve[] =
	"Play a TLS server on loopback and judge how each client ends its connection.";
static const char doc_connect[] =
	"Play a TLS client on loopback and judge how the server ends each connection.";
static const char doc_lines[] =
	"\vOne line for each connection, and one for all:\n"
	"  verdict: id=1 tls=close_notify tcp=fin bytes=1048576 expected=1048576 whole=yes\n"
	"           order=data>close_notify>fin resumed=no ms=12 content=right plain=0 late=0\n"
	"           handshake=yes\n"
	"  total: connections=1 whole=1 truncated=0 lost=0 close_notify=1 fin=1 rst=0 open=0\n"
	"         torn=0 bad=0 resumed=0 alerts=0 plain=0 late=0\n"
	"tls: close_notify, none, alert:NAME, torn (ends within a record) or bad (a record that does not "
	"decrypt). "
	"tcp: fin, rst, fin+rst, or open when the limit came. plain and late: bytes behind close_notify, "
	"plaintext or "
	"TLS records. whole: the bytes expected and no other; close_notify where none are told. truncated: "
	"not whole. "
	"In the total, rst counts fin+rst too.\n\n"
	"Exit status: 0 all judged, whatever the verdict; 1 not all connections came about; 2 misuse.";

/* Decimal digits, with K or M behind them; everything else is misuse. */
static uint64_t parse_size(struct argp_state *state, const char *arg)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || errno != 0 || n > 1ULL << 40)
		argp_error(state, "%s: not a size like 65536, 64K or 1M", arg);
	if (*end == 'K' || *end == 'k')
		n <<= 10, end++;
	else if (*end == 'M' || *end == 'm')
		n <<= 20, end++;
	if (*end != '\0')
		argp_error(state, "%s: not a size like 65536, 64K or 1M", arg);
	return n;
}

static int parse_number(struct argp_state *state, const char *arg, int least, int most)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (end == arg || *end != '\0' || n < least || n > most)
		argp_error(state, "%s: not a number from %d to %d", arg, least, most);
	return (int)n;
}

static int64_t parse_seconds(struct argp_state *state, const char *arg)
{
	char *end;
	double n = strtod(arg, &end);

	if (end == arg || *end != '\0' || !(n > 0) || n > 600)
		argp_error(state, "%s: not a number of seconds up to 600", arg);
	return (int64_t)(n * 1000);
}

static int parse_word(struct argp_state *state, const char *arg, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(arg, words[i]) == 0)
			return i;
	argp_error(state, "%s: not a word that this option knows; see --help", arg);
	return 0;
}

static void read_file(struct argp_state *state, struct script *s, const char *name)
{
	FILE *f = fopen(name, "re");
	struct stat st;

	if (!f || fstat(fileno(f), &st) != 0 || st.st_size > 64 << 20)
		argp_error(state, "%s: cannot be read, or is larger than 64M", name);
	s->file_size = (size_t)st.st_size;
	s->file = malloc(s->file_size + 1);
	if (!s->file || fread(s->file, 1, s->file_size, f) != s->file_size)
		argp_error(state, "%s: cannot be read", name);
	fclose(f);
}

static void only_in(struct argp_state *state, bool allowed, const char *mode)
{
	if (!allowed)
		argp_error(state, "this option makes sense in `judge %s` only", mode);
}

static error_t parse_connection(int key, char *arg, struct argp_state *state)
{
	static const char *const versions[] = {"1.2", "1.3", NULL};
	static const char *const handshakes[] = {"full", "none", "hello", "garbage", NULL};
	struct script *s = state->input;

	switch (key) {
	case OPT_TLS:
		s->tls = parse_word(state, arg, versions) == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
		return 0;
	case OPT_CONNECTIONS:
		s->connections = (unsigned)parse_number(state, arg, 1, 1000000);
		return 0;
	case OPT_PARALLEL:
		s->parallel = (unsigned)parse_number(state, arg, 1, 1024);
		return 0;
	case OPT_PORT:
		only_in(state, s->server, "serve");
		s->port = parse_number(state, arg, 0, 65535);
		return 0;
	case OPT_PORT_FILE:
		only_in(state, s->server, "serve");
		s->port_file = arg;
		return 0;
	case OPT_IPV6:
		s->ipv6 = true;
		return 0;
	case OPT_UNIX:
		s->unix_path = arg;
		s->port = 1;
		return 0;
	case OPT_NO_TICKETS:
		only_in(state, s->server, "serve");
		s->tickets = false;
		return 0;
	case OPT_SESSION_REUSE:
		only_in(state, !s->server, "connect");
		s->reuse_session = true;
		return 0;
	case OPT_HANDSHAKE:
		s->handshake = (enum handshake)parse_word(state, arg, handshakes);
		only_in(state, !s->server || s->handshake != HANDSHAKE_HELLO, "connect");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_saying(int key, char *arg, struct argp_state *state)
{
	struct script *s = state->input;

	switch (key) {
	case OPT_SEND:
		s->send = parse_size(state, arg);
		return 0;
	case OPT_SEND_FILE:
		read_file(state, s, arg);
		return 0;
	case OPT_TRAIL:
		s->trail = parse_size(state, arg);
		return 0;
	case OPT_LATE_TRAIL:
		s->late_trail = parse_size(state, arg);
		return 0;
	case OPT_GARBAGE:
		s->garbage = true;
		return 0;
	case OPT_WAIT_FIRST:
		s->wait_first = true;
		return 0;
	case OPT_HANDSHAKE_ONLY:
		s->send = s->file_size = s->trail = s->late_trail = 0;
		return 0;
	case OPT_RCVBUF:
		s->receive_buffer = (int)parse_size(state, arg);
		return 0;
	case OPT_PAUSE:
		s->pause_ms = parse_number(state, arg, 0, 600000);
		return 0;
	case OPT_CHUNK:
		s->chunk = parse_size(state, arg);
		return 0;
	case OPT_CHUNK_PAUSE:
		s->chunk_pause_ms = parse_number(state, arg, 0, 600000);
		return 0;
	case OPT_NEVER_READ:
		s->never_read = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_ending(int key, char *arg, struct argp_state *state)
{
	static const char *const endings[] = {"answer",     "bare",  "never", "first",
					      "first-bare", "reset", "half",  NULL};
	struct script *s = state->input;

	switch (key) {
	case OPT_EXPECT:
		s->expects = true;
		s->expected = parse_size(state, arg);
		return 0;
	case OPT_EXPECT_ANY:
		s->any_content = true;
		return 0;
	case OPT_PLAIN:
		s->plain_follows = true;
		return 0;
	case OPT_END:
		s->end = (enum ending)parse_word(state, arg, endings);
		return 0;
	case OPT_END_AT:
		s->ends_early = true;
		s->end_at = parse_size(state, arg);
		return 0;
	case OPT_WATCH:
		s->watch_ms = parse_number(state, arg, 0, 60000);
		return 0;
	case OPT_LIMIT:
		s->limit_ms = parse_seconds(state, arg);
		return 0;
	case OPT_PATIENCE:
		s->patience_ms = parse_seconds(state, arg);
		return 0;
	case OPT_QUIET:
		s->quiet = true;
		return 0;
	case OPT_PROGRESS:
		s->progress = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct script *s = state->input;
	error_t answer;

	if (key == ARGP_KEY_ARG) {
		if (s->server || (s->port != 0 && !s->unix_path))
			return ARGP_ERR_UNKNOWN;
		s->port = parse_number(state, arg, 1, 65535);
		return 0;
	}
	if (key == ARGP_KEY_END && !s->server && s->port == 0)
		argp_error(state, "which port? judge connect [OPTION...] PORT");
	answer = parse_connection(key, arg, state);
	if (answer == ARGP_ERR_UNKNOWN)
		answer = parse_saying(key, arg, state);
	if (answer == ARGP_ERR_UNKNOWN)
		answer = parse_ending(key, arg, state);
	return answer;
}

void options_parse(struct script *script, bool server, int argc, char **argv)
{
	char doc[4096];
	struct argp argp = {options, parse, server ? NULL : "PORT", doc, NULL, NULL, NULL};

	*script = (struct script){
		.server = server,
		.connections = 1,
		.parallel = 1,
		.tickets = true,
		.watch_ms = 50,
		.limit_ms = 10000,
		.patience_ms = 10000,
	};
	snprintf(doc, sizeof(doc), "%s%s", server ? doc_serve : doc_connect, doc_lines);
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, script);
}
