/* SPDX-License-Identifier: MIT */
/*
 * The plaintext before TLS (src/tlsbye/probe/starttls.c), with whatever a peer may answer, up to its FIN.
 *
 * Input: a byte (modulo 4 the protocol: ftp, imap, postgres, smtp), then what the peer sends.
 * Rules: no byte stands between consent and TLS; a refusal has one line of plain text; nothing of the peer's is sent back.
 */
#include "fuzz.h"

#include "tlsbye/probe/starttls.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = fuzz_lowest_descriptor(), ends[2];
	uint8_t how = fuzz_byte(&data, &size);
	const struct plan plan = {.starttls = (enum starttls)(STARTTLS_FTP + how % 4), .timeout_ms = 60000};
	struct trouble trouble = {0};
	char byte, said[256];

	if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	fuzz_must(send(ends[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(ends[1], SHUT_WR);
	bool agreed = starttls_ask(&plan, ends[0], &trouble);
	fuzz_must(agreed == !*trouble.text);
	fuzz_must(!agreed || recv(ends[0], &byte, 1, MSG_PEEK) == 0);
	fuzz_must(fuzz_is_plain(trouble.text, strlen(trouble.text), ""));
	ssize_t n = recv(ends[1], said, sizeof said, 0);
	fuzz_must(n < 64);
	close(ends[0]);
	close(ends[1]);
	fuzz_must(fuzz_lowest_descriptor() == before);
	return 0;
}
