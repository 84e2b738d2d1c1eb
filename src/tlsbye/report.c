/* SPDX-License-Identifier: MIT */
/*
 * The command: options, files, and who shows the result. The rooms behind it are in report/: lines become records
 * (log_reader), records counts (model), and summary, ladder, html and json show those.
 *
 * Rules: a file that cannot be read does not keep the others from being read, but the exit status tells. Only what was
 * asked for goes to stdout.
 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "report/html.h"
#include "report/json.h"
#include "report/ladder.h"
#include "report/log_reader.h"
#include "report/model.h"
#include "report/summary.h"

/* As diff(1) and grep(1) have them; EXIT_MISUSE is their 2, for trouble of any kind. */
enum { EXIT_NOTHING_WRONG = 0, EXIT_SOMETHING_WRONG = 1 };

enum { STORIES = 3, STORIES_ON_PAGE = 20 }; /* of the worst connections of a group */

enum { OPTION_CONNECTION = 256, OPTION_HTML, OPTION_JSON, OPTION_LINES, OPTION_DEBUG_DIRECTORY };

struct input {
	const char *name;
	bool known; /* the same file as one before: read once, counted once */
	FILE *copy; /* of what can be read only once, where it has to be read twice */
};

struct command {
	const char *connection, *html, *debug_directory;
	bool json, lines;
	struct input *inputs;
	const char **files;
	size_t count;
	bool trouble;
};

static const struct argp_option options[] = {
	{"connection", OPTION_CONNECTION, "ID", 0, "draw this connection step by step instead of the summary",
	 0},
	{"html", OPTION_HTML, "PAGE", 0, "also write all of it into PAGE, to be looked at in a browser", 0},
	{"json", OPTION_JSON, NULL, 0, "one JSON document instead of the summary", 0},
	{"lines", OPTION_LINES, NULL, 0, "only the functions to be pasted into the programs at fault", 0},
	{"debug-directory", OPTION_DEBUG_DIRECTORY, "DIR", 0,
	 "look there too for separate debug files (DIR/.build-id/xx/yyyy.debug)", 0},
	{0}};

static error_t check(const struct command *command)
{
	if (command->count == 0)
		return cli_misuse(
			"no FILE; next: tlsbye report LOG (or - for stdin), where LOG was written by "
			"tlsbye run --log-format=json --log=LOG PROGRAM");
	if ((command->connection != NULL) + command->json + command->lines > 1)
		return cli_misuse(
			"--connection, --json and --lines each say what goes to stdout: one of them");
	return 0;
}

