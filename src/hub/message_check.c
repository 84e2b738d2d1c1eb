/* SPDX-License-Identifier: MIT */
/* See message_check.h. */
#include "hub/message_check.h"

#include "sys/characters.h"

#include <string.h>

enum {
	HOUR_MS = 3600 * 1000,
	FOLLOWS_MAX_MS = 60 * 1000,
	SOCKETS_MAX = 65536
}; /* settings_table.h: the ranges */

struct bound {
	uint16_t offset, size; /* of a field in struct hold: 1 byte or 4 */
	uint32_t most;
};
#define BOUND(field, most)                                                                                   \
	{                                                                                                    \
		offsetof(struct hold, field), sizeof(((struct hold *)0)->field), most                        \
	}

static const struct bound bounds[] = {
	BOUND(number, SOCKETS_MAX),
	BOUND(mode, MODE_OFF),
	BOUND(level, LEVEL_DEBUG),
	BOUND(format, FORMAT_JSON),
	BOUND(tells, true),
	BOUND(to_stderr, true),
	BOUND(follows, true),
	BOUND(follows_ms, FOLLOWS_MAX_MS),
	BOUND(residue_length, RESIDUE_MAX),
	BOUND(sites_length, HOLD_SITES_MAX),
	BOUND(who.transport, TRANSPORT_DATAGRAM),
	BOUND(who.role, ROLE_CLIENT),
	BOUND(end.close_paths, (1u << CLOSE_PATH_COUNT) - 1),
	BOUND(end.called_shutdown, true),
	BOUND(end.close_notify, BY_TLSBYE),
	BOUND(end.would_notify, true),
	BOUND(end.why, REASON_COUNT - 1),
	BOUND(end.handshake, true),
	BOUND(end.queues_known, true),
	BOUND(end.abort_meant, true),
	BOUND(end.completed_record, true),
	BOUND(end.half_closed, true),
	BOUND(end.lingered, true),
	BOUND(end.peer_notified, true),
	BOUND(end.peer_hidden, HIDDEN),
	BOUND(end.peer_end, PEER_END_COUNT - 1),
	BOUND(end.socket_known, true),
	BOUND(end.shared, true),
	BOUND(end.not_ours, true),
	BOUND(end.over, true),
	BOUND(end.peer_has_ended, true),
	BOUND(end.fatal_error, true),
	BOUND(end.peer_broke_it, true),
	BOUND(end.wrote_to_closed_peer, true),
	BOUND(end.shut_both, true),
	BOUND(end.bad_write_retry, true),
	BOUND(end.writes_seen, true),
	BOUND(end.residue_left, true),
	BOUND(end.will_reset, RESET_YES),
	BOUND(end.verdict, VERDICT_COUNT - 1),
	BOUND(end.data, DATA_LOST),
	BOUND(end.faults, (1u << FAULT_COUNT) - 1),
	BOUND(drain.ktls, true),
	BOUND(drain.held_back, true),
	BOUND(drain.reads, true),
	BOUND(drain.sends_only, true),
	BOUND(drain.half_closed, true),
	BOUND(drain.half_closed_by_us, true),
	BOUND(drain.read_shut, true),
	BOUND(drain.reset_seen, true),
	BOUND(drain.peer_notified, true),
	BOUND(drain.peer_has_ended, true),
	BOUND(drain.peer_end, PEER_END_COUNT - 1),
	BOUND(drain.residue.kernels, true),
};

static bool within(const unsigned char *hold, const struct bound *bound)
{
	uint32_t value = hold[bound->offset];
	if (bound->size == sizeof value)
		memcpy(&value, hold + bound->offset, sizeof value);
	return value <= bound->most;
}

/* A control character could forge a second line. What else a name may not hold is masked where it is shown (text.h). */
static bool is_name(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
			return false;
	return true;
}

/* As text.h makes it, and so written as it is: nothing that commands a terminal, or turns the order of what is read. */
static bool is_plain(const char *bytes, size_t length)
{
	unsigned code;
	size_t taken = 0;
	for (size_t i = 0; i < length; i += taken) {
		taken = characters_decode(bytes + i, length - i, &code);
		if (!taken || !characters_harmless(code))
			return false;
	}
	return true;
}

