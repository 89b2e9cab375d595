/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway help: the list of commands, or one command's usage. */
#include "tool.h"

int cmd_help(int argc, char **argv)
{
	const struct command *command;

	if (argc > 2)
		return fail_with(EXIT_USAGE, "help: name one command at most");
	if (argc == 2 && !starts_with(argv[1], "-")) {
		command = command_find(argv[1]);
		if (!command)
			return fail_with(EXIT_USAGE, "help: unknown command \"%s\"", argv[1]);
		printf("usage: twoway %s", command->usage);
		return EXIT_OK;
	}
	printf("usage: twoway COMMAND [OPTION]...\n\n"
	       "Boot a guest kernel that was built for one hypervisor on another one.\n\n");
	for (command = commands; command->name; command++)
		printf("  %-8s  %s\n", command->name, command->title);
	printf("\n\"twoway help COMMAND\" explains one; \"twoway --version\" prints the "
	       "version.\n");
	return EXIT_OK;
}
