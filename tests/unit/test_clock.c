/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The clock's arithmetic against 128-bit reference formulas: the pvclock scale for all plausible
 * frequencies, and the two promises that timers rest on: never early (H-3), never 0 (H-2).
 */
#include <check.h>
#include <stdlib.h>

#include "twoway/clock.h"

typedef unsigned __int128 u128;

static const uint64_t frequencies[] = {
    1,		999,	    32768,	3579545,    24000000,	 500000000,   999999999,
    1000000000, 1000000001, 1999999999, 2000000000, 2000000001,	 2445425477,  3000000000,
    4000000000, 5700000000, 8589934591, 8589934593, 17000000000, 100000000000};

START_TEST(scale_is_normal_and_exact)
{
	struct tw_clock c = {0};
	uint64_t hz = frequencies[_i];
	u128 want;

	tw_clock_scale(&c, hz);
	ck_assert_uint_eq(c.tsc_hz, hz);
	ck_assert_uint_ge(c.mul, 1u << 31);
	/* mul = floor(10^9 * 2^(32 - shift) / hz), with a lost bit of hz at most beyond 8 GHz */
	want = ((u128)TW_NS_PER_S << (32 - c.shift)) / hz;
	ck_assert(want <= c.mul && c.mul - want <= (hz > 8000000000ull ? 1 : 0));
}
END_TEST

START_TEST(delta_matches_reference)
{
	struct tw_clock c = {0};

	tw_clock_scale(&c, frequencies[_i]);
	for (unsigned int bit = 0; bit < 50; bit++) {
		uint64_t d = (1ull << bit) + bit * 12345;
		uint64_t s = c.shift >= 0 ? d << c.shift : d >> -c.shift;

		if (c.shift > 0 && d > UINT64_MAX >> c.shift)
			continue;
		ck_assert_uint_eq(tw_clock_delta_ns(&c, d), (uint64_t)(((u128)s * c.mul) >> 32));
	}
}
END_TEST

START_TEST(a_second_is_a_second)
{
	struct tw_clock c = {0};
	uint64_t ns;

	tw_clock_scale(&c, frequencies[_i]);
	ns = tw_clock_delta_ns(&c, frequencies[_i]);
	/* below 4 kHz a tick is long, but still whole; the scale itself errs by 2^-31 */
	ck_assert_uint_le(ns, TW_NS_PER_S);
	ck_assert_uint_ge(ns, TW_NS_PER_S - 1000);
}
END_TEST

START_TEST(reading_before_start_is_the_base)
{
	struct tw_clock c = {.tsc0 = 1000, .base_ns = 77};

	tw_clock_scale(&c, 1000000000);
	ck_assert_uint_eq(tw_clock_ns(&c, 999), 77);
	ck_assert_uint_eq(tw_clock_ns(&c, 1000), 77);
	ck_assert_uint_eq(tw_clock_ns(&c, 2000), 1077);
}
END_TEST

/* Smallest late: the clock has reached ns at the TSC value, and had not two shifted ticks before.
 */
START_TEST(timer_is_never_early_and_hardly_late)
{
	struct tw_clock c = {.tsc0 = 123456789, .base_ns = 5000};
	uint64_t hz = frequencies[_i], ns, tsc, slack;
	unsigned int seed = 1;

	tw_clock_scale(&c, hz);
	slack = 2 * (c.shift < 0 ? 1ull << -c.shift : 1);
	for (unsigned int i = 0; i < 2000; i++) {
		seed = seed * 1103515245 + 12345;
		ns = 5001 + ((uint64_t)seed << (i % 24));
		if (hz < 1000000 && ns > 1000000000000ull)
			continue;
		tsc = tw_clock_tsc_at(&c, ns);
		ck_assert_uint_ge(tw_clock_ns(&c, tsc), ns);
		if (tsc - c.tsc0 > slack)
			ck_assert_uint_lt(tw_clock_ns(&c, tsc - slack), ns);
	}
}
END_TEST

START_TEST(timer_edges)
{
	struct tw_clock c = {.tsc0 = 0, .base_ns = 100};

	tw_clock_scale(&c, 3000000000);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 0), 1); /* past: now, but 0 would mean off */
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 100), 1);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, UINT64_MAX), UINT64_MAX);
	c.tsc0 = UINT64_MAX - 10;
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 1000000), UINT64_MAX);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 5), UINT64_MAX - 10);
	/* a slow clock: the multiplication, not the shift, decides; and a tick is rounded up */
	c = (struct tw_clock){.tsc0 = 7};
	tw_clock_scale(&c, 1000);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 1), 8);
	c = (struct tw_clock){.tsc0 = 7};
	tw_clock_scale(&c, 600000000);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, UINT64_MAX), UINT64_MAX); /* before the shift */
	/* no tick more where the result is exact: 1 GHz */
	tw_clock_scale(&c, 1000000000);
	ck_assert_uint_eq(tw_clock_tsc_at(&c, 12345), 7 + 12345);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");
	SRunner *r = srunner_create(s);
	const int n = sizeof(frequencies) / sizeof(frequencies[0]);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, scale_is_normal_and_exact, 0, n);
	tcase_add_loop_test(t, delta_matches_reference, 0, n);
	tcase_add_loop_test(t, a_second_is_a_second, 0, n);
	tcase_add_test(t, reading_before_start_is_the_base);
	tcase_add_loop_test(t, timer_is_never_early_and_hardly_late, 0, n);
	tcase_add_test(t, timer_edges);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
