/* SPDX-License-Identifier: MIT */
/*
 * See rules.h. One table for each kind of group. What is said here is what the documents say, in other words: the man
 * pages SSL_shutdown(3), SSL_write(3), SSL_get_error(3), BIO_f_buffer(3), shutdown(2); RFC 8446 and 5246 for TLS; for the
 * reset RFC 1122, 4.2.2.13, which RFC 9293, 3.6.1 has kept, and RFC 2525, 2.17, which tells why.
 */
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "languages.h"
#include "rules_lines.h"
#include "vocabulary.h"

#define BEFORE_LETTING_GO                                                                                    \
	"before SSL_free() and close(), whichever comes first (before exit() where there is neither)"
#define GOODBYE .line = "tls_goodbye(ssl, fd);", .lines = rules_lines_goodbye_c, .language = "C"
#define WRITE                                                                                                \
	.line = "if (!tls_write_all(ssl, fd, data, length))", .lines = rules_lines_write_c, .language = "C"
#define TELL                                                                                                 \
	.elsewhere =                                                                                         \
		"in the program of the other side; until it is cured, that program under tlsbye run does the same"
#define NOTIFY_RULE                                                                                          \
	"each side has to send close_notify before it ends its direction of the connection, "                \
	"unless it has sent a fatal alert (RFC 8446, 6.1; RFC 5246, 7.2.1)"
#define RESET_RULE "(RFC 1122, 4.2.2.13; RFC 9293, 3.6.1; RFC 2525, 2.17 tells why)"

#define RETRY_RULE                                                                                                \
	"a SSL_write() with SSL_ERROR_WANT_WRITE or SSL_ERROR_WANT_READ has to be repeated with the same buffer " \
	"and at least as many bytes; SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER lets the same bytes stand in another "   \
	"buffer (SSL_write(3), SSL_CTX_set_mode(3))"
#define RETRY_WHERE                                                                                             \
	"instead of SSL_write(); or, where the bytes move between two tries (realloc(), a garbage collector), " \
	"SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER) after the making of the SSL_CTX"

/* --- what a program did wrong --- */

