/* SPDX-License-Identifier: MIT */
/*
 * The words themselves (words.h). A code of the schema that is younger than this report is shown as it is: better an
 * odd word than none.
 */
#include "words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct phrase {
	const char *code, *says;
};

char *words(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

const char *words_number(char buffer[NUMBER_SIZE], uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *out = buffer;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buffer;
}

const char *words_bytes(char buffer[BYTES_SIZE], int64_t bytes)
{
	words_number(buffer, bytes < 0 ? 0 : (uint64_t)bytes);
	return strcat(buffer, bytes == 1 ? " byte" : " bytes");
}

const char *words_time(char buffer[TIME_SIZE], double seconds)
{
	/* A log may say anything: what is no time of this era is none, and would not fit a time_t. */
	time_t whole = seconds >= 0 && seconds < 1e11 ? (time_t)seconds : 0;
	int micros = whole ? (int)((seconds - (double)whole) * 1e6 + 0.5) : 0;
	char day[32];
	struct tm tm;

	if (micros > 999999)
		micros = 999999;
	if (!gmtime_r(&whole, &tm) || !strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(day, sizeof(day), "?");
	snprintf(buffer, TIME_SIZE, "%s.%06d UTC", day, micros < 0 ? 0 : micros);
	return buffer;
}

const char *words_span(char buffer[SPAN_SIZE], double first, double last)
{
	char from[TIME_SIZE], to[TIME_SIZE];
	enum { DAY = sizeof("2026-11-25 ") - 1, SECOND = sizeof("2026-11-25 01:19:05") - 1 };

	words_time(from, first);
	words_time(to, last);
	to[SECOND] = '\0';
	if (strncmp(from, to, SECOND) == 0)
		snprintf(buffer, SPAN_SIZE, "%.*s UTC", SECOND, from);
	else
		snprintf(buffer, SPAN_SIZE, "%.*s to %s UTC", SECOND, from,
			 strncmp(from, to, DAY) == 0 ? to + DAY : to);
	return buffer;
}

static const char *phrase_for(const struct phrase *phrases, size_t count, const char *code)
{
	for (size_t i = 0; code && i < count; i++)
		if (strcmp(phrases[i].code, code) == 0)
			return phrases[i].says;
	return code;
}
#define PHRASE(phrases, code) phrase_for(phrases, sizeof(phrases) / sizeof((phrases)[0]), code)

const char *words_silence(const char *why)
{
	static const struct phrase phrases[] = {
		{"notify-off", "TLSBYE_NOTIFY=off"},
		{"not-owner", "another process may own the connection since a fork"},
		{"no-handshake", "the handshake did not complete"},
		{"fatal-error", "the connection had failed"},
		{"unfinished-write", "the program did not finish writing"},
		{"quiet-shutdown", "the program asked for a quiet shutdown"},
		{"abort-meant", "SO_LINGER 0 asks for an abort"},
		{"failed-exit", "the exit status was not 0"},
		{"own-bio", "the program writes through a BIO of its own"},
		{"filter-bio", "a BIO of the program's holds bytes back"},
		{"calls-unseen", "the program may have been in a call that no hook sees"},
		{"somebody-inside", "another thread was using the SSL"},
		{"ssl-gone", "the SSL was gone"},
		{"socket-changed", "the socket was closed or replaced before"},
		{"unheard", "the connection was broken or shut already"},
		{"no-descriptor", "no descriptor was free"},
		{"no-thread", "the linger thread could not be reached"},
		{"another-ssl", "another SSL was using the socket"},
		{"no-peer", "the peer's address is not known"},
		{"no-room", "the send queue was full"},
	};
	return PHRASE(phrases, why);
}

const char *words_cause(const char *cause)
{
	static const struct phrase phrases[] = {
		{"peer-closed-without-close_notify",
		 "the peer closed without close_notify: it freed its SSL without SSL_shutdown(), or died"},
		{"peer-reset", "the peer reset: it closed with bytes unread, or aborted"},
		{"wrote-to-closed-peer",
		 "this side wrote to a peer that had closed, and that was answered by a reset"},
		{"peer-alert", "the peer sent a fatal alert"},
		{"not-tls", "what came is no TLS"},
		{"bad-record", "a record came that does not decrypt"},
		{"timeout", "the peer did not answer any more"},
		{"own-end", "this side had ended the connection already"},
		{"other", "another reason"},
	};
	return PHRASE(phrases, cause);
}

const char *words_fault(enum fault fault)
{
	static const char *const says[FAULTS] = {
		[FAULT_UNREAD_AT_CLOSE] = "closed the socket with bytes unread",
		[FAULT_SHUTDOWN_RDWR] = "shut both directions down at once (SHUT_RDWR)",
		[FAULT_WRITE_TO_CLOSED_PEER] = "wrote to a peer that had closed",
		[FAULT_UNFINISHED_WRITE] = "let go while an SSL_write() had to be repeated",
		[FAULT_UNFLUSHED] = "let go while its BIO still held bytes",
		[FAULT_FIN_UNAWAITED] = "closed without waiting for the peer's end",
		[FAULT_NO_CLOSE_NOTIFY] = "let go without SSL_shutdown()",
	};
	return fault < FAULTS ? says[fault] : "did something that this report does not know";
}
