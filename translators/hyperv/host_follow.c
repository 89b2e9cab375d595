/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The reference TSC page gets another sequence when the hypervisor relates its clock to the TSC anew, e.g.
 * after a migration; as long as it is 0 the counter alone is right (TLFS 12.7), and is read each time.
 */
#include "host.h"

static uint32_t seen;

/* The TSC's frequency by the page: 100 ns units in 100 times as many ticks as a second had until now. */
static uint64_t page_hz(uint64_t tsc, uint64_t time)
{
	uint64_t ticks = hyperv.host->line->tsc_hz * 100, later;

	if (!hyperv_time_by_page(tsc + ticks, &later) || later <= time)
		return 0;
	return ticks / 100 * TW_NS_PER_S / (later - time);
}

bool hyperv_clock_told(struct tw_clock *line)
{
	uint32_t sequence = hyperv_tsc_sequence();
	uint64_t tsc = hw_rdtsc(), hz = 0, time;

	if (sequence && sequence == seen)
		return false;
	seen = sequence;
	if (hyperv_time_by_page(tsc, &time))
		hz = page_hz(tsc, time);
	else
		time = hw_rdmsr(HV_MSR_TIME_REF_COUNT);
	tw_clock_scale(line, hz ? hz : hyperv.host->line->tsc_hz);
	line->tsc0 = tsc;
	line->base_ns = time * 100;
	return true;
}