static const struct rule faults[FAULT_COUNT] = {
	[FAULT_NO_CLOSE_NOTIFY_PLACE] =
		{.what = "the connection is let go without SSL_shutdown()",
		 .effect =
			 "the peer cannot tell the end of the data from a cut cable; the session cannot be resumed",
		 .broken =
			 NOTIFY_RULE "; with OpenSSL by SSL_shutdown(), which neither SSL_free() nor close() "
				     "does for you (SSL_shutdown(3), DESCRIPTION)",
		 .where = BEFORE_LETTING_GO,
		 GOODBYE},
	[FAULT_UNREAD_AT_CLOSE_PLACE] =
		{.what = "the socket is closed while received bytes lie unread",
		 .effect =
			 "the kernel resets the connection and drops what the peer has not taken yet, although "
			 "SSL_write() had succeeded",
		 .broken = "a TCP that is closed with data unread answers with a reset " RESET_RULE
			   ": read to the peer's end before close(); close_notify alone does not help",
		 .where = BEFORE_LETTING_GO,
		 GOODBYE},
	[FAULT_FIN_UNAWAITED_PLACE] =
		{.what = "the socket is closed before the peer has ended",
		 .effect =
			 "whatever the peer still sends, its close_notify or a session ticket too, makes the kernel "
			 "reset the connection and drop what is on its way",
		 .broken =
			 "to close behind one's own close_notify without waiting is right only where the other side is "
			 "known to send no more (SSL_shutdown(3), DESCRIPTION); data behind a close() is answered with a "
			 "reset " RESET_RULE,
		 .where = BEFORE_LETTING_GO,
		 GOODBYE},
	[FAULT_SHUTDOWN_RDWR_PLACE] =
		{.what = "the socket is shut in both directions by shutdown(SHUT_RDWR)",
		 .effect =
			 "whatever the peer still sends makes the kernel reset the connection and drop what is on its way",
		 .broken =
			 "SHUT_RDWR ends the reading as well (shutdown(2)), and what comes then is answered with a "
			 "reset " RESET_RULE ": end the writing alone, and read to the peer's end",
		 .where = "instead of shutdown(fd, SHUT_RDWR), and " BEFORE_LETTING_GO,
		 GOODBYE},
	[FAULT_UNFINISHED_WRITE_PLACE] =
		{.what = "the connection is let go while an SSL_write() wanted to be repeated",
		 .effect = "the rest of that data is never sent, and the peer may get a piece of a record",
		 .broken =
			 "a SSL_write() with SSL_ERROR_WANT_WRITE or SSL_ERROR_WANT_READ has to be repeated with the same "
			 "arguments until it succeeds (SSL_write(3), SSL_get_error(3)); close_notify before that would "
			 "say that all was written",
		 .where = "instead of SSL_write()",
		 WRITE},
	[FAULT_BAD_WRITE_RETRY_PLACE] =
		{.what = "a half-done SSL_write() is repeated from another buffer, or with fewer bytes",
		 .effect =
			 "OpenSSL refuses that (bad write retry), the rest of the data is never sent, and the peer may get a "
			 "piece of a record",
		 .broken = RETRY_RULE,
		 .where = RETRY_WHERE,
		 WRITE},
	[FAULT_UNFLUSHED_PLACE] =
		{.what = "bytes are left in a BIO_f_buffer",
		 .effect = "what the program has written is not sent",
		 .broken =
			 "a BIO_f_buffer keeps what is written until it is full or BIO_flush() is called (BIO_f_buffer(3))",
		 .where = "after the last write, for the BIO that is written to",
		 .line = "if (!tls_flush(SSL_get_wbio(ssl), fd))",
		 .lines = rules_lines_flush_c,
		 .language = "C"},
	[FAULT_WRITE_TO_CLOSED_PEER_PLACE] =
		{.what = "the program writes to a peer that has closed",
		 .effect =
			 "the data is lost, and the reset that answers it may destroy what lies unread here: the peer's "
			 "last words, which often tell why it ended",
		 .broken =
			 "data for a closed TCP is answered with a reset " RESET_RULE
			 ": read what has come before writing more, and stop at the first SSL_write() that fails",
		 .where = "instead of SSL_write()",
		 WRITE},
};

/* A datagram has neither FIN nor reset. */
static const struct rule datagram = {.what = "the DTLS connection is let go without SSL_shutdown()",
				     .effect = "the peer keeps the connection until it gives up",
				     .broken = NOTIFY_RULE
				     "; with OpenSSL by SSL_shutdown() (SSL_shutdown(3), DESCRIPTION)",
				     .where = BEFORE_LETTING_GO,
				     .line = "SSL_shutdown(ssl);",
				     .language = "C"};

/* --- what it suffered --- */

