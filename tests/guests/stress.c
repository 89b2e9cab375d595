/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The driver of the guest tests: `/stress [SUBJECT[.CASE] | -SUBJECT[.CASE]]...` runs all cases, or
 * those named, or all but those named with a minus; counts verdicts and ends with the line
 * `STRESS-DONE pass N fail N skip N` (fail counts FAILURE and ERROR). Exit status 0 when none
 * failed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define DEFAULT_SECONDS 60

enum verdict { PASS, SKIPPED = 10, FAILED = 11 };

static const struct subject *const subjects[] = {
    &signals_subject,  &faults_subject,	 &forks_subject,     &ptrace_subject,	  &compat_subject,
    &fpu_subject,      &softint_subject, &ldt_subject,	     &iret_subject,	  &vsyscall_subject,
    &syscalls_subject, &ioport_subject,	 &addrspace_subject, &privileged_subject, &segbase_subject,
    &timers_subject,   &tlb_subject,	 &pingpong_subject,  &interrupts_subject, &hotplug_subject,
    &memory_subject,   &patching_subject,  &direction_subject,  &pkeys_subject,
};

static char current[100]; /* subject.case, in the process that runs it */

static void verdict(const char *word, const char *format, va_list args)
{
	char text[400];

	vsnprintf(text, sizeof(text), format, args);
	/* One write: other processes of the case may print at the same time. */
	dprintf(1, "%s %s %s\n", word, current, text);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	verdict("SKIP", format, args);
	_exit(SKIPPED);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	verdict("FAILURE", format, args);
	_exit(FAILED);
}

void error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	verdict("ERROR", format, args);
	_exit(FAILED);
}

/* Wait for the case, at most its time; what it started dies with its process group. */
static int wait_limited(pid_t child, unsigned int seconds)
{
	int status = 0;
	unsigned long tick;

	for (tick = 0; tick < seconds * 100ul; tick++) {
		if (waitpid(child, &status, WNOHANG) == child) {
			kill(-child, SIGKILL);
			return status;
		}
		usleep(tick < 20 ? 1000 : 10000);
	}
	kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	printf("FAILURE %s no end within %u s\n", current, seconds);
	return FAILED << 8;
}

static enum verdict run_case(const struct test_case *test)
{
	int status;
	pid_t child = fork();

	if (child < 0) {
		printf("ERROR %s cannot fork\n", current);
		return FAILED;
	}
	if (child == 0) {
		setpgid(0, 0);
		test->run();
		_exit(PASS);
	}
	setpgid(child, child);
	status = wait_limited(child, test->seconds ? test->seconds : DEFAULT_SECONDS);
	if (WIFSIGNALED(status)) {
		printf("FAILURE %s killed by signal %d\n", current, WTERMSIG(status));
		return FAILED;
	}
	switch (WEXITSTATUS(status)) {
	case PASS:
		printf("SUCCESS %s\n", current);
		return PASS;
	case SKIPPED:
		return SKIPPED;
	case FAILED:
		return FAILED;
	default:
		printf("FAILURE %s exit status %d\n", current, WEXITSTATUS(status));
		return FAILED;
	}
}

/* True when name is the current case or its subject. */
static bool names_current(const char *name)
{
	size_t n = strlen(name);

	return strncmp(name, current, n) == 0 && (current[n] == '\0' || current[n] == '.');
}

static bool wanted(char **names)
{
	bool only = false, named = false;

	for (; *names; names++) {
		if (**names == '-') {
			if (names_current(*names + 1))
				return false;
			continue;
		}
		only = true;
		named |= names_current(*names);
	}
	return named || !only;
}

int main(int argc, char **argv)
{
	unsigned int pass = 0, failed = 0, skipped = 0;
	const struct test_case *test;
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		for (test = subjects[i]->cases; test->name; test++) {
			snprintf(current, sizeof(current), "%s.%s", subjects[i]->name, test->name);
			if (!wanted(argv + 1))
				continue;
			switch (run_case(test)) {
			case PASS:
				pass++;
				break;
			case SKIPPED:
				skipped++;
				break;
			default:
				failed++;
			}
		}
	}
	printf("STRESS-DONE pass %u fail %u skip %u\n", pass, failed, skipped);
	return failed != 0;
}