static enum message_fault check_hold(const unsigned char *bytes, size_t size)
{
	const unsigned char *fields = bytes + offsetof(struct message_hold, hold);
	const struct hold *hold = (const void *)fields;
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (!within(fields, &bounds[i]))
			return MESSAGE_BAD_CONTENT;
	if (size != sizeof(struct message_hold) + hold->residue_length + hold->sites_length)
		return MESSAGE_BAD_SIZE;
	size_t program = strnlen(hold->program, sizeof hold->program);
	if (program == sizeof hold->program || !is_name(hold->program, program) || !hold->number ||
	    !is_plain((const char *)bytes + size - hold->sites_length, hold->sites_length) ||
	    hold->drain.limits.idle_us > HOUR_MS * UINT64_C(1000) ||
	    hold->drain.limits.total_us > HOUR_MS * UINT64_C(1000) ||
	    hold->drain.limits.sending_us > HOUR_MS * UINT64_C(1000))
		return MESSAGE_BAD_CONTENT;
	return MESSAGE_GOOD;
}

static enum message_fault check_spoken(const unsigned char *bytes, size_t size)
{
	const struct hold_speech *spoken = &((const struct message_spoken *)(const void *)bytes)->speech;
	if (spoken->residue_length > RESIDUE_MAX ||
	    size != sizeof(struct message_spoken) + spoken->residue_length)
		return MESSAGE_BAD_SIZE;
	if (spoken->reason >= REASON_COUNT || spoken->completed_record > 1)
		return MESSAGE_BAD_CONTENT;
	return MESSAGE_GOOD;
}

static enum message_fault check_tls(const unsigned char *bytes)
{
	const struct teller *teller = &((const struct message_tls *)(const void *)bytes)->teller;
	size_t program = strnlen(teller->program, sizeof teller->program);
	if (teller->mode > MODE_OFF || teller->format > FORMAT_JSON || teller->pid <= 0 ||
	    program == sizeof teller->program || !is_name(teller->program, program))
		return MESSAGE_BAD_CONTENT;
	return MESSAGE_GOOD;
}

enum message_fault message_check_line(const char *line, size_t length)
{
	if (length < 2 || length > LINE_MAX_BYTES)
		return MESSAGE_BAD_SIZE;
	return line[length - 1] == '\n' && is_plain(line, length - 1) ? MESSAGE_GOOD : MESSAGE_BAD_CONTENT;
}

static size_t least_size(uint32_t kind)
{
	switch (kind) {
	case MESSAGE_HOLD:
		return sizeof(struct message_hold);
	case MESSAGE_SPOKEN:
		return sizeof(struct message_spoken);
	case MESSAGE_TLS:
		return sizeof(struct message_tls);
	default:
		return sizeof(struct message_head);
	}
}

static enum message_fault check_body(const void *bytes, size_t size, uint32_t kind)
{
	switch (kind) {
	case MESSAGE_HOLD:
		return check_hold(bytes, size);
	case MESSAGE_SPOKEN:
		return check_spoken(bytes, size);
	case MESSAGE_LINE:
		return message_check_line((const char *)bytes + sizeof(struct message_head),
					  size - sizeof(struct message_head));
	case MESSAGE_TLS:
		return size == sizeof(struct message_tls) ? check_tls(bytes) : MESSAGE_BAD_SIZE;
	default:
		return size == sizeof(struct message_head) ? MESSAGE_GOOD : MESSAGE_BAD_SIZE;
	}
}

static bool are_descriptors_of(uint32_t kind, unsigned count)
{
	switch (kind) {
	case MESSAGE_HOLD:
		return count == 1 || count == 2;
	case MESSAGE_MAILBOX:
		return count == 1;
	default:
		return count == 0;
	}
}

/* In a time that does not tell how many bytes of it were right. */
static bool is_token(const unsigned char *a, const unsigned char *b)
{
	unsigned difference = 0;
	for (int i = 0; i < TOKEN_BYTES; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

enum message_fault message_check(const void *bytes, size_t size, unsigned descriptors,
				 const unsigned char token[TOKEN_BYTES])
{
	const struct message_head *head = bytes;
	if (size < sizeof *head)
		return MESSAGE_BAD_SIZE;
	if (head->magic != MESSAGE_MAGIC || head->version != MESSAGE_VERSION)
		return MESSAGE_BAD_VERSION;
	if (!is_token(head->token, token))
		return MESSAGE_BAD_TOKEN;
	if (head->kind < MESSAGE_HELLO || head->kind > MESSAGE_TLS)
		return MESSAGE_BAD_KIND;
	if (head->size != size || size < least_size(head->kind) || size > MESSAGE_MAX)
		return MESSAGE_BAD_SIZE;
	if (!are_descriptors_of(head->kind, descriptors))
		return MESSAGE_BAD_DESCRIPTORS;
	return check_body(bytes, size, head->kind);
}
