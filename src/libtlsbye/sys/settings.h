/* SPDX-License-Identifier: MIT */
/*
 * TLSBYE_*, read once in the constructor into one struct that nobody changes afterwards: nginx wipes its environment,
 * merecat changes its user. The table of settings is src/settings_table.h.
 */
#ifndef TLSBYE_SETTINGS_H
#define TLSBYE_SETTINGS_H

#include "event_table.h"
#include "setting.h"
#include "sys/export.h"

#include <stdbool.h>
#include <stdint.h>

/* The values, in the order of the words in the table. */
enum mode { MODE_CURE, MODE_OBSERVE, MODE_OFF };
enum on_off { ON, OFF };
enum linger_kind { LINGER_BACKGROUND, LINGER_WAIT, LINGER_OFF };
enum quiet { QUIET_RESPECT, QUIET_OVERRIDE };
enum log_format { FORMAT_TEXT, FORMAT_JSON };
enum level { LEVEL_OFF, LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

struct settings {
	enum mode mode; /* MODE_OFF too where ONLY or SKIP leave this program out */
	enum on_off notify;
	enum linger_kind linger;
	uint64_t linger_idle_ms, linger_total_ms, linger_sending_ms, at_exit_ms;
	uint64_t linger_bytes, linger_sockets;
	enum quiet quiet_shutdown;
	enum on_off ignore_unexpected_eof;
	enum level log_level;
	enum log_format log_format;
	enum on_off backtrace;
	char log_file[SETTING_TEXT_MAX + 1]; /* "": stderr */
	unsigned ways; /* WAY_ bits: all, unless a test wishes one alone (TLSBYE_WAYS=hub,clone,in-place) */
};

/* A value that was not understood, or a name that is no setting's; the texts are the environment's. */
struct setting_complaint {
	const char *name;
	size_t name_length;
	const char *text;    /* NULL: there is no such setting */
	const char *refusal; /* as in src/setting.h */
	const char *fallback;
};

extern const struct settings *settings INTERNAL; /* mode off until they are settled */

/*
 * Constructor only: reads the environment. For a value that is not understood its default is used. Where nothing is set,
 * even the defaults wait for settings_need: most processes of a tree never use TLS.
 */
void settings_read(void);

/* Constructor only: what there is to complain of, each once. */
void settings_complain(void (*tell)(const struct setting_complaint *complaint));

/* Constructor only: the log file cannot be opened, and stderr is used instead. */
void settings_log_to_stderr(void);

/* Constructor only: the value of HUB_VARIABLE (connection/hub.h), or NULL. */
const char *settings_hub(void);

/* At the first connection of the process, under process_init's lock. */
void settings_need(void);

/* Where execvp looks: the program's PATH as it is now, or the system's. Async-signal-safe. */
const char *settings_search_path(void);

#endif
