/* SPDX-License-Identifier: MIT */
/*
 * What a file imports tells how it talks: by SSL_set_fd OpenSSL has the socket itself; by BIO_meth_new the program
 * stands between the two; by memory BIOs nobody but the program sees the socket (libtlsbye.so(8), LIMITS OF REACH).
 */
#include "elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const struct {
	const char *name;
	unsigned tells;
} imports[] = {
	{"SSL_new", IMPORTS_CONNECTION},
	{"SSL_free", IMPORTS_CONNECTION},
	{"SSL_connect", IMPORTS_CONNECTION},
	{"SSL_accept", IMPORTS_CONNECTION},
	{"SSL_do_handshake", IMPORTS_CONNECTION},
	{"SSL_read", IMPORTS_CONNECTION},
	{"SSL_read_ex", IMPORTS_CONNECTION},
	{"SSL_write", IMPORTS_CONNECTION},
	{"SSL_write_ex", IMPORTS_CONNECTION},
	{"BIO_f_ssl", IMPORTS_CONNECTION | IMPORTS_SOCKET},
	{"BIO_new_ssl", IMPORTS_CONNECTION | IMPORTS_SOCKET},
	{"BIO_new_ssl_connect", IMPORTS_CONNECTION | IMPORTS_SOCKET},
	{"BIO_new_buffer_ssl_connect", IMPORTS_CONNECTION | IMPORTS_SOCKET},
	{"SSL_set_fd", IMPORTS_SOCKET},
	{"SSL_set_rfd", IMPORTS_SOCKET},
	{"SSL_set_wfd", IMPORTS_SOCKET},
	{"BIO_new_socket", IMPORTS_SOCKET},
	{"BIO_s_socket", IMPORTS_SOCKET},
	{"BIO_s_connect", IMPORTS_SOCKET},
	{"BIO_new_connect", IMPORTS_SOCKET},
	{"BIO_s_accept", IMPORTS_SOCKET},
	{"BIO_new_accept", IMPORTS_SOCKET},
	{"BIO_new_dgram", IMPORTS_SOCKET},
	{"BIO_s_datagram", IMPORTS_SOCKET},
	{"BIO_meth_new", IMPORTS_OWN_BIO},
	{"SSL_set_bio", IMPORTS_SET_BIO},
	{"SSL_set0_rbio", IMPORTS_SET_BIO},
	{"SSL_set0_wbio", IMPORTS_SET_BIO},
	{"BIO_s_mem", IMPORTS_MEMORY_BIO},
	{"BIO_s_bio", IMPORTS_MEMORY_BIO},
	{"BIO_new_bio_pair", IMPORTS_MEMORY_BIO},
	{"dlopen", IMPORTS_DLOPEN},
	{"dlsym", IMPORTS_DLSYM},
	{"dlvsym", IMPORTS_DLSYM},
};

/* The goodbye writes by these; the object leaves a libssl alone that lacks one (real.c, "usable"). */
static const char *const goodbye_needs[] = {"SSL_free", "SSL_set0_wbio", "SSL_write_ex"};
enum { GOODBYE_NEEDS = sizeof(goodbye_needs) / sizeof(goodbye_needs[0]) };

static void note_import(const char *name, struct elf_file *file)
{
	if (strncmp(name, "SSL_", 4) == 0)
		file->ssl_imports++;
	for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++)
		if (strcmp(name, imports[i].name) == 0)
			file->imports |= imports[i].tells;
}

static unsigned note_export(const char *name, struct elf_file *file)
{
	if (strcmp(name, "SSL_free") == 0)
		file->exports_ssl = true;
	if (strcmp(name, "SSL_set_renegotiate_mode") == 0)
		file->is_boringssl = true;
	for (unsigned i = 0; i < GOODBYE_NEEDS; i++)
		if (strcmp(name, goodbye_needs[i]) == 0)
			return 1U << i;
	return 0;
}

void elf_symbols_read(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *file)
{
	Elf_Data *data = elf_getdata(section, NULL);
	unsigned found = 0;
	GElf_Sym symbol;

	for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);

		if (!name || GELF_ST_TYPE(symbol.st_info) == STT_FILE)
			continue;
		if (header->sh_type == SHT_SYMTAB)
			file->hides_ssl |= symbol.st_shndx != SHN_UNDEF && strcmp(name, "SSL_free") == 0;
		else if (symbol.st_shndx == SHN_UNDEF)
			note_import(name, file);
		else if (GELF_ST_BIND(symbol.st_info) != STB_LOCAL)
			found |= note_export(name, file);
	}
	if (header->sh_type == SHT_SYMTAB)
		return;
	file->has_symbols = data != NULL;
	file->full_openssl = found == (1U << GOODBYE_NEEDS) - 1;
}

/* 2.34 is newer than 2.4. */
static bool newer(const char *version, const char *than)
{
	return !than || strverscmp(version, than) > 0;
}

void elf_symbols_read_versions(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *file)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t at = 0;
	GElf_Verneed need;
	GElf_Vernaux version;

	for (unsigned n = 0; data && n < header->sh_info && gelf_getverneed(data, (int)at, &need); n++) {
		size_t inner = at + need.vn_aux;

		for (unsigned i = 0; i < need.vn_cnt && gelf_getvernaux(data, (int)inner, &version); i++) {
			const char *name = elf_strptr(elf, header->sh_link, version.vna_name);

			if (name && strncmp(name, "GLIBC_2.", 8) == 0 && newer(name + 6, file->libc_needs))
				file->libc_needs = memory_copy(name + 6);
			if (version.vna_next == 0 || version.vna_next > data->d_size - inner)
				break;
			inner += version.vna_next;
		}
		if (need.vn_next == 0 || need.vn_next > data->d_size - at)
			break;
		at += need.vn_next;
	}
}
