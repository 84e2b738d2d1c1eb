/* SPDX-License-Identifier: MIT */
/*
 * Every setting, once: the object reads TLSBYE_<NAME> (src/libtlsbye/sys/settings.c), `tlsbye run` offers --<name>
 * (src/tlsbye/run.c), both by the parser of src/setting.h; a test holds the man pages against this list.
 *
 * X(name, kind, default, min, max, allowed, meaning)
 *
 * Kinds:
 *   CHOICE    one of the words in "allowed", separated by |
 *   DURATION  a number with its unit: 250ms, 5s, 2m, 1h (no unit: refused)
 *   SIZE      bytes: 65536, 64K, 16M, 1G, 1T
 *   COUNT     a whole number
 *   PATH      a word of "allowed", or an absolute path
 *   NAMES     program names (no slash), separated by commas
 *
 * min and max are written as a user would write them; every limit is finite (P10), so is the range of each.
 */
#ifndef TLSBYE_SETTINGS_TABLE_H
#define TLSBYE_SETTINGS_TABLE_H

#define TLSBYE_SETTINGS(X)                                                                                   \
	X(MODE, CHOICE, "cure", "", "", "cure|observe|off",                                                  \
	  "cure: end its connections properly; observe: only report; off: do nothing at all")                \
	X(NOTIFY, CHOICE, "on", "", "", "on|off", "off: never send close_notify, keep half-close and drain") \
	X(QUIET_SHUTDOWN, CHOICE, "respect", "", "", "respect|override",                                     \
	  "override: send close_notify although the program asked OpenSSL for a quiet shutdown")             \
	X(IGNORE_UNEXPECTED_EOF, CHOICE, "off", "", "", "on|off",                                            \
	  "on: where the peer ends without close_notify, tell the program a clean end, and warn in the log " \
	  "(OpenSSL 3)")                                                                                     \
	X(LINGER, CHOICE, "background", "", "", "background|wait|off",                                       \
	  "where the drain runs: in the hub beside the program, inside close() itself, or not at all")       \
	X(LINGER_IDLE, DURATION, "5s", "0s", "1h", "a duration like 5s or 500ms",                            \
	  "a drain ends when the peer neither sent nor took a byte for so long")                             \
	X(LINGER_TOTAL, DURATION, "30s", "0s", "1h", "a duration like 30s or 2m",                            \
	  "a drain ends after so long")                                                                      \
	X(LINGER_SENDING, DURATION, "2s", "0s", "1h", "a duration like 2s or 500ms",                         \
	  "a drain ends when the peer has got everything and then goes on sending for so long")              \
	X(LINGER_BYTES, SIZE, "256M", "0", "1T", "a size like 65536, 64K or 16M",                            \
	  "a drain ends after so many bytes")                                                                \
	X(LINGER_SOCKETS, COUNT, "1024", "1", "65536", "a number like 64 or 4096",                           \
	  "so many drains of a process at once; past it the one that can best be spared ends")               \
	X(AT_EXIT, DURATION, "10s", "0s", "1h", "a duration like 10s or 500ms",                              \
	  "how long PID 1 waits for its drains at its exit, and the hub after a SIGTERM")                    \
	X(LOG, PATH, "stderr", "", "", "stderr, off or an absolute path", "where events go, a line each")    \
	X(LOG_LEVEL, CHOICE, "info", "", "", "off|error|warn|info|debug",                                    \
	  "info: a line for each connection that needed a cure; debug: one for every step of every")         \
	X(LOG_FORMAT, CHOICE, "text", "", "", "text|json",                                                   \
	  "text: a line for people; json: an object a line, see tlsbye-events(5)")                           \
	X(BACKTRACE, CHOICE, "off", "", "", "on|off",                                                        \
	  "on: call sites in JSON events have the frames further out, too")                                  \
	X(ONLY, NAMES, "", "", "", "program names like nginx,python3", "act in these programs only")         \
	X(SKIP, NAMES, "", "", "", "program names like nginx,python3", "do nothing in these programs")

#endif
