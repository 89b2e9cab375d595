/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The other CPUs: all are started while booting, one after another, and wait in the shim until the
 * guest wants them. So the number that the guest is told is the number that really runs.
 */
#include "shim/nested/nested.h"
#include "shim/resident/resident.h"

#define START_TIMEOUT_NS (1 * TW_NS_PER_S)

extern char trampoline_begin[], trampoline_end[], trampoline_root[], trampoline_stack[],
	trampoline_cpu[];

static volatile unsigned int started; /* CPUs that have reached ap_main */
static const struct resident_start *volatile run[TW_MAX_CPUS];

static TW_INIT uint64_t *in_copy(const char *symbol)
{
	return hw_phys(SHIM_TRAMPOLINE + (uint64_t)(symbol - trampoline_begin));
}

static TW_INIT bool start_one(unsigned int cpu)
{
	uint64_t deadline;
	unsigned int before = started;

	*in_copy(trampoline_root) = paging_root;
	*in_copy(trampoline_stack) = nested_cpus ? nested_cpu_of[cpu]->stack : area_data(cpu)->vcpu.shim_sp;
	*in_copy(trampoline_cpu) = cpu;
	if (tw_host.cpu_start(cpu, SHIM_TRAMPOLINE))
		return false;
	deadline = tw_time_ns() + START_TIMEOUT_NS;
	while (started == before) {
		if (tw_time_ns() > deadline)
			return false;
		hw_pause();
	}
	return true;
}

TW_INIT void smp_start_all(void)
{
	if (tw_host.cpus == 1)
		return;
	if (paging_root >> 32)
		tw_fatal("page tables above 4 GB cannot be reached from real mode");
	__builtin_memcpy(hw_phys(SHIM_TRAMPOLINE), trampoline_begin,
			 (size_t)(trampoline_end - trampoline_begin));
	for (unsigned int cpu = 1; cpu < tw_host.cpus; cpu++) {
		if (!start_one(cpu)) {
			tw_warn("CPU %u (APIC id %u) does not start; going on with %u", cpu,
				tw_host.apic_id[cpu], cpu);
			tw_host.cpus = cpu;
			return;
		}
	}
}

void smp_arrived(void)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
}

/* A CPU's life: wait in the shim, on its own page tables, then run what the guest gave it. */
void ap_main(unsigned int cpu)
{
	const struct resident_start *s;

	if (nested_cpus)
		nested_ap_main(cpu);
	area_load(cpu);
	tw_host.cpu_init(cpu);
	smp_arrived();
	while (!(s = __atomic_load_n(&run[cpu], __ATOMIC_SEQ_CST))) {
		tw_host.halt();
		hw_cli();
	}
	resident_start(cpu, s);
}

void resident_run_cpu(unsigned int cpu, const struct resident_start *s)
{
	__atomic_store_n(&run[cpu], s, __ATOMIC_SEQ_CST);
	tw_kick(cpu);
}
