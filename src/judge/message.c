/* SPDX-License-Identifier: MIT */
/*
 * A state for each part of a message, and lines of which we keep the beginning. Bytes behind the message's end are
 * not looked at.
 *
 * Rules: every number is checked before it is believed; a head, like a line of chunks, is bounded. What breaks the
 * grammar makes the message foreign: then nothing is claimed about it.
 */
#include "judge/message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MOST (64U << 10)

bool message_over(const struct message *m)
{
	return m->part == PART_OVER;
}

bool message_framed(const struct message *m)
{
	return m->part != PART_HEAD && m->part != PART_FOREIGN && m->part != PART_UNTIL_CLOSED;
}

static bool begins_http(const struct message *m)
{
	const char *version = m->request ? strrchr(m->line, ' ') : m->line;

	if (m->request && (!version || !isupper((unsigned char)m->line[0])))
		return false;
	return strncmp(version + m->request, "HTTP/1.", 7) == 0;
}

static void first_line(struct message *m)
{
	if (!begins_http(m)) {
		m->part = PART_FOREIGN;
		return;
	}
	m->status = m->request ? 0 : atoi(m->line + strcspn(m->line, " "));
	m->chunked = m->has_length = false;
}

/* The text behind "name:", or NULL. */
static const char *field(const struct message *m, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(m->line, name, n) != 0 || m->line[n] != ':')
		return NULL;
	return m->line + n + 1 + strspn(m->line + n + 1, " \t");
}

/* Digits and nothing else, of the base; anything larger than a number can be is no number either. */
static bool number(const char *text, int base, uint64_t *n)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	*n = strtoull(text, &end, base);
	end += strspn(end, " \t");
	return (*end == '\0' || (base == 16 && *end == ';')) && *n < 1ULL << 60;
}

static void header_line(struct message *m)
{
	const char *length = field(m, "Content-Length"), *coding = field(m, "Transfer-Encoding");

	if (length) {
		m->has_length = number(length, 10, &m->left);
		if (!m->has_length)
			m->part = PART_FOREIGN;
	}
	if (coding)
		m->chunked = strcasestr(coding, "chunked") != NULL;
}

/* RFC 9112, 6.3: who has no body, then chunks, then a length, then the connection's end. */
static void head_ends(struct message *m)
{
	unsigned head = m->head;

	m->head = 0;
	if (m->status >= 100 && m->status < 200 && m->status != 101) {
		m->part = PART_HEAD; /* an interim reply: the real one follows */
	} else if (m->bodiless || m->status == 204 || m->status == 304) {
		m->part = PART_OVER;
	} else if (m->chunked) {
		m->part = PART_CHUNK_SIZE;
	} else if (m->has_length || m->request) {
		m->left = m->has_length ? m->left : 0;
		m->length = m->bytes + m->left;
		m->part = m->left > 0 ? PART_BODY : PART_OVER;
	} else {
		m->part = PART_UNTIL_CLOSED;
	}
	if (m->part != PART_HEAD)
		m->head = head;
}

static void line_ends(struct message *m)
{
	while (m->at > 0 && m->line[m->at - 1] == '\r')
		m->at--;
	m->line[m->at] = '\0';
	if (m->part == PART_CHUNK_SIZE) {
		bool known = number(m->line, 16, &m->left);

		m->part = !known ? PART_FOREIGN : m->left > 0 ? PART_CHUNK : PART_TRAILER;
		m->left += 2; /* CR and LF */
	} else if (m->part == PART_TRAILER) {
		if (m->at == 0)
			m->part = PART_OVER;
	} else if (m->head == 0 && m->at > 0) {
		first_line(m);
		m->head = m->at;
	} else if (m->head > 0 && m->at == 0) {
		head_ends(m);
	} else if (m->at > 0) {
		header_line(m);
		m->head += m->at;
	}
	m->at = 0;
}

static void line_byte(struct message *m, char byte)
{
	m->bytes++;
	if (byte == '\n') {
		line_ends(m);
		return;
	}
	if (m->at + 1 < sizeof(m->line))
		m->line[m->at++] = byte;
	/* A head without end is none: neither HTTP, nor worth our patience. */
	if (m->bytes > HEAD_MOST && m->part == PART_HEAD)
		m->part = PART_FOREIGN;
}

/* Of a part that is counted, not looked at: how many of the n bytes belong to it. */
static size_t counted(struct message *m, size_t n)
{
	size_t step = n < m->left ? n : (size_t)m->left;

	m->bytes += step;
	m->left -= step;
	if (m->left == 0)
		m->part = m->part == PART_CHUNK ? PART_CHUNK_SIZE : PART_OVER;
	return step;
}

void message_feed(struct message *m, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0 && m->part != PART_OVER && m->part != PART_FOREIGN && m->part != PART_UNTIL_CLOSED) {
		size_t step = 1;

		if (m->part == PART_BODY || m->part == PART_CHUNK)
			step = counted(m, n);
		else
			line_byte(m, *at);
		at += step;
		n -= step;
	}
}
