/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway: the host command. Options before the sub-command, then one cmd_*.c each (commands.c). */
#include <errno.h>
#include <string.h>

#include "tool.h"

int main(int argc, char **argv)
{
	static char *help[] = { "help", NULL };
	const struct command *command;
	int status;

	if (argc < 2) {
		cmd_help(1, help);
		return fail_with(EXIT_USAGE, "no command given: see \"twoway help\"");
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("twoway %s\n", TW_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return cmd_help(argc - 1, argv + 1);
	command = command_find(argv[1]);
	if (!command)
		return fail_with(EXIT_USAGE, "unknown command \"%s\": see \"twoway help\"",
				 argv[1]);
	status = command->run(argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		return fail_with(EXIT_GUEST, "standard output: %s", strerror(errno));
	return status;
}
