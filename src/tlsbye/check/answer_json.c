/* SPDX-License-Identifier: MIT */
/*
 * The answer for programs: one object, described in tlsbye-check(1). Written by yajl, so that whatever a file is
 * called comes out as valid JSON.
 *
 * Rules: what is not known is left out; lists are always there.
 */
#include "answer.h"

#include <string.h>
#include <yajl/yajl_gen.h>

#include "../json_string.h"

static void put_text(yajl_gen gen, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	json_string_write(gen, name);
	json_string_write(gen, text);
}

static void put_number(yajl_gen gen, const char *name, long long number)
{
	json_string_write(gen, name);
	yajl_gen_integer(gen, number);
}

static void put_truth(yajl_gen gen, const char *name, bool value)
{
	json_string_write(gen, name);
	yajl_gen_bool(gen, value);
}

static void put_elf(yajl_gen gen, const struct elf_file *elf)
{
	if (elf->state != ELF_READ)
		return;
	json_string_write(gen, "elf");
	yajl_gen_map_open(gen);
	put_number(gen, "bits", elf->class == 1 ? 32 : 64);
	put_text(gen, "machine", elf_file_machine_name(elf->machine));
	put_text(gen, "linked", elf->loader ? "dynamic" : "static");
	put_text(gen, "loader", elf->loader);
	put_text(gen, "glibc", elf->libc_needs);
	put_text(gen, "go", elf->go_version);
	yajl_gen_map_close(gen);
}

static void put_process(yajl_gen gen, const struct process *process)
{
	static const char *const seccomp[] = {"off", "strict", "filter"};

	json_string_write(gen, "process");
	yajl_gen_map_open(gen);
	put_number(gen, "pid", process->pid);
	put_text(gen, "name", process->name);
	if (process->threads != UNKNOWN)
		put_number(gen, "threads", process->threads);
	if (process->seccomp >= 0 && process->seccomp <= 2)
		put_text(gen, "seccomp", seccomp[process->seccomp]);
	if (process->no_new_privs != UNKNOWN)
		put_truth(gen, "no_new_privs", process->no_new_privs != 0);
	if (process->secure != UNKNOWN)
		put_truth(gen, "secure", process->secure != 0);
	put_truth(gen, "preloaded", process->has_object);
	put_truth(gen, "other_mount_namespace", process->other_mounts);
	if (process->environment_read) {
		json_string_write(gen, "settings");
		yajl_gen_array_open(gen);
		for (size_t i = 0; i < process->setting_count; i++)
			json_string_write(gen, process->settings[i]);
		yajl_gen_array_close(gen);
	}
	yajl_gen_map_close(gen);
}

static void put_tls(yajl_gen gen, const struct tls *tls)
{
	yajl_gen_map_open(gen);
	put_text(gen, "library", libraries_name(tls->kind));
	put_text(gen, "version", tls->version);
	put_text(gen, "path", tls->path);
	put_truth(gen, "inside", tls->inside);
	put_truth(gen, "symbolic", tls->symbolic);
	yajl_gen_map_close(gen);
}

static void put_caller(yajl_gen gen, const struct caller *caller)
{
	static const char *const reach[] = {"whole", "part", "none"};

	yajl_gen_map_open(gen);
	put_text(gen, "path", caller->path);
	put_number(gen, "functions", caller->functions);
	put_text(gen, "socket", caller->socket);
	put_text(gen, "reach", reach[caller->reach]);
	put_truth(gen, "module", caller->module);
	yajl_gen_map_close(gen);
}

static void put_found(yajl_gen gen, const struct answer *answer)
{
	json_string_write(gen, "tls");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < answer->tls_count; i++)
		put_tls(gen, &answer->tls[i]);
	yajl_gen_array_close(gen);
	json_string_write(gen, "callers");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < answer->caller_count; i++)
		put_caller(gen, &answer->callers[i]);
	yajl_gen_array_close(gen);
}

static void put_libraries(yajl_gen gen, const struct objects *objects)
{
	json_string_write(gen, "libraries");
	yajl_gen_array_open(gen);
	for (size_t i = 1; i < objects->count; i++) {
		const struct object *object = &objects->all[i];

		yajl_gen_map_open(gen);
		put_text(gen, "path", object->path);
		if (object->needed_by != NOBODY)
			put_text(gen, "needed_by", objects->all[object->needed_by].path);
		put_truth(gen, "module", object->module);
		yajl_gen_map_close(gen);
	}
	yajl_gen_array_close(gen);
	json_string_write(gen, "missing");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < objects->missing_count; i++)
		json_string_write(gen, objects->missing[i]);
	yajl_gen_array_close(gen);
}

static void put_words(yajl_gen gen, const struct answer *answer)
{
	json_string_write(gen, "reasons");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < answer->reason_count; i++) {
		yajl_gen_map_open(gen);
		put_text(gen, "code", answer->reasons[i].code);
		put_text(gen, "text", answer->reasons[i].text);
		yajl_gen_map_close(gen);
	}
	yajl_gen_array_close(gen);
	json_string_write(gen, "next");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < answer->next_count; i++)
		json_string_write(gen, answer->next[i]);
	yajl_gen_array_close(gen);
}

bool answer_json_print(const struct answer *answer, FILE *out)
{
	static const char *const verdicts[] = {"reachable", "in-part", "out-of-reach", "no-openssl",
					       "cannot-tell"};
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t length;

	if (!gen)
		return false;
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_validate_utf8, 1);
	yajl_gen_map_open(gen);
	put_text(gen, "verdict", verdicts[answer->verdict]);
	put_text(gen, "program", answer->path);
	if (strcmp(answer->path, answer->code) != 0)
		put_text(gen, "interpreter", answer->code);
	if (answer->process)
		put_process(gen, answer->process);
	if (answer->objects.count > 0)
		put_elf(gen, &answer->objects.all[0].elf);
	put_found(gen, answer);
	put_libraries(gen, &answer->objects);
	put_words(gen, answer);
	yajl_gen_map_close(gen);
	bool written = yajl_gen_get_buf(gen, &text, &length) == yajl_gen_status_ok &&
		       fwrite(text, 1, length, out) == length;
	yajl_gen_free(gen);
	return written;
}
