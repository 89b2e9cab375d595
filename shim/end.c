/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How it ends: the ledger if asked for, one line for the tool ("twoway-end: REASON"), and the
 * host's way to switch off, reset or report a crash.
 */
#include "shim/shim.h"
#include "twoway/nested.h"

void end_report(const char *reason, const char *detail)
{
	char line[256];
	int n;

	if (nested_cpus)
		tw_debug("stack: %u bytes were never used", nested_stack_spare());
	bare_debug_begin();
	if (options.ledger && start_announced)
		tw_ledger_print();
	n = tw_snprintf(line, sizeof(line), "twoway-end: %s%s%s\n", reason, *detail ? " " : "",
			detail);
	log_raw(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
	bare_debug_end();
}

void end_machine(const char *reason, const char *detail)
{
	hw_cli();
	end_report(reason, detail);
	if (tw_host.name) {
		if (!__builtin_strcmp(reason, "reboot"))
			tw_host.reboot();
		if (!__builtin_strcmp(reason, "poweroff"))
			tw_host.poweroff();
		tw_host.crash();
	}
	for (;;) {
		hw_cli();
		hw_halt();
	}
}

void tw_guest_end(const char *reason)
{
	if (!__builtin_strcmp(reason, "crash"))
		tw_error("the guest crashed (its kernel reported a panic)");
	end_machine(reason, "");
}
