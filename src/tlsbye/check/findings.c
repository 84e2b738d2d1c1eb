/* SPDX-License-Identifier: MIT */
/*
 * Which TLS is in the program, and who calls it. Symbols are believed first, then names of libraries, then traces in the
 * bytes, since those may be mere talk: nginx carries the version of the OpenSSL that it was built with, as text.
 *
 * Rules: whatever is found is a reason in the answer, also where it does not change the verdict (P12).
 */
#include "answer.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "surroundings.h"

/* The file that has OpenSSL's functions for this caller. */
static struct object *provider_of(struct answer *answer, const struct object *caller)
{
	struct objects *objects = &answer->objects;
	struct object *first = NULL;

	if (objects->all[0].elf.exports_ssl)
		return &objects->all[0]; /* the loader asks the program first, before any preloaded object */
	for (size_t i = 0; i < objects->count; i++) {
		struct object *object = &objects->all[i];
		const char *name = object->elf.soname ? object->elf.soname : object->name;

		if (!object->elf.exports_ssl)
			continue;
		for (size_t k = 0; k < caller->elf.needed_count; k++)
			if (strcmp(caller->elf.needed[k], name) == 0)
				return object;
		if (!first)
			first = object;
	}
	return first;
}

/* libssl does not tell its version; the libcrypto that it needs does. */
static void find_version(struct answer *answer, const struct object *object, struct tls *tls)
{
	const struct object *teller = object;
	struct marks marks;

	for (size_t i = 0; i < answer->objects.count; i++)
		for (size_t k = 0; k < object->elf.needed_count; k++)
			if (strncmp(object->elf.needed[k], "libcrypto", 9) == 0 &&
			    strcmp(object->elf.needed[k], objects_base_name(&answer->objects.all[i])) == 0)
				teller = &answer->objects.all[i];
	for (size_t i = 0; teller == object && i < answer->objects.count; i++)
		if (object != &answer->objects.all[0] &&
		    strncmp(objects_base_name(&answer->objects.all[i]), "libcrypto.so", 12) == 0)
			teller = &answer->objects.all[i];
	marks_search(teller->opened, &teller->elf, &marks);
	if (marks.libressl[0] && !marks.openssl[0])
		tls->kind = TLS_LIBRESSL;
	strcpy(tls->version, tls->kind == TLS_LIBRESSL ? marks.libressl : marks.openssl);
	if (tls->kind == TLS_BORINGSSL)
		tls->version[0] = '\0';
}

static struct tls *add_tls(struct answer *answer, enum tls_kind kind, const struct object *object,
			   bool inside)
{
	answer->tls = memory_grow(answer->tls, answer->tls_count, sizeof(*answer->tls));
	struct tls *tls = &answer->tls[answer->tls_count++];

	*tls = (struct tls){
		.kind = kind, .path = object->path, .inside = inside, .symbolic = object->elf.symbolic};
	return tls;
}

static struct caller *add_caller(struct answer *answer, const struct object *object, const char *socket,
				 enum reach reach)
{
	answer->callers = memory_grow(answer->callers, answer->caller_count, sizeof(*answer->callers));
	struct caller *caller = &answer->callers[answer->caller_count++];

	*caller = (struct caller){.path = object->path,
				  .functions = object->elf.ssl_imports,
				  .socket = socket,
				  .reach = reach,
				  .module = object->module};
	return caller;
}

static char *called(const struct answer *answer, const struct object *object)
{
	if (object == &answer->objects.all[0])
		return memory_copy("the program itself");
	return memory_copy(object->path);
}

static char *needed_by(const struct answer *answer, const struct object *object)
{
	if (object->needed_by != NOBODY)
		return memory_print(", needed by %s",
				    object->needed_by == 0
					    ? "the program itself"
					    : objects_base_name(&answer->objects.all[object->needed_by]));
	return memory_copy(answer->process ? ", loaded at run time" : ", a module that it loads at run time");
}

/* --- OpenSSL as a library, and its callers --- */

static void note_provider(struct answer *answer, const struct object *object)
{
	bool itself = object == &answer->objects.all[0];
	bool library = strncmp(objects_base_name(object), "libssl", 6) == 0;
	struct tls *tls = add_tls(answer, object->elf.is_boringssl ? TLS_BORINGSSL : TLS_OPENSSL, object,
				  itself || !library);

	find_version(answer, object, tls);
	if (itself) {
		answer_reason(answer, "openssl-in-program",
			      "%s %s is linked into the program itself: its calls do not pass by the object",
			      libraries_name(tls->kind), tls->version);
		add_caller(answer, object, "unknown", REACH_NONE);
	} else if (!library) {
		answer_reason(answer, "openssl-in-library", "%s %s is linked into %s: %s",
			      libraries_name(tls->kind), tls->version, object->path,
			      tls->symbolic ? "its calls to itself do not pass by the object"
					    : "its calls to itself may pass by the object or not");
		add_caller(answer, object, "unknown", tls->symbolic ? REACH_NONE : REACH_PART);
	} else {
		char *who = needed_by(answer, object);

		answer_reason(answer, "openssl", "%s %s: %s%s", libraries_name(tls->kind),
			      tls->version[0] ? tls->version : "(version unknown)", object->path, who);
		free(who);
	}
	if (!itself && tls->symbolic)
		answer_reason(
			answer, "symbolic",
			"%s is linked -Bsymbolic: its calls to itself do not pass by the object, which acts on the "
			"program's calls alone",
			objects_base_name(object));
	if (!itself && !object->elf.full_openssl)
		answer_reason(answer, "lacks-functions",
			      "%s lacks SSL_set0_wbio or SSL_write_ex, without which the object does nothing",
			      object->path);
}

