/* SPDX-License-Identifier: MIT */
/*
 * The stderr that comes with a hold: kept once for a process and file, however many of its holds are to be told there, and
 * closed with the last of them: a pipe, a terminal or a login must not be held open by us (`x=$(tlsbye run prog 2>&1)`).
 *
 * Rules: the descriptor that is given away is kept or closed here.
 */
#ifndef TLSBYE_STDERR_FILES_H
#define TLSBYE_STDERR_FILES_H

struct process;
struct stderr_file;

/* NULL: no memory; it is closed. */
struct stderr_file *stderr_files_ref(struct process *process, int fd);
void stderr_files_unref(struct process *process, struct stderr_file *file);

int stderr_files_descriptor(const struct stderr_file *file);

/* How many are open. */
unsigned stderr_files_count(void);

#endif