/* By the cause; those without a rule have other_cause. */
static const struct rule causes[CAUSE_COUNT + 1] = {
	[CAUSE_PEER_CLOSED] =
		{.what = "the peer ended without close_notify",
		 .effect = "nobody here can tell whether all of the data has come",
		 .broken = "by the other side: " NOTIFY_RULE
			   "; its program closed without SSL_shutdown(), or died",
		 .elsewhere =
			 "in the program of the other side; until it is cured, that program under tlsbye run "
			 "does the same. Where the protocol itself tells where its data ends (a length, a last "
			 "word), such an end is harmless, and tlsbye run --ignore-unexpected-eof for this program "
			 "makes it count as an end: for what calls OpenSSL 3.0 or later as a library, from C, "
			 "Ruby, PHP, Lua or Tcl (Python and Perl's IO::Socket::SSL do so by themselves; 1.1.1 needs "
			 "it rarely; memory BIOs, as Node's, are not reached)",
		 .where = "after the making of the SSL_CTX, only where the protocol itself tells where its "
			  "data ends",
		 .line = "SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);",
		 .language = "C",
		 .for_context = true},
	[CAUSE_PEER_RESET] =
		{.what = "the peer reset the connection",
		 .effect = "what it had sent and was not read yet may be lost",
		 .broken =
			 "most often by the other side: it closed with bytes unread, or before this side had ended " RESET_RULE
			 "; or it was killed, or meant to abort",
		 TELL},
	[CAUSE_WROTE_TO_CLOSED_PEER] =
		{.what = "the peer had ended, and was written to",
		 .effect =
			 "the reset that answers such a write is what this read met; what the peer had sent before may be lost",
		 .broken =
			 "data for a closed TCP is answered with a reset " RESET_RULE
			 ": read what has come before writing more, and stop at the first SSL_write() that fails",
		 .where = "instead of SSL_write()",
		 WRITE},
	[CAUSE_PEER_ALERT] =
		{.what = "the peer refused with a fatal alert",
		 .effect = "the connection is of no use; the alert's name tells why",
		 .broken =
			 "none: a fatal alert ends a connection without close_notify (RFC 8446, 6.2; RFC 5246, 7.2.2)"},
	[CAUSE_NOT_TLS] =
		{.what = "what came is no TLS",
		 .effect = "no connection",
		 .broken = "none of the goodbye: the peer speaks plaintext or another protocol on this port"},
	[CAUSE_BAD_RECORD] =
		{.what = "a record came that does not decrypt",
		 .effect = "the data up to there is good, and nothing behind it is known",
		 .broken =
			 "by the other side or the way: damaged, or two processes (a fork) that write on one "
			 "connection (RFC 8446, 5.2; RFC 5246, 6.2.3)"},
	[CAUSE_TIMEOUT] = {.what = "the peer, or the way to it, fell silent",
			   .effect = "nobody here can tell whether all of the data has come",
			   .broken = "none of the goodbye: the kernel gave up (tcp(7), ETIMEDOUT)"},
	[CAUSE_CLOSED_IN_HANDSHAKE] =
		{.what = "the peer closed before the handshake was complete",
		 .effect = "no data had passed, so none is lost",
		 .broken =
			 "none: a health check or a port scan does so to a server, and a server that wants no such client to "
			 "a client, although a fatal alert would say why (RFC 8446, 6.2; RFC 5246, 7.2.2)"},
	[CAUSE_STALE_ERROR] =
		{.what = "an error that an earlier call had left was taken for this connection's",
		 .effect =
			 "a healthy connection looks broken to the program, which gives it up; the error's text tells what the "
			 "earlier call was",
		 .broken =
			 "the thread's error queue has to be empty before the call whose result SSL_get_error() is asked about "
			 "(SSL_get_error(3), DESCRIPTION): the connection itself only wants to be tried again, or had ended well",
		 .where =
			 "directly before this call; and after each call that may fail and is not looked into",
		 .line = "ERR_clear_error();",
		 .language = "C"},
	[CAUSE_BAD_WRITE_RETRY] =
		{.what = "a half-done SSL_write() was repeated from another buffer, or with fewer bytes",
		 .effect = "OpenSSL refuses that (bad write retry), and the rest of the data is never sent",
		 .broken = RETRY_RULE,
		 .where = RETRY_WHERE,
		 WRITE},
	[CAUSE_LATE_CALL] =
		{.what = "another SSL of this program used this connection's number",
		 .effect =
			 "its bytes went into this connection: it is broken, and the peer is not to be blamed",
		 .broken =
			 "by this program, elsewhere: OpenSSL knows a socket by its number, which is free for others "
			 "from close() on (close(2)): SSL_shutdown() and SSL_free() come before it",
		 .where = "before the close() that the other SSL's socket had; late-call tells of that one"},
	[CAUSE_OWN_END] =
		{.what = "this side had ended the connection already",
		 .effect = "the read cannot succeed",
		 .broken =
			 "SSL_read() behind one's own shutdown() or close() of the socket: read to the end first",
		 .where = BEFORE_LETTING_GO,
		 GOODBYE},
};

