/* SPDX-License-Identifier: MIT */
/*
 * Filter BIOs below an SSL: see filters.h.
 */
#include "observe/filters.h"

static bool is_descriptor(struct libssl *lib, BIO *bio)
{
	return lib->BIO_method_type(bio) & BIO_TYPE_DESCRIPTOR;
}

/* The last of some BIO_f_buffers, right above the socket; NULL where the chain is any other. */
static BIO *last_buffer(struct libssl *lib, BIO *top)
{
	BIO *last = NULL, *bio = top;
	while (bio && lib->BIO_method_type(bio) == BIO_TYPE_BUFFER) {
		last = bio;
		bio = lib->BIO_next(bio);
	}
	return bio && is_descriptor(lib, bio) ? last : NULL;
}

static bool has_ssl(struct libssl *lib, BIO *bio)
{
	while (bio && lib->BIO_method_type(bio) != BIO_TYPE_SSL)
		bio = lib->BIO_next(bio);
	return bio;
}

bool filters_in_the_way(struct libssl *lib, BIO *top)
{
	if (lib->BIO_method_type(top) == BIO_TYPE_SOCKET)
		return false;
	if (has_ssl(lib, top)) /* TLS within TLS: past it the record would be in the clear */
		return true;
	return !last_buffer(lib, top) && lib->BIO_ctrl(top, BIO_CTRL_WPENDING, 0, NULL) != 0;
}

/* An empty buffer answers with what the next one holds: rather too much than too little. */
uint64_t filters_hold(struct libssl *lib, BIO *top)
{
	BIO *last = last_buffer(lib, top);
	uint64_t held = 0;
	for (BIO *bio = last ? top : NULL; bio; bio = bio == last ? NULL : lib->BIO_next(bio)) {
		long here = lib->BIO_ctrl(bio, BIO_CTRL_WPENDING, 0, NULL);
		held += here > 0 ? (uint64_t)here : 0;
	}
	return held;
}

void filters_flush(struct libssl *lib, BIO *top, BIO *sink)
{
	BIO *last = last_buffer(lib, top);
	BIO *socket = lib->BIO_next(last);
	lib->BIO_set_next(last, sink);
	lib->BIO_ctrl(top, BIO_CTRL_FLUSH, 0, NULL);
	lib->BIO_set_next(last, socket);
}
