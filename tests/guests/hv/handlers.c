/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the shim does per exit, in ticks of the TSC from the instruction that exits to the one behind it, the
 * least of some tries. Under QEMU's `-icount shift=0` a tick is an instruction, so that the test which runs it so
 * can hold the numbers to a limit; on any other machine they are its own business. Lines "HANDLER name ticks".
 */
#include "hv.h"

#define TRIES 50

static uint64_t ref_far; /* a time that never comes while this runs */

static uint64_t nothing(void)
{
	return 0;
}

static uint64_t leaf_plain(void)
{
	return cpuid(1, 0).eax;
}

static uint64_t leaf_hypervisor(void)
{
	return cpuid(HV_LEAF_VENDOR + 3, 0).eax;
}

static uint64_t read_time(void)
{
	return rdmsr(HV_MSR_TIME_REF_COUNT);
}

static uint64_t read_index(void)
{
	return rdmsr(HV_MSR_VP_INDEX);
}

static uint64_t write_eoi(void)
{
	wrmsr(HV_MSR_EOI, 0);
	return 0;
}

static uint64_t write_stimer(void)
{
	wrmsr(HV_MSR_STIMER0_COUNT, ref_far++);
	return 0;
}

static uint64_t call_spin(void)
{
	return hypercall_fast(HV_CALL_LONG_SPIN_WAIT, 1, 0);
}

static uint64_t call_index(void)
{
	return hypercall_slow(HV_CALL_VP_INDEX_OF_APIC_ID | 1ull << HV_CONTROL_COUNT_SHIFT);
}

static uint64_t call_flush(void)
{
	return hypercall_slow(HV_CALL_FLUSH_SPACE);
}

static uint64_t least(uint64_t (*run)(void))
{
	uint64_t best = ~0ull;

	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t before = rdtsc(), ticks;

		run();
		ticks = rdtsc() - before;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

static void tell(const char *name, uint64_t (*run)(void))
{
	say("HANDLER %s %lu\n", name, least(run) - least(nothing));
}

CASE(cost, "handlers of exits")
{
	uint64_t *input = hypercall_input();

	ref_far = ref_time() + 100000000000; /* in some hours */
	wrmsr(HV_MSR_STIMER0_CONFIG, HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE | HV_STIMER_DIRECT |
					     200ull << HV_STIMER_VECTOR_SHIFT);
	irq_off();
	tell("cpuid", leaf_plain);
	tell("cpuid_hypervisor", leaf_hypervisor);
	tell("rdmsr_time", read_time);
	tell("rdmsr_vp_index", read_index);
	tell("wrmsr_eoi", write_eoi);
	tell("wrmsr_stimer_count", write_stimer);
	tell("spin_wait", call_spin);
	input[0] = HV_PARTITION_SELF;
	input[1] = 0;
	input[2] = cpu_at(0)->apic_id;
	tell("vp_index_of_apic_id", call_index);
	input[0] = input[1] = 0;
	input[2] = 1; /* this VP alone */
	tell("flush_own", call_flush);
	irq_on();
	wrmsr(HV_MSR_STIMER0_CONFIG, 0);
}