/* By which way the connection gets its socket, and so how much of the goodbye there can be. */
static enum reach reach_of(const struct answer *answer, const struct object *object, const char **socket)
{
	unsigned imports = object->elf.imports;
	bool memory = (imports & IMPORTS_SET_BIO) && (imports & IMPORTS_MEMORY_BIO);

	*socket = "socket";
	if ((answer->known && answer->known->memory) || (answer->script && answer->script->memory)) {
		*socket = "memory-bio";
		return REACH_NONE;
	}
	if (imports & IMPORTS_OWN_BIO) {
		*socket = "own-bio";
		return REACH_PART;
	}
	if (!(imports & IMPORTS_SOCKET)) {
		*socket = memory ? "memory-bio" : "unknown";
		return memory ? REACH_NONE : REACH_PART;
	}
	if (memory && !(answer->known && answer->known->sockets)) {
		*socket = "either";
		return REACH_PART;
	}
	return REACH_WHOLE;
}

static void explain_socket(struct answer *answer, const char *who, const char *socket)
{
	if (strcmp(socket, "own-bio") == 0)
		answer_reason(
			answer, "own-bio",
			"%s can put a BIO of its own between OpenSSL and the socket (BIO_meth_new): there the "
			"object half-closes and drains, and close_notify is the program's own to send",
			who);
	else if (strcmp(socket, "memory-bio") == 0)
		answer_reason(answer, "memory-bio",
			      "%s speaks through memory BIOs: the object does not see the socket there", who);
	else if (strcmp(socket, "either") == 0)
		answer_reason(
			answer, "memory-bio-possible",
			"%s gives OpenSSL sockets, and can also speak through memory BIOs (SSL_set_bio, BIO_s_mem), "
			"where the object does not see the socket",
			who);
	else if (strcmp(socket, "unknown") == 0)
		answer_reason(answer, "socket-unknown", "how %s gives OpenSSL its sockets is not to be seen",
			      who);
}

static void note_caller(struct answer *answer, const struct object *object)
{
	const struct object *provider = provider_of(answer, object);
	const char *socket;
	enum reach reach = reach_of(answer, object, &socket);
	char *who = called(answer, object);

	if (!provider) {
		answer_reason(answer, "openssl-not-found", "%s calls OpenSSL, and no libssl for it was found",
			      who);
		reach = REACH_NONE;
		answer->unresolved = true;
	} else if (provider == &answer->objects.all[0] || !provider->elf.full_openssl) {
		reach = REACH_NONE;
	}
	if (object->deepbind)
		reach = REACH_NONE;
	add_caller(answer, object, socket, reach);
	answer_reason(answer, "imports", "%s imports %u functions SSL_*%s", who, object->elf.ssl_imports,
		      object->module ? ", and is loaded by dlopen" : "");
	if (object->deepbind)
		answer_reason(answer, "deepbind",
			      "%s is loaded by RTLD_DEEPBIND: its calls go past the object", who);
	explain_socket(answer, who, socket);
	free(who);
}

/* --- what is not OpenSSL, or hidden --- */

static void note_static(struct answer *answer, const struct object *object, enum tls_kind kind,
			const char *version, bool symbols)
{
	char *who = called(answer, object);
	struct tls *tls = add_tls(answer, kind, object, true);

	strcpy(tls->version, version);
	answer_reason(answer, kind <= TLS_BORINGSSL ? "openssl-static" : "other-tls",
		      "%s%s%s is linked into %s%s: the object does not see its calls", libraries_name(kind),
		      *version ? " " : "", version, who,
		      symbols ? "" : " (by what its bytes hold; it has no symbols of it)");
	add_caller(answer, object, "unknown", REACH_NONE);
	free(who);
}

/* Functions that are looked up by dlsym: the library's calls to itself may still pass by the object. */
static void note_dlsym(struct answer *answer, const struct object *object, const struct marks *marks)
{
	const char *path = marks->libssl[0] ? objects_find_library(&answer->objects, marks->libssl) : NULL;
	struct elf_file library = {0};
	char *who = called(answer, object);

	if (path)
		elf_file_read(path, &library);
	answer_reason(answer, "dlsym",
		      "%s seems to look OpenSSL's functions up by dlsym (it names SSL_* functions%s%s): "
		      "such calls go past the object",
		      who, *marks->libssl ? " and " : "", marks->libssl);
	if (library.symbolic)
		answer_reason(answer, "dlsym-symbolic",
			      "%s is linked -Bsymbolic: nothing of them is seen at all", path);
	else
		answer_reason(
			answer, "dlsym-partly",
			"where libssl is not linked -Bsymbolic%s%s, its calls to itself show the connection: what was "
			"written arrives, close_notify is not said",
			path ? ", as " : "", path ? path : "");
	add_caller(answer, object, "unknown", library.symbolic ? REACH_NONE : REACH_PART);
	free(who);
}

