/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Arithmetic of the neutral clock (twoway/clock.h) that is too long to be inline. Free of 128-bit
 * types, which i386 lacks, and of their division, which would need libgcc: it also runs in the
 * VMI ROM and in front of the guest's hot timer path, where a division would cost more than the
 * rest of the call.
 */
#include "twoway/clock.h"
#include "twoway/pvclock.h"

/*
 * 2^94 / mul, rounded up, by long division in base 2^32: ns * inverse >> 62 is then the number of
 * shifted ticks. With 2^31 <= mul < 2^32 the result lies in (2^62, 2^63].
 */
static uint64_t inverse_of(uint32_t mul)
{
	uint64_t high = (1ull << 62) / mul;
	uint64_t rest = ((1ull << 62) % mul) << 32;

	return (high << 32) + rest / mul + (rest % mul != 0);
}

void tw_clock_scale(struct tw_clock *clock, uint64_t hz)
{
	uint64_t ns = TW_NS_PER_S << 32; /* a second, 32.32 fixed point: below 2^62 */
	uint64_t ticks = hz;
	int8_t shift = 0;

	/* Slow clocks: shift ticks up. ns ends in 41 zero bits, so that nothing is lost. */
	while (ns / ticks > UINT32_MAX) {
		ns >>= 1;
		shift++;
	}
	/* Fast clocks: shift ticks down, first exactly, beyond 8 GHz by dropping bits of hz. */
	while (ns / ticks < 1u << 31) {
		if (ns >> 63)
			ticks >>= 1;
		else
			ns <<= 1;
		shift--;
	}
	clock->tsc_hz = hz;
	clock->mul = (uint32_t)(ns / ticks);
	clock->shift = shift;
	clock->inverse = inverse_of(clock->mul);
}

/* a * b >> 62, rounded up; UINT64_MAX when that does not fit. */
static uint64_t mul_shift62(uint64_t a, uint64_t b)
{
	uint64_t al = a & 0xffffffffu, ah = a >> 32, bl = b & 0xffffffffu, bh = b >> 32;
	uint64_t low = al * bl, mid1 = ah * bl, mid2 = al * bh, high = ah * bh;
	uint64_t carry = (low >> 32) + (mid1 & 0xffffffffu) + (mid2 & 0xffffffffu);

	high += (mid1 >> 32) + (mid2 >> 32) + (carry >> 32);
	low = (carry << 32) | (low & 0xffffffffu);
	if (high >> 62)
		return UINT64_MAX;
	low += (1ull << 62) - 1; /* round up */
	if (low < (1ull << 62) - 1)
		high++;
	return high >> 62 ? UINT64_MAX : high << 2 | low >> 62;
}

uint64_t tw_clock_tsc_at(const struct tw_clock *clock, uint64_t ns)
{
	uint64_t ticks = ns > clock->base_ns ? mul_shift62(ns - clock->base_ns, clock->inverse) : 0;
	uint64_t tsc;

	if (ticks == UINT64_MAX)
		return UINT64_MAX;
	if (clock->shift >= 0) {
		uint64_t mask = (1ull << clock->shift) - 1;

		ticks = (ticks >> clock->shift) + ((ticks & mask) != 0);
	} else {
		if (ticks > UINT64_MAX >> -clock->shift)
			return UINT64_MAX;
		ticks <<= -clock->shift;
	}
	tsc = clock->tsc0 + ticks;
	if (tsc < ticks)
		return UINT64_MAX;
	return tsc ? tsc : 1;
}

/*
 * hz = 10^9 * 2^(32 - shift) / mul, to the nearest. The dividend fits 62 bits as it stands; a
 * negative shift multiplies, and is applied to quotient and remainder step by step.
 */
uint64_t tw_pvclock_hz(const struct tw_pvclock *copy)
{
	uint64_t mul = copy->tsc_to_system_mul, hz, rest;
	int shift = copy->tsc_shift;

	if (!mul || shift < -31 || shift > 31)
		return 0;
	if (shift > 0)
		mul <<= shift;
	hz = (TW_NS_PER_S << 32) / mul;
	rest = (TW_NS_PER_S << 32) % mul;
	for (; shift < 0; shift++) {
		if (hz >> 62)
			return 0;
		rest <<= 1;
		hz = hz << 1 | (rest >= mul);
		if (rest >= mul)
			rest -= mul;
	}
	return hz + (rest >= mul - rest);
}
