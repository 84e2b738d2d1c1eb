/* SPDX-License-Identifier: MIT */
/*
 * Where an HTTP message ends (src/judge/message.c), as the probe asks of what a peer sends.
 *
 * Input: a byte (1: a request; 2: without a body; 4 and more: how it is cut into pieces), then what the peer sends.
 * Rules: however it is cut, the same is found; no more bytes are counted than came; what is over stays so.
 */
#include "fuzz.h"

#include "judge/message.h"

#include <stdlib.h>
#include <string.h>

static struct message read_in_pieces(const struct message *begin, const uint8_t *data, size_t size,
				     size_t piece)
{
	struct message m = *begin;
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		char *copy = malloc(n); /* of its own size: no byte after it may be looked at */
		fuzz_must(copy);
		memcpy(copy, data + at, n);
		message_feed(&m, copy, n);
		free(copy);
	}
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how = fuzz_byte(&data, &size);
	const struct message begin = {.request = how & 1, .bodiless = how & 2};
	struct message whole = read_in_pieces(&begin, data, size, size ? size : 1);
	struct message cut = read_in_pieces(&begin, data, size, 1 + how / 4);

	fuzz_must(whole.part == cut.part && whole.status == cut.status && whole.bytes == cut.bytes &&
		  whole.left == cut.left && whole.length == cut.length && whole.head == cut.head);
	fuzz_must(whole.bytes <= size);
	if (message_over(&whole)) {
		message_feed(&cut, "more", 4);
		fuzz_must(message_over(&cut) && cut.bytes == whole.bytes);
	}
	return 0;
}
