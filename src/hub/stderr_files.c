/* SPDX-License-Identifier: MIT */
/* See stderr_files.h. */
#include "hub/stderr_files.h"

#include "hub/processes.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct stderr_file {
	struct stderr_file *next; /* of the process */
	dev_t device;
	ino_t inode;
	int fd;
	unsigned refs;
};

static unsigned count;

static struct stderr_file *find(const struct process *process, const struct stat *status)
{
	struct stderr_file *file = process->stderr_files;
	while (file && (file->device != status->st_dev || file->inode != status->st_ino))
		file = file->next;
	return file;
}

static struct stderr_file *add(struct process *process, int fd, const struct stat *status)
{
	struct stderr_file *file = malloc(sizeof *file);
	if (!file)
		return NULL;
	*file = (struct stderr_file){
		.next = process->stderr_files, .device = status->st_dev, .inode = status->st_ino, .fd = fd};
	process->stderr_files = file;
	count++;
	return file;
}

struct stderr_file *stderr_files_ref(struct process *process, int fd)
{
	struct stat status;
	struct stderr_file *file = NULL;
	if (fstat(fd, &status) == 0) {
		file = find(process, &status);
		if (!file)
			file = add(process, fd, &status);
	}
	if (!file || file->fd != fd)
		close(fd);
	if (file)
		file->refs++;
	return file;
}

void stderr_files_unref(struct process *process, struct stderr_file *file)
{
	if (--file->refs)
		return;
	struct stderr_file **at = &process->stderr_files;
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	close(file->fd);
	free(file);
	count--;
}

int stderr_files_descriptor(const struct stderr_file *file)
{
	return file->fd;
}

unsigned stderr_files_count(void)
{
	return count;
}
