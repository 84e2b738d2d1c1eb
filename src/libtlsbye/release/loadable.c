/* SPDX-License-Identifier: MIT */
/* See loadable.h. A program without a loader, a static one, ignores the variable and hands it on to whom it starts: it keeps it. */
#include "release/loadable.h"

#include "connection/lent.h"
#include "sys/blocked_signals.h"
#include "sys/code_range.h"
#include "sys/process.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <errno.h>
#include <gnu/lib-names.h>
#include <link.h>
#include <string.h>

/* Bounds of what is looked at, which has to fit on the stack of a handler; a script's interpreter may be a script, so many times. */
enum { HEAD = 256, PARTS = 24, ENTRIES = 32, MOST_ENTRIES = 512, NAME = 64, SEARCHED = 1024, SCRIPTS = 4 };

/* Its room on the stack is given back before the next is needed. */
#define ON_ITS_OWN __attribute__((noinline))

struct program {
	int fd;
	unsigned count;
	ElfW(Phdr) parts[PARTS];
};

/* --- reading: by no function of libc's that is a cancellation point, which exec is none of --- */

static ssize_t read_some(int fd, void *buf, size_t size, uint64_t at)
{
#if __SIZEOF_LONG__ == 8
	return real.syscall(SYS_pread64, fd, buf, size, at);
#else /* where the 64 bits of pread64 go differs by machine; those of preadv do not */
	struct iovec part = {buf, size};
	return real.syscall(SYS_preadv, fd, &part, 1, (unsigned long)at, (unsigned long)(at >> 32));
#endif
}

static bool read_all(int fd, void *buf, size_t size, uint64_t at)
{
	return read_some(fd, buf, size, at) == (ssize_t)size;
}

/* --- an ELF file --- */

static const ElfW(Phdr) * part_of(const struct program *program, ElfW(Word) type)
{
	for (unsigned i = 0; i < program->count; i++)
		if (program->parts[i].p_type == type)
			return &program->parts[i];
	return NULL;
}

/* Where in the file is what will lie at this address? */
static bool offset_of(const struct program *program, ElfW(Addr) address, uint64_t *offset)
{
	for (unsigned i = 0; i < program->count; i++) {
		const ElfW(Phdr) *part = &program->parts[i];
		if (part->p_type != PT_LOAD || address - part->p_vaddr >= part->p_filesz)
			continue;
		*offset = part->p_offset + (address - part->p_vaddr);
		return true;
	}
	return false;
}

/* Of the dynamic section; offsets into its strings. NONE where it has no such entry. */
#define NONE UINT64_MAX
struct dynamic {
	uint64_t strings, first_needed, name, flags;
};

static void note(struct dynamic *dynamic, const ElfW(Dyn) * entry)
{
	uint64_t value = entry->d_un.d_val;
	if (entry->d_tag == DT_STRTAB)
		dynamic->strings = value;
	else if (entry->d_tag == DT_SONAME)
		dynamic->name = value;
	else if (entry->d_tag == DT_FLAGS_1)
		dynamic->flags = value;
	else if (entry->d_tag == DT_NEEDED && dynamic->first_needed == NONE)
		dynamic->first_needed = value;
}

/* Up to its end, or as far as can be read. */
ON_ITS_OWN static struct dynamic read_dynamic(const struct program *program)
{
	const ElfW(Phdr) *part = part_of(program, PT_DYNAMIC);
	struct dynamic dynamic = {NONE, NONE, NONE, 0};
	ElfW(Dyn) entries[ENTRIES];
	size_t n = part ? part->p_filesz / sizeof entries[0] : 0;
	for (size_t from = 0; from < n && from < MOST_ENTRIES; from += ENTRIES) {
		size_t count = n - from < ENTRIES ? n - from : ENTRIES;
		if (!read_all(program->fd, entries, count * sizeof entries[0],
			      part->p_offset + from * sizeof entries[0]))
			break;
		for (size_t i = 0; i < count; i++) {
			if (entries[i].d_tag == DT_NULL)
				return dynamic;
			note(&dynamic, &entries[i]);
		}
	}
	return dynamic;
}

