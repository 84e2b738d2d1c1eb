/* SPDX-License-Identifier: MIT */
/*
 * A dialogue of lines, each step within the plan's time, the whole within a number of bytes and lines.
 *
 * Rules: whatever lies behind the peer's consent before TLS begins was put there by somebody who hopes that we take
 * it for a part of the encrypted stream (CVE-2011-0411 and its kin): then there is no TLS with this peer. What we send is
 * constant text: nothing of the peer's is ever sent back.
 */
#include "starttls.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "judge/clock.h"
#include "reach.h"

#define LINES_MOST 200
#define BYTES_MOST (32U << 10)

struct dialogue {
	int fd;
	int64_t until_ms;
	const char *protocol;
	struct trouble *trouble;
	size_t have, taken; /* bytes in buf, and how many of them were given out */
	size_t bytes;
	unsigned lines;
	bool offered; /* a line of the last reply was "STARTTLS" */
	char line[512];
	char buf[1024];
};

static const char *const words[] = {[STARTTLS_FTP] = "ftp",
				    [STARTTLS_IMAP] = "imap",
				    [STARTTLS_POSTGRES] = "postgres",
				    [STARTTLS_SMTP] = "smtp"};

bool starttls_named(const char *word, enum starttls *starttls)
{
	for (size_t i = STARTTLS_NONE + 1; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0) {
			*starttls = (enum starttls)i;
			return true;
		}
	return false;
}

/* --- bytes and lines --- */

static bool too_late(struct dialogue *d)
{
	return plan_trouble_is(d->trouble,
			       "STARTTLS: no answer in time that %s knows; is that protocol spoken there? "
			       "see --timeout",
			       d->protocol);
}

/* The next bytes into buf, or the trouble. */
static bool fill(struct dialogue *d)
{
	ssize_t got;

	d->have = d->taken = 0;
	if (d->bytes > BYTES_MOST || d->lines > LINES_MOST)
		return plan_trouble_is(
			d->trouble, "STARTTLS: the peer talks without end; is %s spoken there?", d->protocol);
	do {
		if (!reach_wait(d->fd, POLLIN, d->until_ms))
			return too_late(d);
		got = recv(d->fd, d->buf, sizeof(d->buf), MSG_DONTWAIT);
	} while (got < 0 && (errno == EAGAIN || errno == EINTR));
	if (got <= 0)
		return plan_trouble_is(
			d->trouble,
			"STARTTLS: the peer %s before TLS began; does it speak %s, or TLS from the first "
			"byte on (no --starttls)?",
			got == 0 ? "closed" : "reset", d->protocol);
	d->have = (size_t)got;
	d->bytes += d->have;
	return true;
}

static bool say(struct dialogue *d, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(d->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return plan_trouble_is(d->trouble, "STARTTLS: %s, before TLS began", strerror(errno));
		if (sent < 0 && !reach_wait(d->fd, POLLOUT, d->until_ms))
			return too_late(d);
		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		}
	}
	return true;
}

static bool say_line(struct dialogue *d, const char *line)
{
	return say(d, line, strlen(line));
}

/* One line into d->line, its end cut off; of a long one the beginning. What cannot be printed becomes a blank. */
static bool hear_line(struct dialogue *d)
{
	size_t n = 0;

	for (;;) {
		char c;

		if (d->taken == d->have && !fill(d))
			return false;
		c = d->buf[d->taken++];
		if (c == '\n')
			break;
		if (n + 1 < sizeof(d->line))
			d->line[n++] = isprint((unsigned char)c) ? c : ' ';
	}
	while (n > 0 && d->line[n - 1] == ' ')
		n--;
	d->line[n] = '\0';
	d->lines++;
	return true;
}

/* --- smtp and ftp: three digits; a hyphen behind them says that more lines follow (RFC 5321, 4.2; RFC 959, 4.2) --- */

/* No code begins with 0, which hear_reply gives where there is none. */
static bool is_code(const char *line)
{
	return line[0] != '0' && isdigit((unsigned char)line[0]) && isdigit((unsigned char)line[1]) &&
	       isdigit((unsigned char)line[2]) && (line[3] == ' ' || line[3] == '-' || line[3] == '\0');
}

