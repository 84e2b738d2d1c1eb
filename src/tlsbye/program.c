/* SPDX-License-Identifier: MIT */
/*
 * Reads a program from outside. Everything here repeats a decision that somebody else makes a moment later: execvp()
 * (which file), the kernel (script, AT_SECURE), ld.so (may this object come in). So each rule names its model, and
 * where a file cannot be read or understood the answer is OBSTACLE_NONE: a wrong warning is worse than none.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli.h"

#define SCRIPT_DEPTH 5   /* execve(2): an interpreter may be a script itself, so many times */
#define SCRIPT_LINE  256 /* the kernel reads no more of the #! line (BINPRM_BUF_SIZE) */

/* What a file is to the loader. Class 0: no ELF file. */
struct image {
	int class;
	int machine;
	char loader[256]; /* its name without directories, from PT_INTERP; "" when there is none */
	bool asan;        /* ASan's runtime is the first library that it needs */
};

static int try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return EACCES;
	return 0;
}

/* execvp(3): an unusable file in one directory of PATH does not hide a usable one in a later. */
int program_find(const char *name, char path[PATH_MAX])
{
	const char *directories = getenv("PATH");
	int result = ENOENT;

	if (*name == '\0')
		return ENOENT;
	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return ENAMETOOLONG;
		return try_file(path);
	}

	if (!directories)
		directories = _PATH_DEFPATH;
	for (;; directories++) {
		int length = (int)strcspn(directories, ":");
		int err = ENOENT;

		/* An empty element is the current directory. */
		if (snprintf(path, PATH_MAX, "%.*s%s%s", length, directories, length ? "/" : "./", name) <
		    PATH_MAX)
			err = try_file(path);
		if (err == 0)
			return 0;
		if (err == EACCES || err == EISDIR)
			result = EACCES;
		directories += length;
		if (*directories == '\0')
			return result;
	}
}

static int not_found(const char *name)
{
	if (strchr(name, '/'))
		cli_say("%s: no such file", name);
	else
		cli_say("%s: not found in PATH (%s); a program elsewhere needs its path, like ./%s", name,
			getenv("PATH") ? getenv("PATH") : "which is unset", name);
	return EXIT_NOT_FOUND;
}

/* What execvp() could have said in one word, said in a line. */
int program_cannot_run(const char *name, int err)
{
	char path[PATH_MAX];
	struct stat st;

	switch (err) {
	case ENOENT:
	case ENOTDIR:
		if (program_find(name, path))
			return not_found(name);
		cli_say("%s: there, but its interpreter (the #! line) or its loader is not", path);
		break;
	case EISDIR:
		cli_say("%s: is a directory, not a program", name);
		break;
	case ENOEXEC:
		cli_say("%s: neither a script nor a program for this machine", name);
		break;
	case EACCES:
		if (strchr(name, '/') && stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
			cli_say("%s: is no regular file, so no program", name);
			break;
		}
		cli_say("%s: not executable; is its x permission missing (chmod +x), or its file system "
			"mounted noexec?",
			name);
		break;
	default:
		cli_say("%s: cannot be executed (%s)", name, strerror(err));
		break;
	}
	return EXIT_NOT_EXECUTABLE;
}

static void read_loader(Elf *elf, const GElf_Phdr *segment, struct image *image)
{
	Elf_Data *data;
	const char *name, *slash;

	/* That piece alone: a sparse file may claim any size. */
	if (segment->p_filesz == 0 || segment->p_filesz > PATH_MAX)
		return;
	data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, ELF_T_BYTE);
	name = data ? data->d_buf : NULL;
	if (!name || name[segment->p_filesz - 1] != '\0')
		return;
	slash = strrchr(name, '/');
	snprintf(image->loader, sizeof(image->loader), "%s", slash ? slash + 1 : name);
}

/* libasan.so.8, libclang_rt.asan-x86_64.so; libhwasan looks at no order. */
static bool is_asan(const char *name)
{
	const char *asan = strstr(name, "asan");

	return asan && (asan[4] == '.' || asan[4] == '-') && (asan == name || asan[-1] != 'w');
}

static bool needs_asan_first(Elf *elf)
{
	GElf_Shdr header;
	GElf_Dyn entry;

	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);

		for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
			const char *name = entry.d_tag == DT_NEEDED
						   ? elf_strptr(elf, header.sh_link, entry.d_un.d_val)
						   : NULL;

			if (name)
				return is_asan(name);
		}
	}
	return false;
}

static void read_elf(Elf *elf, struct image *image)
{
	GElf_Ehdr header;
	GElf_Phdr segment;
	size_t segments;

	if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &segments))
		return;
	image->class = header.e_ident[EI_CLASS];
	image->machine = header.e_machine;
	for (size_t i = 0; i < segments; i++)
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_INTERP)
			read_loader(elf, &segment, image);
	image->asan = needs_asan_first(elf);
}

