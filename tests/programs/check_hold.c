/* SPDX-License-Identifier: MIT */
/*
 * What comes of a drain (linger/hold.h) and of an end's facts (events/verdict.h): pure logic, a row a case.
 *
 *   check_hold       every case; a line for each that is not as it should be
 */
#include "events/verdict.h"
#include "linger/hold.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int failures;

static void check(bool right, const char *what, const char *of)
{
	if (right)
		return;
	printf("%s: not so: %s\n", of, what);
	failures++;
}
#define CHECK(expression) check((expression), #expression, __func__)

/* --- the peer's end, of what the program has met and what the drain has --- */

static void peer_ends(void)
{
	static const struct {
		enum peer_end before, drained, told;
	} rows[] = {
		{PEER_UNKNOWN, PEER_FIN, PEER_FIN},    {PEER_UNKNOWN, PEER_IDLE, PEER_IDLE},
		{PEER_FIN, PEER_IDLE, PEER_FIN},       {PEER_FIN, PEER_RESET, PEER_RESET},
		{PEER_RESET, PEER_FIN, PEER_RESET},    {PEER_RESET, PEER_UNKNOWN, PEER_RESET},
		{PEER_FIN, PEER_OVER_LIMIT, PEER_FIN},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hold hold = {.drain.peer_end = rows[i].drained, .end.peer_end = rows[i].before};
		hold_finish(&hold);
		CHECK(hold.end.peer_end == rows[i].told);
	}
}

static void outcome(void)
{
	unsigned char rest[4] = "rest";
	struct hold hold = {.tracked_us = 500, .end.peer_notified = true};
	hold.drain = (struct drain){.since_us = 1000,
				    .ended_us = 4000,
				    .drained = 77,
				    .unsent = 5,
				    .half_closed = true,
				    .residue = {.bytes = rest, .length = 4, .sent = 1}};
	hold_finish(&hold);
	CHECK(hold.end.lingered && hold.end.half_closed && hold.end.peer_notified);
	CHECK(hold.end.drained == 77 && hold.end.drain_us == 3000 && hold.end.us == 3500);
	CHECK(hold.end.left_unsent == 5 && hold.end.residue_left);
	hold = (struct hold){.drain = {.ended_us = 4000}};
	hold_finish(&hold);
	CHECK(hold.end.us == 0 && !hold.end.half_closed && !hold.end.residue_left);
}

/* --- verdicts --- */

#define KNOWN  .socket_known = true, .queues_known = true, .handshake = true, .writes_seen = true
#define WAITED .lingered = true, .half_closed = true

