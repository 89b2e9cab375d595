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

/*
 * The line of this CPU's clock event device: Xen PV: the event channel "timerN"; Hyper-V: the direct
 * synthetic timer; native: the local APIC's.
 */
static void timer_line(int cpu, char *name, size_t size)
{
	char device[64] = "", path[80];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/clockevents/clockevent%d/current_device", cpu);
	file = fopen(path, "r");
	if (!file || !fgets(device, sizeof(device), file))
		error("no %s", path);
	fclose(file);
	if (!strncmp(device, "xen", 3))
		snprintf(name, size, "timer%d", cpu);
	else
		snprintf(name, size, "%s",
			 !strncmp(device, "Hyper-V", 7) ? "Hyper-V stimer0" : "Local timer");
}

static void timer(void)
{
	int cpu, i, cpus = cpus_online();

	for (cpu = 0; cpu < cpus; cpu++) {
		char name[32];
		uint64_t before;

		timer_line(cpu, name, sizeof(name));
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
