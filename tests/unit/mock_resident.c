/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* See mock_resident.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_resident.h"
#include "twoway/guest.h"

struct mock_resident mock_resident;

/* The machinery uses frames without asking whose they are: that is the guest side's duty. */
static void must_be_own(uint64_t mfn, const char *what)
{
	if (tw_guest_frame(mfn))
		return;
	fprintf(stderr, "%s: frame %#llx is not the guest's\n", what, (unsigned long long)mfn);
	abort();
}

void resident_set_gdt(unsigned int cpu, const uint64_t *frames, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		must_be_own(frames[i], "resident_set_gdt");
	mock_resident.gdt_cpu = cpu;
	mock_resident.gdt_count = count;
	mock_resident.gdt_calls++;
	memcpy(mock_resident.gdt_frames, frames, count * sizeof(*frames));
}

void resident_set_ldt(unsigned int cpu, const uint64_t *pages, unsigned int entries)
{
	for (unsigned int i = 0; i * 512 < entries; i++)
		must_be_own(pages[i] >> 12, "resident_set_ldt");
	mock_resident.ldt_cpu = cpu;
	mock_resident.ldt_entries = entries;
	mock_resident.ldt_calls++;
	memcpy(mock_resident.ldt_pages, pages, (entries + 511) / 512 * sizeof(*pages));
}

void resident_set_trap(unsigned int cpu, unsigned int vector, uint64_t address, unsigned int dpl,
		       bool mask)
{
	mock_resident.traps[cpu][vector].address = address;
	mock_resident.traps[cpu][vector].dpl = dpl;
	mock_resident.traps[cpu][vector].mask = mask;
}

uint64_t resident_set_iobitmap(unsigned int cpu, uint64_t bits, unsigned int ports)
{
	mock_resident.iobitmap = bits;
	mock_resident.iobitmap_ports = ports;
	return mock_resident.iobitmap_unread;
}

void resident_syscall_changed(unsigned int cpu)
{
	mock_resident.syscall_cpu = cpu;
	mock_resident.syscall_changes++;
}

void resident_load_user_gs(uint16_t selector)
{
	mock_resident.user_gs = selector;
}

void resident_load_root(struct tw_vcpu *v, uint64_t mfn)
{
	must_be_own(mfn, "resident_load_root");
	mock_resident.root = mfn;
	mock_resident.root_loads++;
}

void resident_load_user_root(struct tw_vcpu *v, uint64_t mfn)
{
	if (mfn)
		must_be_own(mfn, "resident_load_user_root");
	mock_resident.user_root = mfn;
	mock_resident.user_root_loads++;
}

void resident_root_adopt(uint64_t *l4, bool user)
{
	mock_resident.adopted = l4;
	mock_resident.adoptions++;
}

void resident_tlb_flush(uint64_t cpus, uint64_t va, bool one_page)
{
	mock_resident.flush_cpus = cpus;
	mock_resident.flush_va = va;
	mock_resident.flush_one = one_page;
	mock_resident.flushes++;
}

void resident_run_cpu(unsigned int cpu, const struct resident_start *s)
{
	mock_resident.run_cpu = cpu;
	mock_resident.run_start = *s;
	mock_resident.runs++;
}