static void verdicts(void)
{
	static const struct {
		const char *of;
		struct event_end end;
		enum transport transport;
		enum verdict verdict;
		enum data_fate data;
		enum reset reset;
		uint32_t faults;
		enum level level;
	} rows[] = {
		{"right",
		 {KNOWN, .close_notify = BY_PROGRAM, .peer_has_ended = true, .peer_end = PEER_FIN,
		  .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_SAFE,
		 RESET_NO,
		 0,
		 LEVEL_DEBUG},
		{"no close_notify, cured",
		 {KNOWN, WAITED, .close_notify = BY_TLSBYE, .bytes_written = 9, .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_CURED,
		 DATA_SAFE,
		 RESET_POSSIBLE,
		 FAULT_NO_CLOSE_NOTIFY,
		 LEVEL_INFO},
		{"unread, cured",
		 {KNOWN, WAITED, .close_notify = BY_TLSBYE, .bytes_written = 9, .unread = 5,
		  .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_CURED,
		 DATA_SAFE,
		 RESET_YES,
		 FAULT_NO_CLOSE_NOTIFY | FAULT_UNREAD_AT_CLOSE,
		 LEVEL_INFO},
		{"unread, bare",
		 {KNOWN, .close_notify = BY_PROGRAM, .bytes_written = 1000, .taken = 1000, .unread = 5,
		  .unsent = 900, .not_sent = 900},
		 TRANSPORT_TCP,
		 VERDICT_WRONG,
		 DATA_LOST,
		 RESET_YES,
		 FAULT_UNREAD_AT_CLOSE,
		 LEVEL_INFO},
		{"a residue was left",
		 {KNOWN, WAITED, .close_notify = BY_TLSBYE, .bytes_written = 9, .residue_left = true,
		  .peer_end = PEER_IDLE},
		 TRANSPORT_TCP,
		 VERDICT_CURED,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 FAULT_NO_CLOSE_NOTIFY,
		 LEVEL_INFO},
		{"the peer reset it",
		 {KNOWN, WAITED, .close_notify = BY_PROGRAM, .bytes_written = 9, .peer_end = PEER_RESET},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_INFO},
		{"fin unawaited",
		 {KNOWN, WAITED, .close_notify = BY_PROGRAM, .bytes_written = 9, .drained = 97,
		  .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_CURED,
		 DATA_SAFE,
		 RESET_POSSIBLE,
		 FAULT_FIN_UNAWAITED,
		 LEVEL_INFO},
		{"an alert is nothing",
		 {KNOWN, WAITED, .close_notify = BY_PROGRAM, .bytes_written = 9, .drained = 96,
		  .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_SAFE,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_DEBUG},
		{"ours is no data",
		 {KNOWN, .close_notify = BY_PROGRAM, .bytes_written = 9, .unsent = 30, .said_bytes = 30},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_SAFE,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_DEBUG},
		{"its close_notify is no data, observed",
		 {KNOWN, .close_notify = BY_PROGRAM, .bytes_written = 9, .unsent = 48},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_DEBUG},
		{"the peer has said its last word",
		 {KNOWN, .close_notify = BY_PROGRAM, .peer_notified = true, .bytes_written = 900,
		  .unsent = 900},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_DEBUG},
		{"it has not, and there is data on its way",
		 {KNOWN, .close_notify = BY_PROGRAM, .bytes_written = 900, .unsent = 900},
		 TRANSPORT_TCP,
		 VERDICT_WRONG,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 FAULT_FIN_UNAWAITED,
		 LEVEL_INFO},
		{"a write that was repeated wrongly",
		 {KNOWN, WAITED, .why = FATAL_ERROR, .fatal_error = true, .bad_write_retry = true,
		  .bytes_written = 9, .unfinished = 5, .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_WRONG,
		 DATA_LOST,
		 RESET_POSSIBLE,
		 FAULT_BAD_WRITE_RETRY,
		 LEVEL_INFO},
		{"unfinished write",
		 {KNOWN, WAITED, .why = UNFINISHED_WRITE, .bytes_written = 9, .unfinished = 5,
		  .peer_end = PEER_FIN},
		 TRANSPORT_TCP,
		 VERDICT_WRONG,
		 DATA_LOST,
		 RESET_POSSIBLE,
		 FAULT_NO_CLOSE_NOTIFY | FAULT_UNFINISHED_WRITE,
		 LEVEL_INFO},
		{"another process's",
		 {KNOWN, .why = NOT_OWNER, .unread = 5, .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_FOREIGN,
		 DATA_UNKNOWN,
		 RESET_UNKNOWN,
		 0,
		 LEVEL_DEBUG},
		{"shared",
		 {KNOWN, .shared = true, .unread = 5, .close_notify = BY_PROGRAM, .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_UNKNOWN,
		 0,
		 LEVEL_INFO},
		{"an abort that was meant",
		 {KNOWN, .abort_meant = true, .why = ABORT_MEANT, .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_MEANT,
		 DATA_SAFE,
		 RESET_YES,
		 0,
		 LEVEL_DEBUG},
		{"AF_UNIX keeps it",
		 {KNOWN, .close_notify = BY_PROGRAM, .bytes_written = 9, .unsent = 9},
		 TRANSPORT_UNIX,
		 VERDICT_CLEAN,
		 DATA_SAFE,
		 RESET_NO,
		 0,
		 LEVEL_DEBUG},
		{"datagrams",
		 {KNOWN, .close_notify = BY_TLSBYE, .bytes_written = 9},
		 TRANSPORT_DATAGRAM,
		 VERDICT_CURED,
		 DATA_UNKNOWN,
		 RESET_UNKNOWN,
		 FAULT_NO_CLOSE_NOTIFY,
		 LEVEL_INFO},
		{"no socket",
		 {.handshake = true, .close_notify = BY_PROGRAM, .bytes_written = 9},
		 TRANSPORT_UNKNOWN,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_UNKNOWN,
		 0,
		 LEVEL_DEBUG},
		{"quiet",
		 {KNOWN, .why = QUIET_SHUTDOWN, .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_MEANT,
		 DATA_SAFE,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_INFO},
		{"fatal",
		 {KNOWN, .why = FATAL_ERROR, .fatal_error = true, .bytes_written = 9},
		 TRANSPORT_TCP,
		 VERDICT_CLEAN,
		 DATA_UNKNOWN,
		 RESET_POSSIBLE,
		 0,
		 LEVEL_INFO},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event_end end = rows[i].end;
		verdict_give(&end, rows[i].transport);
		check(end.verdict == rows[i].verdict, event_names_verdict(end.verdict), rows[i].of);
		check(end.data == rows[i].data, event_names_data(end.data), rows[i].of);
		check(end.will_reset == rows[i].reset, event_names_reset(end.will_reset), rows[i].of);
		check(end.faults == rows[i].faults, "faults", rows[i].of);
		check(verdict_level(&end) == rows[i].level, "level", rows[i].of);
	}
}

/* --- lines --- */

static void which_lines(void)
{
	static const struct {
		enum event_kind kind;
		enum level level;
		uint64_t tracked_us;
		bool half_closed_by_us, told;
	} rows[] = {
		{EVENT_HALF_CLOSE, LEVEL_DEBUG, 1, true, true},
		{EVENT_HALF_CLOSE, LEVEL_DEBUG, 1, false, false},
		{EVENT_HALF_CLOSE, LEVEL_INFO, 1, true, false},
		{EVENT_HALF_CLOSE, LEVEL_DEBUG, 0, true, false},
		{EVENT_DRAIN, LEVEL_DEBUG, 1, false, true},
		{EVENT_DRAIN, LEVEL_DEBUG, 0, false, false},
		{EVENT_DRAIN, LEVEL_INFO, 1, false, false},
		{EVENT_END, LEVEL_INFO, 0, false, true},
		{EVENT_END, LEVEL_WARN, 0, false, false},
		{EVENT_END, LEVEL_OFF, 0, false, false},
		{EVENT_TRACKED, LEVEL_DEBUG, 1, true, false},
	};
	char bytes[LINE_MAX_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hold hold = {.tells = true, .level = rows[i].level, .tracked_us = rows[i].tracked_us};
		struct text line = text_in(bytes, sizeof bytes);
		hold.drain.half_closed_by_us = rows[i].half_closed_by_us;
		hold_finish(&hold);
		CHECK(hold_render(&hold, rows[i].kind, NULL, &line) == rows[i].told);
		CHECK((line.length != 0) == rows[i].told);
		hold.mode = MODE_OFF;
		CHECK(!hold_render(&hold, rows[i].kind, NULL, &line));
	}
}

/* All that an end can have to tell, at its longest. */
static struct hold longest(void)
{
	const uint64_t most = UINT64_C(1) << 48;
	struct hold hold = {.tells = true,
			    .pid = 4194304,
			    .level = LEVEL_DEBUG,
			    .format = FORMAT_JSON,
			    .sites_length = HOLD_SITES_MAX};
	memset(hold.program, '\x01', sizeof hold.program - 1);
	hold.who = (struct event_who){
		.number = UINT32_MAX, .fd = 1048576, .transport = TRANSPORT_DATAGRAM, .role = ROLE_SERVER};
	hold.who.local.v6.sin6_family = hold.who.peer.v6.sin6_family = AF_INET6;
	memset(&hold.who.local.v6.sin6_addr, 0xff, 16);
	memset(&hold.who.peer.v6.sin6_addr, 0xff, 16);
	hold.end = (struct event_end){.close_paths = (1u << CLOSE_PATH_COUNT) - 1,
				      .why = UNFINISHED_WRITE,
				      .bytes_read = most,
				      .bytes_written = most,
				      .unread = most,
				      .unread_tls = most,
				      .never_read = most,
				      .unflushed = most,
				      .unfinished = most,
				      .queues_known = true,
				      .unsent = most,
				      .not_sent = most,
				      .lingered = true,
				      .drained = most,
				      .drain_us = most,
				      .peer_hidden = MAY_BE_HIDDEN,
				      .peer_end = PEER_OUTLIVES_US,
				      .us = most,
				      .will_reset = RESET_POSSIBLE,
				      .verdict = VERDICT_FOREIGN,
				      .data = DATA_UNKNOWN,
				      .lost_bytes = most,
				      .faults = (1u << FAULT_COUNT) - 1,
				      .abort_meant = true};
	return hold;
}

static void the_longest_end_has_room_for_its_sites(void)
{
	static char sites[HOLD_SITES_MAX], bytes[LINE_MAX_BYTES];
	struct hold hold = longest();
	struct text line = text_in(bytes, sizeof bytes);
	memset(sites, 's', sizeof sites);
	CHECK(hold_render(&hold, EVENT_END, sites, &line));
	CHECK(line.length > HOLD_SITES_MAX);
	CHECK(memcmp(bytes + line.length - 5, "sss}\n", 5) == 0);
	char *comma = memchr(bytes, ',', line.length);
	CHECK(comma && memmem(bytes, line.length, ",sss", 4));
}

static void words(void)
{
	CHECK(strcmp(event_names_fault(FAULT_COUNT - 1), "bad-write-retry") == 0);
	CHECK(strcmp(event_names_close_path(5), "exit") == 0);
	CHECK(strcmp(event_names_reason(MAY_SPEAK), "") == 0 &&
	      strcmp(event_names_reason(NO_PEER), "no-peer") == 0);
	CHECK(strcmp(event_names_reason((enum reason)4711), "") == 0 &&
	      strcmp(event_words_reason(MAY_SPEAK), "") == 0);
	CHECK(strcmp(event_words_peer_end(PEER_FIN), "FIN") == 0);
}

int main(void)
{
	peer_ends();
	outcome();
	verdicts();
	which_lines();
	the_longest_end_has_room_for_its_sites();
	words();
	printf("%d failures\n", failures);
	return failures ? 1 : 0;
}
