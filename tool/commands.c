/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The sub-commands and what help says of each. The man pages (docs/man) say the same at length. */
#include <string.h>

#include "tool.h"

static const char run_usage[] =
	"run [OPTION]... KERNEL\n"
	"\n"
	"Boot KERNEL under twoway. KERNEL is a file, or debian, debian-cloud, debian-generic: the\n"
	"kernel of this Debian release, fetched with apt, with a minimal system around it.\n"
	"\n"
	"  --abi NAME[@VERSION][:PROFILE]  what the kernel was built for: auto (default), xen-pv,\n"
	"                      hyperv (nested mode); native boots it without twoway\n"
	"  --host NAME         where to run: qemu (default), qemu-kvm; see twoway hosts\n"
	"  --initrd FILE       initial RAM disk\n"
	"  --append STR        the guest kernel's command line\n"
	"  --smp N             number of CPUs, 1 to 64 (default 1)\n"
	"  --mem SIZE          memory, such as 256M or 2G (default 512M)\n"
	"  --disk FILE[,ro]    a disk for the guest (not with xen-pv)\n"
	"  --net none|user[,hostfwd=...]  network (user: not with xen-pv)\n"
	"  --shim STR          options for twoway's own part, such as log=debug\n"
	"  --timeout SECONDS   end the guest after this time, with status 3\n"
	"  --expect REGEX      success as soon as a console line matches\n"
	"  --ledger FILE       write what went where as JSON; - prints a table\n"
	"  --json              one JSON object on standard output at the end\n"
	"  --dry-run           print the command that would be run\n"
	"  --machine q35|pc, --cpu MODEL, --qemu ARG  for QEMU; --qemu may be repeated\n"
	"  -v, --verbose       show the command and the debug port\n"
	"\n"
	"At a terminal, Ctrl-] ends the guest and all other keys belong to it.\n"
	"Status: 0 powered off, rebooted or expectation met; 1 failed or crashed; 2 usage;\n"
	"3 time ran out; 4 this pair cannot run here.\n";

static const char inspect_usage[] = "inspect [--json] FILE\n"
				    "\n"
				    "Say what an image is: format, boot protocols, compression, "
				    "kernel version, Xen ELF notes,\n"
				    "and the guest ABIs that it can be run with.\n";

static const char hosts_usage[] =
	"hosts [--json]\n"
	"\n"
	"List the hosts on which this machine can start guests, and why not the others.\n";

static const char probe_usage[] =
	"probe [--json]\n"
	"\n"
	"Say which hypervisor interfaces this machine or VM offers, with which features, which one\n"
	"twoway would use here, and which guest ABIs it could offer in which mode. Needs no privilege.\n";

static const char help_usage[] = "help [COMMAND]\n"
				 "\n"
				 "List the commands, or explain one.\n";

const struct command commands[] = {
	{ "run", "boot a guest kernel under twoway", run_usage, cmd_run },
	{ "inspect", "what an image is, and how it can be run", inspect_usage, cmd_inspect },
	{ "hosts", "where this machine can start guests", hosts_usage, cmd_hosts },
	{ "probe", "what the hypervisor under this system offers", probe_usage, cmd_probe },
	{ "help", "explain a command", help_usage, cmd_help },
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}