static error_t parse_report(int key, char *arg, struct argp_state *state)
{
	struct command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case OPTION_CONNECTION:
		command->connection = arg;
		return 0;
	case OPTION_HTML:
		command->html = arg;
		return 0;
	case OPTION_JSON:
		command->json = true;
		return 0;
	case OPTION_DEBUG_DIRECTORY:
		if (*arg != '/' || strchr(arg, ':'))
			return cli_misuse("--debug-directory=%s: use an absolute path, without a colon", arg);
		command->debug_directory = arg;
		return 0;
	case OPTION_LINES:
		command->lines = true;
		return 0;
	case ARGP_KEY_ARG:
		command->inputs[command->count].name = arg;
		command->files[command->count++] = arg;
		return 0;
	case ARGP_KEY_END:
		return check(command);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char help[] =
	"Read the events that tlsbye has logged (--log-format=json), and tell which program ends its TLS connections wrong, where, "
	"which rule that breaks, and what to write instead. Several files, of several processes, make one report; - is "
	"stdin.\v"
	"Example: tlsbye run --mode=observe --log-level=debug --log-format=json --log=/tmp/log ./server; tlsbye report /tmp/log\n"
	"The exit status is 0 when nothing wrong was found, 1 when something was or a connection has no end, 2 for misuse, a FILE that cannot be read, or "
	"no event at all among other lines. More: tlsbye-report(1).";

static uint64_t lines_lost;

void report_lines_lost(uint64_t lines)
{
	lines_lost = lines;
}

/* --- reading --- */

static bool is_stdin(const struct input *input)
{
	return strcmp(input->name, "-") == 0;
}

static bool stat_input(const struct input *input, struct stat *st)
{
	return (is_stdin(input) ? fstat(STDIN_FILENO, st) : stat(input->name, st)) == 0;
}

/* The name of the one among the first inputs that is this file, or NULL. */
static const char *same_input(const struct command *command, size_t first, const struct stat *st)
{
	struct stat input;

	for (size_t i = 0; i < first; i++)
		if (stat_input(&command->inputs[i], &input) && input.st_dev == st->st_dev &&
		    input.st_ino == st->st_ino)
			return command->inputs[i].name;
	return NULL;
}

/* The page must not take the place of a log. */
static bool is_an_input(const struct command *command, const char *path)
{
	struct stat page;

	return stat(path, &page) == 0 && same_input(command, command->count, &page);
}

static uint64_t size_of(const struct command *command)
{
	uint64_t total = 0;
	struct stat st;

	for (size_t i = 0; i < command->count; i++) {
		if (!stat_input(&command->inputs[i], &st) || !S_ISREG(st.st_mode))
			return 0; /* nobody knows how much will come */
		total += (uint64_t)st.st_size;
	}
	return total;
}

static bool read_input(struct log_reader *reader, struct input *input, bool twice)
{
	int fd = is_stdin(input) ? STDIN_FILENO : open(input->name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool read;

	if (fd < 0 || fstat(fd, &st)) {
		cli_say("%s: cannot be opened (%m)", input->name);
		if (fd > STDIN_FILENO)
			close(fd);
		return false;
	}
	if (twice && (is_stdin(input) || !S_ISREG(st.st_mode))) {
		input->copy = tmpfile();
		if (!input->copy)
			cli_say("%s: cannot be kept in a temporary file (%m): the page will have no ladders of it",
				input->name);
	}
	read = log_reader_read(reader, fd, is_stdin(input) ? "stdin" : input->name,
			       input->copy ? fileno(input->copy) : -1);
	if (!is_stdin(input))
		close(fd);
	return read;
}

static void read_once(struct command *command, struct log_reader *reader)
{
	for (size_t i = 0; i < command->count; i++) {
		struct input *input = &command->inputs[i];
		struct stat st;
		const char *same = stat_input(input, &st) ? same_input(command, i, &st) : NULL;

		input->known = same != NULL;
		if (input->known)
			cli_say("%s: the same file as %s; it is read once", input->name, same);
		else if (!read_input(reader, input, command->html != NULL))
			command->trouble = true;
	}
}

/* What could not be read has been said before. */
static void read_again(struct command *command, struct log_reader *reader)
{
	for (size_t i = 0; i < command->count; i++) {
		struct input *input = &command->inputs[i];
		int fd = input->copy                       ? fileno(input->copy)
			 : input->known || is_stdin(input) ? -1
							   : open(input->name, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (!input->copy || lseek(fd, 0, SEEK_SET) == 0)
			log_reader_read(reader, fd, input->name, -1);
		if (!input->copy)
			close(fd);
	}
}

static void no_memory(void)
{
	cli_say("out of memory");
	exit(EXIT_MISUSE);
}

static struct report *read_all(struct command *command, struct model *model, struct log_reader **reader)
{
	struct progress progress;
	struct report *report;

	progress_begin(&progress, size_of(command) * (command->html ? 2 : 1));
	*reader = log_reader_new(model_add, model, &progress);
	if (!*reader)
		no_memory();
	read_once(command, *reader);
	if (command->html) {
		struct log_reader *again = log_reader_new(model_add_event, model, &progress);

		if (!again)
			no_memory();
		model_choose(model);
		read_again(command, again);
		log_reader_free(again);
	}
	progress_end(&progress);
	report = model_report(model);
	log_reader_account(*reader, report);
	report->files = command->files;
	report->files_count = command->count;
	report->lines_lost = lines_lost;
	return report;
}

/* --- showing --- */

static struct screen find_screen(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
	struct winsize size;
	struct screen screen = {0};

	if (!isatty(STDOUT_FILENO))
		return screen;
	screen.color = !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		screen.width = size.ws_col;
	return screen;
}

static void show(struct command *command, const struct report *report, struct source *source)
{
	struct screen screen = find_screen();

	if (command->connection) {
		if (!ladder_chosen_print(stdout, report, command->connection, source, screen.color,
					 screen.width))
			command->trouble = true;
	} else if (command->json) {
		json_write(stdout, report, source);
	} else if (command->lines) {
		summary_lines(stdout, report);
	} else {
		summary_print(stdout, report, source, screen);
	}
	/* Before anything is said about the page: the two may go to the same place. */
	if (fflush(stdout) || ferror(stdout)) {
		cli_say("the report cannot be written to stdout (%m)");
		command->trouble = true;
	}
	if (command->html && !html_save(command->html, report, source))
		command->trouble = true;
}

static int status_of(const struct command *command, const struct report *report)
{
	if (command->trouble)
		return EXIT_MISUSE;
	if (report->totals.events == 0 && report->lines_skipped > 0) {
		cli_say("no event of tlsbye in %s%s", command->files[0],
			command->count > 1 ? " and the others" : "");
		return EXIT_MISUSE;
	}
	return report->groups_count > 0 || report->totals.without_end > 0 || report->lines_lost > 0
		       ? EXIT_SOMETHING_WRONG
		       : EXIT_NOTHING_WRONG;
}

static int make_report(struct command *command)
{
	char *id = command->connection ? ladder_chosen_id(command->connection) : NULL;
	struct model *model = model_new(id, command->html ? STORIES_ON_PAGE : STORIES);
	struct source *source = source_open();
	struct log_reader *reader;
	const struct report *report;
	int status;

	if (!model || !source || (command->connection && !id) ||
	    (command->debug_directory && !source_look_in(source, command->debug_directory)))
		no_memory();
	report = read_all(command, model, &reader);
	show(command, report, source);
	status = status_of(command, report);
	source_close(source);
	log_reader_free(reader);
	model_free(model);
	free(id);
	return status;
}

int report_command(int argc, char **argv)
{
	static const struct argp_child children[] = {{&cli_argp, 0, NULL, -1}, {0}};
	static const struct argp argp = {.options = options,
					 .parser = parse_report,
					 .args_doc = "FILE...",
					 .doc = help,
					 .children = children};
	struct command command = {.inputs = calloc((size_t)argc, sizeof(struct input)),
				  .files = calloc((size_t)argc, sizeof(char *))};
	int status;

	if (!command.inputs || !command.files)
		no_memory();
	status = cli_parse(&argp, argc, argv, &command);
	if (status == 0 && command.html && is_an_input(&command, command.html)) {
		cli_say("%s: is a log that is to be read; --html=PAGE names the page that is to be written",
			command.html);
		status = EXIT_MISUSE;
	}
	if (status == 0)
		status = make_report(&command);
	for (size_t i = 0; i < command.count; i++)
		if (command.inputs[i].copy)
			fclose(command.inputs[i].copy);
	free(command.inputs);
	free(command.files);
	return status;
}
