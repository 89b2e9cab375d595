/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reference time: 100 ns units of the neutral clock. The guest's own reading of the TSC page must
 * agree with the counter MSR and with timers to the last unit, so everything here uses the page's
 * formula, not the neutral clock's (whose rate has 32 bits where the page's has 64).
 */
#include "guest.h"

#define UNITS_PER_S 10000000ull

static uint64_t latest; /* where TSCs differ: the highest time that any VP has been told */

static uint64_t mul_high(uint64_t a, uint64_t b)
{
	return (uint64_t)(((unsigned __int128)a * b) >> 64);
}

/* (numerator << 64) / divisor for numerator < divisor, by hand: no library, boot only. */
static TW_INIT uint64_t fraction(uint64_t numerator, uint64_t divisor)
{
	uint64_t quotient = 0;
	unsigned __int128 rest = numerator;

	for (unsigned int i = 0; i < 64; i++) {
		rest <<= 1;
		quotient <<= 1;
		if (rest >= divisor) {
			rest -= divisor;
			quotient |= 1;
		}
	}
	return quotient;
}

TW_INIT void hv_time_init(void)
{
	const struct tw_clock *clock = &tw_host.clock;
	struct hv_tsc_page *page = hv.tsc.page;

	hv.tsc_scale = fraction(UNITS_PER_S, clock->tsc_hz);
	hv.tsc_offset = (int64_t)(clock->base_ns / 100 - mul_high(clock->tsc0, hv.tsc_scale));
	latest = 0;
	page->scale = hv.tsc_scale;
	page->offset = hv.tsc_offset;
	/* 0 means "use the MSR": right only where the CPUs' TSCs differ (hazard H-7). */
	page->sequence = clock->stable ? 1 : 0;
}

uint64_t hv_time(void)
{
	uint64_t now = mul_high(hw_rdtsc(), hv.tsc_scale) + (uint64_t)hv.tsc_offset;
	uint64_t seen;

	if (tw_likely(tw_host.clock.stable))
		return now;
	seen = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
	do {
		if (now <= seen)
			return seen;
	} while (!__atomic_compare_exchange_n(&latest, &seen, now, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return now;
}

/*
 * Never early by more than the two clocks differ in rate (half a ns a second): whoever sets a timer
 * looks at hv_time() when it fires, and sets it again if that was too soon.
 */
uint64_t hv_time_to_ns(uint64_t t)
{
	uint64_t now = hv_time(), ns = tw_time_ns();

	if (t <= now)
		return ns;
	t -= now;
	return t > (~0ull - ns) / 100 ? ~0ull : ns + t * 100;
}

void hv_reference_tsc_write(struct hv_vp *vp, uint64_t value)
{
	hv_count(vp, HV_COUNT_REFERENCE_TSC);
	tw_lock(&hv.lock);
	hv.tsc.msr = value;
	tw_unlock(&hv.lock);
	hv_overlay_apply(&hv.tsc);
}

/* Only ever switched on; everything but the one bit is reserved. */
enum nested_verdict hv_invariant_write(struct hv_vp *vp, uint64_t value)
{
	hv_count(vp, HV_COUNT_TSC_INVARIANT);
	if (value & ~HV_TSC_INVARIANT_ON || (hv.invariant && !value))
		return NESTED_GP;
	hv.invariant = value;
	return NESTED_DONE;
}
