/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How a run ended, judged from what was seen. Who stopped it from outside has the first word, then
 * the shim ("twoway-end: REASON"), then QEMU's reason for the shutdown. A machine reset is only
 * success when the guest asked for it: a triple fault looks the same to QEMU.
 */
#include <string.h>
#include <sys/wait.h>

#include "tool.h"

static void set(struct outcome *outcome, const char *ended, int status, const char *text)
{
	outcome->ended = ended;
	outcome->status = status;
	snprintf(outcome->text, sizeof(outcome->text), "%s", text);
}

/* The guest ended in good order; that is not enough when something was expected of it. */
static void good(struct outcome *outcome, const struct facts *facts, const char *ended,
		 const char *text)
{
	set(outcome, ended, EXIT_OK, text);
	if (!facts->expecting)
		return;
	outcome->status = EXIT_GUEST;
	snprintf(outcome->text, sizeof(outcome->text),
		 "%s, but its console did not show what was expected", text);
}

static bool stopped_from_outside(const struct facts *facts, struct outcome *outcome)
{
	if (facts->signal) {
		set(outcome, "signal", 128 + facts->signal, "");
		snprintf(outcome->text, sizeof(outcome->text), "stopped by signal (%s)",
			 strsignal(facts->signal));
	} else if (facts->met) {
		set(outcome, "expected", EXIT_OK, "the console showed what was expected");
	} else if (facts->timed_out) {
		set(outcome, "timeout", EXIT_TIMEOUT,
		    facts->expecting ? "time ran out before the console showed what was expected"
				     : "time ran out");
	} else if (facts->escaped) {
		good(outcome, facts, "quit", "guest ended by the user");
	} else if (facts->output_closed) {
		set(outcome, "output", EXIT_GUEST,
		    "guest ended: nobody reads its console any more");
	} else {
		return false;
	}
	return true;
}

static bool shim_says(const struct facts *facts, struct outcome *outcome)
{
	const char *end = facts->end;

	if (!*end)
		return false;
	if (!strcmp(end, "poweroff"))
		good(outcome, facts, "poweroff", "guest powered off");
	else if (!strcmp(end, "reboot"))
		good(outcome, facts, "reboot", "guest rebooted");
	else if (!strcmp(end, "crash"))
		set(outcome, "crash", EXIT_GUEST,
		    facts->panicked ? "guest crashed (kernel panic)" : "guest crashed");
	else if (!strcmp(end, "panic"))
		set(outcome, "panic", EXIT_GUEST, "guest kernel panicked");
	else if (!strcmp(end, "watchdog"))
		set(outcome, "watchdog", EXIT_GUEST, "guest's watchdog fired");
	else {
		set(outcome, "error", EXIT_GUEST, "");
		snprintf(outcome->text, sizeof(outcome->text), "twoway gave up: %s",
			 starts_with(end, "error ") ? end + strlen("error ") : end);
	}
	return true;
}

static bool machine_says(const struct facts *facts, struct outcome *outcome)
{
	bool reset = !strcmp(facts->qmp_reason, "guest-reset");

	if (facts->panicked)
		set(outcome, "panic", EXIT_GUEST, "guest kernel panicked");
	else if (facts->shim && *facts->qmp_reason)
		set(outcome, "crash", EXIT_GUEST,
		    reset ? "guest crashed: the machine was reset behind twoway's back (triple "
			    "fault?)"
			  : "guest ended behind twoway's back: the machine was switched off");
	else if (reset && facts->restarting)
		good(outcome, facts, "reboot", "guest rebooted");
	else if (reset)
		set(outcome, "crash", EXIT_GUEST,
		    "guest crashed: the machine was reset, but its kernel did not say so (triple "
		    "fault?)");
	else if (!strcmp(facts->qmp_reason, "guest-shutdown"))
		good(outcome, facts, "poweroff", "guest powered off");
	else
		return false;
	return true;
}

void outcome_decide(const struct facts *facts, struct outcome *outcome)
{
	int status = facts->wait_status;

	memset(outcome, 0, sizeof(*outcome));
	if (stopped_from_outside(facts, outcome) || shim_says(facts, outcome) ||
	    machine_says(facts, outcome))
		return;
	if (!facts->started && WIFEXITED(status) && WEXITSTATUS(status)) {
		set(outcome, "qemu", EXIT_CANNOT, "");
		snprintf(outcome->text, sizeof(outcome->text), "QEMU did not start: %s",
			 *facts->qemu_error ? facts->qemu_error : "it gave no reason");
		return;
	}
	set(outcome, "qemu", EXIT_GUEST, "");
	if (WIFSIGNALED(status))
		snprintf(outcome->text, sizeof(outcome->text), "QEMU was killed (%s)",
			 strsignal(WTERMSIG(status)));
	else
		snprintf(outcome->text, sizeof(outcome->text),
			 "QEMU ended with status %d and no word of the guest%s%s",
			 WEXITSTATUS(status), *facts->qemu_error ? ": " : "", facts->qemu_error);
}
