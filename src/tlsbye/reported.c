/* SPDX-License-Identifier: MIT */
/*
 * See reported.h. The events are written by the hub, which has their file open: nobody but the user can reach it, and a
 * program that becomes another user goes on telling. When the program has ended, the hub is asked to say when it holds
 * nothing more of it.
 *
 * The program must not notice that it is a child: it keeps its signal mask and dispositions, the
 * terminal, stdin and stdout. What somebody sends to us by kill(2) is passed on; what a terminal sends goes to its whole
 * process group, so to the program too, and is not passed on a second time.
 */
#include "reported.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "hub/control.h"
#include "hub/hub_start.h"
#include "events/event.h"
#include "sys/clock.h"
#include "program.h"
#include "report.h"
#include "setting.h"

enum { LEAVES_WITHIN_MS = 5000, LOOKS_MAX = 1000, CALM_LOOKS = 3 };

/* --- the log --- */

struct log_file {
	char folder[PATH_MAX]; /* of ours; "" where the user named a file */
	char path[PATH_MAX + 16];
};

static bool make_log(struct log_file *log)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	snprintf(log->folder, sizeof(log->folder), "%s/tlsbye-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(log->folder)) {
		cli_say("%s: no folder for the events can be made there (%m); TMPDIR can name another place",
			log->folder);
		return false;
	}
	snprintf(log->path, sizeof(log->path), "%s/events", log->folder);
	fd = open(log->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		cli_say("%s: cannot be made (%m)", log->path);
		return false;
	}
	close(fd);
	return true;
}

static void remove_log(const struct log_file *log)
{
	if (!*log->folder)
		return;
	unlink(log->path);
	rmdir(log->folder);
}

static bool set(const char *name, const char *value)
{
	char variable[64];

	snprintf(variable, sizeof(variable), SETTING_PREFIX "%s", name);
	return setenv(variable, value, 1) == 0;
}

/* A file that the user named is read as a whole: it may hold more than this run. */
static bool prepare_log(struct log_file *log)
{
	const char *named = getenv(SETTING_PREFIX "LOG");

	if (named && *named == '/' && strlen(named) < sizeof(log->path))
		strcpy(log->path, named);
	else if (!make_log(log))
		return false;
	return set("LOG", log->path) && set("LOG_FORMAT", "json") && set("LOG_LEVEL", "debug");
}

/* --- the child --- */

struct signals {
	sigset_t before;
	struct sigaction child_before;
	sigset_t taken; /* all but those by which a shell stops and continues a job, and a fault of our own */
};