static bool to_be_searched(const struct object *object)
{
	return object->needed_by == NOBODY || ((object->elf.imports & IMPORTS_DLSYM) &&
					       strncmp(objects_base_name(object), "libcrypto", 9) != 0);
}

static void note_traces(struct answer *answer, const struct object *object)
{
	bool talks = object->elf.imports & IMPORTS_CONNECTION;
	struct marks marks;

	marks_search(object->opened, &object->elf, &marks);
	enum tls_kind kind = libraries_by_marks(&marks, object->elf.go_version != NULL);

	if (marks.cut)
		answer_reason(answer, "not-all-searched", "%s is too large to be searched whole",
			      object->path);
	if (object->elf.hides_ssl)
		note_static(answer, object, kind > TLS_BORINGSSL || kind == TLS_NONE ? TLS_OPENSSL : kind,
			    marks.openssl, true);
	else if (kind != TLS_NONE && !talks)
		note_static(answer, object, kind, kind == TLS_OPENSSL ? marks.openssl : "", false);
	else if (!talks && marks.names_functions && (object->elf.imports & IMPORTS_DLSYM))
		note_dlsym(answer, object, &marks);
}

static void note_other_library(struct answer *answer, const struct object *object, enum tls_kind kind)
{
	char *who = needed_by(answer, object);

	add_tls(answer, kind, object, false);
	answer_reason(answer, "other-tls", "%s: %s%s; its connections are out of reach", libraries_name(kind),
		      object->path, who);
	free(who);
}

static void note_object(struct answer *answer, const struct object *object)
{
	enum tls_kind kind = libraries_by_name(objects_base_name(object));

	if (object->elf.state != ELF_READ) {
		if (object != &answer->objects.all[0])
			answer_reason(answer, "unreadable", "%s cannot be read as a library", object->path);
	} else if (strncmp(objects_base_name(object), "libtlsbye.so", 12) == 0) {
		return; /* it has hooks of these names */
	} else if (object->elf.exports_ssl && kind == TLS_NONE) {
		note_provider(answer, object);
	} else if (kind != TLS_NONE) {
		note_other_library(answer, object, kind);
	} else {
		if (object->elf.imports & IMPORTS_CONNECTION)
			note_caller(answer, object);
		if (to_be_searched(object))
			note_traces(answer, object);
	}
}

/* --- how the file is built --- */

static void describe(struct answer *answer)
{
	const struct elf_file *elf = &answer->objects.all[0].elf;
	const char *base = elf->loader ? strrchr(elf->loader, '/') : NULL;
	bool musl = base && strncmp(base, "/ld-musl-", 9) == 0;

	answer_reason(answer, "elf", "%s%s a %d-bit program for %s, %s%s%s%s",
		      strcmp(answer->path, answer->code) == 0 ? "it is" : "it is run by ",
		      strcmp(answer->path, answer->code) == 0 ? "" : memory_print("%s,", answer->code),
		      elf->class == ELFCLASS32 ? 32 : 64, elf_file_machine_name(elf->machine),
		      elf->loader ? "linked dynamically" : "linked statically",
		      musl              ? ", against musl"
		      : elf->libc_needs ? ", against glibc "
					: "",
		      elf->libc_needs && !musl ? elf->libc_needs : "",
		      elf->libc_needs && !musl ? " or later" : "");
	if (elf->go_version)
		answer_reason(answer, "go", "it is written in Go%s%s", *elf->go_version ? ": " : "",
			      elf->go_version);
	else if (elf->is_rust)
		answer_reason(answer, "rust", "it is written in Rust");
	if (!elf->has_symbols && elf->loader)
		answer_reason(answer, "no-symbols",
			      "it has no table of symbols, so what it calls is not to be seen");
}

void findings_collect(struct answer *answer)
{
	struct objects *objects = &answer->objects;

	answer->known = known_program(answer->process ? answer->process->exe : answer->code);
	if (!answer->process && strcmp(answer->path, answer->code) != 0)
		answer->script = known_program(answer->path);
	if (!answer->process)
		objects_add_needed(objects, 0);
	/* A process shows what it has loaded; what it has not may be told all the same. */
	if (answer->known && !answer->process)
		known_add_modules(answer->known, objects);
	if (answer->script)
		known_add_modules(answer->script, objects);
	describe(answer);
	for (size_t i = 0; i < objects->missing_count; i++)
		answer_reason(answer, "missing-library", "%s, which it needs, is nowhere to be found",
			      objects->missing[i]);
	for (size_t i = 0; i < objects->count; i++)
		note_object(answer, &objects->all[i]);
	surroundings_note(answer);
}
