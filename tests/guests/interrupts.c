/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the kernel's own account in /proc/interrupts: each CPU gets timer interrupts while it
 * has timers, and not thousands while it is idle (an interrupt that is not acknowledged storms).
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* Sum for one CPU of the lines that contain word ("" = all). */
static uint64_t count(int cpu, const char *word)
{
	FILE *file = fopen("/proc/interrupts", "r");
	uint64_t sum = 0;
	char line[4096], *p;
	int column;

	if (!file)
		error("no /proc/interrupts");
	if (!fgets(line, sizeof(line), file))
		error("/proc/interrupts is empty");
	while (fgets(line, sizeof(line), file)) {
		p = strchr(line, ':');
		if (!p || !strstr(line, word))
			continue;
		for (column = 0, p++; column < cpu; column++)
			strtoull(p, &p, 10);
		sum += strtoull(p, &p, 10);
	}
	fclose(file);
	return sum;
}

static void timer(void)
{
	bool xen = count(0, "-timer0") || count(0, "timer0");
	int cpu, i, cpus = cpus_online();

	for (cpu = 0; cpu < cpus; cpu++) {
		char name[32];
		uint64_t before;

		/* Xen PV: the event channel "timerN"; native: the local APIC's line. */
		snprintf(name, sizeof(name), xen ? "timer%d" : "Local timer", cpu);
		pin_to_cpu(cpu);
		before = count(cpu, name);
		for (i = 0; i < 20; i++)
			usleep(2000);
		if (count(cpu, name) < before + 15)
			fail("CPU %d: %lu timer interrupts for 20 sleeps (line '%s')", cpu,
			     count(cpu, name) - before, name);
	}
}

static void quiet(void)
{
	uint64_t before, after;
	int cpu, cpus = cpus_online();

	for (cpu = 0; cpu < cpus; cpu++) {
		before = count(cpu, "");
		sleep(1);
		after = count(cpu, "");
		if (after - before > 5000)
			fail("CPU %d: %lu interrupts in an idle second", cpu, after - before);
	}
}

static void errors(void)
{
	uint64_t bad = count(0, "ERR:") + count(0, "MIS:");

	if (bad)
		fail("%lu interrupts were in error", bad);
}

static const struct test_case cases[] = {
    {"timer", timer, 0}, {"quiet", quiet, 0}, {"errors", errors, 0}, {NULL, NULL, 0}};
const struct subject interrupts_subject = {"interrupts", cases};
