/* SPDX-License-Identifier: MIT */
/* See first_connection.h. */
#include "release/first_connection.h"

#include "release/fork.h"
#include "release/process_exit.h"
#include "sys/in_handler.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <pthread.h>

static void begin(void)
{
	settings_need();
	process_begin();
	if (settings->mode == MODE_CURE)
		in_handler_begin();
	fork_watch();
	process_exit_watch();
	process_exit_watch_quick();
}

void first_connection_begins(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin);
}
