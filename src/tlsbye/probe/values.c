/* SPDX-License-Identifier: MIT */
/*
 * Values of options, read whole or refused: a refusal is a line on stderr, and nothing has been contacted yet.
 *
 * Rules: no value may break out of the line of a protocol that it is put into.
 */
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlsbye/cli.h"

#define SEND_MOST (16U << 20)

error_t values_quantity(const struct setting *kind, const char *text, int64_t *value)
{
	uint64_t n = 0;
	const char *refusal = setting_refusal(kind, text, &n);

	*value = (int64_t)n;
	return refusal ? cli_misuse("--%s=%s: %s", kind->name, text, refusal) : 0;
}

error_t values_time(const char *option, const char *text, int64_t *ms)
{
	const struct setting kind = {.name = option,
				     .kind = KIND_DURATION,
				     .min = "100ms",
				     .max = "1h",
				     .unfit = "not a duration like 5s or 500ms",
				     .out_of_range = "not from 100ms to 1h"};

	return values_quantity(&kind, text, ms);
}

/* What goes into a line of a protocol must not end that line. */
static bool is_word(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

error_t values_word(const char *option, const char *text, char first, const char **word)
{
	if (*text == '\0' || !is_word(text) || (first && *text != first))
		return cli_misuse(first ? "--%s=%s: not a word that begins with %c" : "--%s=%s: not a word",
				  option, text, first);
	*word = text;
	return 0;
}

error_t values_bytes(const char *name, struct plan *plan)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");

	if (!f)
		return cli_misuse("--send=%s: %s", name, strerror(errno));
	plan->send = malloc(SEND_MOST + 1);
	if (plan->send)
		plan->send_size = fread(plan->send, 1, SEND_MOST + 1, f);
	if (!plan->send || ferror(f))
		return cli_misuse("--send=%s: cannot be read: %s", name, strerror(errno));
	if (f != stdin)
		fclose(f);
	if (plan->send_size > SEND_MOST)
		return cli_misuse("--send=%s: larger than 16M", name);
	plan->send[plan->send_size] = '\0'; /* who looks at its first word may use strings */
	return 0;
}

error_t values_place(char *text, const char *fallback, struct plan *plan)
{
	char *colon = strrchr(text, ':'), *host = text, *end;
	long number;

	if (strstr(text, "://") || strchr(text, '/'))
		return cli_misuse("%s: a HOST:PORT is asked for, no URL; --path names what to ask it for",
				  text);
	plan->port = "443";
	if (*text == '[' && strchr(text, ']')) {
		char *close = strchr(text, ']');

		host = text + 1;
		*close = '\0';
		if (close[1] == ':')
			plan->port = close + 2;
		else if (close[1] != '\0')
			return cli_misuse("[%s]%s: not a place like [::1]:443", host, close + 1);
	} else if (colon && strchr(text, ':') == colon) {
		*colon = '\0';
		plan->port = colon + 1;
	} else if (!colon && fallback) {
		plan->port = text;
		host = (char *)fallback;
	}
	number = strtol(plan->port, &end, 10);
	if (*plan->port < '0' || *plan->port > '9' || *end != '\0' || number > 65535 ||
	    (number == 0 && !fallback))
		return cli_misuse("%s: not a port from %d to 65535", plan->port, fallback ? 0 : 1);
	if (*host == '\0' || strlen(host) > 253 || !is_word(host))
		return cli_misuse("\"%s\": not the name or address of a host", host);
	plan->host = host;
	return 0;
}
