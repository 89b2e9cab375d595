/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The neutral clock: nanoseconds since the shim started, one monotonic line for all CPUs, kept as
 * a linear function of the TSC. It is exactly the form that Xen's and KVM's pvclock publish
 * (xen/xen.h, struct vcpu_time_info): ns = base_ns + (((tsc - tsc0) << shift) * mul >> 32).
 */
#ifndef TWOWAY_CLOCK_H
#define TWOWAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TW_NS_PER_S 1000000000ull

struct tw_clock {
	uint64_t tsc_hz;  /* ticks per second of the TSC that the guest reads */
	uint64_t tsc0;	  /* TSC value at base_ns */
	uint64_t base_ns; /* ns since the shim started, at tsc0 */
	uint32_t mul;	  /* 32.32 fraction: ns per shifted tick */
	int8_t shift;	  /* left shift of the tick delta; negative: right */
	bool stable;	  /* TSCs of all CPUs are synchronous (hazard H-7) */
	uint64_t inverse; /* shifted ticks per ns, 2.62 fixed point, rounded up: times without a division */
};

/*
 * Fill tsc_hz, mul, shift and inverse from hz (> 0): the pvclock scale with 2^31 <= mul < 2^32, the
 * most exact form that fits 32 bits.
 */
void tw_clock_scale(struct tw_clock *clock, uint64_t hz);

/* Scale a TSC tick delta to ns. Exact for deltas whose result fits 64 bits. */
static inline uint64_t tw_clock_delta_ns(const struct tw_clock *clock, uint64_t delta)
{
	delta = clock->shift >= 0 ? delta << clock->shift : delta >> -clock->shift;
	/* 64 x 32 bits in two halves: exact, and i386 has no 128-bit type. */
	return (delta >> 32) * clock->mul + (((delta & 0xffffffffu) * clock->mul) >> 32);
}

/* ns since the shim started for a TSC reading. A reading before tsc0 gives base_ns. */
static inline uint64_t tw_clock_ns(const struct tw_clock *clock, uint64_t tsc)
{
	int64_t delta = (int64_t)(tsc - clock->tsc0);

	return clock->base_ns + (delta > 0 ? tw_clock_delta_ns(clock, (uint64_t)delta) : 0);
}

/*
 * TSC value at which the clock reads at least ns (rounded up: a timer must never fire early,
 * hazard H-3). Saturates at UINT64_MAX for times the TSC cannot reach; never returns 0, which
 * means "off" to TSC-deadline hardware (hazard H-2).
 */
uint64_t tw_clock_tsc_at(const struct tw_clock *clock, uint64_t ns);

#endif /* TWOWAY_CLOCK_H */
