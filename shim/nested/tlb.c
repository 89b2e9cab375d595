/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Remote TLB flushes, by the same two counters as in resident mode (shim/resident/tlb.c): wanted is
 * raised by others, done by the CPU itself. A waiter serves requests to itself, so that two CPUs
 * that flush each other do not deadlock. A CPU that waits for its SIPI has nothing to flush.
 */
#include "shim/nested/nested.h"

void nested_tlb_serve(struct nested_cpu *c)
{
	uint64_t wanted = __atomic_load_n(&c->flush_wanted, __ATOMIC_ACQUIRE);

	if (wanted == c->flush_done)
		return;
	backend_flush(c); /* takes effect with the next entry; the shim does not use guest addresses */
	__atomic_store_n(&c->flush_done, wanted, __ATOMIC_RELEASE);
}

void nested_tlb_served(struct nested_cpu *c)
{
	__atomic_store_n(&c->flush_done, __atomic_load_n(&c->flush_wanted, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

static void wait_for(struct nested_cpu *self, struct nested_cpu *c, uint64_t goal)
{
	while ((int64_t)(__atomic_load_n(&c->flush_done, __ATOMIC_ACQUIRE) - goal) < 0) {
		if (c->state == NESTED_WAIT_SIPI)
			return;
		nested_tlb_serve(self);
		hw_pause();
	}
}

void nested_tlb_flush(uint64_t cpus)
{
	struct nested_cpu *self = nested_here();
	uint64_t goal[TW_MAX_CPUS];

	if (nested_cpus < 64)
		cpus &= (1ull << nested_cpus) - 1;
	if (cpus >> self->cpu & 1)
		backend_flush(self);
	cpus &= ~(1ull << self->cpu);
	for (uint64_t left = cpus; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);
		struct nested_cpu *c = nested_cpu_of[cpu];

		goal[cpu] = __atomic_add_fetch(&c->flush_wanted, 1, __ATOMIC_ACQ_REL);
		if (c->state == NESTED_RUNNING)
			nested_poke(c);
	}
	for (uint64_t left = cpus; left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);

		wait_for(self, nested_cpu_of[cpu], goal[cpu]);
	}
}