static struct image read_image(const char *path)
{
	struct image image = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		return image;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		read_elf(elf, &image);
	elf_end(elf);
	close(fd);
	return image;
}

/* "env NAME", "env -S NAME -x", "env -S VAR=1 NAME": the word that env will look for in PATH. */
static const char *env_target(char *argument)
{
	char *save, *word;

	if (strncmp(argument, "-S", 2) != 0)
		return argument; /* without -S the kernel hands the rest of the line over as one word */
	for (word = strtok_r(argument + 2, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		if (*word != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

/* "#! INTERPRETER ARGUMENT ", cut in place. The kernel takes the rest of the line as one argument; "" when there is none. */
static void split_script_line(char *line, char **interpreter, char **argument)
{
	size_t end;

	line[strcspn(line, "\n")] = '\0';
	for (end = strlen(line); end > 2 && strchr(" \t", line[end - 1]); end--)
		line[end - 1] = '\0';

	*interpreter = line + 2 + strspn(line + 2, " \t");
	*argument = *interpreter + strcspn(*interpreter, " \t");
	if (**argument) {
		*(*argument)++ = '\0';
		*argument += strspn(*argument, " \t");
	}
}

/*
 * Replace a script's path by its interpreter's. False when it is no script, or one whose interpreter is nowhere to be
 * found: exec will say so.
 */
static bool follow_script(char path[PATH_MAX])
{
	char line[SCRIPT_LINE + 1], *interpreter, *argument;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, line, SCRIPT_LINE);
	const char *name;

	if (fd >= 0)
		close(fd);
	if (length < 2 || memcmp(line, "#!", 2) != 0)
		return false;
	line[length] = '\0';
	split_script_line(line, &interpreter, &argument);

	name = interpreter;
	if (strcmp(basename(interpreter), "env") == 0 && *argument)
		name = env_target(argument);
	return name && program_find(name, path) == 0;
}

/*
 * Would execve(2) set AT_SECURE? The kernel's cap_bprm_creds_from_file(): the new effective ids differ from the old
 * real ones, or a process that is not root's gains capabilities. So root may run a setuid-root program as usual.
 */
static enum obstacle privileges(const char *path)
{
	struct stat st;
	struct statvfs fs;

	if (stat(path, &st) || statvfs(path, &fs))
		return OBSTACLE_NONE;
	if ((fs.f_flag & ST_NOSUID) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return OBSTACLE_NONE; /* the bits have no effect here */
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return OBSTACLE_SETUID;
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
		return OBSTACLE_SETGID;
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return OBSTACLE_CAPS;
	return OBSTACLE_NONE;
}

enum obstacle program_loading(const char *path, const char *object)
{
	struct image program = read_image(path), ours = read_image(object);

	if (!program.class)
		return OBSTACLE_NONE;
	if (program.class != ours.class || program.machine != ours.machine)
		return OBSTACLE_MACHINE;
	if (!program.loader[0])
		return OBSTACLE_STATIC;
	/* The object names no loader; this command was linked beside it. */
	if (strcmp(program.loader, read_image("/proc/self/exe").loader) != 0)
		return OBSTACLE_LOADER;
	return OBSTACLE_NONE;
}

bool program_needs_asan(const char *path)
{
	return read_image(path).asan;
}

enum obstacle program_obstacle(const char *path, const char *object, char code[PATH_MAX])
{
	enum obstacle obstacle;

	snprintf(code, PATH_MAX, "%s", path);
	for (int depth = 0; depth < SCRIPT_DEPTH && follow_script(code); depth++)
		;
	obstacle = program_loading(code, object);
	return obstacle == OBSTACLE_NONE ? privileges(code) : obstacle;
}

const char *program_obstacle_text(enum obstacle obstacle)
{
	switch (obstacle) {
	case OBSTACLE_STATIC:
		return "is linked statically: no loader reads LD_PRELOAD; use a dynamically linked build";
	case OBSTACLE_SETUID:
		return "is setuid: ld.so ignores LD_PRELOAD in it; run it from the account it changes to";
	case OBSTACLE_SETGID:
		return "is setgid: ld.so ignores LD_PRELOAD in it; run it with that group as your own";
	case OBSTACLE_CAPS:
		return "has file capabilities: ld.so ignores LD_PRELOAD in it; run it as root";
	case OBSTACLE_MACHINE:
		return "is built for another machine or word size; build tlsbye for that one too";
	case OBSTACLE_LOADER:
		return "uses another C library; build tlsbye against that one too";
	case OBSTACLE_NONE:
		break;
	}
	return "can be reached";
}
