/* SPDX-License-Identifier: MIT */
/*
 * Each of these is seen in the file or beside it, and shows only that something may come: what does come the program decides
 * when it runs.
 *
 * Rules: a library that every program has, or that loads what never brings TLS, is no sign that more may come; else all programs
 * "cannot be told".
 */
#include "surroundings.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../program.h"
#include "script.h"
#include "unit.h"

/* They open files of configuration, character sets, keys, tokens; libcrypto its own providers. */
static const char *const harmless_loaders[] = {
	"libc.so*",       "ld-linux*",      "ld-musl-*",        "libdl.so*",       "libcrypto.so*",
	"libselinux.so*", "libsystemd.so*", "libudev.so*",      "libp11-kit.so*",  "libgnutls.so*",
	"libsasl2.so*",   "libstdc++.so*",  "libtlsbye.so*",    "lib[alt]san.so*", "libubsan.so*",
	"libtsan.so*",    "libkrb5*.so*",   "libgmodule-2*.so*"};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < sizeof(harmless_loaders) / sizeof(harmless_loaders[0]); i++)
		if (fnmatch(harmless_loaders[i], name, 0) == 0)
			return true;
	return false;
}

static void note_loaders(struct answer *answer)
{
	const struct objects *objects = &answer->objects;

	answer->may_load_more = objects->all[0].elf.imports & IMPORTS_DLOPEN;
	for (size_t i = 1; i < objects->count && !answer->may_load_more; i++) {
		const struct object *object = &objects->all[i];

		if (!(object->elf.imports & IMPORTS_DLOPEN) || is_harmless(objects_base_name(object)))
			continue;
		answer->may_load_more = true;
		answer->loader = objects_base_name(object);
	}
}

static void note_script(struct answer *answer)
{
	unsigned line;

	if (answer->process || strcmp(answer->path, answer->code) == 0)
		return;
	line = script_executes(answer->path, answer->code);
	if (line == 0)
		return;
	answer->executes = true;
	answer_reason(
		answer, "script-executes",
		"line %u of it executes another program in its place: that one inherits the object, and whether "
		"it can be reached is another question",
		line);
}

/* The program itself, not a library of its: nearly everything has one that needs libseccomp somewhere. */
static void note_filter(struct answer *answer)
{
	const struct elf_file *elf = &answer->objects.all[0].elf;

	for (size_t i = 0; i < elf->needed_count && !answer->process; i++)
		answer->own_filter |= strncmp(elf->needed[i], "libseccomp.so", 13) == 0;
	if (answer->own_filter)
		answer_reason(
			answer, "seccomp-library",
			"it needs libseccomp: it can put a filter on itself, and one that kills for a system call "
			"of the object's (socket, connect and sendmsg to the hub) would end it");
}

static void note_sanitizer(struct answer *answer)
{
	if (answer->obstacle == OBSTACLE_NONE && !answer->process && program_needs_asan(answer->code))
		answer_reason(
			answer, "sanitizer",
			"it is built with AddressSanitizer, whose runtime ends a program that has any object before it: "
			"tlsbye run tells it by ASAN_OPTIONS not to");
}

/* What the bits would do to somebody else: program.c tells what they do to whoever asks. */
static void note_privileges(struct answer *answer)
{
	struct stat st;

	if (answer->process || answer->obstacle != OBSTACLE_NONE || stat(answer->code, &st) != 0)
		return;
	if ((st.st_mode & (S_ISUID | S_ISGID)) || getxattr(answer->code, "security.capability", NULL, 0) > 0)
		answer_reason(
			answer, "privileged-file",
			"its file gives privileges (setuid, setgid or capabilities): started by somebody whom they "
			"raise, ld.so ignores LD_PRELOAD in it");
}

static void note_unit(struct answer *answer)
{
	struct unit_line *lines;
	size_t count = answer->process ? 0 : unit_lines(answer->path, &lines);

	for (size_t i = 0; i < count; i++) {
		bool filter = strncmp(lines[i].text, "SystemCallFilter=", 17) == 0;

		answer_reason(
			answer, filter ? "unit-filter" : "unit-confines", "%s, which starts it, has %s%s",
			lines[i].unit, lines[i].text,
			filter ? ": @system-service lets the object's calls through, of a narrower one that is not known"
			: strncmp(lines[i].text, "Root", 4) == 0
				? ": the object has to be in there"
				: ": without AF_UNIX in it there is no hub, and each socket gets a process of its own");
	}
}

void surroundings_note(struct answer *answer)
{
	note_loaders(answer);
	note_script(answer);
	note_filter(answer);
	note_sanitizer(answer);
	note_privileges(answer);
	note_unit(answer);
}
