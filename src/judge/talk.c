/* SPDX-License-Identifier: MIT */
/*
 * What the judge says and hears in TLS; see talk.h. Everything it says is queued as a whole, and conversation.c
 * sends it as the socket takes it.
 *
 * Rules: the outcome of every OpenSSL call ends in the verdict, and the error queue is left empty.
 */
#include "judge/talk.h"

#include <ctype.h>
#include <openssl/err.h>
#include <stdio.h>

#include "judge/clock.h"
#include "judge/pattern.h"

/* --- what it says --- */

void talk_say_pattern(struct conversation *c, size_t n)
{
	unsigned char buf[16384];

	while (n > 0) {
		size_t step = n < sizeof(buf) ? n : sizeof(buf);

		pattern_fill(buf, step, c->said);
		if (SSL_write(c->ssl, buf, (int)step) <= 0)
			return;
		c->said += step;
		n -= step;
	}
}

/* Well framed, so that it reaches the cipher, and undecryptable: bad_record_mac on the other side. */
static void say_garbage(struct conversation *c)
{
	unsigned char record[5 + 64] = {0x17, 0x03, 0x03, 0, 64};

	pattern_fill(record + 5, 64, 0);
	BIO_write(c->out, record, sizeof(record));
}

/* As 0-RTT data looks from outside (RFC 8446, 2.3): records right behind the first flight, sent before any answer. */
static void say_early_records(struct conversation *c, size_t n)
{
	unsigned char record[5 + 1024] = {0x17, 0x03, 0x03, 1024 >> 8, 1024 & 0xff};

	pattern_fill(record + 5, 1024, 0);
	for (; n >= 1024; n -= 1024)
		BIO_write(c->out, record, sizeof(record));
}

void talk_say_request(struct conversation *c)
{
	const struct script *s = c->script;

	c->asked = true;
	if (s->file_size > 0)
		SSL_write(c->ssl, s->file, (int)s->file_size);
	talk_say_pattern(c, s->send);
	if (s->garbage)
		say_garbage(c);
	talk_say_pattern(c, s->trail);
}

void talk_say_notify(struct conversation *c)
{
	bool broken = c->verdict->tls == TLS_BAD || c->verdict->tls == TLS_ALERT;

	if (c->notified || !c->verdict->handshake || broken)
		return;
	c->notified = true;
	c->notified_ms = clock_now_ms();
	SSL_shutdown(c->ssl);
}

/* --- what it hears --- */

static void note_tls_end(struct conversation *c, enum tls_end end, enum event event)
{
	if (c->tls_over)
		return;
	c->tls_over = true;
	c->verdict->tls = end;
	verdict_event(c->verdict, event);
}

/* Behind the end of TLS, or where no record can begin: the program's own words, as in FTPS after CCC. */
void talk_hear_plain(struct conversation *c, const unsigned char *raw, size_t n)
{
	char *words = c->verdict->words;

	if (n == 0)
		return;
	for (size_t i = 0; c->verdict->plain == 0 && i < n && i + 1 < sizeof(c->verdict->words); i++)
		words[i] = isprint(raw[i]) ? (char)raw[i] : ' ';
	c->verdict->plain += n;
	verdict_event(c->verdict, EV_PLAIN);
}

/* Records behind close_notify: a second end, or a second process that thinks the connection its own. */
static void hear_late(struct conversation *c, const unsigned char *buf, size_t n)
{
	struct verdict *v = c->verdict;

	/* Without a handshake an alert comes in plain: type, version, length 2, level, description. */
	if (!v->handshake && v->tls == TLS_NONE && n >= 7 && buf[0] == 21) {
		v->tls = TLS_ALERT;
		v->alert = buf[6];
		verdict_event(v, EV_ALERT);
	}
	/* What follows an alert or a bad record means nothing. */
	if (v->tls != TLS_CLOSE_NOTIFY || n == 0)
		return;
	v->late += n;
	verdict_event(v, EV_RECORDS);
}

static void hear_data(struct conversation *c, const unsigned char *buf, size_t n)
{
	struct verdict *v = c->verdict;

	if (v->checked && !v->wrong && pattern_match(buf, n, v->bytes) != n)
		v->wrong = true;
	if (c->script->message)
		message_feed(c->script->message, buf, n);
	v->bytes += n;
	verdict_event(v, EV_DATA);
}

