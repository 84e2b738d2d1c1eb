/* SPDX-License-Identifier: MIT */
/*
 * See eof.h. OpenSSL gives the same answer for close_notify and for a stream's end that it was told to ignore: result,
 * SSL_get_error and SSL_get_shutdown agree. What differs is what the BIO said: OpenSSL takes for an end only what
 * BIO_eof() calls one, and asks it only when a read has failed.
 */
#include "observe/end_of_stream.h"

#include "events/events.h"
#include "sys/settings.h"

enum { VERSION_3_0 = 0x30000000, VERSION_3_2 = 0x30200000 };

/* As openssl_options(); and nobody calls it on less than 3.0. */
typedef uint64_t options_setter(SSL *ssl, uint64_t options);

static bool has_option(const struct libssl *lib)
{
	return lib->OpenSSL_version_num() >= VERSION_3_0;
}

void end_of_stream_ignore(struct connection *c, SSL *ssl)
{
	if (settings->ignore_unexpected_eof == ON && !c->seen.hands_off && has_option(c->lib))
		((options_setter *)(void *)c->lib->SSL_set_options)(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

/*
 * A memory BIO is at its end whenever it is empty. Whether that would have ended the stream is what a read of the empty
 * BIO answers: "try again", unless the program has told it that no more will come. The read takes nothing, and leaves
 * the marks that it finds: none, because the last read of OpenSSL's either succeeded or was the end.
 */
static bool memory_may_get_more(struct libssl *lib, BIO *bio)
{
	char nothing;
	int result = lib->BIO_read(bio, &nothing, sizeof nothing);
	lib->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
	return result < 0;
}

/* As BIO_eof() has it: a BIO that does not know the question answers -2, with an error, and that is a yes. */
static bool at_end(struct libssl *lib, BIO *bio)
{
	lib->ERR_set_mark();
	bool end = lib->BIO_ctrl(bio, BIO_CTRL_EOF, 0, NULL) != 0;
	lib->ERR_pop_to_mark();
	return end;
}

static enum hidden which_end(struct libssl *lib, SSL *ssl)
{
	BIO *bio = lib->SSL_get_rbio(ssl);
	bool could_be = has_option(lib) && openssl_options(lib, ssl) & SSL_OP_IGNORE_UNEXPECTED_EOF;
	if (!could_be || !bio || !at_end(lib, bio))
		return NOT_HIDDEN;
	/* Up to 3.1 an SSL still wants to read when its last read was the end, and nothing after a record. */
	if (lib->OpenSSL_version_num() < VERSION_3_2)
		return lib->SSL_want(ssl) == SSL_READING ? HIDDEN : NOT_HIDDEN;
	int type = lib->BIO_method_type(bio);
	if (type & BIO_TYPE_DESCRIPTOR) /* these only say so when read() has returned 0 */
		return HIDDEN;
	bool asked_for = settings->ignore_unexpected_eof == ON;
	return type == BIO_TYPE_MEM && asked_for && memory_may_get_more(lib, bio) ? NOT_HIDDEN
										  : MAY_BE_HIDDEN;
}

void end_of_stream_seen(struct connection *c, SSL *ssl)
{
	if (c->seen.peer_notified ||
	    c->seen.peer_hidden) /* a call after the end is told the same end again */
		return;
	c->seen.peer_hidden = which_end(c->lib, ssl);
	c->seen.peer_notified = c->seen.peer_hidden == NOT_HIDDEN;
	bool asked_for = settings->mode == MODE_CURE && settings->ignore_unexpected_eof == ON;
	if (c->seen.peer_hidden && asked_for)
		events_hidden_end(c, c->lib->BIO_number_read(c->lib->SSL_get_rbio(ssl)),
				  c->seen.peer_hidden == HIDDEN);
}

void end_of_stream_seen_after_notify(struct connection *c, SSL *ssl)
{
	int ends = c->lib->SSL_get_shutdown(ssl);
	if (!(ends & SSL_RECEIVED_SHUTDOWN))
		return;
	end_of_stream_seen(c, ssl);
	c->lib->SSL_set_shutdown(ssl, ends | SSL_SENT_SHUTDOWN);
}
