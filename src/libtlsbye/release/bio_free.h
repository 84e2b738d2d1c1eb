/* SPDX-License-Identifier: MIT */
/*
 * The close path of programs that talk through a BIO_f_ssl: BIO_free and its relatives.
 *
 * Such a program need not call a single SSL_* function; and where libssl and libcrypto are linked -Bsymbolic, what they do
 * for it is seen by no hook but these, and close. So the SSL is looked for in the chain that is about to be freed, before
 * anything of it is.
 *
 * Rules: for ordinary code, as BIO_* are; no lock. A BIO that has more references than one is not freed: they are counted,
 * as far as the program takes them. What the libraries themselves do with a BIO is not looked at.
 */
#ifndef TLSBYE_BIO_FREE_H
#define TLSBYE_BIO_FREE_H

#include "connection/connection.h"

/* Is this call the program's own, in a process where it may matter? Else there is nothing to do but to forward it. */
bool bio_free_concerns(const struct libcrypto *crypto, void *caller);

/* A new chain with an SSL in it: tracks the SSL. */
void bio_free_born(struct libssl *lib, BIO *bio);

/* BIO_up_ref has succeeded. */
void bio_free_shared(const struct libcrypto *crypto, BIO *bio, void *caller);

/* An SSL that lives on after a BIO_free, because the program has another reference of it. */
struct bio_release {
	struct connection *c; /* with a reference; NULL: none */
	uint32_t references;
};

/* BIO_free, or BIO_free_all where `all`: releases each SSL that goes with it. */
struct bio_release bio_free_before(const struct libcrypto *crypto, BIO *bio, bool all, struct call call);
void bio_free_after(const struct bio_release *lives_on);

/* BIO_ssl_shutdown itself, and what is to be noted of it. */
void bio_free_ssl_shutdown(struct libssl *lib, BIO *bio, struct call call);

#endif