static const struct rule other_cause = {
	.what = "a read failed",
	.effect = "nobody here can tell whether all of the data has come",
	.broken = "not known: the error's own text says more (SSL_get_error(3))"};

static const struct rule unfinished = {
	.what = "a SSL_write() was not repeated until it succeeded",
	.effect = "the rest of that data is never sent",
	.broken =
		"a SSL_write() with SSL_ERROR_WANT_WRITE or SSL_ERROR_WANT_READ has to be repeated with the same "
		"arguments until it succeeds (SSL_write(3), SSL_get_error(3))",
	.where = "instead of SSL_write()",
	WRITE};

static const struct rule write_broken = {
	.what = "a write failed: the peer was gone",
	.effect = "that data, and perhaps some of what was written before, did not arrive",
	.broken =
		"most often by the other side: it closed or reset while data was on its way to it " RESET_RULE
		"; here: read what has come before writing more",
	.where = "instead of SSL_write()",
	WRITE};

static const struct rule write_failed = {
	.what = "a write failed",
	.effect = "that data did not arrive",
	.broken = "not known: the error's own text says more (SSL_get_error(3))"};

static const char hidden_what[] = "an end without close_notify was passed off as a clean one";
static const char hidden_effect[] = "a truncated reply looks complete";
static const char hidden_rule[] =
	"SSL_OP_IGNORE_UNEXPECTED_EOF is for protocols that can tell by themselves that all has come "
	"(SSL_CTX_set_options(3)); otherwise it lets anybody cut the data (RFC 5246, 7.2.1; RFC 8446, 6.1)";

#define LATE_RULE                                                                                            \
	"OpenSSL knows a socket by its number (SSL_set_fd(3)), which is free for others from close() on "    \
	"(close(2)): SSL_shutdown() and SSL_free() come before it"

static const struct rule late_call = {
	.what = "a call is made on an SSL whose socket was closed before, and whose number is another's by then",
	.effect =
		"its record goes into the other connection, or file, whose peer cannot decrypt it, unless tlsbye held it back",
	.broken = LATE_RULE,
	.where = "before the close() of this connection's socket, whatever is still to be called on its SSL"};

static const char killed_what[] = "the process was ended by a signal";
static const char killed_effect[] =
	"the kernel closes what it had open: no close_notify, and a reset where bytes were unread";

static const struct rule killed_by_pipe = {
	.what = killed_what,
	.effect = killed_effect,
	.broken =
		"a write to a connection, or to a pipe, whose other side has gone raises SIGPIPE (write(2), signal(7)), and "
		"OpenSSL writes so in SSL_write(), SSL_shutdown() and in a handshake: SIGPIPE has to be ignored",
	.where = "at the beginning of main()",
	.line = "signal(SIGPIPE, SIG_IGN);",
	.language = "C"};

static const struct rule killed_by_filter = {
	.what = killed_what,
	.effect = killed_effect,
	.broken =
		"a filter for system calls refused one (seccomp(2)): bare it may be another one, or none; tlsbye check "
		"tells what is known of the program"};

static const struct rule killed = {.what = killed_what,
				   .effect = killed_effect,
				   .broken = "none of the goodbye: who is killed cannot say it (signal(7))"};

static const struct rule out_of_reach = {
	.what = "TLS through memory: its SSL_* calls show no socket",
	.effect =
		"the program moves the bytes between OpenSSL and the socket itself (memory BIOs, as node and Python's asyncio), so "
		"whether its close_notify was sent, what was unread at the close, and whether data was lost, is not known "
		"here, and tlsbye changes nothing of it",
	.broken =
		"none is known to be broken, nor to be kept; the other side sees it: tlsbye probe asks a server, "
		"and with --listen a client"};

static const struct rule hidden_end = {
	.what = hidden_what,
	.effect = hidden_effect,
	.broken = hidden_rule,
	.where = "after the making of the SSL_CTX, unless the length is checked elsewhere",
	.line = "SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);",
	.language = "C",
	.for_context = true};

