/* SPDX-License-Identifier: MIT */
/*
 * Finding the real functions of OpenSSL (libc's: real.c).
 *
 * Python and Perl load their libssl with RTLD_LOCAL, so that RTLD_NEXT does not see it. Look where the caller looks: its own object and that object's needs; then after us in
 * the global scope; then in whatever libssl is loaded. Two generations of libssl can live in one process, so what is
 * found is a table for each library, and callers are remembered by the object that they belong to.
 *
 * Rules: only RTLD_NOLOAD. An answer that points into ourselves is no answer (it would be a recursion). The first
 * look-up may allocate; the remembered one does not, and takes no lock.
 */
#include "sys/openssl.h"

#include "sys/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { CALLERS_MAX = 64 };

/* So many libraries of each kind need no memory: without a table the program's own calls would go nowhere. */
enum { ROOM = 4 };

/* Stands for a function that the library lacks. 0 is failure, or "no", for all of them. */
static long absent(void)
{
	return 0;
}

#define ABSENT(name) .name = (__typeof__(name) *)(void *)absent,
static struct libssl no_library = {OPENSSL_LIBSSL_HOOKED(ABSENT) OPENSSL_LIBSSL_USED(ABSENT)};

/*
 * Every library that was found: each plug-in may bring one of its own. Put in front under the lock, and never taken out:
 * readers take no lock.
 */
static struct known_libssl {
	struct libssl libssl;
	void *ssl_free; /* tells the libraries apart */
	struct known_libssl *next;
} * _Atomic libssls;
static struct known_libcrypto {
	struct libcrypto libcrypto; /* told apart by their BIO_free */
	struct known_libcrypto *next;
} * _Atomic libcryptos;
static struct libssl *first_libssl;
static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;

/*
 * Which library the code of an object means, once it was found out. Forgotten as a whole, and filled anew: whoever reads
 * while `forgotten` changes has read nothing.
 */
struct callers {
	struct {
		struct code_range code;
		const void *library;
	} known[CALLERS_MAX];
	_Atomic unsigned count, forgotten;
};
static struct callers ssl_callers, crypto_callers;

/* A function as an object sees it that is loaded under this path: in itself and in what it needs. */
static void *find_in_object(const char *name, const char *path)
{
	void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (!handle)
		return NULL;
	void *found = dlsym(handle, name);
	real_dlclose()(handle);
	return found && !code_range_is_us(found) ? found : NULL;
}

/* The next loaded object whose name holds a text. */
struct library_search {
	const char *text;
	unsigned skip;
	char path[PATH_MAX];
};

/* Only notes the path: dl_iterate_phdr holds a lock that dlopen takes the other way round. */
static int note_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct library_search *search = arg;
	(void)size;
	if (!strstr(info->dlpi_name, search->text) || strlen(info->dlpi_name) >= PATH_MAX ||
	    search->skip-- > 0)
		return 0;
	strcpy(search->path, info->dlpi_name);
	return 1;
}

/* In any library that is called like this; the empty text is in every name. */
static void *find_in_any(const char *name, const char *text)
{
	void *found = NULL;
	for (unsigned skip = 0; !found; skip++) {
		struct library_search search = {.text = text, .skip = skip};
		if (!dl_iterate_phdr(note_library, &search))
			break;
		found = find_in_object(name, search.path);
	}
	return found;
}

/*
 * Not by its path for the program itself: the loader does not know the program by one, and would open the file, which a
 * seccomp filter may punish. What the program needs is in the global scope.
 */
static void *find_function(const char *name, const char *library, void *caller)
{
	Dl_info object;
	void *found = NULL;
	if (!code_range_is_main_program(caller) && dladdr(caller, &object) && object.dli_fname)
		found = find_in_object(name, object.dli_fname);
	if (!found) {
		found = dlsym(RTLD_NEXT, name);
		found = found && !code_range_is_us(found) ? found : NULL;
	}
	return found ? found : find_in_any(name, library);
}

