/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMI's counters and wall clock. The cycle counter "real time" is the TSC itself: Linux takes the
 * frequency for the TSC's, too, and RDTSC stays native. real = available + stolen holds by
 * construction, and stolen starts at 0 on each CPU.
 */
#include "guest.h"

#define JUMP_NS 500000000ull /* what counts as "the wall clock was set" */

static uint64_t stolen_zero[TW_MAX_CPUS]; /* the host's count at the first question, + 1; 0: none yet */
static uint64_t wall_offset;		  /* wall clock minus neutral clock as last reported */
static bool wall_known;

static uint64_t wall_now_offset(void)
{
	return tw_host.wallclock_ns() - tw_clock_ns(&tw_host.clock, hw_rdtsc());
}

uint64_t vmi_cycle_frequency(void)
{
	return tw_host.clock.tsc_hz;
}

uint64_t vmi_stolen(unsigned int cpu)
{
	const struct tw_clock *clock = &tw_host.clock;
	uint64_t ns = tw_host.steal_ns(cpu);

	if (!stolen_zero[cpu])
		stolen_zero[cpu] = ns + 1;
	ns = ns + 1 > stolen_zero[cpu] ? ns + 1 - stolen_zero[cpu] : 0;
	return ns ? tw_clock_tsc_at(clock, clock->base_ns + ns) - clock->tsc0 : 0;
}

uint64_t vmi_cycle_counter(uint32_t counter)
{
	unsigned long flags;
	uint64_t now;

	if (counter == VMI_CYCLES_REAL)
		return hw_rdtsc();
	if (counter > VMI_CYCLES_STOLEN)
		return 0;
	flags = rom_irq_save(); /* one CPU's counters, not two's */
	now = vmi_stolen(tw_cpu());
	if (counter == VMI_CYCLES_AVAILABLE)
		now = hw_rdtsc() - now;
	rom_irq_restore(flags);
	return now;
}

uint64_t vmi_wallclock(void)
{
	return tw_host.wallclock_ns();
}

uint32_t vmi_wallclock_updated(void)
{
	uint64_t offset = wall_now_offset();
	bool jumped = wall_known && offset - wall_offset + JUMP_NS > 2 * JUMP_NS;

	if (jumped || !wall_known)
		wall_offset = offset;
	wall_known = true;
	return jumped;
}

void vmi_time_init(void)
{
	for (unsigned int i = 0; i < TW_MAX_CPUS; i++)
		stolen_zero[i] = 0;
	wall_known = true;
	wall_offset = rom_facts.time ? wall_now_offset() : 0;
}
