/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Resident mode's machinery (twoway/resident.h) for hosted builds: it only notes what was asked. */
#ifndef TESTS_UNIT_MOCK_RESIDENT_H
#define TESTS_UNIT_MOCK_RESIDENT_H

#include "twoway/resident.h"

/* The latest request of each kind and, where it matters, how many there were. */
struct mock_resident {
	unsigned int gdt_cpu, gdt_count, gdt_calls;
	uint64_t gdt_frames[14];
	unsigned int ldt_cpu, ldt_entries, ldt_calls;
	uint64_t ldt_pages[16];
	struct {
		uint64_t address;
		unsigned int dpl;
		bool mask;
	} traps[TW_MAX_CPUS][256];
	unsigned int iobitmap_ports;
	uint64_t iobitmap, iobitmap_unread; /* the latter: what the call returns */
	unsigned int syscall_cpu, syscall_changes;
	uint16_t user_gs;
	uint64_t root, user_root;
	unsigned int root_loads, user_root_loads;
	uint64_t *adopted;
	unsigned int adoptions;
	uint64_t flush_cpus, flush_va;
	bool flush_one;
	unsigned int flushes;
	unsigned int run_cpu, runs;
	struct resident_start run_start;
};
extern struct mock_resident mock_resident;

#endif /* TESTS_UNIT_MOCK_RESIDENT_H */
