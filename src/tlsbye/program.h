/* SPDX-License-Identifier: MIT */
/*
 * The program that is to be run, before it runs: which file execvp() would take, whose code that is in the end
 * (a script's interpreter), and whether a preloaded object can come into it at all (P12).
 */
#ifndef TLSBYE_PROGRAM_H
#define TLSBYE_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum obstacle {
	OBSTACLE_NONE,    /* or none that can be seen from outside: in doubt, no warning */
	OBSTACLE_STATIC,  /* no dynamic loader runs, so nobody reads LD_PRELOAD */
	OBSTACLE_SETUID,  /* AT_SECURE: ld.so ignores LD_PRELOAD */
	OBSTACLE_SETGID,  /* likewise */
	OBSTACLE_CAPS,    /* likewise, by file capabilities */
	OBSTACLE_MACHINE, /* 32 and 64 bits, or another CPU: ld.so refuses the object and goes on */
	OBSTACLE_LOADER,  /* another C library: its loader would take the object and then fail */
};

/*
 * The file that execvp(name) would run. Returns 0, or an errno: ENOENT, EACCES (found, not executable), EISDIR,
 * ENAMETOOLONG.
 */
int program_find(const char *name, char path[PATH_MAX]);

/* Says on stderr why program_find() or an exec failed. Returns the status that env(1) would end with. */
int program_cannot_run(const char *name, int err);

/* Can the loader of this file take the object at all? Machine, loader and C library; no script, no privileges. */
enum obstacle program_loading(const char *path, const char *object);

/* Is it built with ASan, whose runtime ends a program in which something was loaded before it? */
bool program_needs_asan(const char *path);

/* Can the object come into this program? "code" gets the file that was judged: the program, or its interpreter. */
enum obstacle program_obstacle(const char *path, const char *object, char code[PATH_MAX]);

/* What stands in the way and what to do about it, as the end of a sentence that begins with the file's name. */
const char *program_obstacle_text(enum obstacle obstacle);

#endif
