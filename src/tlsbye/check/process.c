/* SPDX-License-Identifier: MIT */
/*
 * proc(5). Files are opened through /proc/PID/root, so that a container's libraries are its own; a file that was
 * replaced or deleted since is opened through map_files, which needs more privileges, or stays unread.
 *
 * Rules: the process may end at any moment, and its number may be somebody else's then: whatever cannot be read is
 * UNKNOWN, and only without its executable there is no answer.
 */
#include "process.h"

#include <errno.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../cli.h"
#include "memory.h"

#define DELETED  " (deleted)"
#define FILE_MAX (8 << 20)

/* A whole file of /proc, with a 0 behind it; NULL when it cannot be read. */
static char *read_file(pid_t pid, const char *name, size_t *size)
{
	char *path = memory_print("/proc/%d/%s", (int)pid, name), *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	*size = 0;
	free(path);
	if (fd < 0)
		return NULL;
	text = memory_grow(NULL, 0, FILE_MAX + 1);
	while (*size < FILE_MAX && (got = read(fd, text + *size, FILE_MAX - *size)) > 0)
		*size += (size_t)got;
	close(fd);
	if (got < 0 && *size == 0) {
		free(text);
		return NULL;
	}
	text[*size] = '\0';
	return text;
}

static int status_number(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? atoi(line + strlen(key)) : UNKNOWN;
}

static void read_status(struct process *process)
{
	size_t size;
	char *status = read_file(process->pid, "status", &size);

	process->threads = process->seccomp = process->no_new_privs = UNKNOWN;
	if (!status)
		return;
	sscanf(status, "Name:\t%31[^\n]", process->name);
	process->threads = status_number(status, "\nThreads:");
	process->seccomp = status_number(status, "\nSeccomp:");
	process->no_new_privs = status_number(status, "\nNoNewPrivs:");
	free(status);
}

/* Pairs of words, of the process's own word size. */
static void read_auxv(struct process *process, int class)
{
	size_t size, word = class == ELFCLASS32 ? 4 : 8;
	char *auxv = read_file(process->pid, "auxv", &size);

	process->secure = UNKNOWN;
	for (size_t at = 0; auxv && at + 2 * word <= size; at += 2 * word) {
		uint64_t key = 0, value = 0; /* this machine's byte order is the process's */

		memcpy(&key, auxv + at, word);
		memcpy(&value, auxv + at + word, word);
		if (key == AT_SECURE)
			process->secure = value != 0;
	}
	free(auxv);
}

static void read_environment(struct process *process)
{
	size_t size;
	char *environment = read_file(process->pid, "environ", &size);

	process->environment_read = environment != NULL;
	for (size_t at = 0; environment && at < size; at += strlen(environment + at) + 1) {
		char *variable = environment + at;

		if (strncmp(variable, "LD_PRELOAD=", 11) == 0)
			process->preload = memory_copy(variable + 11);
		if (strncmp(variable, "TLSBYE_", 7) != 0)
			continue;
		process->settings =
			memory_grow(process->settings, process->setting_count, sizeof(*process->settings));
		process->settings[process->setting_count++] = memory_copy(variable);
	}
	free(environment);
}

static bool same_namespace(pid_t pid, const char *kind)
{
	char *theirs = memory_print("/proc/%d/ns/%s", (int)pid, kind),
	     *ours = memory_print("/proc/self/ns/%s", kind);
	struct stat a, b;
	bool same = stat(theirs, &a) || stat(ours, &b) || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);

	free(theirs);
	free(ours);
	return same;
}

static bool is_file(const char *path, unsigned long inode)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (inode == 0 || st.st_ino == inode);
}

/*
 * Where the file of a mapping can be read. The device is not compared: overlay file systems show another one in maps
 * than in stat().
 */
static char *mapped_file(pid_t pid, const char *range, unsigned long inode, const char *path)
{
	char *opened = memory_print("/proc/%d/root%s", (int)pid, path);

	if (is_file(opened, inode))
		return opened;
	free(opened);
	return memory_print("/proc/%d/map_files/%s", (int)pid, range);
}

static bool known_path(const struct objects *objects, const char *path)
{
	for (size_t i = 0; i < objects->count; i++)
		if (strcmp(objects->all[i].path, path) == 0)
			return true;
	return false;
}

/* "7f12-7f34 r--p 00000000 fd:01 1234    /usr/lib/x.so": its beginning, where an ELF file has its header. */
static void read_mapping(const char *line, struct process *process, struct objects *objects)
{
	char range[64], path[PATH_MAX], magic[SELFMAG];
	unsigned long offset, inode;

	if (sscanf(line, "%63s %*s %lx %*s %lu %4095[^\n]", range, &offset, &inode, path) != 4 ||
	    offset != 0 || *path != '/' || known_path(objects, path))
		return;
	char *opened = mapped_file(process->pid, range, inode, path);
	int fd = open(opened, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool readable = fd >= 0;
	bool elf = readable && pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;

	if (readable)
		close(fd);
	const char *base = strrchr(path, '/') + 1;

	/* What cannot be read is kept where it is called like a library: it must not be passed over. */
	if (elf || (!readable && strstr(base, ".so")))
		objects_add(objects, base, path, opened, NOBODY);
	if (strncmp(base, "libtlsbye.so", 12) == 0)
		process->has_object = true;
	free(opened);
}

/* Who needs whom, by the names: what nobody needs was loaded by dlopen. */
static void connect_objects(struct objects *objects)
{
	for (size_t i = 1; i < objects->count; i++) {
		struct object *object = &objects->all[i];
		const char *name = object->elf.soname ? object->elf.soname : object->name;

		for (size_t j = 0; j < objects->count && object->needed_by == NOBODY; j++)
			for (size_t k = 0; k < objects->all[j].elf.needed_count; k++)
				if (strcmp(objects->all[j].elf.needed[k], name) == 0)
					object->needed_by = (int)j;
		object->module = object->needed_by == NOBODY;
	}
}

static int read_exe(struct process *process, struct objects *objects)
{
	char *link = memory_print("/proc/%d/exe", (int)process->pid);
	ssize_t length = readlink(link, process->exe, sizeof(process->exe) - 1);

	if (length < 0 && errno == EACCES) {
		cli_say("%d: the process is another user's and may not be looked at; ask its user, or root",
			(int)process->pid);
		return -1;
	}
	if (length < 0) {
		cli_say("%d: it has no program: a thread of the kernel, or it has just ended",
			(int)process->pid);
		return -1;
	}
	process->exe[length] = '\0';
	objects_add(objects, process->exe, process->exe, link, NOBODY);
	return 0;
}

int process_read(pid_t pid, struct process *process, struct objects *objects)
{
	char *directory = memory_print("/proc/%d", (int)pid), *maps, *save, *line;
	size_t size;

	*process = (struct process){.pid = pid};
	if (access(directory, F_OK)) {
		cli_say("%d: no such process", (int)pid);
		return -1;
	}
	if (read_exe(process, objects))
		return -1;
	read_status(process);
	read_auxv(process, objects->all[0].elf.class);
	read_environment(process);
	process->other_mounts = !same_namespace(pid, "mnt");
	maps = read_file(pid, "maps", &size);
	if (!maps || !*maps) {
		cli_say("%d: what it has loaded cannot be read (%s); ask its user, or root", (int)pid,
			maps ? "nothing is mapped" : strerror(errno));
		return -1;
	}
	for (line = strtok_r(maps, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		read_mapping(line, process, objects);
	connect_objects(objects);
	return 0;
}
