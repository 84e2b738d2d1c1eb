/* SPDX-License-Identifier: MIT */
/*
 * Logs in, records out. Whatever is no event is passed over and counted, by the reason and with the place of the first.
 */
#ifndef TLSBYE_REPORT_LOG_READER_H
#define TLSBYE_REPORT_LOG_READER_H

#include <stdbool.h>

#include "model.h"
#include "parse.h"
#include "progress.h"

typedef void record_fn(void *context, const struct record *record);

struct log_reader;

struct log_reader *log_reader_new(record_fn *tell, void *context, struct progress *progress);

/*
 * Read all of a file that is open. name is for messages, and must live as long as the reader. What is read is also
 * written to copy, when that is no negative number. False when it cannot be read on: that is said on stderr.
 */
bool log_reader_read(struct log_reader *reader, int fd, const char *name, int copy);

/* Put into report what was read and what was skipped. The list belongs to the reader. */
void log_reader_account(const struct log_reader *reader, struct report *report);

void log_reader_free(struct log_reader *reader);

#endif