static const struct rule hidden_end_python = {
	.what = hidden_what,
	.effect = hidden_effect,
	.broken = hidden_rule,
	.where =
		"in the Python program, whose ssl module sets it, after the making of the context, unless the length is "
		"checked elsewhere",
	.line = "context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF",
	.language = "Python",
	.for_context = true};

static const struct rule *write_rule(const char *code)
{
	if (strncmp(code, "SSL_ERROR_WANT_", strlen("SSL_ERROR_WANT_")) == 0)
		return &unfinished;
	if (strcmp(code, "EPIPE") == 0 || strcmp(code, "ECONNRESET") == 0)
		return &write_broken;
	return &write_failed;
}

static const struct rule *rule_in_c(const struct group *group)
{
	const char *code = group->code ? group->code : "";
	const char *transport = group->example ? group->example->transport : NULL;
	const struct rule *cause = &causes[vocabulary_cause(group->code)];

	switch (group->kind) {
	case GROUP_FAULT:
		if (group->fault == FAULT_NO_CLOSE_NOTIFY_PLACE && transport &&
		    strcmp(transport, TRANSPORT_DATAGRAM_WORD) == 0)
			return &datagram;
		return &faults[group->fault < FAULT_COUNT ? group->fault : FAULT_NO_CLOSE_NOTIFY_PLACE];
	case GROUP_WRITE_INCOMPLETE:
		return cause->what ? cause : write_rule(code);
	case GROUP_LATE_CALL:
		return &late_call;
	case GROUP_KILLED:
		return strcmp(code, "SIGPIPE") == 0  ? &killed_by_pipe
		       : strcmp(code, "SIGSYS") == 0 ? &killed_by_filter
						     : &killed;
	case GROUP_HIDDEN_END:
		return &hidden_end;
	case GROUP_OUT_OF_REACH:
		return &out_of_reach;
	case GROUP_READ_FAILED:
		break;
	}
	return cause->what ? cause : &other_cause;
}

/* --- programs whose C is the interpreter's --- */

static int interpreter_of(const struct group *group)
{
	const struct object *object = group->site.count ? group->site.frames[0].object : NULL;

	return object ? languages_of(object->path) : -1;
}

/* A place of its own for each rule that is translated: those of faults, and the others by which C is to be written. */
static size_t place_among_translated(const struct group *group, const struct rule *rule)
{
	if (group->kind == GROUP_FAULT)
		return (size_t)(rule - faults);
	return rule == &unfinished                      ? FAULT_COUNT
	       : rule == &write_broken                  ? FAULT_COUNT + 1
	       : rule == &causes[CAUSE_BAD_WRITE_RETRY] ? FAULT_COUNT + 2
							: FAULT_COUNT + 3;
}

/* A line for the context, in its language; where it has none, none: C's would be of no use. */
static const struct rule *suffering_in(const struct rule *rule, int language)
{
	static struct rule translated[LANGUAGES];
	struct rule *ours = &translated[language];

	*ours = *rule;
	ours->where = languages[language].where_suffering;
	ours->line = languages[language].line_suffering;
	ours->language = ours->line ? languages[language].name : NULL;
	return ours;
}

const struct rule *rules_for(const struct group *group)
{
	static struct rule translated[LANGUAGES][FAULT_COUNT + 4];
	const struct rule *rule = rule_in_c(group);
	int language = interpreter_of(group);
	bool writes = rule->lines == rules_lines_write_c;

	if (rule == &hidden_end && language >= 0 && strcmp(languages[language].name, "Python") == 0)
		return &hidden_end_python;
	if (rule == &causes[CAUSE_PEER_CLOSED] && language >= 0)
		return suffering_in(rule, language);
	if (language < 0 || (!writes && (group->kind != GROUP_FAULT || rule->lines != rules_lines_goodbye_c)))
		return rule;
	const struct language *its = &languages[language];
	struct rule *ours = &translated[language][place_among_translated(group, rule)];
	*ours = *rule;
	ours->where = writes ? its->where_writing : its->where;
	ours->line = writes ? its->line_writing : its->line;
	ours->lines = writes ? NULL : its->lines;
	ours->language = ours->line ? its->name : NULL;
	return ours;
}