static bool read_string(const struct program *program, const struct dynamic *dynamic, uint64_t at,
			char name[NAME])
{
	uint64_t offset;
	if (at == NONE || !offset_of(program, (ElfW(Addr))(dynamic->strings + at), &offset))
		return false;
	ssize_t size = read_some(program->fd, name, NAME - 1, offset);
	name[size < 0 ? 0 : size] = '\0';
	return size > 0;
}

static const char *without_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Without a loader it is static, or it is no program but a loader, executed with a program as its argument. */
static enum loadable by_own_name(const struct program *program)
{
	char name[NAME];
	struct dynamic dynamic = read_dynamic(program);
	if (!part_of(program, PT_DYNAMIC) || dynamic.flags & DF_1_PIE)
		return LOADABLE_YES;
	return read_string(program, &dynamic, dynamic.name, name) && strcmp(name, LD_SO) == 0 ? LOADABLE_YES
											      : LOADABLE_NO;
}

/* libasan.so.8, libclang_rt.asan-x86_64.so: it has to be the first that the program needs. libhwasan looks at no order. */
static bool needs_asan(const struct program *program)
{
	char name[NAME];
	struct dynamic dynamic = read_dynamic(program);
	if (!read_string(program, &dynamic, dynamic.first_needed, name))
		return false;
	const char *asan = strstr(without_folder(name), "asan");
	return asan && (asan[4] == '.' || asan[4] == '-') && (asan == name || asan[-1] != 'w');
}

static enum loadable look_at_parts(const struct program *program)
{
	char loader[HEAD];
	const ElfW(Phdr) *interpreter = part_of(program, PT_INTERP);
	if (!interpreter)
		return by_own_name(program);
	size_t size = interpreter->p_filesz;
	if (size < 2 || size > sizeof loader || !read_all(program->fd, loader, size, interpreter->p_offset) ||
	    loader[size - 1])
		return LOADABLE_YES;
	if (strcmp(without_folder(loader), LD_SO) != 0) /* another C library */
		return LOADABLE_NO;
	return needs_asan(program) ? LOADABLE_ASAN : LOADABLE_YES;
}

static enum loadable look_at_elf(int fd, const char *head, size_t size)
{
	const ElfW(Ehdr) *us = &__ehdr_start;
	struct program program = {.fd = fd};
	ElfW(Ehdr) header;
	if (size < sizeof header)
		return LOADABLE_YES;
	memcpy(&header, head, sizeof header);
	if (header.e_ident[EI_CLASS] != us->e_ident[EI_CLASS] ||
	    header.e_ident[EI_DATA] != us->e_ident[EI_DATA] || header.e_machine != us->e_machine)
		return LOADABLE_NO;
	program.count = header.e_phnum;
	if (header.e_phentsize != sizeof program.parts[0] || header.e_phnum > PARTS ||
	    !read_all(fd, program.parts, header.e_phnum * sizeof program.parts[0], header.e_phoff))
		return LOADABLE_YES;
	return look_at_parts(&program);
}

/* --- the file, or whose it is --- */

/* `lends`: a process that has its memory to itself marks the descriptors that it opens (lent.h); a vfork child writes nothing there. */
static int open_file(const char *path, bool lends)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE;
	int fd = (int)real.syscall(SYS_openat, AT_FDCWD, path, flags, 0);
	if (lends)
		lent_mark(fd);
	return fd;
}

static void close_file(int fd, bool lends)
{
	if (lends)
		lent_close(fd);
	else if (fd >= 0)
		real.syscall(SYS_close, fd);
}

