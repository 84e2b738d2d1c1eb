/* SPDX-License-Identifier: MIT */
/*
 * From what was found to the one line. "Reachable" is said only where all the TLS that was seen is OpenSSL's and each
 * of its connections can have the whole goodbye; whatever falls short of that makes it "in part".
 */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "../object.h"
#include "memory.h"

static bool has_openssl(const struct answer *answer)
{
	for (size_t i = 0; i < answer->tls_count; i++)
		if (answer->tls[i].kind >= TLS_OPENSSL && answer->tls[i].kind <= TLS_BORINGSSL)
			return true;
	return false;
}

/* "is setuid: ld.so ignores ...; run it from ...": run's warning, its advice where the advice goes. */
static void judge_obstacle(struct answer *answer)
{
	char *text = memory_copy(program_obstacle_text(answer->obstacle)), *advice = strstr(text, "; ");
	static const char *const codes[] = {[OBSTACLE_STATIC] = "static",   [OBSTACLE_SETUID] = "setuid",
					    [OBSTACLE_SETGID] = "setgid",   [OBSTACLE_CAPS] = "capabilities",
					    [OBSTACLE_MACHINE] = "machine", [OBSTACLE_LOADER] = "other-libc"};

	if (advice) {
		*advice = '\0';
		if (has_openssl(answer) || answer->tls_count == 0) /* no build of a Go program helps */
			answer_next(answer, "%s", advice + 2);
	}
	answer_reason(answer, codes[answer->obstacle], "%s %s",
		      strcmp(answer->path, answer->code) == 0 ? "it" : "its interpreter", text);
	free(text);
}

/* What only a running process shows. False where it closes the door. */
static bool judge_process(struct answer *answer)
{
	const struct process *process = answer->process;
	bool open = true;

	answer_reason(answer, process->has_object ? "loaded" : "not-loaded",
		      process->has_object ? "libtlsbye.so is in it already" : "libtlsbye.so is not in it");
	if (process->environment_read && process->setting_count > 0)
		for (size_t i = 0; i < process->setting_count; i++)
			answer_reason(answer, "setting", "its environment has %s", process->settings[i]);
	if (!process->environment_read)
		answer_reason(answer, "environment-unread", "its environment may not be read");
	if (process->secure == 1 && !process->has_object) {
		answer_reason(
			answer, "secure",
			"it was started with more privileges than its starter had (AT_SECURE: setuid, setgid or "
			"capabilities), and ld.so ignored LD_PRELOAD");
		answer_next(answer, "start it from the account that it changes to, or as root");
		open = false;
	}
	if (process->seccomp == 1) {
		answer_reason(answer, "seccomp-strict",
			      "seccomp is strict: it can read, write and exit, and no more");
		open = false;
	} else if (process->seccomp == 2) {
		answer_reason(
			answer, "seccomp-filter",
			"a seccomp filter is on, and which system calls it punishes is not to be seen: one that kills "
			"for those of the object would end the program");
	}
	if (process->threads > 1)
		answer_reason(answer, "threads", "it has %d threads", process->threads);
	if (process->no_new_privs == 1)
		answer_reason(answer, "no-new-privs", "no_new_privs is set: setuid bits mean nothing to it");
	if (process->other_mounts)
		answer_reason(
			answer, "other-mounts",
			"it lives in another mount namespace (a container): the object has to be installed there");
	return open;
}

struct sum {
	unsigned whole, part, none, others;
};

static struct sum count(const struct answer *answer)
{
	struct sum sum = {0};

	for (size_t i = 0; i < answer->caller_count; i++) {
		sum.whole += answer->callers[i].reach == REACH_WHOLE;
		sum.part += answer->callers[i].reach == REACH_PART;
		sum.none += answer->callers[i].reach == REACH_NONE;
	}
	for (size_t i = 0; i < answer->tls_count; i++)
		sum.others += answer->tls[i].kind > TLS_BORINGSSL;
	return sum;
}

static bool openssl_missing(const struct answer *answer)
{
	for (size_t i = 0; i < answer->objects.missing_count; i++)
		if (strncmp(answer->objects.missing[i], "libssl", 6) == 0)
			return true;
	return false;
}

static bool is_launcher(const struct answer *answer)
{
	return (answer->known && answer->known->launcher) || (answer->script && answer->script->launcher);
}

static enum verdict weigh(const struct answer *answer)
{
	struct sum sum = count(answer);

