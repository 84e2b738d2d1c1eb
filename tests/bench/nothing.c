/* SPDX-License-Identifier: MIT */
/*
 * A program without TLS, and with nothing else either: all it costs is to be started. With an argument it prints
 * how many threads it has (one, unless somebody preloaded brought more).
 */
#include <dirent.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	DIR *tasks;
	int threads = -2; /* . and .. */

	if (argc < 2)
		return 0;
	tasks = opendir("/proc/self/task");
	if (!tasks) {
		perror(argv[1]);
		return 1;
	}
	while (readdir(tasks))
		threads++;
	closedir(tasks);
	printf("%d\n", threads);
	return 0;
}
