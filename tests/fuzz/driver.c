/* SPDX-License-Identifier: MIT */
/*
 * In libFuzzer's place: each file that is named, and each in a folder that is named, is given to the harness, once. So the
 * corpus runs without clang, with the ordinary compiler.
 *
 * Rules: a file that cannot be read, or a folder without one, is an error: an empty corpus tests nothing.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned run;

static void give_up(const char *path)
{
	perror(path);
	exit(2);
}

/* In memory of its own size: who reads beyond it is seen by valgrind and ASan. */
static void run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(size ? size : 1);
	if (!file || !bytes || fread(bytes, 1, size, file) != size)
		give_up(path);
	fclose(file);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	run++;
}

static void run_path(const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		give_up(path);
	if (!S_ISDIR(status.st_mode)) {
		run_file(path, (size_t)status.st_size);
		return;
	}
	DIR *folder = opendir(path);
	if (!folder)
		give_up(path);
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char name[4096];
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			run_path(name);
	}
	closedir(folder);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%u inputs\n", run);
	return run == 0;
}