	if (openssl_missing(answer) || answer->unresolved)
		return CANNOT_TELL;
	/* What it starts is the question, and what it can do itself no answer to that. */
	if (!answer->process && (is_launcher(answer) || answer->executes))
		return CANNOT_TELL;
	if (sum.whole && !sum.part && !sum.none && !sum.others)
		return REACHABLE;
	if (sum.whole || sum.part)
		return IN_PART;
	if (sum.none && (has_openssl(answer) || !sum.others))
		return OUT_OF_REACH;
	if (has_openssl(answer))
		return CANNOT_TELL; /* there, and by nobody called that was seen */
	if (sum.others)
		return NO_TLS;
	if ((answer->may_load_more && !answer->process) || !answer->objects.all[0].elf.has_symbols)
		return CANNOT_TELL;
	return NO_TLS;
}

/* What the program itself, when it runs, may take away of that. */
static enum verdict confine(const struct answer *answer, enum verdict verdict)
{
	if (answer->own_filter && (verdict == REACHABLE || verdict == IN_PART))
		return CANNOT_TELL;
	if (answer->known && answer->known->deepbind && verdict == REACHABLE)
		return IN_PART;
	return verdict;
}

/* The known module of a known program may not be installed: then there is no TLS to be reached. */
static void judge_loading(struct answer *answer)
{
	if (!answer->may_load_more || is_launcher(answer))
		return;
	answer_reason(
		answer, "dlopen",
		"%s%s can load more at run time (dlopen)%s; what comes by RTLD_DEEPBIND calls past the object",
		answer->loader ? answer->loader : "it", answer->loader ? ", which it needs," : "",
		answer->process ? "" : ": what, a file does not tell");
	if (!answer->process && (answer->verdict == CANNOT_TELL || answer->verdict == NO_TLS))
		answer_next(answer, "look at it while it runs: tlsbye check --pid PID");
}

static void advise(struct answer *answer)
{
	if (answer->verdict == CANNOT_TELL && !answer->process && !answer->unresolved &&
	    !openssl_missing(answer))
		answer_next(
			answer,
			"run it with --observe, which changes nothing and tells what it saw: tlsbye run --observe %s",
			answer->asked);
	if (answer->verdict == REACHABLE || answer->verdict == IN_PART) {
		if (answer->process && answer->process->has_object)
			answer_next(answer, "nothing to do for what is reached: the object is in it");
		else if (answer->process)
			answer_next(answer, "stop it, and start it anew under 'tlsbye run'");
		else
			answer_next(answer, "tlsbye run %s", answer->asked);
	}
	if (answer->verdict == REACHABLE)
		return;
	for (size_t i = 0; i < answer->tls_count; i++)
		if (answer->tls[i].inside && answer->tls[i].kind <= TLS_BORINGSSL)
			answer_next(answer, "use a build that has libssl as a library of its own");
	for (size_t i = 0; i < answer->caller_count; i++)
		if (answer->callers[i].reach != REACH_WHOLE &&
		    (has_openssl(answer) || answer->tls_count == 0))
			answer_next(answer, "%s", libraries_advice(TLS_OPENSSL));
	for (size_t i = 0; i < answer->tls_count; i++)
		if (answer->tls[i].kind != TLS_OPENSSL || answer->verdict == OUT_OF_REACH)
			answer_next(answer, "%s", libraries_advice(answer->tls[i].kind));
}

void verdict_judge(struct answer *answer)
{
	bool open = answer->obstacle == OBSTACLE_NONE;

	answer->verdict = confine(answer, weigh(answer));
	if (answer->process && !judge_process(answer))
		open = false;
	if (answer->obstacle != OBSTACLE_NONE)
		judge_obstacle(answer);
	if (!open)
		answer->verdict = OUT_OF_REACH;
	if (answer->known)
		answer_reason(answer, answer->known->code, "%s", answer->known->note);
	if (answer->known && answer->known->next)
		answer_next(answer, "%s", answer->known->next);
	if (answer->script)
		answer_reason(answer, answer->script->code, "%s", answer->script->note);
	if (answer->script && answer->script->next)
		answer_next(answer, "%s", answer->script->next);
	if (count(answer).whole + count(answer).part + count(answer).none + count(answer).others == 0 &&
	    !has_openssl(answer))
		answer_reason(answer, "no-tls", "no TLS library was found%s",
			      answer->process ? " in what it has loaded now" : " in it and in what it needs");
	judge_loading(answer);
	advise(answer);
}
