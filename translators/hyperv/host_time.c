/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Time on Hyper-V: the TSC's frequency by MSR, and the reference clock (100 ns since the partition's
 * start), which is what synthetic timers count in. The reference TSC page makes it of the TSC;
 * its sequence changes when the machine was moved to another host, and 0 says that the TSC cannot
 * be used at the moment: then the counter is read by MSR (TLFS 12.7).
 */
#include "host.h"

static volatile struct hv_tsc_page *page; /* NULL: not offered */

TW_INIT uint64_t hyperv_tsc_hz(void)
{
	uint64_t hz;

	if (!(hyperv.eax & HV_EAX_FREQUENCY) || !(hyperv.edx & HV_EDX_FREQUENCY))
		return 0;
	hz = hw_rdmsr(HV_MSR_TSC_FREQUENCY);
	return hz >= 1000000 ? hz : 0;
}

/* The high half of a 128-bit product, without a 128-bit type (i386). */
static uint64_t high_product(uint64_t a, uint64_t b)
{
	uint64_t al = a & 0xffffffffu, ah = a >> 32, bl = b & 0xffffffffu, bh = b >> 32;
	uint64_t mid = ah * bl + (al * bl >> 32), mid2 = al * bh + (mid & 0xffffffffu);

	return ah * bh + (mid >> 32) + (mid2 >> 32);
}

uint32_t hyperv_tsc_sequence(void)
{
	return page ? page->sequence : 0;
}

bool hyperv_tsc_page_valid(void)
{
	return hyperv_tsc_sequence();
}

bool hyperv_time_by_page(uint64_t tsc, uint64_t *time)
{
	uint32_t sequence;

	do {
		sequence = page ? page->sequence : 0;
		if (!sequence)
			return false;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		*time = high_product(tsc, page->scale) + (uint64_t)page->offset;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (page->sequence != sequence);
	return true;
}

uint64_t hyperv_reference_at(uint64_t ns)
{
	const struct tw_clock *clock = hyperv.host->line;
	uint64_t tsc = tw_clock_tsc_at(clock, ns), now, time;

	if (hyperv_time_by_page(tsc, &time))
		return time + 1;
	hyperv_count(HYPERV_NATIVE_COUNTER);
	now = tw_clock_ns(clock, hw_rdtsc());
	return hw_rdmsr(HV_MSR_TIME_REF_COUNT) + (ns > now ? (ns - now) / 100 + 1 : 0);
}

TW_INIT void hyperv_time_init(void)
{
	struct tw_host *host = hyperv.host;
	uint64_t pa;

	page = NULL;
	if (!(hyperv.eax & HV_EAX_REFERENCE_TSC) || !(hyperv.eax & HV_EAX_TIME_REF_COUNT))
		return;
	page = tw_host_pages(1, &pa);
	hw_wrmsr(HV_MSR_REFERENCE_TSC, pa | HV_PAGE_ENABLE);
#ifndef TW_CLOCK_FIXED
	host->clock_told = hyperv_clock_told;
#endif
	if (page->sequence) {
		/* One page for all: the hypervisor vouches for the CPUs' TSCs being one line. */
		host->clock.stable = true;
		tw_serves(host, TW_OP_TIME, "hyperv tsc page");
		hyperv_count(HYPERV_NATIVE_TSC_PAGE);
	} else {
		host->clock.stable = host->cpus == 1;
		tw_serves(host, TW_OP_TIME, "tsc (hyperv calls it unreliable)");
	}
}