static void take_signals(struct signals *signals)
{
	static const int left[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
	struct sigaction normal = {.sa_handler = SIG_DFL};

	sigfillset(&signals->taken);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		sigdelset(&signals->taken, left[i]);
	sigprocmask(SIG_BLOCK, &signals->taken, &signals->before);
	sigaction(SIGCHLD, &normal,
		  &signals->child_before); /* ignored, it would take the child's status away */
}

static void give_signals_back(const struct signals *signals)
{
	sigaction(SIGCHLD, &signals->child_before, NULL);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

/* In the child. Only a failure returns through the pipe; success closes it. */
static void become(char **program, const struct signals *signals, int trouble)
{
	int err;

	give_signals_back(signals);
	execvp(program[0], program);
	err = errno;
	while (write(trouble, &err, sizeof(err)) < 0 && errno == EINTR)
		;
	_exit(EXIT_OWN_FAILURE);
}

/* 0, or the errno of fork or exec. */
static int start(char **program, const struct signals *signals, pid_t *child)
{
	int trouble[2], err = 0;

	if (pipe2(trouble, O_CLOEXEC))
		return errno;
	*child = fork();
	if (*child == 0)
		become(program, signals, trouble[1]);
	if (*child < 0)
		err = errno;
	close(trouble[1]);
	if (*child > 0 && read(trouble[0], &err, sizeof(err)) == (ssize_t)sizeof(err))
		waitpid(*child, NULL, 0);
	close(trouble[0]);
	return err;
}

/* The wait status. */
static int wait_for(pid_t child, const struct signals *signals)
{
	int status;
	siginfo_t info;

	for (;;) {
		if (sigwaitinfo(&signals->taken, &info) < 0)
			continue;
		if (info.si_signo == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
			return status;
		if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
}

/* --- its end --- */

/* As the program's own end would look to who started us; its core was dumped already, if any. */
static void end_alike(int signo)
{
	struct rlimit none = {0, 0};
	sigset_t one;

	setrlimit(RLIMIT_CORE, &none);
	signal(signo, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signo);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signo);
}

/* -1: it has none (yet). In one read(): an exec() between two of them would look like the end of it. */
static int writes_to(const char *pid, const char *setting)
{
	static char all[1 << 17];
	char path[64], *variable = NULL;
	size_t room = 0;
	int found = 0, seen = 0;
	FILE *environment;

	snprintf(path, sizeof(path), "/proc/%.16s/environ", pid);
	environment = fopen(path, "re");
	if (!environment)
		return 0;
	setvbuf(environment, all, _IOFBF, sizeof(all));
	for (; !found && getdelim(&variable, &room, '\0', environment) > 0; seen++)
		found = strcmp(variable, setting) == 0;
	free(variable);
	fclose(environment);
	return seen ? found : -1;
}

/* In exec() the kernel shows the new program without its environment for a moment, and as little of its auxiliary vector. */
static bool is_executing(const char *pid)
{
	unsigned long type;
	char path[64];
	bool nothing;
	FILE *vector;

	snprintf(path, sizeof(path), "/proc/%.16s/auxv", pid);
	vector = fopen(path, "re");
	nothing = vector && fread(&type, sizeof(type), 1, vector) == 1 && type == AT_NULL;
	if (vector)
		fclose(vector);
	return nothing;
}

/* A daemon's first process may end while the daemon is being executed: so one without an environment is looked at again. */
static bool will_write_to(const char *pid, const char *setting)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int looks = 0, calm = 0; looks < LOOKS_MAX && calm < CALM_LOOKS; looks++) {
		int found = writes_to(pid, setting);
		if (found >= 0)
			return found > 0;
		if (is_executing(pid))
			nanosleep(&pause, NULL);
		else
			calm++; /* exec() may be over by now */
	}
	return false;
}

/* Is somebody left who will log there? A daemon's first process has ended, the daemon has not. */
static bool goes_on(const struct log_file *log)
{
	char setting[sizeof(log->path) + 32];
	DIR *processes = opendir("/proc");
	const struct dirent *process;
	bool found = false;

	snprintf(setting, sizeof(setting), SETTING_PREFIX "LOG=%s", log->path);
	while (processes && !found && (process = readdir(processes)))
		found = process->d_name[0] >= '1' && process->d_name[0] <= '9' &&
			will_write_to(process->d_name, setting);
	if (processes)
		closedir(processes);
	return found;
}

/* On stderr: stdout is the program's. The report's exit status. */
static int report_to_stderr(const struct log_file *log, uint64_t lost)
{
	char name[] = "tlsbye report", path[sizeof(log->path)];
	char *argv[] = {name, path, NULL};
	int found = EXIT_OWN_FAILURE;

	strcpy(path, log->path);
	report_lines_lost(lost);
	fflush(stdout);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		found = report_command(2, argv);
	fflush(stdout);
	return found;
}

/*
 * The hub is told of an end, and not of how it came (teller.h); we have waited for it. A line for a log that has others: of a
 * program without TLS there is nothing to be told.
 */
static void tell_killed(const struct log_file *log, const char *path, pid_t pid, int signo)
{
	const char *mode = getenv(SETTING_PREFIX "MODE"), *name = strrchr(path, '/');
	char bytes[LINE_MAX_BYTES], number[16];
	struct text line = text_in(bytes, sizeof(bytes));
	struct event event = {.kind = EVENT_KILLED,
			      .level = LEVEL_WARN,
			      .mode = mode && strcmp(mode, "observe") == 0 ? MODE_OBSERVE : MODE_CURE,
			      .time_us = clock_of_day_us(),
			      .program = name ? name + 1 : path,
			      .pid = pid};
	struct stat st;
	int fd = open(log->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	snprintf(number, sizeof(number), "SIG%s", sigabbrev_np(signo) ? sigabbrev_np(signo) : "RT");
	event.killed.signal = number;
	event_json(&line, &event);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 &&
	    write(fd, line.bytes, line.length) != (ssize_t)line.length)
		cli_say("%s: the program's end cannot be written there (%m)", log->path);
	if (fd >= 0)
		close(fd);
}

/*
 * Where nothing was wrong, a log of ours goes; else it stays, for the ladder of one connection. What is left of the program
 * goes on writing to it, by way of the hub.
 */
static void tell(const struct log_file *log, const char *program, bool left, uint64_t lost)
{
	struct stat st;
	int found = 0;

	if (lost)
		cli_say("%" PRIu64
			" lines of the log are lost: %s did not take them (a full disk, a limit of its size), "
			"or they were too many at once; what they tell of is not below",
			lost, log->path);
	/* All levels are logged: so there is nothing that might not have been. */
	if (stat(log->path, &st) == 0 && st.st_size == 0 && lost)
		found = EXIT_OWN_FAILURE;
	else if (stat(log->path, &st) == 0 && st.st_size == 0)
		cli_say("no TLS connection of %s was seen; next: tlsbye check %s tells whether it is within reach",
			program, program);
	else
		found = report_to_stderr(log, lost);
	if (!*log->folder)
		return;
	if (left)
		cli_say("%s has ended, but others that it started go on; next, when they have: tlsbye report %s",
			program, log->path);
	else if (found == 0)
		remove_log(log);
	else
		cli_say("the events stay in %s", log->path);
}

/* --- the hub --- */

struct hub {
	pid_t pid;   /* -1: there is none */
	int control; /* control.h */
};

static void start_hub(struct hub *hub, const struct log_file *log)
{
	const char *mode = getenv(SETTING_PREFIX "MODE");

	*hub = (struct hub){-1, -1};
	if (!mode || strcmp(mode, "off") != 0)
		hub->pid = hub_start(log->path, &hub->control);
}

static void ask(const struct hub *hub, enum control_request request)
{
	uint32_t word = request;

	send(hub->control, &word, sizeof(word), MSG_NOSIGNAL);
}

/*
 * Its word, or a signal: who sends one does not want to wait, and gets the report of what is known. What the program's end
 * left of SIGCHLD is none.
 */
static bool await_answer(const struct hub *hub, const struct signals *signals, struct control_answer *answer)
{
	sigset_t wanted = signals->taken;
	struct pollfd fds[2] = {{.fd = hub->control, .events = POLLIN}, {.events = POLLIN}};
	bool heard = false;

	sigdelset(&wanted, SIGCHLD);
	fds[1].fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (fds[0].revents)
		heard = recv(hub->control, answer, sizeof(*answer), MSG_DONTWAIT) == (ssize_t)sizeof(*answer);
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	return heard;
}

/* Nobody is left: the hub goes before we do, and its folder with it. */
static void dismiss_hub(const struct hub *hub)
{
	struct pollfd end = {.fd = hub->control, .events = POLLIN};

	ask(hub, CONTROL_LEAVE);
	if (poll(&end, 1, LEAVES_WITHIN_MS) == 1)
		waitpid(hub->pid, NULL, __WCLONE | WNOHANG); /* nobody's child, or ours (hub_start.h) */
}

/* When everything that the program handed over is drained and told. Does somebody of its tree go on? And how many lines are lost? */
static bool wait_for_hub(const struct hub *hub, const struct signals *signals, const struct log_file *log,
			 uint64_t *lost)
{
	struct control_answer answer = {0};
	bool left;

	if (hub->pid < 0)
		return goes_on(log);
	ask(hub, CONTROL_PROGRAM_ENDED);
	left = !await_answer(hub, signals, &answer) || answer.processes || answer.held || goes_on(log);
	*lost = answer.lost;
	if (!left)
		dismiss_hub(hub);
	close(hub->control);
	return left;
}

int reported_run(char **program)
{
	struct log_file log = {0};
	struct signals signals;
	struct hub hub;
	pid_t child = -1;
	int status, err;
	uint64_t lost = 0;
	bool left;

	if (!prepare_log(&log)) {
		remove_log(&log);
		return EXIT_OWN_FAILURE;
	}
	start_hub(&hub, &log);
	take_signals(&signals);
	err = start(program, &signals, &child);
	if (err) {
		give_signals_back(&signals);
		if (hub.pid > 0)
			dismiss_hub(&hub);
		remove_log(&log);
		return program_cannot_run(program[0], err);
	}
	status = wait_for(child, &signals);
	left = wait_for_hub(&hub, &signals, &log, &lost);
	give_signals_back(&signals);
	if (WIFSIGNALED(status))
		tell_killed(&log, program[0], child, WTERMSIG(status));
	tell(&log, program[0], left, lost);
	if (WIFSIGNALED(status))
		end_alike(WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