/* The reply's code; 0: the trouble tells why there is none. */
static int hear_reply(struct dialogue *d)
{
	char code[4];

	d->offered = false;
	if (!hear_line(d))
		return 0;
	if (!is_code(d->line)) {
		plan_trouble_is(d->trouble,
				"STARTTLS: \"%.60s\" is no reply of %s; is that protocol spoken there?",
				d->line, d->protocol);
		return 0;
	}
	memcpy(code, d->line, 3);
	code[3] = '\0';
	for (bool more = d->line[3] == '-'; more;) {
		if (!hear_line(d))
			return 0;
		/* FTP's lines between the first and the last may be anything. */
		if (is_code(d->line) && memcmp(code, d->line, 3) == 0) {
			more = d->line[3] == '-';
			d->offered |= strcasecmp(d->line + 4, "STARTTLS") == 0;
		}
	}
	return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

static bool expect_reply(struct dialogue *d, int wanted)
{
	int code = hear_reply(d);

	if (code == 0)
		return false;
	if (code != wanted)
		return plan_trouble_is(d->trouble, "STARTTLS: the peer refused: \"%.80s\" (%s, %d expected)",
				       d->line, d->protocol, wanted);
	return true;
}

static bool ask_smtp(struct dialogue *d)
{
	if (!expect_reply(d, 220) || !say_line(d, "EHLO localhost\r\n") || !expect_reply(d, 250))
		return false;
	if (!d->offered && strcasecmp(d->line + 3, " STARTTLS") != 0)
		return plan_trouble_is(d->trouble,
				       "STARTTLS: the peer does not offer it in its answer to EHLO; "
				       "another port may");
	return say_line(d, "STARTTLS\r\n") && expect_reply(d, 220);
}

static bool ask_ftp(struct dialogue *d)
{
	return expect_reply(d, 220) && say_line(d, "AUTH TLS\r\n") && expect_reply(d, 234);
}

/* --- imap: lines that begin with our tag are ours, "*" begins all others --- */

static bool ask_imap(struct dialogue *d)
{
	if (!hear_line(d))
		return false;
	if (strncasecmp(d->line, "* OK", 4) != 0)
		return plan_trouble_is(d->trouble,
				       "STARTTLS: \"%.60s\" is no greeting of imap that allows STARTTLS; "
				       "is that protocol spoken there?",
				       d->line);
	if (!say_line(d, "a STARTTLS\r\n"))
		return false;
	do {
		if (!hear_line(d))
			return false;
		if (strncasecmp(d->line, "* BYE", 5) == 0)
			break;
	} while (strncmp(d->line, "a ", 2) != 0);
	if (strncasecmp(d->line, "a OK", 4) != 0)
		return plan_trouble_is(d->trouble, "STARTTLS: the peer refused: \"%.80s\"", d->line);
	return true;
}

/* --- postgres: one byte answers SSLRequest (length 8, code 80877103) --- */

static bool ask_postgres(struct dialogue *d)
{
	char answer;

	if (!say(d, "\0\0\0\x08\x04\xd2\x16\x2f", 8) || !fill(d))
		return false;
	answer = d->buf[d->taken++];
	if (answer == 'S')
		return true;
	if (answer == 'N')
		return plan_trouble_is(d->trouble,
				       "STARTTLS: the peer has no TLS to offer ('N'); is ssl = on in its "
				       "postgresql.conf?");
	return plan_trouble_is(d->trouble,
			       "STARTTLS: the answer to SSLRequest is neither 'S' nor 'N'; is postgres "
			       "spoken there?");
}

/* --- all --- */

static bool nothing_behind(struct dialogue *d)
{
	char byte;

	if (d->taken == d->have && recv(d->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		return true;
	return plan_trouble_is(d->trouble,
			       "STARTTLS: plaintext lies after the peer's consent, before TLS: injected by "
			       "somebody between, or a broken peer; not tried");
}

bool starttls_ask(const struct plan *plan, int fd, struct trouble *trouble)
{
	struct dialogue d = {.fd = fd, .until_ms = clock_now_ms() + plan->timeout_ms, .trouble = trouble};
	bool agreed = false;

	if (plan->starttls == STARTTLS_NONE)
		return true;
	d.protocol = words[plan->starttls];
	switch (plan->starttls) {
	case STARTTLS_FTP:
		agreed = ask_ftp(&d);
		break;
	case STARTTLS_IMAP:
		agreed = ask_imap(&d);
		break;
	case STARTTLS_POSTGRES:
		agreed = ask_postgres(&d);
		break;
	case STARTTLS_SMTP:
		agreed = ask_smtp(&d);
		break;
	case STARTTLS_NONE:
		break;
	}
	return agreed && nothing_behind(&d);
}
