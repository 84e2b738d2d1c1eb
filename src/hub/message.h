/* SPDX-License-Identifier: MIT */
/*
 * What a process says to the hub: one SOCK_SEQPACKET connection for each message, so that nothing of it stays in the
 * host between two calls. (A datagram queue is 10 long, net.unix.max_dgram_qlen; thousands of these fit, even while the hub
 * is stopped.)
 *
 *   HELLO   a process of the tree has begun (at the start of each, and in the child of a fork): no descriptor
 *   LINE    a line for the log file, which the hub has open: no descriptor
 *   HOLD    a socket to be drained: the socket, then stderr where the event goes there
 *   SPOKEN  what follows a HOLD whose close_notify was left open: the record, or the reason why there is none
 *   AWAIT   nothing: the hub ends the connection when it holds nothing of this process any more
 *   BYE     the process ends, or becomes another program, and has told of all its connections
 *   MAILBOX memory that the process shares with the hub from here on (struct mailbox): its memfd
 *   TLS     the process has begun its first connection: should it end without BYE, that can be told
 *
 * Rules: fixed size head, then as many bytes as the head says, never more than MESSAGE_MAX. The hub believes nothing: a
 * message of another version or size, without the token, from who is not of this machine's pid that it claims, with a
 * descriptor too few or too many, a HOLD that it has already, is dropped and counted, its descriptors closed.
 */
#ifndef TLSBYE_MESSAGE_H
#define TLSBYE_MESSAGE_H

#include "hub/teller.h"
#include "linger/hold.h"

#define HUB_VARIABLE                                                                                         \
	"TLSBYE_HUB" /* VERSION:PID:UID:LOG:NAME:TOKEN:FOLDER; LOG: 1, it is open; NAME is abstract, FOLDER may be empty */
#define HUB_SOCKET_FILE "hub" /* in FOLDER: for other network namespaces, whose abstract names are others */

enum {
	MESSAGE_MAGIC = 0x65796274,
	MESSAGE_VERSION = 1,
	TOKEN_BYTES = 16,
	HUB_NAME_MAX = 40,
	HUB_FOLDER_MAX = 80
};

enum message_kind {
	MESSAGE_HELLO = 1,
	MESSAGE_LINE,
	MESSAGE_HOLD,
	MESSAGE_SPOKEN,
	MESSAGE_AWAIT,
	MESSAGE_BYE,
	MESSAGE_MAILBOX,
	MESSAGE_TLS
};

struct message_head {
	uint32_t magic, version;
	unsigned char token[TOKEN_BYTES];
	uint32_t kind;
	uint32_t size; /* of all of it: head, body, bytes */
};

struct message_hold {
	struct message_head head;
	struct hold hold;
	/* then residue_length + sites_length bytes */
};

struct message_spoken {
	struct message_head head;
	struct hold_speech speech;
	/* then residue_length bytes */
};

struct message_tls {
	struct message_head head;
	struct teller teller;
};

/*
 * Lines of a process that has cut itself off (chroot, name spaces): it writes, and the hub comes to look. A slot has the
 * length of its line, which is published after the line, and is free again when the hub has read it. What a process was
 * writing when it was killed stays WRITING: that costs one slot.
 */
enum { MAILBOX_LINES = 32, MAILBOX_FREE = 0, MAILBOX_WRITING = 1 /* more: a line of so many bytes */ };
struct mailbox {
	_Atomic uint32_t lost; /* lines for which no slot was free */
	_Atomic uint32_t next; /* the slot that is tried first: so lines stay in their order */
	_Atomic uint32_t lengths[MAILBOX_LINES];
	char lines[MAILBOX_LINES][LINE_MAX_BYTES];
};

enum { MESSAGE_MAX = sizeof(struct message_hold) + RESIDUE_MAX + HOLD_SITES_MAX };

#endif
