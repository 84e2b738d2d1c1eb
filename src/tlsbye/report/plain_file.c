/* SPDX-License-Identifier: MIT */
/*
 * See plain_file.h. O_PATH takes hold of the file without opening it: nothing happens to a FIFO or a device, and what was
 * looked at is what is opened a moment later, by way of /proc/self/fd.
 */
#include "plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Regular files by their type, and yet no data on a disk. */
static bool in_kernel(int fd)
{
	static const unsigned long kernels[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC,        DEBUGFS_MAGIC,       TRACEFS_MAGIC, SECURITYFS_MAGIC,
		SELINUX_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,  EFIVARFS_MAGIC};
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if ((unsigned long)fs.f_type == kernels[i])
			return true;
	return false;
}

static const char *error_words(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "the file is gone, or not on this machine";
	case EACCES:
	case EPERM:
		return "no permission to read the file";
	default:
		return "the file cannot be read";
	}
}

int plain_file_open(const char *path, struct stat *st, const char **why)
{
	char link[32];
	int hold = open(path, O_PATH | O_CLOEXEC);
	int fd = -1;

	if (hold < 0) {
		*why = error_words(errno);
		return -1;
	}
	if (fstat(hold, st) || !S_ISREG(st->st_mode) || in_kernel(hold)) {
		*why = "it is no regular file, and was not opened";
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", hold);
		fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			*why = error_words(errno);
	}
	close(hold);
	return fd;
}

bool plain_file_refused(const char *path)
{
	struct stat st;
	int hold = open(path, O_PATH | O_CLOEXEC);
	bool refused;

	if (hold < 0)
		return false;
	refused = fstat(hold, &st) || !S_ISREG(st.st_mode) || in_kernel(hold);
	close(hold);
	return refused;
}
