/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Small helpers of the guest tests. */
#include <cpuid.h>
#include <sched.h>
#include <string.h>
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

int cpus_online(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		error("cannot run on CPU %d: %s", cpu, strerror(errno));
}

uint64_t clock_ns(int clock_id)
{
	struct timespec now;

	if (clock_gettime(clock_id, &now))
		error("clock_gettime(%d): %s", clock_id, strerror(errno));
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void *map_pages(size_t pages, int prot)
{
	void *memory = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		error("mmap of %zu pages: %s", pages, strerror(errno));
	return memory;
}

pid_t fork_or_error(void)
{
	pid_t child = fork();

	if (child < 0)
		error("fork: %s", strerror(errno));
	return child;
}

bool emulated_smap(void)
{
	uint32_t a, b, c, d;
	char signature[13] = "";

	__cpuid(0x40000000, a, b, c, d);
	memcpy(signature, &b, 4);
	memcpy(signature + 4, &c, 4);
	memcpy(signature + 8, &d, 4);
	if (strcmp(signature, "TCGTCGTCGTCG"))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 20);
}
