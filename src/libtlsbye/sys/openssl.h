/* SPDX-License-Identifier: MIT */
/*
 * The functions of each libssl and libcrypto that the process has loaded.
 *
 * Rules: no member is ever NULL: what a library lacks is answered by a function that does nothing and fails, so that a hook
 * needs no check. A libssl is never loaded from here, and one that was found is pinned: it is not unloaded any more.
 *
 * libcrypto's functions stand apart: a process that has a libcrypto and no libssl (ssh, git) calls our BIO_free, too.
 */
#ifndef TLSBYE_OPENSSL_H
#define TLSBYE_OPENSSL_H

#include "sys/code_range.h"
#include "sys/export.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <sys/types.h>

/* What only newer headers declare: one object serves every OpenSSL from 1.1.1 on. */
ssize_t SSL_sendfile(SSL *ssl, int fd, off_t offset, size_t size, int flags);
int SSL_write_ex2(SSL *ssl, const void *buf, size_t num, uint64_t flags, size_t *written);
int SSL_is_quic(const SSL *ssl);
/* From 3.0 on the first two, before it the third, which is a macro by then. */
void ERR_new(void);
void ERR_set_error(int lib, int reason, const char *format, ...);
void(ERR_put_error)(int lib, int function, int reason, const char *file, int line);
#ifndef SSL_OP_IGNORE_UNEXPECTED_EOF
#define SSL_OP_IGNORE_UNEXPECTED_EOF (UINT64_C(1) << 7)
#endif
#ifndef SSL_OP_ENABLE_KTLS
#define SSL_OP_ENABLE_KTLS (UINT64_C(1) << 3) /* since 3.0, and nothing before */
#endif
#ifndef BIO_CTRL_GET_KTLS_SEND
#define BIO_CTRL_GET_KTLS_SEND 73 /* since 3.0; a BIO that does not know it answers 0 */
#endif
#ifndef BIO_CTRL_GET_KTLS_RECV
#define BIO_CTRL_GET_KTLS_RECV 76
#endif

/* Hooked: what the program calls. */
#define OPENSSL_LIBSSL_HOOKED(X)                                                                             \
	X(SSL_new)                                                                                           \
	X(BIO_f_ssl)                                                                                         \
	X(BIO_new_ssl)                                                                                       \
	X(BIO_new_ssl_connect)                                                                               \
	X(BIO_new_buffer_ssl_connect)                                                                        \
	X(BIO_ssl_shutdown)                                                                                  \
	X(SSL_set_fd)                                                                                        \
	X(SSL_set_rfd)                                                                                       \
	X(SSL_set_wfd)                                                                                       \
	X(SSL_set_bio)                                                                                       \
	X(SSL_set0_rbio)                                                                                     \
	X(SSL_set0_wbio)                                                                                     \
	X(SSL_up_ref)                                                                                        \
	X(SSL_dup)                                                                                           \
	X(SSL_clear)                                                                                         \
	X(SSL_free)                                                                                          \
	X(SSL_shutdown)                                                                                      \
	X(SSL_set_shutdown)                                                                                  \
	X(SSL_do_handshake)                                                                                  \
	X(SSL_connect)                                                                                       \
	X(SSL_accept)                                                                                        \
	X(SSL_read)                                                                                          \
	X(SSL_read_ex)                                                                                       \
	X(SSL_read_early_data)                                                                               \
	X(SSL_peek)                                                                                          \
	X(SSL_peek_ex)                                                                                       \
	X(SSL_write)                                                                                         \
	X(SSL_write_ex)                                                                                      \
	X(SSL_write_ex2)                                                                                     \
	X(SSL_write_early_data)                                                                              \
	X(SSL_sendfile)

