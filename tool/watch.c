/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the streams of a running guest tell: the console (expectation, kernel panic), the shim's
 * debug port (ledger, how it ended), QEMU's monitor (why the machine stopped) and its errors.
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* How long QEMU may take to end by itself once the guest is known to be over, ms. */
#define GRACE_END 5000
/* A panic's text is still to come: stack trace, then the line that ends it. */
#define GRACE_PANIC	10000
#define GRACE_PANIC_END 300

static void over(struct watch *watch, int64_t grace_ms)
{
	if (!watch->grace_ms || watch->grace_ms > grace_ms)
		watch->grace_ms = grace_ms;
}

/* True when the kernel says this: at the start of a line or behind its time stamp. */
static bool kernel_says(const char *line, const char *words)
{
	const char *at = strstr(line, words);

	return at && (at == line || (at - line >= 2 && !memcmp(at - 2, "] ", 2)));
}

/* What the shim says to the tool: the ledger, the end. False when the line is neither. */
static bool told(struct watch *watch, const char *line)
{
	static const char end[] = "twoway-end: ";

	if (starts_with(line, "{\"twoway\":")) {
		json_error_t error;
		json_t *ledger = json_loads(line, JSON_REJECT_DUPLICATES, &error);

		if (!ledger) {
			say("the shim's ledger is not good JSON: %s", error.text);
			return true;
		}
		json_decref(watch->ledger);
		watch->ledger = ledger;
	} else if (starts_with(line, end)) {
		snprintf(watch->facts->end, sizeof(watch->facts->end), "%s", line + strlen(end));
		over(watch, GRACE_END);
	} else {
		return false;
	}
	return true;
}

static void console_line(void *context, const char *line)
{
	struct watch *watch = context;

	if (watch->mixed && told(watch, line))
		return;
	if (kernel_says(line, "Kernel panic - not syncing")) {
		watch->facts->panicked = true;
		over(watch, GRACE_PANIC);
	} else if (kernel_says(line, "---[ end Kernel panic")) {
		over(watch, GRACE_PANIC_END);
	} else if (kernel_says(line, "reboot: Restarting system")) {
		watch->facts->restarting = true;
	}
}

static void debug_line(void *context, const char *line)
{
	struct watch *watch = context;

	if (watch->verbose)
		fprintf(stderr, "debug: %s\n", line);
	told(watch, line);
}

/* {"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"},...} (QEMU: qapi/run-state.json)
 */
static void qmp_line(void *context, const char *line)
{
	struct watch *watch = context;
	json_t *message = json_loads(line, 0, NULL);
	const char *event = "", *reason = "";

	if (!message)
		return;
	if (!json_unpack(message, "{s:s, s:{s:s}}", "event", &event, "data", "reason", &reason) &&
	    !strcmp(event, "SHUTDOWN")) {
		snprintf(watch->facts->qmp_reason, sizeof(watch->facts->qmp_reason), "%s", reason);
		watch->facts->started = true;
		over(watch, GRACE_END);
	}
	json_decref(message);
}

static void error_line(void *context, const char *line)
{
	struct watch *watch = context;

	if (strstr(line, "terminating on signal"))
		return; /* we sent it */
	snprintf(watch->facts->qemu_error, sizeof(watch->facts->qemu_error), "%s", line);
	if (watch->verbose || watch->facts->started)
		say("QEMU: %s", line);
}

void watch_init(struct watch *watch, struct facts *facts, struct expect *expect, bool verbose)
{
	*watch = (struct watch){ .facts = facts, .expect = expect, .verbose = verbose };
	watch->console = (struct lines){ .line = console_line, .context = watch };
	watch->debug = (struct lines){ .line = debug_line, .context = watch };
	watch->qmp = (struct lines){ .line = qmp_line, .context = watch };
	watch->errors = (struct lines){ .line = error_line, .context = watch };
}

void watch_console(struct watch *watch, const char *data, size_t n)
{
	watch->facts->started = true;
	lines_feed(&watch->console, data, n);
	if (watch->expect && !watch->facts->met && expect_feed(watch->expect, data, n))
		watch->facts->met = true;
}

void watch_end(struct watch *watch)
{
	lines_end(&watch->console);
	lines_end(&watch->debug);
	lines_end(&watch->errors);
}
