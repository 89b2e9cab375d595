/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How a run ended: the watcher's reading of the streams, and the verdict. */
#include <signal.h>
#include <string.h>

#include "test_tool.h"

static struct facts facts;
static struct outcome outcome;
static struct watch watch;

static void setup(void)
{
	memset(&facts, 0, sizeof(facts));
	watch_init(&watch, &facts, NULL, false);
}

static void verdict(const char *ended, int status, const char *text)
{
	outcome_decide(&facts, &outcome);
	ck_assert_str_eq(outcome.ended, ended);
	ck_assert_int_eq(outcome.status, status);
	ck_assert_msg(strstr(outcome.text, text), "\"%s\" lacks \"%s\"", outcome.text, text);
}

static void console(const char *s)
{
	watch_console(&watch, s, strlen(s));
}

static void debug(const char *s)
{
	lines_feed(&watch.debug, s, strlen(s));
}

static void qmp(const char *s)
{
	lines_feed(&watch.qmp, s, strlen(s));
}

#define SHUTDOWN(reason)                                                                           \
	"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"SHUTDOWN\", "         \
	"\"data\": {\"guest\": true, \"reason\": \"" reason "\"}}\n"

START_TEST(shim_reasons)
{
	static const struct {
		const char *line, *ended, *text;
		int status;
	} all[] = {
		{ "twoway-end: poweroff\n", "poweroff", "guest powered off", 0 },
		{ "twoway-end: reboot\n", "reboot", "guest rebooted", 0 },
		{ "twoway-end: crash\n", "crash", "guest crashed", 1 },
		{ "twoway-end: panic\n", "panic", "panicked", 1 },
		{ "twoway-end: watchdog\n", "watchdog", "watchdog", 1 },
		{ "twoway-end: error no local APIC\n", "error", "gave up: no local APIC", 1 },
		{ "twoway-end: nonsense\n", "error", "nonsense", 1 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		setup();
		facts.shim = true;
		debug(all[i].line);
		ck_assert_int_gt(watch.grace_ms, 0);
		/* QEMU's view is the same for all of them: the shim has the word */
		qmp(SHUTDOWN("guest-shutdown"));
		verdict(all[i].ended, all[i].status, all[i].text);
	}
}
END_TEST

START_TEST(behind_the_shims_back)
{
	facts.shim = true;
	qmp(SHUTDOWN("guest-reset"));
	verdict("crash", EXIT_GUEST, "triple fault");
	strcpy(facts.qmp_reason, "guest-shutdown");
	verdict("crash", EXIT_GUEST, "behind twoway's back");
}
END_TEST

START_TEST(native_endings)
{
	qmp("{\"QMP\": {}}\n{\"return\": {}}\nnonsense\n{\"event\": 5}\n");
	ck_assert_str_eq(facts.qmp_reason, "");
	qmp(SHUTDOWN("guest-shutdown"));
	verdict("poweroff", EXIT_OK, "guest powered off");
	setup();
	qmp(SHUTDOWN("guest-reset"));
	verdict("crash", EXIT_GUEST, "triple fault");
	setup();
	console("[    3.1] reboot: Restarting sys");
	console("tem\r\n");
	qmp(SHUTDOWN("guest-reset"));
	verdict("reboot", EXIT_OK, "guest rebooted");
}
END_TEST

START_TEST(kernel_panic)
{
	console("echo Kernel panic - not syncing\r\n");
	ck_assert(!facts.panicked);
	console("[    1.0] Kernel panic - not syncing: VFS\r\n");
	ck_assert(facts.panicked);
	ck_assert_int_ge(watch.grace_ms, 5000);
	console("[    1.1] ---[ end Kernel panic - not syncing: VFS ]---\r\n");
	ck_assert_int_le(watch.grace_ms, 1000);
	verdict("panic", EXIT_GUEST, "panicked");
	/* panic=1 makes it restart, which it announces: it is still a panic */
	facts.restarting = true;
	strcpy(facts.qmp_reason, "guest-reset");
	verdict("panic", EXIT_GUEST, "panicked");
	facts.shim = true;
	strcpy(facts.end, "crash");
	verdict("crash", EXIT_GUEST, "kernel panic");
}
END_TEST

START_TEST(expectations)
{
	facts.expecting = true;
	strcpy(facts.end, "poweroff");
	facts.shim = true;
	verdict("poweroff", EXIT_GUEST, "did not show what was expected");
	facts.met = true;
	verdict("expected", EXIT_OK, "expected");
	facts.met = false;
	facts.timed_out = true;
	verdict("timeout", EXIT_TIMEOUT, "before");
	facts.expecting = false;
	verdict("timeout", EXIT_TIMEOUT, "time ran out");
}
END_TEST

START_TEST(met_while_watching)
{
	char *why;

	watch_init(&watch, &facts, expect_new("login:", &why), false);
	console("debian log");
	ck_assert(!facts.met);
	console("in: ");
	ck_assert(facts.met && facts.started);
	expect_free(watch.expect);
}
END_TEST

START_TEST(from_outside)
{
	facts.signal = SIGTERM;
	facts.timed_out = true;
	verdict("signal", 128 + SIGTERM, "signal");
	setup();
	facts.escaped = true;
	verdict("quit", EXIT_OK, "by the user");
	facts.expecting = true;
	verdict("quit", EXIT_GUEST, "expected");
	setup();
	facts.output_closed = true;
	verdict("output", EXIT_GUEST, "nobody reads");
}
END_TEST

START_TEST(qemu_fails)
{
	const char error[] = "qemu: bad CPU\nqemu: terminating on signal 15 from pid 1\n";

	lines_feed(&watch.errors, error, strlen(error));
	facts.wait_status = 1 << 8;
	verdict("qemu", EXIT_CANNOT, "QEMU did not start: qemu: bad CPU");
	facts.started = true;
	verdict("qemu", EXIT_GUEST, "status 1");
	facts.wait_status = 0;
	verdict("qemu", EXIT_GUEST, "no word");
	facts.wait_status = SIGKILL;
	verdict("qemu", EXIT_GUEST, "killed");
}
END_TEST

START_TEST(ledger_lines)
{
	debug("twoway: hello\r\n{\"twoway\":1,\"abi\":\"xen-pv@1\",\"ca");
	ck_assert_ptr_null(watch.ledger);
	debug("lls\":[]}\r\n");
	ck_assert_ptr_nonnull(watch.ledger);
	ck_assert_str_eq(json_string_value(json_object_get(watch.ledger, "abi")), "xen-pv@1");
	/* a damaged one does not replace a good one */
	debug("{\"twoway\":1,\n");
	ck_assert_ptr_nonnull(json_object_get(watch.ledger, "calls"));
	json_decref(watch.ledger);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("outcome");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, shim_reasons);
	tcase_add_test(t, behind_the_shims_back);
	tcase_add_test(t, native_endings);
	tcase_add_test(t, kernel_panic);
	tcase_add_test(t, expectations);
	tcase_add_test(t, met_while_watching);
	tcase_add_test(t, from_outside);
	tcase_add_test(t, qemu_fails);
	tcase_add_test(t, ledger_lines);
	return run_case("tool outcome", t);
}
