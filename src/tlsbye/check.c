/* SPDX-License-Identifier: MIT */
/*
 * `tlsbye check`: options, the file or the process, and the answer on stdout. What is found and what is made of it
 * lives in check/; whether the object can come in at all is program.c's, as in `tlsbye run`.
 *
 * Rules: nothing is executed, and nothing of a process is changed. The verdict is the exit status, too.
 */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check/answer.h"
#include "check/memory.h"
#include "cli.h"
#include "object.h"

enum { KEY_JSON = 0x100, KEY_PID };
enum { STATUS_REACHABLE, STATUS_NOT, STATUS_UNKNOWN };

struct check {
	const char *program;
	pid_t pid;
	bool json;
};

static error_t parse_pid(const char *text, struct check *check)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || pid < 1 || pid > INT32_MAX)
		return cli_misuse("--pid=%s: not the number of a process", text);
	check->pid = (pid_t)pid;
	return 0;
}

static error_t parse_check(int key, char *arg, struct argp_state *state)
{
	struct check *check = state->input;

	switch (key) {
	case KEY_JSON:
		check->json = true;
		return 0;
	case KEY_PID:
		return parse_pid(arg, check);
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARG:
		if (check->program)
			return cli_misuse("%s: one PROGRAM at a time, without its arguments", arg);
		check->program = arg;
		return 0;
	case ARGP_KEY_END:
		if (check->program && check->pid)
			return cli_misuse("PROGRAM and --pid are two questions; ask one at a time");
		if (!check->program && !check->pid)
			return cli_misuse("no PROGRAM to check");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char help[] =
	"Can libtlsbye.so reach PROGRAM? One line of verdict, the reasons, and what to do instead. PROGRAM is read, not "
	"run.\v"
	"Example: tlsbye check nginx\n\n"
	"The exit status is 0 when it can be reached, 1 when not, or only in part, and 2 when that could not be told. "
	"More: tlsbye-check(1).";

static const struct argp_option options[] = {
	{.doc = "What is checked:", .group = 1},
	{"pid", KEY_PID, "PID", 0, "a process, by what it has loaded now, instead of PROGRAM", 1},
	{.doc = "How it is told:", .group = 2},
	{"json", KEY_JSON, NULL, 0, "as one JSON object (default: as text)", 2},
	{0}};

static int tell(const struct answer *answer, bool json)
{
	static const int statuses[] = {[REACHABLE] = STATUS_REACHABLE,
				       [IN_PART] = STATUS_NOT,
				       [OUT_OF_REACH] = STATUS_NOT,
				       [NO_TLS] = STATUS_NOT,
				       [CANNOT_TELL] = STATUS_UNKNOWN};
	bool written = true;

	if (json)
		written = answer_json_print(answer, stdout);
	else
		answer_print(answer, stdout);
	if (fflush(stdout) || ferror(stdout) || !written) {
		cli_say("the answer could not be written (%m)");
		return STATUS_UNKNOWN;
	}
	return statuses[answer->verdict];
}

/* What is neither ELF nor a script is no misuse: it is an answer, that nothing can be told. */
static bool legible(struct answer *answer)
{
	const struct elf_file *elf = &answer->objects.all[0].elf;

	switch (elf->state) {
	case ELF_READ:
		return true;
	case ELF_UNREADABLE:
		answer_reason(answer, "unreadable", "%s cannot be read: %s", answer->code,
			      strerror(elf->error));
		answer_next(answer, "ask as somebody who may read it");
		break;
	case ELF_OTHER:
		answer_reason(answer, "no-program",
			      "%s is neither an ELF program nor a script with a #! line", answer->code);
		answer_next(answer, "check what runs it (a shell would, without #!)");
		break;
	case ELF_DAMAGED:
		answer_reason(answer, "damaged", "%s begins like an ELF program, and is cut off or damaged",
			      answer->code);
		answer_next(answer, "install it again");
		break;
	}
	answer->verdict = CANNOT_TELL;
	return false;
}

static int answer_it(struct answer *answer, bool json)
{
	if (legible(answer)) {
		findings_collect(answer);
		verdict_judge(answer);
	}
	return tell(answer, json);
}

static int check_program(const char *name, const char *object, bool json)
{
	struct answer answer = {.asked = name};
	int err = program_find(name, answer.path);

	if (err) {
		program_cannot_run(name, err);
		return STATUS_UNKNOWN;
	}
	answer.obstacle = program_obstacle(answer.path, object, answer.code);
	objects_add(&answer.objects, answer.code, answer.code, answer.code, NOBODY);
	return answer_it(&answer, json);
}

/* Its privileges are those it has, not those that its file would give to somebody else: AT_SECURE tells. */
static int check_process(pid_t pid, const char *object, bool json)
{
	struct process process;
	struct answer answer = {.process = &process};

	if (process_read(pid, &process, &answer.objects))
		return STATUS_UNKNOWN;
	snprintf(answer.path, sizeof(answer.path), "%s", process.exe);
	snprintf(answer.code, sizeof(answer.code), "%s", process.exe);
	answer.asked = answer.path;
	answer.obstacle = program_loading(answer.objects.all[0].opened, object);
	return answer_it(&answer, json);
}

int check_command(int argc, char **argv)
{
	static const struct argp_child children[] = {{&cli_argp, 0, NULL, -1}, {0}};
	const struct argp argp = {.options = options,
				  .parser = parse_check,
				  .args_doc = "PROGRAM\n--pid=PID",
				  .doc = help,
				  .children = children};
	char object[PATH_MAX];
	struct check check = {0};
	int status = cli_parse(&argp, argc, argv, &check);

	if (status)
		return status;
	if (!object_find(object))
		return STATUS_UNKNOWN;
	return check.pid ? check_process(check.pid, object, check.json)
			 : check_program(check.program, object, check.json);
}
