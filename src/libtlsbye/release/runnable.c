/* SPDX-License-Identifier: MIT */
/* See runnable.h. The kernel takes ELF and #!; what is neither it refuses, and execvp gives it to a shell. */
#include "release/runnable.h"

#include "connection/lent.h"
#include "sys/code_range.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* What the kernel would say to a file. */
enum answer { RUNS, NO_FORMAT /* ENOEXEC */, FAILS };

/* So much of a file the kernel looks at (BINPRM_BUF_SIZE in Linux); before 5.1 it was half of it. */
enum { HEAD = 256 };

/* Whoever runs another program's file: what it is itself is not looked into. */
static bool is_interpreter(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* As load_script() in Linux reads it: a name that goes on where the kernel's view ends is none. */
static enum answer ask_script(char *head)
{
	char *name = head + 2 + strspn(head + 2, " \t");
	size_t length = strcspn(name, " \t\n");
	if (length == 0 || name + length == head + HEAD - 1)
		return NO_FORMAT;
	name[length] = '\0';
	return is_interpreter(name) ? RUNS : FAILS;
}

static bool is_for_this_machine(const ElfW(Ehdr) * program)
{
	const ElfW(Ehdr) *us = &__ehdr_start; /* the machine that programs are for here */
	return program->e_ident[EI_CLASS] == us->e_ident[EI_CLASS] &&
	       program->e_ident[EI_DATA] == us->e_ident[EI_DATA] && program->e_machine == us->e_machine &&
	       (program->e_type == ET_EXEC || program->e_type == ET_DYN) &&
	       program->e_phentsize == sizeof(ElfW(Phdr)) &&
	       program->e_phnum <= (64 << 10) / sizeof(ElfW(Phdr)); /* as load_elf_phdrs() in Linux */
}

/* The head is written over: an interpreter with a longer name would be a rare one. */
static enum answer ask_elf(int fd, char *head, size_t size)
{
	ElfW(Ehdr) program;
	bool loads = false;
	if (size < sizeof program)
		return NO_FORMAT;
	memcpy(&program, head, sizeof program);
	if (!is_for_this_machine(&program))
		return NO_FORMAT;
	for (unsigned i = 0; i < program.e_phnum; i++) {
		ElfW(Phdr) part;
		off_t at = (off_t)(program.e_phoff + i * sizeof part);
		if (pread(fd, &part, sizeof part, at) != sizeof part)
			return FAILS;
		loads = loads || part.p_type == PT_LOAD;
		if (part.p_type != PT_INTERP)
			continue;
		if (part.p_filesz < 2 || part.p_filesz >= HEAD ||
		    pread(fd, head, part.p_filesz, (off_t)part.p_offset) != (ssize_t)part.p_filesz)
			return FAILS;
		head[part.p_filesz] = '\0';
		if (!is_interpreter(head))
			return FAILS;
	}
	return loads ? RUNS : NO_FORMAT;
}

static enum answer ask(int fd, const char *path)
{
	struct stat status;
	char head[HEAD];
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !(status.st_mode & 0111))
		return FAILS;
	if (path && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return FAILS;
	ssize_t size = pread(fd, head, HEAD - 1, 0);
	if (size < 0)
		return FAILS;
	head[size] = '\0';
	if (size >= 2 && memcmp(head, "#!", 2) == 0)
		return ask_script(head);
	if (size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return ask_elf(fd, head, (size_t)size);
	return NO_FORMAT;
}

static enum answer ask_path(const char *path)
{
	lent_begin();
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	lent_mark(fd);
	/* A program that may be executed and not read is rare enough to be passed through. */
	enum answer answer = fd < 0 ? FAILS : ask(fd, path);
	lent_close(fd);
	lent_end();
	return answer;
}

/* The shell opens a script by a name that a descriptor with FD_CLOEXEC has not got any more: execveat(2), BUGS. */
static bool descriptor_runs(int fd)
{
	char magic[2];
	int flags = real.fcntl(fd, F_GETFD);
	if (flags < 0 || pread(fd, magic, sizeof magic, 0) != sizeof magic)
		return false;
	bool script = memcmp(magic, "#!", sizeof magic) == 0;
	return !(script && flags & FD_CLOEXEC) && ask(fd, NULL) == RUNS;
}

/* As execvp(3) looks: the first on PATH that can be executed. */
static bool is_on_path(const char *file)
{
	char path[PATH_MAX];
	size_t length = strlen(file);
	for (const char *folder = settings_search_path(); *folder;) {
		size_t size = strcspn(folder, ":");
		if (size + 1 + length < sizeof path) {
			memcpy(path, size ? folder : ".", size ? size : 1);
			size_t end = size ? size : 1;
			path[end] = '/';
			memcpy(path + end + 1, file, length + 1);
			if (ask_path(path) != FAILS)
				return true;
		}
		folder += size + (folder[size] == ':');
	}
	return false;
}

bool runnable_finds_program(enum exec_by by, const char *file, int fd)
{
	if (by == EXEC_DESCRIPTOR)
		return descriptor_runs(fd);
	if (!file || !*file)
		return false;
	if (by == EXEC_PATH)
		return ask_path(file) == RUNS;
	return strchr(file, '/') ? ask_path(file) != FAILS : is_on_path(file);
}

/* --- arguments --- */

/* execve(2), "Limits on size of arguments and environment". */
static size_t room_for_arguments(void)
{
	enum { LEAST = 128 << 10, MOST = 6 << 20 };
	struct rlimit stack;
	if (getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur / 4 < LEAST)
		return LEAST;
	return stack.rlim_cur / 4 < MOST ? (size_t)stack.rlim_cur / 4 : MOST;
}

/* Takes them out of the room: their bytes and their pointers. False where there is not enough. */
static bool take(char *const strings[], size_t *room)
{
	size_t longest = 32 * getauxval(AT_PAGESZ); /* MAX_ARG_STRLEN */
	for (; strings && *strings; strings++) {
		size_t size = strnlen(*strings, longest) + 1;
		if (size > longest || size + sizeof *strings > *room)
			return false;
		*room -= size + sizeof *strings;
	}
	return true;
}

bool runnable_arguments_fit(char *const argv[], char *const environment[])
{
	/* The path goes there, too, and of a script the line that names its interpreter; a shell's path for execvp. */
	const size_t more = PATH_MAX + HEAD + 2 * sizeof(char *);
	size_t room = room_for_arguments() - more;
	return take(argv, &room) && take(environment, &room);
}