/* As execvp(3) looks: the first on PATH that can be executed. What has too long a name is passed over as if it were not there. */
ON_ITS_OWN static int open_on_path(const char *file, bool lends)
{
	char path[SEARCHED];
	size_t length = strlen(file);
	for (const char *folder = settings_search_path(); *folder;) {
		size_t size = strcspn(folder, ":");
		if (size + 2 + length < sizeof path) {
			size_t end = size ? size : 1;
			memcpy(path, size ? folder : ".", end);
			path[end] = '/';
			memcpy(path + end + 1, file, length + 1);
			if (real.syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0)
				return open_file(path, lends);
		}
		folder += size + (folder[size] == ':');
	}
	return -1;
}

static size_t read_head(int fd, char head[HEAD])
{
	ssize_t size = fd < 0 ? 0 : read_some(fd, head, HEAD - 1, 0);
	head[size < 0 ? 0 : size] = '\0';
	return size < 0 ? 0 : (size_t)size;
}

static bool is_script(const char *head)
{
	return memcmp(head, "#!", 2) == 0;
}

/* As load_script() in Linux reads the line. NULL: it has none, or one that is too long. */
static const char *interpreter_of(char head[HEAD])
{
	char *name = head + 2 + strspn(head + 2, " \t");
	size_t length = strcspn(name, " \t\n");
	if (length == 0 || name[length] == '\0')
		return NULL;
	name[length] = '\0';
	return name;
}

/* The program's own descriptor, or one of ours, which is closed. A loop, since by recursion all interpreters' frames would be kept. */
static enum loadable look_at_file(int fd, bool ours, bool lends)
{
	char head[HEAD] = "";
	size_t size = read_head(fd, head);
	for (int left = SCRIPTS; is_script(head); left--) {
		const char *name = left ? interpreter_of(head) : NULL;
		if (ours)
			close_file(fd, lends);
		if (!name)
			return LOADABLE_YES;
		ours = true;
		fd = open_file(name, lends);
		size = read_head(fd, head);
	}
	bool elf = size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
	enum loadable answer = elf ? look_at_elf(fd, head, size) : LOADABLE_YES;
	if (ours)
		close_file(fd, lends);
	return answer;
}

static enum loadable look(enum exec_by by, const char *file, int fd, bool lends)
{
	if (by == EXEC_DESCRIPTOR)
		return look_at_file(fd, false, lends);
	if (!file || !*file)
		return LOADABLE_YES;
	bool searches = by == EXEC_SEARCH && !strchr(file, '/');
	return look_at_file(searches ? open_on_path(file, lends) : open_file(file, lends), true, lends);
}

/*
 * The loader searches for a name without a slash, and has words of its own ($LIB). And that we cannot open it now does not say that it
 * is not there: descriptors that are used up here are closed by the exec.
 */
static bool is_out_of_reach(const char *object, bool lends)
{
	if (!strchr(object, '/') || strchr(object, '$'))
		return false;
	int fd = open_file(object, lends), error = errno;
	close_file(fd, lends);
	return fd < 0 && (error == ENOENT || error == ENOTDIR || error == EACCES);
}

/* --- the answer --- */

struct look {
	bool lends;
	int saved;
	struct blocked_signals before;
};

/* Before the first connection only the hook of vfork() knows that somebody may live in our memory. */
static bool has_memory_to_itself(void)
{
	return process_home ? process_is_original() : !atomic_load(&process_shares);
}

static void begin(struct look *look)
{
	look->saved = errno;
	look->lends = has_memory_to_itself();
	if (!look->lends)
		return;
	blocked_signals_begin(&look->before, true); /* as lent.h wants it */
	lent_begin();
}

static void end(const struct look *look)
{
	if (look->lends) {
		lent_end();
		blocked_signals_end(&look->before);
	}
	errno = look->saved;
}

enum loadable loadable_look(enum exec_by by, const char *file, int fd)
{
	struct look now;
	begin(&now);
	enum loadable answer = look(by, file, fd, now.lends);
	end(&now);
	return answer;
}

bool loadable_is_out_of_reach(const char *object)
{
	struct look now;
	begin(&now);
	bool answer = is_out_of_reach(object, now.lends);
	end(&now);
	return answer;
}