/* Used to say close_notify. */
#define OPENSSL_LIBSSL_USED(X)                                                                               \
	X(SSL_get_rfd)                                                                                       \
	X(SSL_get_wfd)                                                                                       \
	X(SSL_get_rbio)                                                                                      \
	X(SSL_get_wbio)                                                                                      \
	X(SSL_get_error)                                                                                     \
	X(SSL_get_options)                                                                                   \
	X(SSL_set_options)                                                                                   \
	X(SSL_want)                                                                                          \
	X(SSL_get_shutdown)                                                                                  \
	X(SSL_set_session)                                                                                   \
	X(SSL_get_quiet_shutdown)                                                                            \
	X(SSL_set_quiet_shutdown)                                                                            \
	X(SSL_get_info_callback)                                                                             \
	X(SSL_set_info_callback)                                                                             \
	X(SSL_set_msg_callback)                                                                              \
	X(SSL_ctrl)                                                                                          \
	X(SSL_in_init)                                                                                       \
	X(SSL_state_string)                                                                                  \
	X(SSL_is_init_finished)                                                                              \
	X(SSL_waiting_for_async)                                                                             \
	X(SSL_in_before)                                                                                     \
	X(SSL_is_server)                                                                                     \
	X(SSL_session_reused)                                                                                \
	X(SSL_get_version)                                                                                   \
	X(SSL_get_current_cipher)                                                                            \
	X(SSL_CIPHER_get_name)                                                                               \
	X(SSL_is_dtls)                                                                                       \
	X(SSL_is_quic)                                                                                       \
	X(SSL_pending)                                                                                       \
	X(BIO_new)                                                                                           \
	X(BIO_free)                                                                                          \
	X(BIO_up_ref)                                                                                        \
	X(BIO_ctrl)                                                                                          \
	X(BIO_test_flags)                                                                                    \
	X(BIO_get_callback_ex)                                                                               \
	X(BIO_set_callback_ex)                                                                               \
	X(BIO_read)                                                                                          \
	X(BIO_number_read)                                                                                   \
	X(BIO_number_written)                                                                                \
	X(BIO_method_type)                                                                                   \
	X(BIO_next)                                                                                          \
	X(BIO_set_next)                                                                                      \
	X(BIO_set_init)                                                                                      \
	X(BIO_set_flags)                                                                                     \
	X(BIO_clear_flags)                                                                                   \
	X(BIO_meth_new)                                                                                      \
	X(BIO_meth_set_write)                                                                                \
	X(BIO_meth_set_ctrl)                                                                                 \
	X(BIO_get_new_index)                                                                                 \
	X(ERR_error_string_n)                                                                                \
	X(ERR_peek_error)                                                                                    \
	X(ERR_peek_last_error)                                                                               \
	X(ERR_new)                                                                                           \
	X(ERR_set_error)                                                                                     \
	X(ERR_put_error)                                                                                     \
	X(ERR_set_mark)                                                                                      \
	X(ERR_pop_to_mark)                                                                                   \
	X(CRYPTO_get_ex_new_index)                                                                           \
	X(CRYPTO_get_mem_functions)                                                                          \
	X(OPENSSL_init_crypto)                                                                               \
	X(OpenSSL_version_num)

/* Of a libcrypto, with or without a libssl: hooked, and what it takes to look at what is being freed. */
#define OPENSSL_LIBCRYPTO(X)                                                                                 \
	X(BIO_free)                                                                                          \
	X(BIO_free_all)                                                                                      \
	X(BIO_vfree)                                                                                         \
	X(BIO_up_ref)                                                                                        \
	X(BIO_ctrl)                                                                                          \
	X(BIO_method_type)                                                                                   \
	X(BIO_next)

#define OPENSSL_MEMBER(name) __typeof__(name) *name;

struct libssl {
	OPENSSL_LIBSSL_HOOKED(OPENSSL_MEMBER)
	OPENSSL_LIBSSL_USED(OPENSSL_MEMBER)
	_Atomic bool inner_calls_seen; /* what it calls of its own comes by our hooks: it is not -Bsymbolic */
	bool watches_frees;            /* ssl_table.c hears of an SSL that is freed unseen */
	bool own_allocator;            /* the program's, which may give back all it gave at once */
	bool usable;                   /* has all that a close_notify needs: OpenSSL 1.1.1 or newer */
	struct code_range code, crypto_code; /* where it is mapped, and its libcrypto */
	BIO_METHOD *close_notify_method;     /* made by close_notify.c on first use */
	BIO *close_notify_spare;             /* and a BIO of it, that nobody uses */
};

struct libcrypto {
	OPENSSL_LIBCRYPTO(OPENSSL_MEMBER)
	struct code_range code; /* where it is mapped */
};

