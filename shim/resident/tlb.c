/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Remote TLB flushes. A hypercall that asks for one returns only when no target can use an old
 * entry (hazard H-14), and it waits with interrupts off, so waiters serve requests made to
 * themselves meanwhile: two CPUs that flush each other do not deadlock.
 *
 * Each CPU has two counters: wanted (raised by others) and done (set by itself, after the flush, to
 * the wanted it had read before). Several requests that meet become one flush. A request for a
 * single page is a full flush on the target: flushing more is always legal.
 */
#include "shim/resident/resident.h"

#define SPINS_MAX 4096 /* tens of microseconds: whoever has not answered may not be running */

struct counters {
	uint64_t wanted, done;
} __attribute__((aligned(64)));

static struct counters tlb[TW_MAX_CPUS];

static void flush_all(void)
{
	uint64_t cr4 = hw_read_cr4();

	/* A new CR3 leaves global pages, if the guest uses them. */
	if (cr4 & 0x80) {
		hw_write_cr4(cr4 & ~0x80ull);
		hw_write_cr4(cr4);
	} else {
		hw_write_cr3(hw_read_cr3());
	}
}

void tlb_serve(unsigned int cpu)
{
	uint64_t wanted = __atomic_load_n(&tlb[cpu].wanted, __ATOMIC_ACQUIRE);

	if (wanted == tlb[cpu].done)
		return;
	flush_all();
	__atomic_store_n(&tlb[cpu].done, wanted, __ATOMIC_RELEASE);
}

void resident_tlb_flush(uint64_t cpus, uint64_t va, bool one_page)
{
	uint64_t goal[TW_MAX_CPUS];
	unsigned int self = tw_cpu();
	unsigned int spins = 0;

	if (cpus & 1ull << self) {
		if (one_page)
			hw_invlpg(va);
		else
			flush_all();
		cpus &= ~(1ull << self);
	}
	if (cpus)
		cpus = tw_host.tlb_flush(cpus);
	for (uint64_t left = cpus; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);

		goal[cpu] = __atomic_add_fetch(&tlb[cpu].wanted, 1, __ATOMIC_ACQ_REL);
	}
	if (cpus)
		tw_host.ipi_many(cpus, TW_VEC_TLB);
	for (uint64_t left = cpus; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);

		while ((int64_t)(__atomic_load_n(&tlb[cpu].done, __ATOMIC_ACQUIRE) - goal[cpu]) < 0) {
			tlb_serve(self);
			if (++spins % SPINS_MAX)
				hw_pause();
			else
				tw_host.yield_to(cpu);
		}
	}
}
