/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the RAM that the kernel was told it has. Nearly all free memory is written with a
 * pattern that depends on the address and read back: a frame that is given twice, belongs to the
 * shim or does not exist shows as a wrong word (or as the shim's crash).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define LEAVE_KB (48 * 1024ul)
#define SMALL_KB (1024 * 1024ul) /* below, 32 words of each page are checked; above, four */

static uint64_t available_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[128];

	if (!file)
		error("no /proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	fclose(file);
	return kb;
}

static uint64_t pattern(uint64_t index)
{
	return index * 0x9e3779b97f4a7c15ull ^ 0x5a5a5a5a5a5a5a5aull;
}

static void fill(void)
{
	uint64_t kb = available_kb(), words, step, i;
	volatile uint64_t *memory;

	if (kb < 2 * LEAVE_KB)
		skip("%lu kB available", kb);
	kb -= LEAVE_KB + kb / 50;
	words = kb * 1024 / 8;
	step = kb <= SMALL_KB ? 16 : 128;
	memory = mmap(NULL, words * 8, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		error("mmap of %lu kB: %s", kb, strerror(errno));
	for (i = 0; i < words; i += step)
		memory[i] = pattern(i);
	for (i = 0; i < words; i += step)
		if (memory[i] != pattern(i))
			fail("word %lu of %lu is %#lx, expected %#lx", i, words, memory[i],
			     pattern(i));
}

/* Fresh memory must be zero, also after others used it. */
static void zero(void)
{
	uint64_t pages = available_kb() / 4 / 4, i, j;
	const uint64_t *memory = map_pages(pages, PROT_READ | PROT_WRITE);

	for (i = 0; i < pages; i++) {
		*(volatile char *)(memory + i * 512) =
		    0; /* a private page, not the shared zero page */
		for (j = 0; j < 512; j++)
			if (memory[i * 512 + j])
				fail("page %lu is not zero", i);
	}
}

static const struct test_case cases[] = {{"fill", fill, 300}, {"zero", zero, 300}, {NULL, NULL, 0}};
const struct subject memory_subject = {"memory", cases};
