/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway run: boot a guest kernel under twoway, watch it, and say how it ended. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Signals become readable: there is no moment at which one could end us without cleaning up. */
static int catch_signals(void)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Inherited as ignored, it would never tell that QEMU has ended. */
	signal(SIGCHLD, SIG_DFL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int dry_run(const struct plan *plan)
{
	struct command_line line;
	char *shell;

	if (host_is_xen(plan->host)) {
		fputs(xen_config(plan), stdout);
		return EXIT_OK;
	}
	command_build(plan, "/dev/stderr", 3, &line);
	shell = command_shell(&line);
	puts(shell);
	free(shell);
	return EXIT_OK;
}

static int keep_ledger(const struct run_options *o, const json_t *ledger)
{
	char *line;
	int error;

	if (!o->ledger)
		return 0;
	if (!ledger)
		return say("--ledger: the shim did not print one"), EXIT_GUEST;
	if (!strcmp(o->ledger, "-")) {
		ledger_table(o->json ? stderr : stdout, ledger);
		return 0;
	}
	line = text("%s\n", (char *)must(json_dumps(ledger, JSON_COMPACT)));
	error = write_file(o->ledger, line, strlen(line));
	free(line);
	if (error)
		return say("--ledger %s: %s", o->ledger, strerror(-error)), EXIT_GUEST;
	return 0;
}

static void print_json(const struct plan *plan, const struct outcome *outcome, double duration,
		       json_t *ledger)
{
	json_t *object = must(json_pack("{s:s, s:i, s:f, s:s, s:s, s:s, s:O?}", "ended",
					outcome->ended, "exit", outcome->status, "seconds",
					duration, "host", plan->host->name, "abi", plan->abi->name,
					"kernel", plan->kernel, "ledger", ledger));

	json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(object);
}

static int report(const struct plan *plan, const struct watch *watch, double duration)
{
	struct outcome outcome;
	int status;

	outcome_decide(watch->facts, &outcome);
	status = keep_ledger(plan->options, watch->ledger);
	if (status && !outcome.status)
		outcome.status = status;
	if (plan->options->json)
		print_json(plan, &outcome, duration, watch->ledger);
	fflush(stdout);
	say("%s after %.1f s", outcome.text, duration);
	if (watch->facts->signal) {
		/* Whoever waits for us should see that it was the signal (a shell's loop stops). */
		sigset_t none;

		signal(watch->facts->signal, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		raise(watch->facts->signal);
	}
	return outcome.status;
}

static int boot(const struct plan *plan, struct expect *expect)
{
	const struct run_options *o = plan->options;
	struct facts facts = { .shim = plan->shim && !plan->shim_leaves, .expecting = expect };
	struct channels channels = { .signals = catch_signals() };
	struct watch watch;
	double start = seconds();
	int status;

	if (channels.signals < 0)
		return fail_with(EXIT_GUEST, "signalfd: %s", strerror(errno));
	status = qemu_start(plan, &channels);
	if (status)
		return status;
	if (plan->interactive)
		say("Ctrl-] ends the guest");
	watch_init(&watch, &facts, expect, o->verbose);
	watch.mixed = plan->shim && host_is_xen(plan->host);
	relay(&channels, &watch, o->json ? STDERR_FILENO : STDOUT_FILENO, plan->interactive,
	      plan->interactive || !isatty(STDIN_FILENO), o->timeout_ms);
	return report(plan, &watch, seconds() - start);
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;
	struct expect *expect = NULL;
	struct plan plan;
	char *why;
	int status = options_parse(argc, argv, &options);

	if (status)
		return status;
	if (options.help)
		return cmd_help(2, (char *[]){ "help", "run", NULL });
	status = plan_make(&options, terminal_usable() && !options.json, &plan);
	if (status)
		return status;
	if (options.dry_run)
		return dry_run(&plan);
	if (options.expect)
		expect = expect_new(options.expect, &why);
	return boot(&plan, expect);
}