static void fill_library(struct libssl *library, void *handle)
{
	void *found;
	*library = no_library;
#define FIND(name)                                                                                           \
	found = dlsym(handle, #name);                                                                        \
	if (found && !code_range_is_us(found))                                                               \
		library->name = (__typeof__(library->name))found;
	OPENSSL_LIBSSL_HOOKED(FIND)
	OPENSSL_LIBSSL_USED(FIND)
#undef FIND
	library->usable = (void *)library->SSL_set0_wbio != (void *)absent &&
			  (void *)library->SSL_write_ex != (void *)absent &&
			  (void *)library->BIO_meth_new != (void *)absent;
	library->crypto_code = code_range_of((void *)library->BIO_ctrl);
	library->code = code_range_of((void *)library->SSL_free);
	void *(*theirs)(size_t, const char *, int) = NULL;
	library->CRYPTO_get_mem_functions(&theirs, NULL, NULL);
	library->own_allocator = theirs && (void *)theirs != dlsym(handle, "CRYPTO_malloc");
}

static struct libssl *known_library(void *ssl_free)
{
	for (struct known_libssl *known = atomic_load(&libssls); known; known = known->next)
		if (known->ssl_free == ssl_free)
			return &known->libssl;
	return NULL;
}

/* --- the first libssl, with its libcrypto --- */

const struct openssl_pair *_Atomic openssl_pair;

/* Under the lock, after one of either was added. */
static void note_pair(void)
{
	static struct openssl_pair pair;
	if (!first_libssl || atomic_load(&openssl_pair))
		return;
	for (struct known_libcrypto *known = atomic_load(&libcryptos); known; known = known->next) {
		const struct libcrypto *crypto = &known->libcrypto;
		if (!crypto->code.end || crypto->code.start != first_libssl->crypto_code.start)
			continue;
		pair = (struct openssl_pair){first_libssl->code, crypto->code, first_libssl, crypto};
		atomic_store(&openssl_pair, &pair);
		return;
	}
}

/* Under the lock. NULL: there is no memory. */
static struct libssl *add_libssl(const struct libssl *fresh, void *ssl_free)
{
	static struct known_libssl room[ROOM];
	static unsigned taken;
	struct known_libssl *known = taken < ROOM ? &room[taken++] : malloc(sizeof *known);
	if (!known)
		return NULL;
	*known = (struct known_libssl){*fresh, ssl_free, atomic_load(&libssls)};
	if (!first_libssl)
		first_libssl = &known->libssl;
	atomic_store(&libssls, known);
	note_pair();
	return &known->libssl;
}

/*
 * The table of the library that this SSL_free belongs to. The loader is asked before our lock is taken: another thread
 * may be in a library's constructor, with the loader's lock, and call a hook that wants ours.
 */
static struct libssl *library_of(void *ssl_free)
{
	struct libssl *known = known_library(ssl_free), fresh;
	Dl_info object;
	if (known)
		return known;
	void *handle = dladdr(ssl_free, &object) ? dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	if (!handle)
		return &no_library;
	fill_library(&fresh, handle); /* the handle is kept: it pins the library */

	pthread_mutex_lock(&publishing);
	known = known_library(ssl_free);
	if (!known)
		known = add_libssl(&fresh, ssl_free);
	pthread_mutex_unlock(&publishing);
	return known ? known : &no_library;
}

static const void *remembered(const struct callers *callers, void *caller)
{
	unsigned forgotten = atomic_load(&callers->forgotten), count = atomic_load(&callers->count);
	const void *library = NULL;
	for (unsigned i = 0; i < count && !library; i++)
		if (code_range_holds(&callers->known[i].code, caller))
			library = callers->known[i].library;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load(&callers->forgotten) == forgotten ? library : NULL;
}

static void remember(struct callers *callers, void *caller, const void *library)
{
	struct code_range code = code_range_of(caller);
	if (!code.end)
		return;
	pthread_mutex_lock(&publishing);
	unsigned count = atomic_load(&callers->count);
	if (count < CALLERS_MAX && !remembered(callers, caller)) {
		callers->known[count].code = code;
		callers->known[count].library = library;
		atomic_store(&callers->count, count + 1);
	}
	pthread_mutex_unlock(&publishing);
}

void openssl_forget_callers(void)
{
	if (!atomic_load(&ssl_callers.count) && !atomic_load(&crypto_callers.count))
		return;
	pthread_mutex_lock(&publishing);
	struct callers *all[] = {&ssl_callers, &crypto_callers};
	for (int i = 0; i < 2; i++) {
		atomic_fetch_add(&all[i]->forgotten, 1);
		atomic_store(&all[i]->count, 0);
	}
	pthread_mutex_unlock(&publishing);
}

struct libssl *openssl_libssl(void *caller)
{
	struct libssl *library = (struct libssl *)remembered(&ssl_callers, caller);
	if (library)
		return library;
	void *ssl_free = find_function("SSL_free", "libssl", caller);
	library = ssl_free ? library_of(ssl_free) : &no_library;
	if (library != &no_library)
		remember(&ssl_callers, caller, library);
	return library;
}

/* --- libcrypto --- */

static void fill_crypto(struct libcrypto *crypto, void *bio_free)
{
	static const struct libcrypto none = {OPENSSL_LIBCRYPTO(ABSENT)};
	Dl_info object;
	void *handle = NULL, *found;
	*crypto = none;
	if (bio_free && dladdr(bio_free, &object))
		handle = dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD); /* kept: it pins the library */
#define FIND(name)                                                                                           \
	found = handle ? dlsym(handle, #name) : dlsym(RTLD_NEXT, #name);                                     \
	if (found && !code_range_is_us(found))                                                               \
		crypto->name = (__typeof__(crypto->name))found;
	OPENSSL_LIBCRYPTO(FIND)
#undef FIND
	crypto->code = code_range_of(bio_free);
}

static const struct libcrypto *known_crypto(void *bio_free)
{
	for (struct known_libcrypto *known = atomic_load(&libcryptos); known; known = known->next)
		if ((void *)known->libcrypto.BIO_free == bio_free)
			return &known->libcrypto;
	return NULL;
}

/* As add_libssl. */
static const struct libcrypto *add_libcrypto(const struct libcrypto *fresh)
{
	static struct known_libcrypto room[ROOM];
	static unsigned taken;
	struct known_libcrypto *known = taken < ROOM ? &room[taken++] : malloc(sizeof *known);
	if (!known)
		return NULL;
	*known = (struct known_libcrypto){*fresh, atomic_load(&libcryptos)};
	atomic_store(&libcryptos, known);
	note_pair();
	return &known->libcrypto;
}

/* As library_of. One for which there is no memory is looked up again at each call: slow, but never wrong. */
static const struct libcrypto *crypto_of(void *bio_free)
{
	static _Thread_local struct libcrypto fresh;
	const struct libcrypto *known = known_crypto(bio_free);
	if (known)
		return known;
	fill_crypto(&fresh, bio_free);

	pthread_mutex_lock(&publishing);
	known = known_crypto(bio_free);
	if (!known && bio_free)
		known = add_libcrypto(&fresh);
	pthread_mutex_unlock(&publishing);
	return known ? known : &fresh;
}

const struct libcrypto *openssl_libcrypto(void *caller)
{
	const struct libcrypto *crypto = remembered(&crypto_callers, caller);
	if (crypto)
		return crypto;
	int saved = errno;
	void *bio_free = find_function("BIO_free", "libcrypto", caller);
	if (!bio_free)
		bio_free = find_in_any("BIO_free", "");
	crypto = crypto_of(bio_free);
	if (crypto == known_crypto(bio_free))
		remember(&crypto_callers, caller, crypto);
	errno = saved;
	return crypto;
}

void openssl_child_after_fork(void)
{
	pthread_mutex_init(&publishing, NULL);
}

/*
 * dladdr() waits for the loader's lock, which another thread may hold whose library's constructor waits for this one:
 * dl_iterate_phdr(), which does not, goes first.
 */
bool openssl_is_cleanup(void (*function)(void *))
{
	Dl_info object;
	return code_range_is_named_openssl((void *)function) && dladdr((void *)function, &object) &&
	       object.dli_sname && strcmp(object.dli_sname, "OPENSSL_cleanup") == 0 &&
	       dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}

bool openssl_is_libcrypto(void *address)
{
	for (struct known_libssl *known = atomic_load(&libssls); known; known = known->next)
		if (code_range_holds(&known->libssl.crypto_code, address))
			return true;
	return false;
}

static bool is_in_libssl(void *address)
{
	for (struct known_libssl *known = atomic_load(&libssls); known; known = known->next)
		if (code_range_holds(&known->libssl.code, address))
			return true;
	return false;
}

bool openssl_calls_itself(void *caller)
{
	return code_range_is_us(caller) || is_in_libssl(caller);
}

bool openssl_has(const struct libcrypto *crypto, void *address)
{
	return code_range_holds(&crypto->code, address) || is_in_libssl(address);
}
