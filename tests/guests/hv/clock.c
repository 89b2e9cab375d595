/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reference time (TLFS 12.4-12.7): the counter MSR and the reference TSC page are one clock, which
 * never goes back, neither on a VP nor from one to the next; it advances as fast as the frequency MSR
 * says. The page is an overlay: read-only, and what is below comes back. VP_RUNTIME counts what the VP
 * ran, so never faster than time. TSC_INVARIANT_CONTROL (2.4.4) shows a bit of CPUID and changes nothing.
 */
#include "hv.h"
#include "wait.h"

#define ROUNDS 2000
#define GP     13

static union {
	struct hv_tsc_page page;
	uint8_t bytes[PAGE];
} tsc PAGE_ALIGNED, other PAGE_ALIGNED;

/* By the page, as TLFS 12.7.4 says; by the counter while the page is not valid. */
static uint64_t page_time(void)
{
	const volatile struct hv_tsc_page *p = &tsc.page;
	uint32_t sequence;
	uint64_t time;

	do {
		sequence = p->sequence;
		if (!sequence)
			return ref_time();
		time = (uint64_t)(((unsigned __int128)rdtsc() * p->scale) >> 64) +
		       (uint64_t)p->offset;
	} while (p->sequence != sequence);
	return time;
}

static bool have_page(void)
{
	if (hv_offers(HV_EAX_TIME_REF_COUNT | HV_EAX_REFERENCE_TSC))
		return true;
	skip("no reference TSC page is offered");
	return false;
}

CASE(place, "the page is an overlay")
{
	uint64_t value;

	if (!have_page())
		return;
	for (unsigned int i = 0; i < PAGE; i++)
		tsc.bytes[i] = other.bytes[i] = 0xa5;
	wrmsr(HV_MSR_REFERENCE_TSC, (uint64_t)&tsc | HV_PAGE_ENABLE);
	expect(rdmsr(HV_MSR_REFERENCE_TSC), (uint64_t)&tsc | HV_PAGE_ENABLE, "MSR");
	if (tsc.page.scale == 0xa5a5a5a5a5a5a5a5)
		fail("the page does not show");
	expect(write_try(&tsc.page.scale, 1), GP, "a write to the page: exception");
	wrmsr(HV_MSR_REFERENCE_TSC, (uint64_t)&other | HV_PAGE_ENABLE);
	expect(tsc.page.scale, 0xa5a5a5a5a5a5a5a5, "what was below, after a move");
	if (other.page.scale == 0xa5a5a5a5a5a5a5a5)
		fail("the page did not move");
	wrmsr(HV_MSR_REFERENCE_TSC, 0);
	expect(other.page.scale, 0xa5a5a5a5a5a5a5a5, "what was below, after the end");
	wrmsr(HV_MSR_REFERENCE_TSC, 0x7ffffffff000 | HV_PAGE_ENABLE);
	expect(rdmsr(HV_MSR_REFERENCE_TSC), 0x7ffffffff000 | HV_PAGE_ENABLE, "an address that is not there");
	wrmsr(HV_MSR_REFERENCE_TSC, (uint64_t)&tsc | HV_PAGE_ENABLE);
	expect(rdmsr_try(HV_MSR_REFERENCE_TSC, &value), NO_FAULT, "reading the MSR");
}

static volatile uint64_t latest; /* that any VP has read */

/* A time that was read after others had been published must not be less than those. */
static void check(uint64_t seen, uint64_t now, const char *what)
{
	uint64_t was = seen;

	if (now < seen)
		fail("CPU %u: %s goes back by %lu units", this_cpu()->index, what, seen - now);
	while (now > was && !__atomic_compare_exchange_n(&latest, &was, now, false, __ATOMIC_SEQ_CST,
							 __ATOMIC_SEQ_CST))
		;
}

static void race(void *with_page)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);

		if (with_page && i % 16) {
			check(seen, page_time(), "the page");
		} else {
			check(seen, ref_time(), "the counter");
		}
	}
}

