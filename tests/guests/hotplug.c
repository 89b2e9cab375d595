/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: CPU hot-unplug and replug through sysfs: the guest stops a CPU by itself and starts it
 * again later, with its timer, IPIs and interrupts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static int set_online(int cpu, bool online)
{
	char path[80];
	int file, result;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	file = open(path, O_WRONLY);
	if (file < 0)
		skip("CPU %d cannot be unplugged: %s", cpu, strerror(errno));
	result = write(file, online ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(file);
	return result;
}

static void cycle(void)
{
	int cpus = cpus_online(), round, result;
	int cpu = cpus - 1;

	if (cpus < 2)
		skip("one CPU");
	for (round = 0; round < 5; round++) {
		result = set_online(cpu, false);
		if (result)
			fail("round %d: CPU %d does not go offline: %s", round, cpu,
			     strerror(-result));
		if (cpus_online() != cpus - 1)
			fail("%d CPUs online", cpus_online());
		usleep(20000);
		result = set_online(cpu, true);
		if (result)
			fail("round %d: CPU %d does not come back: %s", round, cpu,
			     strerror(-result));
		pin_to_cpu(cpu);
		usleep(5000); /* its timer works */
		pin_to_cpu(0);
	}
}

static const struct test_case cases[] = {{"cycle", cycle, 120}, {NULL, NULL, 0}};
const struct subject hotplug_subject = {"hotplug", cases};
