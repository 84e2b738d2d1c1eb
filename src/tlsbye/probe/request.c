/* SPDX-License-Identifier: MIT */
/*
 * Two requests for each protocol: one behind which the peer ends the connection by the rules of the protocol, and
 * one behind which it stays, for the trial in which we end first. None of them asks for anything but a reply.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

static void put(struct script *script, const void *bytes, size_t n)
{
	script->file = malloc(n + 1);
	if (!script->file)
		return;
	memcpy(script->file, bytes, n);
	script->file_size = n;
}

static void put_text(struct script *script, const char *text)
{
	put(script, text, strlen(text));
}

/* Host is what a browser would send: the port only where it is not the protocol's own (RFC 9110, 7.2). */
static void put_http(const struct plan *plan, bool last, struct script *script)
{
	bool literal = strchr(plan->host, ':') != NULL, usual = strcmp(plan->port, "443") == 0;
	const char *name = plan->server_name ? plan->server_name : plan->host;
	char host[300];
	int n;

	literal = literal && name == plan->host;
	snprintf(host, sizeof(host), "%s%s%s%s%s", literal ? "[" : "", name, literal ? "]" : "",
		 usual ? "" : ":", usual ? "" : plan->port);
	n = asprintf(&script->file,
		     "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tlsbye/" PACKAGE_VERSION
		     "\r\nAccept: */*\r\n%s\r\n",
		     plan->path, plan->http_host ? plan->http_host : host,
		     last ? "Connection: close\r\n" : "");
	if (n < 0)
		script->file = NULL;
	script->file_size = n < 0 ? 0 : (size_t)n;
}

/* A StartupMessage (protocol 3.0, length first), and Terminate where it is to be the last. Nobody is logged in. */
static void put_postgres(bool last, struct script *script)
{
	static const char startup[] = "\0\0\0\x25\0\3\0\0user\0tlsbye\0database\0tlsbye\0";
	static const char terminate[] = "X\0\0\0\4";
	char both[sizeof(startup) + sizeof(terminate) - 1];

	memcpy(both, startup, sizeof(startup));
	memcpy(both + sizeof(startup), terminate, sizeof(terminate) - 1);
	put(script, both, last ? sizeof(both) : 0);
}

bool request_is_http(const struct plan *plan)
{
	if (plan->send)
		return plan->send_size > 8 && strncmp(plan->send, "CONNECT ", 8) != 0;
	return plan->starttls == STARTTLS_NONE;
}

void request_make(const struct plan *plan, bool last, uint64_t reply_bytes, struct script *script)
{
	script->end_at = reply_bytes;
	if (plan->send) {
		put(script, plan->send, plan->send_size);
		return;
	}
	if (plan->starttls != STARTTLS_NONE)
		script->end_at = plan->starttls == STARTTLS_POSTGRES ? 0 : 1;
	switch (plan->starttls) {
	case STARTTLS_NONE:
		put_http(plan, last, script);
		return;
	case STARTTLS_SMTP:
		put_text(script, last ? "EHLO localhost\r\nQUIT\r\n" : "EHLO localhost\r\n");
		return;
	case STARTTLS_IMAP:
		put_text(script, last ? "b LOGOUT\r\n" : "b NOOP\r\n");
		return;
	case STARTTLS_FTP:
		put_text(script, last ? "QUIT\r\n" : "NOOP\r\n");
		return;
	case STARTTLS_POSTGRES:
		put_postgres(last, script);
		return;
	}
}

void request_make_reply(const struct plan *plan, struct script *script)
{
	if (plan->send)
		put(script, plan->send, plan->send_size);
	else
		put_text(script, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
				 "Connection: close\r\n\r\nok\n");
}
