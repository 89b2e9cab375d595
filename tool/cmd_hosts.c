/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway hosts: where this machine can start guests, and why not elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static void print_json(void)
{
	json_t *all = must(json_array());

	for (const struct host *host = hosts; host->name; host++) {
		char *why = host_refuse(host);

		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:s?}", "name", host->name,
						     "title", host->title, "available", !why, "why",
						     why));
		free(why);
	}
	all = must(json_pack("{s:o}", "hosts", all));
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

static void print_table(void)
{
	for (const struct host *host = hosts; host->name; host++) {
		char *why = host_refuse(host);

		printf("%-17s %-4s %s%s%s\n", host->name, why ? "no" : "yes", host->title,
		       why ? ": " : "", why ? why : "");
		free(why);
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
