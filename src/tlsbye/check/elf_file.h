/* SPDX-License-Identifier: MIT */
/*
 * What one ELF file says about itself: to the loader (its header, its dynamic section), and to whoever wonders how it
 * talks TLS (its symbols). Read by libelf; the file is never run, mapped or trusted: a damaged one is an answer.
 */
#ifndef TLSBYE_CHECK_ELF_FILE_H
#define TLSBYE_CHECK_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum elf_state {
	ELF_READ,
	ELF_UNREADABLE, /* "error" tells why */
	ELF_OTHER,      /* no ELF file */
	ELF_DAMAGED,    /* one whose headers lead nowhere */
};

/* What a function that a file imports says about it: bits of "imports". */
enum {
	IMPORTS_CONNECTION = 1 << 0, /* makes, uses or frees an SSL */
	IMPORTS_SOCKET = 1 << 1,     /* gives OpenSSL the socket itself, or has it make one */
	IMPORTS_OWN_BIO = 1 << 2,    /* makes a kind of BIO of its own */
	IMPORTS_SET_BIO = 1 << 3,    /* gives an SSL any BIO */
	IMPORTS_MEMORY_BIO = 1 << 4, /* has memory BIOs or pairs: for connections, or only to parse a key */
	IMPORTS_DLOPEN = 1 << 5,
	IMPORTS_DLSYM = 1 << 6,
};

/* A stretch of the file that is loaded into memory. */
struct elf_segment {
	uint64_t offset, size;
};

struct elf_file {
	enum elf_state state;
	int error;
	int class, machine, type; /* ELFCLASS*, EM_*, ET_* */
	char *loader;             /* PT_INTERP, NULL without */
	bool dynamic, pie, has_symbols;
	bool symbolic, no_default_path; /* DF_SYMBOLIC, DF_1_NODEFLIB */
	char *soname, *rpath, *runpath;
	char **needed;
	size_t needed_count;
	struct elf_segment *segments;
	size_t segment_count;

	unsigned imports;     /* IMPORTS_* */
	unsigned ssl_imports; /* how many functions SSL_* */
	bool exports_ssl;     /* it defines SSL_free for others */
	bool hides_ssl;       /* it defines SSL_free for itself: a static OpenSSL, not stripped */
	bool full_openssl;    /* what it exports is all that the goodbye needs */
	bool is_boringssl;    /* by a function that only BoringSSL and its kin have */
	char *libc_needs;     /* the newest version of glibc's that it asks for, like "2.34"; NULL */
	char *go_version;     /* "go1.22.1", "" for a Go program that does not tell, NULL for none */
	bool is_rust;
};

/* Always fills "file"; its strings are its own. */
void elf_file_read(const char *path, struct elf_file *file);

/* "x86-64", "AArch64", or "machine 123". */
const char *elf_file_machine_name(int machine);

#endif
