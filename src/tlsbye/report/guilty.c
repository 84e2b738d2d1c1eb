/* SPDX-License-Identifier: MIT */
/*
 * A fault belongs to the call that made it final: a missing close_notify to what let go of the SSL, a reset to what let
 * go of the socket, an unfinished write to the write.
 */
#include "guilty.h"

#include <string.h>

enum call_class { LETS_GO_OF_SSL, LETS_GO_OF_SOCKET, SHUTS, WRITES, READS, OTHER_CALL };

static enum call_class class_of(const char *call)
{
	static const struct {
		const char *begin;
		enum call_class class;
	} classes[] = {
		{"SSL_free", LETS_GO_OF_SSL},
		{"SSL_clear", LETS_GO_OF_SSL},
		{"BIO_free", LETS_GO_OF_SSL},
		{"SSL_write", WRITES},
		{"SSL_sendfile", WRITES},
		{"BIO_write", WRITES},
		{"SSL_", READS},
		{"BIO_", READS},
		{"shutdown", SHUTS},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(call, classes[i].begin, strlen(classes[i].begin)) == 0)
			return classes[i].class;
	return LETS_GO_OF_SOCKET; /* close, fclose, dup2, close_range, exit, execve ... */
}

static const struct site *of_class(const struct record *record, enum call_class class)
{
	for (size_t i = 0; i < record->sites_count; i++)
		if (class_of(record->sites[i].call) == class)
			return &record->sites[i];
	return NULL;
}

/* Of SSL_shutdown the site says where it was called, which is no fault: it is the last to be chosen. */
static const struct site *first_of(const struct record *record, const enum call_class order[3])
{
	for (int i = 0; i < 3 && order[i] != OTHER_CALL; i++) {
		const struct site *site = of_class(record, order[i]);

		if (site)
			return site;
	}
	return record->sites_count > 0 ? &record->sites[0] : NULL;
}

const struct site *guilty_site(enum group_kind kind, enum fault_place fault, const struct record *record)
{
	static const enum call_class of_fault[FAULT_COUNT][3] = {
		[FAULT_UNREAD_AT_CLOSE_PLACE] = {LETS_GO_OF_SOCKET, SHUTS, LETS_GO_OF_SSL},
		[FAULT_SHUTDOWN_RDWR_PLACE] = {SHUTS, LETS_GO_OF_SOCKET, OTHER_CALL},
		[FAULT_WRITE_TO_CLOSED_PEER_PLACE] = {WRITES, LETS_GO_OF_SOCKET, OTHER_CALL},
		[FAULT_UNFINISHED_WRITE_PLACE] = {WRITES, LETS_GO_OF_SSL, LETS_GO_OF_SOCKET},
		[FAULT_BAD_WRITE_RETRY_PLACE] = {WRITES, LETS_GO_OF_SSL, LETS_GO_OF_SOCKET},
		[FAULT_UNFLUSHED_PLACE] = {LETS_GO_OF_SSL, LETS_GO_OF_SOCKET, OTHER_CALL},
		[FAULT_FIN_UNAWAITED_PLACE] = {LETS_GO_OF_SOCKET, SHUTS, LETS_GO_OF_SSL},
		[FAULT_NO_CLOSE_NOTIFY_PLACE] = {LETS_GO_OF_SSL, LETS_GO_OF_SOCKET, SHUTS},
	};
	const struct site *site = record->call ? record_site(record, record->call) : NULL;

	if (kind == GROUP_FAULT)
		return first_of(record, of_fault[fault]);
	if (site)
		return site;
	return record->sites_count > 0 ? &record->sites[0] : NULL;
}

const struct frame *guilty_frame(const struct site *site)
{
	for (size_t i = 0; site && i < site->count; i++)
		if (site->frames[i].object)
			return &site->frames[i];
	return NULL;
}
