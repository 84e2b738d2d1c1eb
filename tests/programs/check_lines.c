/* SPDX-License-Identifier: MIT */
/*
 * Lines that have no room: --mode cut writes one event-like object into less and less room, a line each; --mode many holds
 * more lines at once than there are buffers, writes each to its end, and prints how many stood as they were written.
 */
#include <stdio.h>
#include <string.h>

#include "sys/json.h"
#include "events/lines.h"

enum { MOST = 700, MANY = 40 };

static void add_frames(struct text *line, unsigned count)
{
	size_t mark = json_mark(line);

	json_open(line, "sites", '{');
	json_open(line, "close", '[');
	for (unsigned i = 0; i < count; i++) {
		json_open(line, NULL, '[');
		json_number(line, NULL, 0);
		json_number(line, NULL, UINT64_MAX - i);
		json_close(line, ']');
	}
	json_close(line, ']');
	json_close(line, '}');
	json_fits(line, mark);
}

static void cut(void)
{
	char bytes[MOST];

	for (size_t room = MOST; room >= 4; room--) {
		struct text line = text_in(bytes, room);

		json_begin(&line);
		json_number(&line, "v", 1);
		json_string(&line, "program", "\"\\\n\x01\xff\xe2\x82 \xf0\x9f\x98\x80");
		json_bool(&line, "handshake", true);
		json_string(&line, "absent", NULL);
		add_frames(&line, 16);
		json_string(&line, "last", "word");
		json_end(&line);
		fwrite(bytes, 1, line.length, stdout);
	}
}

static void many(void)
{
	static struct text lines[MANY];
	int right = 0;

	for (int i = 0; i < MANY; i++) {
		if (!lines_take(&lines[i]))
			return;
		while (!lines[i].cut)
			text_add_number(&lines[i], (uint64_t)(i % 10));
		text_end_line(&lines[i]);
	}
	for (int i = 0; i < MANY; i++) {
		char want[LINE_MAX_BYTES];

		memset(want, '0' + i % 10, sizeof(want));
		want[sizeof(want) - 1] = '\n';
		right += lines[i].length == sizeof(want) && !memcmp(lines[i].bytes, want, sizeof(want));
		lines_give_back(&lines[i]);
	}
	printf("right=%d\n", right);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "cut"))
		cut();
	else if (argc == 3 && !strcmp(argv[2], "many"))
		many();
	else
		return 2;
	return 0;
}