#undef OPENSSL_MEMBER

/* Written once: the threads of a server share the line. */
static inline void openssl_note_inner_call(struct libssl *lib)
{
	if (!atomic_load_explicit(&lib->inner_calls_seen, memory_order_relaxed))
		atomic_store(&lib->inner_calls_seen, true);
}

/* 64 bits wide from 3.0 on, whatever the headers say that this was built with; before, those above 31 mean nothing. */
static inline uint64_t openssl_options(const struct libssl *lib, const SSL *ssl)
{
	typedef uint64_t options_getter(const SSL *ssl);
	return ((options_getter *)(void *)lib->SSL_get_options)(ssl);
}

/*
 * The libssl that the code at `caller` means. Never NULL: where none is loaded, one whose functions all fail.
 * Takes the loader's lock (dlopen, dlsym): not async-signal-safe, like every SSL_* function.
 */
struct libssl *openssl_libssl(void *caller);

/*
 * The libcrypto that the code at `caller` means, libcrypto itself included. Whoever calls a function of ours has one: it
 * is found. Cheap and without a lock when the caller's object is known; the first time as openssl_libssl.
 */
const struct libcrypto *openssl_libcrypto(void *caller);

/*
 * The first libssl, and the libcrypto that it has. They call themselves and each other dozens of times a connection, where the program
 * calls them once. Both are pinned.
 */
struct openssl_pair {
	struct code_range libssl_code, libcrypto_code;
	struct libssl *libssl;
	const struct libcrypto *libcrypto;
};
extern const struct openssl_pair *_Atomic openssl_pair INTERNAL;

/* The libssl that calls itself. NULL: it is another caller's, or not known. */
static inline struct libssl *openssl_inner_libssl(void *caller)
{
	const struct openssl_pair *pair = atomic_load_explicit(&openssl_pair, memory_order_acquire);
	return pair && code_range_holds(&pair->libssl_code, caller) ? pair->libssl : NULL;
}

/* The libcrypto that calls itself, or is called by its libssl. NULL likewise. */
static inline const struct libcrypto *openssl_inner_libcrypto(void *caller)
{
	const struct openssl_pair *pair = atomic_load_explicit(&openssl_pair, memory_order_acquire);
	bool inner = pair && (code_range_holds(&pair->libcrypto_code, caller) ||
			      code_range_holds(&pair->libssl_code, caller));
	return inner ? pair->libcrypto : NULL;
}

/*
 * An object may be gone (dlclose), and another one that means another library be mapped in its place: no object's library
 * is remembered any more.
 */
void openssl_forget_callers(void);

/* The only thread of a fresh child: nobody holds the lock. */
void openssl_child_after_fork(void);

/*
 * Is this the clean-up of a libcrypto? Then the library is pinned: its clean-up may be called at any time later. Takes
 * the loader's lock only for a function of a library that is called like OpenSSL's, as its own initialisation does.
 */
bool openssl_is_cleanup(void (*function)(void *));

/* Does the address lie in a libcrypto? Async-signal-safe. */
bool openssl_is_libcrypto(void *address);

/*
 * Is it libssl that calls an exported function of its own, by way of our hook of it, because it is not linked -Bsymbolic? Where
 * it does so by a jump at a function's end, the address that the call returns to is in the hook of that function, or in close_notify.c.
 * Async-signal-safe.
 */
bool openssl_calls_itself(void *caller);

/* Does it lie in this libcrypto, or in any libssl that is known? */
bool openssl_has(const struct libcrypto *crypto, void *address);

/* Whose error is it (ERR_LIB_...), and which of theirs? The layout of the code has changed with 3.0, where errno's has one of its own. */
enum { OPENSSL_3_0 = 0x30000000 };

static inline unsigned openssl_error_library(const struct libssl *lib, unsigned long code)
{
	bool modern = lib->OpenSSL_version_num() >= OPENSSL_3_0;
	return modern && code >> 31 ? ERR_LIB_SYS : code >> (modern ? 23 : 24) & 0xff;
}

static inline unsigned openssl_error_reason(const struct libssl *lib, unsigned long code)
{
	return code & (lib->OpenSSL_version_num() >= OPENSSL_3_0 ? 0x7fffff : 0xfff);
}

#endif
