/* SPDX-License-Identifier: MIT */
/*
 * What a harness is: one function that takes bytes, as libFuzzer has it. It is linked either with libFuzzer, which makes the
 * bytes up (tests/fuzz/run), or with driver.c, which reads them from files (tests/fuzz.bats: the corpus, once).
 *
 * Rules: a harness leaves nothing behind from one input to the next: no descriptor, no memory. Input is only ever read as
 * the project reads it; what must hold of the result is said by fuzz_must, which ends the process.
 */
#ifndef TLSBYE_FUZZ_H
#define TLSBYE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_must(condition)                                                                                 \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			fuzz_failed(__FILE__, __LINE__, #condition);                                         \
	} while (0)
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/*
 * UTF-8 with nothing in it that a terminal would act on, or that would turn the order of what is read? But these control
 * characters are expected: "\n".
 */
bool fuzz_is_plain(const char *bytes, size_t size, const char *expected);

/* The next byte of the input; 0 after its end. */
uint8_t fuzz_byte(const uint8_t **data, size_t *size);

/* How many bytes of the input, at most so many, and where: they are taken. */
size_t fuzz_bytes(const uint8_t **data, size_t *size, size_t most, const uint8_t **bytes);

/* The lowest number that is free: the same before and after an input, or a descriptor was left open. */
int fuzz_lowest_descriptor(void);

#endif
