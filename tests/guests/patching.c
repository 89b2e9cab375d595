/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the kernel patches its own text on a running SMP machine (static keys): breakpoint,
 * IPI to all CPUs, the instruction's tail, IPI, its first byte, IPI. Meanwhile other processes run
 * through the patched places (the scheduler's), so #BP comes in kernel mode on any CPU and stack.
 *
 * Runs only when it is named (tw.args=patching): QEMU 7.2 hangs at it, natively too, unless
 * all CPUs share a thread (docs/testing.md, "Stale translations").
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define SWITCH	"/proc/sys/kernel/sched_schedstats" /* a static key in every wake-up and switch */
#define TOGGLES 150
#define PAIRS	4

/* Two processes that wake each other for ever; they die with the case's process group. */
static void start_pair(void)
{
	int there[2], back[2];
	char c = 0;

	if (pipe(there) || pipe(back))
		error("no pipe");
	if (fork_or_error() == 0)
		while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
			;
	if (fork_or_error() == 0)
		while (write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1)
			;
}

static bool asked_for(void)
{
	char line[2048] = "";
	int file = open("/proc/cmdline", O_RDONLY);

	if (file < 0 || read(file, line, sizeof(line) - 1) < 0)
		error("no /proc/cmdline");
	close(file);
	return strstr(line, "tw.args=patching");
}

static void static_key(void)
{
	int file;

	if (!asked_for())
		skip("only when named: some emulators hang");
	file = open(SWITCH, O_RDWR);
	if (file < 0)
		skip("no " SWITCH);
	for (int i = 0; i < PAIRS; i++)
		start_pair();
	for (int i = 0; i < TOGGLES; i++)
		if (pwrite(file, "1\n", 2, 0) != 2 || pwrite(file, "0\n", 2, 0) != 2)
			error("cannot write " SWITCH);
}

static const struct test_case cases[] = {{"static-key", static_key, 240}, {NULL, NULL, 0}};
const struct subject patching_subject = {"patching", cases};
