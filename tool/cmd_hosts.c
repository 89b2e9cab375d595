/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway hosts: where this machine can start guests, in which mode, and why not elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* What is known of a host; why and nested_why are NULL where all is well. */
struct state {
	char *why, *nested_why;
};

static struct state examine(const struct host *host)
{
	struct state state = { .why = host_refuse(host) };

	state.nested_why = state.why ? text("%s", state.why) : host_refuse_nested(host);
	return state;
}

static void forget(struct state *state)
{
	free(state->why);
	free(state->nested_why);
}

static void print_json(void)
{
	json_t *all = must(json_array());

	for (const struct host *host = hosts; host->name; host++) {
		struct state state = examine(host);

		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:s?, s:b, s:s?}", "name",
						     host->name, "title", host->title, "available",
						     !state.why, "why", state.why, "nested",
						     !state.nested_why, "nested_why",
						     state.nested_why));
		forget(&state);
	}
	all = must(json_pack("{s:o}", "hosts", all));
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

static void print_table(void)
{
	for (const struct host *host = hosts; host->name; host++) {
		struct state state = examine(host);

		printf("%-17s %-4s %s%s%s\n", host->name, state.why ? "no" : "yes", host->title,
		       state.why ? ": " : "", state.why ? state.why : "");
		if (!state.why)
			printf("%-17s %-4s nested mode%s%s\n", "", state.nested_why ? "no" : "yes",
			       state.nested_why ? ": " : "",
			       state.nested_why ? state.nested_why : "");
		forget(&state);
	}
}

int cmd_hosts(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return cmd_help(2, (char *[]){ "help", "hosts", NULL });
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--json")))
		return fail_with(EXIT_USAGE,
				 "hosts: \"%s\" is not understood: see twoway help hosts",
				 argv[argc - 1]);
	if (argc == 2)
		print_json();
	else
		print_table();
	return EXIT_OK;
}