/* A failed call of OpenSSL: an alert has been noted by on_info() already, all else is a record gone bad. */
static void hear_failure(struct conversation *c, int result)
{
	int error = SSL_get_error(c->ssl, result);

	if (error == SSL_ERROR_ZERO_RETURN)
		note_tls_end(c, TLS_CLOSE_NOTIFY, EV_CLOSE_NOTIFY);
	else if (error != SSL_ERROR_WANT_READ)
		note_tls_end(c, TLS_BAD, EV_BAD);
	if (!c->verdict->handshake && !c->verdict->error)
		c->verdict->error = ERR_peek_error();
	ERR_clear_error();
}

static void on_info(const SSL *ssl, int where, int ret)
{
	struct conversation *c = SSL_get_app_data(ssl);
	int level = ret >> 8, alert = ret & 0xff;

	if (where != SSL_CB_READ_ALERT || alert == SSL3_AD_CLOSE_NOTIFY || level != SSL3_AL_FATAL)
		return;
	c->verdict->alert = alert;
	note_tls_end(c, TLS_ALERT, EV_ALERT);
}

/* Feeds OpenSSL and takes what it has; whatever it leaves behind close_notify is no part of this connection. */
void talk_hear_records(struct conversation *c, const unsigned char *raw, size_t n)
{
	unsigned char buf[16384];
	int got;

	if (c->tls_over) {
		hear_late(c, raw, n);
		return;
	}
	BIO_write(c->in, raw, (int)n);
	if (!c->verdict->handshake)
		return;
	while ((got = SSL_read(c->ssl, buf, sizeof(buf))) > 0)
		hear_data(c, buf, (size_t)got);
	hear_failure(c, got);
	if (!c->tls_over)
		return;
	while ((got = BIO_read(c->in, buf, sizeof(buf))) > 0)
		hear_late(c, buf, (size_t)got);
}

/* --- begin and end --- */

static void note_handshake(struct verdict *v, SSL *ssl)
{
	const unsigned char *alpn;
	unsigned size;

	v->version = SSL_get_version(ssl);
	v->cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
	SSL_get0_alpn_selected(ssl, &alpn, &size);
	if (size > 0)
		snprintf(v->alpn, sizeof(v->alpn), "%.*s", (int)size, (const char *)alpn);
}

bool talk_handshake(struct conversation *c)
{
	int result = SSL_do_handshake(c->ssl);

	c->verdict->trust = SSL_get_verify_result(c->ssl);
	if (result != 1) {
		hear_failure(c, result);
		return false;
	}
	c->verdict->handshake = true;
	c->verdict->resumed = SSL_session_reused(c->ssl);
	note_handshake(c->verdict, c->ssl);
	return true;
}

/* None of these is answered by a handshake, so TLS is over before it began. */
void talk_begin_otherwise(struct conversation *c)
{
	unsigned char junk[512];

	if (c->script->handshake == HANDSHAKE_HELLO) {
		SSL_do_handshake(c->ssl);
		say_early_records(c, c->script->trail);
	}
	if (c->script->handshake == HANDSHAKE_GARBAGE) {
		pattern_fill(junk, sizeof(junk), 0);
		BIO_write(c->out, junk, sizeof(junk));
	}
	ERR_clear_error();
	c->tls_over = true;
}

void talk_open(struct conversation *c, SSL_CTX *ctx, SSL_SESSION **session)
{
	c->ssl = SSL_new(ctx);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	/* An empty BIO is no end of file: more may come. */
	BIO_set_mem_eof_return(c->in, -1);
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_app_data(c->ssl, c);
	SSL_set_info_callback(c->ssl, on_info);
	if (c->script->server)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	if (session && *session)
		SSL_set_session(c->ssl, *session);
	if (c->script->server_name)
		SSL_set_tlsext_host_name(c->ssl, c->script->server_name);
}

/*
 * A copy: SSL_free() marks the session of a connection that ended without close_notify as not resumable, and it
 * is the other side's memory that is to be judged, not ours.
 */
static void keep_session(struct conversation *c, SSL_SESSION **session)
{
	SSL_SESSION *current = SSL_get1_session(c->ssl);

	if (current && SSL_SESSION_is_resumable(current)) {
		SSL_SESSION_free(*session);
		*session = SSL_SESSION_dup(current);
	}
	SSL_SESSION_free(current);
}

void talk_close(struct conversation *c, SSL_SESSION **session)
{
	if (session && c->verdict->handshake)
		keep_session(c, session);
	/* The judge's own end is in its script; its session cache need not suffer from it. */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	ERR_clear_error();
}
