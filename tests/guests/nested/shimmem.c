/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A guest that looks into the shim's memory and writes all over it: `/shimmem MAGIC END`. The memory
 * map calls what the shim keeps "Reserved", and the kernel lets /dev/mem map such ranges, since they
 * are no RAM of its own; from END (hexadecimal) on they are the firmware's. Every page must read as
 * nothing, before and after MAGIC (8 characters) was written to each 64 bytes of it. Nothing is a page
 * of ones, or of what was written here before: all of the shim's memory shows the guest the same page,
 * which takes its writes. The test then looks for MAGIC from outside.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

static unsigned long pages, seen, changed;

static bool nothing(const volatile uint64_t *p, uint64_t magic)
{
	for (size_t i = 0; i < PAGE / 8; i++)
		if (p[i] != ~0ull && p[i] != magic)
			return false;
	return true;
}

static void attack(int file, uint64_t pa, uint64_t magic)
{
	volatile uint64_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)pa);

	if (p == MAP_FAILED) {
		perror("SHIMMEM mmap of /dev/mem");
		return;
	}
	pages++;
	if (!nothing(p, magic)) {
		seen++;
		printf("SHIMMEM-SEEN %#lx: %#lx %#lx\n", pa, p[0], p[1]);
	}
	for (size_t i = 0; i < PAGE / 8; i += 8)
		p[i] = magic;
	if (!nothing(p, magic)) {
		changed++;
		printf("SHIMMEM-CHANGED %#lx\n", pa);
	}
	munmap((void *)p, PAGE);
}

int main(int argc, char **argv)
{
	uint64_t from, to, end, magic;
	FILE *map = fopen("/proc/iomem", "r");
	int file = open("/dev/mem", O_RDWR | O_SYNC);
	char line[200];

	if (argc != 3 || strlen(argv[1]) != 8 || !map || file < 0) {
		perror("SHIMMEM");
		return 1;
	}
	memcpy(&magic, argv[1], 8);
	end = strtoull(argv[2], NULL, 16);
	while (fgets(line, sizeof(line), map)) {
		if (line[0] == ' ' || !strstr(line, ": Reserved") || sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		if (from < 1 << 20 || from >= end)
			continue;
		to = to + 1 < end ? to + 1 : end;
		printf("SHIMMEM-RANGE %#lx %#lx\n", from, to - from);
		for (; from < to; from += PAGE)
			attack(file, from, magic);
	}
	printf("SHIMMEM-DONE pages %lu seen %lu changed %lu\n", pages, seen, changed);
	return 0;
}