/* --- the line, with the names that the program has --- */

static const struct place *place_of(const struct group *group, struct source *source, const char *call)
{
	const struct site *site = group->example ? record_site(group->example, call) : NULL;

	if (!site || !site->count)
		return NULL;
	return source_resolve(source, &site->frames[0]);
}

/* What stands between the parentheses of call in this line of source, where it is a plain name: "c->ssl". */
static bool argument_of(const struct place *place, const char *call, char *argument, size_t room)
{
	const char *found = place && place->code ? strstr(place->code, call) : NULL;
	size_t length;

	if (!found || (found > place->code && (isalnum((unsigned char)found[-1]) || found[-1] == '_')))
		return false;
	found += strlen(call);
	found += strspn(found, " ");
	if (*found++ != '(')
		return false;
	length = strspn(found, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.->[]");
	if (length == 0 || length >= room || found[length] != ')' || memmem(found, length, "--", 2))
		return false;
	memcpy(argument, found, length);
	argument[length] = '\0';
	return true;
}

static bool same_function(const struct place *left, const struct place *right)
{
	return left && right && left->function && right->function && left->file && right->file &&
	       strcmp(left->function, right->function) == 0 && strcmp(left->file, right->file) == 0;
}

/* Both in one function: the upper one. Else that which frees the SSL, because behind it there is none to say goodbye. */
static const struct place *first_of(const struct place *freed, const struct place *closed)
{
	if (same_function(freed, closed))
		return freed->line < closed->line ? freed : closed;
	return freed ? freed : closed;
}

/* Who is told that the other side is at fault can ask it: a server by its address, a client where it connects to. */
static void advise_probe(const struct group *group, const struct rule *rule, struct advice *advice)
{
	const struct record *example = group->example;
	const char *port = example && example->local ? strrchr(example->local, ':') : NULL;
	bool tcp = example && (!example->transport || strcmp(example->transport, "tcp") == 0);

	if (!rule->elsewhere || !tcp || !example->role)
		return;
	if (strcmp(example->role, "client") == 0 && example->peer)
		snprintf(advice->probe, sizeof(advice->probe), "tlsbye probe %s", example->peer);
	else if (strcmp(example->role, "server") == 0 && port)
		snprintf(advice->probe, sizeof(advice->probe), "tlsbye probe --listen %s", port + 1);
}

void rules_advise(const struct group *group, struct source *source, struct advice *advice)
{
	const struct rule *rule = rules_for(group);
	const struct place *freed = place_of(group, source, "SSL_free");
	const struct place *closed = place_of(group, source, "close");
	char ssl[100] = "ssl", fd[120] = "SSL_get_fd(ssl)";
	bool known;

	*advice = (struct advice){0};
	if (rule->line)
		snprintf(advice->line, sizeof(advice->line), "%s", rule->line);
	advise_probe(group, rule, advice);
	/* The call stands in the interpreter's source, where nobody is to write anything. */
	if (group->site.count && interpreter_of(group) < 0 && !rule->for_context)
		advice->at = source_resolve(source, &group->site.frames[0]);
	if (rule->lines != rules_lines_goodbye_c)
		return;
	known = argument_of(freed, "SSL_free", ssl, sizeof(ssl));
	if (known)
		snprintf(fd, sizeof(fd), "SSL_get_fd(%s)", ssl);
	/* In another function the name would mean something else, or nothing. */
	if ((!known || same_function(freed, closed)) && argument_of(closed, "close", fd, sizeof(fd)))
		known = true;
	if (known)
		snprintf(advice->line, sizeof(advice->line), "tls_goodbye(%s, %s);", ssl, fd);
	if (freed || closed)
		advice->at = first_of(freed, closed);
}

bool rules_replaces(const struct rule *rule)
{
	return rule->lines == rules_lines_write_c;
}