CASE(monotonic, "monotonic across page, counter and VPs")
{
	if (!hv_offers(HV_EAX_TIME_REF_COUNT)) {
		skip("no reference counter is offered");
		return;
	}
	latest = 0;
	smp_all(race, hv_offers(HV_EAX_REFERENCE_TSC) ? &tsc : NULL);
}

/* The page's time lies between two readings of the counter, an exit apart. */
static void sandwich(void *unused)
{
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t before = ref_time(), page = page_time(), after = ref_time();

		if (page < before || page > after)
			fail("CPU %u: the page says %lu between counters %lu and %lu", this_cpu()->index,
			     page, before, after);
	}
}

CASE(agree, "page and counter agree")
{
	if (have_page())
		smp_all(sandwich, NULL);
}

CASE(rate, "the rate is that of the frequency MSR")
{
	uint64_t hz, start, from, ticks, units, want;

	if (!hv_offers(HV_EAX_TIME_REF_COUNT | HV_EAX_FREQUENCY)) {
		skip("counter and frequencies are not both offered");
		return;
	}
	hz = rdmsr(HV_MSR_TSC_FREQUENCY);
	from = rdtsc();
	start = ref_time();
	while (rdtsc() - from < hz / 20)
		pause();
	ticks = rdtsc() - from;
	units = ref_time() - start;
	want = (uint64_t)((unsigned __int128)ticks * 10000000 >> 20) / (hz >> 20);
	/* Between the TSC and the counter lies an exit: 20 ms on a busy host is much. */
	if (units + 200000 < want || units > want + 200000)
		fail("%lu units, but %lu by the TSC", units, want);
	if (rdmsr(HV_MSR_APIC_FREQUENCY) < 1000000)
		fail("APIC frequency %lu Hz", rdmsr(HV_MSR_APIC_FREQUENCY));
}

static void run_time(void *unused)
{
	uint64_t start = ref_time(), ran = rdmsr(HV_MSR_VP_RUNTIME), last = ran, now;

	for (unsigned int i = 0; i < 200; i++, last = now) {
		now = rdmsr(HV_MSR_VP_RUNTIME);
		if (now < last)
			fail("CPU %u: VP_RUNTIME goes back", this_cpu()->index);
	}
	now = ref_time();
	/* Two clocks of different rounding. */
	if (last - ran > now - start + 10)
		fail("CPU %u ran %lu units in %lu", this_cpu()->index, last - ran, now - start);
	if (last == ran)
		fail("CPU %u: VP_RUNTIME stands still", this_cpu()->index);
}

CASE(runtime, "VP_RUNTIME")
{
	if (hv_offers(HV_EAX_VP_RUNTIME))
		smp_all(run_time, NULL);
	else
		skip("VP_RUNTIME is not offered");
}

#define TSC_INVARIANT (1u << 8) /* CPUID 0x80000007 EDX */

static bool told_invariant(void)
{
	return cpuid(0x80000007, 0).edx & TSC_INVARIANT;
}

/* Nothing of the clock changes by that; the CPU's own bit shows when the guest has asked for it, never before. */
CASE(invariant, "TSC_INVARIANT_CONTROL")
{
	uint64_t before = ref_time();

	if (!hv_offers(HV_EAX_TSC_INVARIANT)) {
		skip("TSC_INVARIANT_CONTROL is not offered");
		return;
	}
	expect(rdmsr(HV_MSR_TSC_INVARIANT), 0, "at first");
	expect(told_invariant(), false, "CPUID's bit at first");
	wrmsr(HV_MSR_TSC_INVARIANT, HV_TSC_INVARIANT_ON);
	expect(rdmsr(HV_MSR_TSC_INVARIANT), HV_TSC_INVARIANT_ON, "switched on");
	expect(wrmsr_try(HV_MSR_TSC_INVARIANT, 0), GP, "it goes off again: exception");
	expect(wrmsr_try(HV_MSR_TSC_INVARIANT, HV_TSC_INVARIANT_ON | 2), GP, "a reserved bit: exception");
	if (ref_time() < before)
		fail("time goes back");
	smp_all(sandwich, NULL);
}
