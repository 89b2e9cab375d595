/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What nested mode's core takes from the rest of the shim, on the machine in svm_machine.h: memory,
 * the ledger, and the ways in which everything ends.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svm_inside.h"

uint64_t machine_kept;
const char *machine_end, *machine_report;

static uint8_t kept[MACHINE_KEPT_SIZE] __attribute__((aligned(4096)));
static uint64_t counters[TW_MAX_CPUS][TW_LEDGER_CALLS];

struct options options;
bool nested_test_device;
struct extent memory_taken[8];
unsigned int memory_taken_count;
uint64_t memory_top, memory_resident;

void machine_die(const char *what)
{
	fprintf(stderr, "machine: %s\n", what);
	abort();
}

void machine_shim_reset(void)
{
	memset(kept, 0, sizeof(kept));
	memset(counters, 0, sizeof(counters));
	machine_kept = MACHINE_KEPT;
	machine_end = machine_report = NULL;
	nested_test_device = false;
}

void machine_shim_place(void)
{
	mock_ram_at(machine_kept, kept, sizeof(kept));
	memory_taken[0] = (struct extent){ machine_kept + MACHINE_IMAGE, 0 };
	memory_taken_count = 1;
}

uint64_t nested_page_pa(const void *page)
{
	uint64_t offset = (uint64_t)((const uint8_t *)page - kept);

	if (offset >= sizeof(kept))
		machine_die("an overlay is not the shim's memory");
	return machine_kept + offset;
}

bool image_next_kept(struct extent *piece)
{
	if (piece->size)
		return false;
	*piece = (struct extent){ machine_kept, MACHINE_IMAGE };
	return true;
}

uint64_t memory_take(uint64_t pages)
{
	uint64_t pa = memory_taken[0].base + memory_taken[0].size;

	memory_taken[0].size += pages * TW_PAGE_SIZE;
	if (memory_taken[0].size + MACHINE_IMAGE > MACHINE_KEPT_SIZE)
		machine_die("MACHINE_KEPT_SIZE is too small");
	return pa;
}

uint64_t memory_take_tables(uint64_t pages)
{
	return memory_take(pages);
}

void smp_arrived(void)
{
}

uint64_t *tw_ledger_calls(unsigned int cpu)
{
	return counters[cpu];
}

void tw_ledger_missing(const char *name, uint32_t nr, uint32_t sub)
{
}

static void __attribute__((noreturn)) ends(const char *how)
{
	machine_end = how;
	if (machine_current == MACHINE_NOBODY)
		machine_die(mock_log_last);
	machine_fiber_leave(MACHINE_ENDED);
	abort();
}

void tw_guest_end(const char *reason)
{
	ends(reason);
}

void end_machine(const char *reason, const char *detail)
{
	ends(reason);
}

void end_report(const char *reason, const char *detail)
{
	machine_report = reason;
}

void tw_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mock_log_last, sizeof(mock_log_last), fmt, ap);
	va_end(ap);
	ends("fatal");
}
