/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The neutral clock when the hypervisor's clock changes: forward, never back, each timer armed anew. */
#include <check.h>
#include <stdlib.h>

#include "mock_hw.h"
#include "shim/shim.h"

#define HZ 1000000000ull /* a tick is a ns */

static struct tw_clock told;
static bool changed;
static unsigned int moved, self_vector;
static uint64_t many_cpus, many_vector;

static bool clock_told(struct tw_clock *line)
{
	*line = told;
	return changed;
}

static void clock_moved(void)
{
	moved++;
}

static void ipi_self(uint8_t vector)
{
	self_vector = vector;
}

static void ipi_many(uint64_t cpus, uint8_t vector)
{
	many_cpus = cpus;
	many_vector = vector;
}

struct tw_host tw_host;
static const struct tw_guest guest = { .clock_moved = clock_moved };
const struct tw_guest *tw_guest = &guest;

unsigned int tw_cpu(void)
{
	return 0;
}

static void tell(uint64_t hz, uint64_t tsc, uint64_t ns)
{
	tw_clock_scale(&told, hz);
	told.tsc0 = tsc;
	told.base_ns = ns;
	changed = true;
}

static uint64_t now(void)
{
	return tw_clock_ns(tw_host.line, hw_rdtsc());
}

/* The neutral clock starts at TSC 5,000,000; the hypervisor's own shows 1 s then. */
static void setup(void)
{
	mock_reset();
	mock_tsc_step = 0;
	mock_tsc = 5000000;
	moved = self_vector = 0;
	many_cpus = many_vector = 0;
	tw_host = (struct tw_host){ .cpus = 4, .ipi_self = ipi_self, .ipi_many = ipi_many };
	tw_clock_scale(&tw_host.clock, HZ);
	tw_host.clock.tsc0 = mock_tsc;
	tw_host.clock.stable = true;
	tw_host.line = &tw_host.clock;
	tw_host.clock_told = clock_told;
	tell(HZ, mock_tsc, TW_NS_PER_S);
	clock_follow_start();
	changed = false;
	mock_tsc += 3 * HZ;
	ck_assert_uint_eq(now(), 3 * TW_NS_PER_S);
}

/* The page was written anew, and says the same. */
START_TEST(same)
{
	clock_follow();
	tell(HZ + 1000, mock_tsc, 4 * TW_NS_PER_S + 100000); /* as near as two readings come */
	clock_follow();
	ck_assert_uint_eq(moved, 0);
	ck_assert_ptr_eq(tw_host.line, &tw_host.clock);
	tw_host.clock_told = NULL; /* a host without a clock of its own */
	clock_follow_start();
	clock_follow();
	ck_assert_uint_eq(moved, 0);
}
END_TEST

START_TEST(other_rate)
{
	tell(2 * HZ, mock_tsc, 4 * TW_NS_PER_S);
	clock_follow();
	ck_assert_uint_eq(moved, 1);
	ck_assert_uint_eq(now(), 3 * TW_NS_PER_S);
	mock_tsc += 2 * HZ;
	ck_assert_uint_eq(now(), 4 * TW_NS_PER_S);
	ck_assert(tw_host.line->stable);
	ck_assert_uint_eq(tw_clock_tsc_at(tw_host.line, 5 * TW_NS_PER_S), mock_tsc + 2 * HZ);
	/* Every CPU's timer counts in old ticks. */
	ck_assert_uint_eq(self_vector, TW_VEC_TIMER);
	ck_assert_uint_eq(many_vector, TW_VEC_TIMER);
	ck_assert_uint_eq(many_cpus, 0xe);
}
END_TEST

/* Time that the TSC did not count is added, also when the TSC starts at another value. */
START_TEST(forward)
{
	tell(HZ, mock_tsc, 6 * TW_NS_PER_S);
	clock_follow();
	ck_assert_uint_eq(moved, 1);
	ck_assert_uint_eq(now(), 5 * TW_NS_PER_S);
	mock_tsc = 77;
	tell(HZ, 77, 7 * TW_NS_PER_S);
	clock_follow();
	ck_assert_uint_eq(moved, 2);
	ck_assert_uint_eq(now(), 6 * TW_NS_PER_S);
}
END_TEST

/* The hypervisor's clock stood still while the TSC went on: our time stays, later news count from there. */
START_TEST(never_back)
{
	tell(HZ, mock_tsc, 2 * TW_NS_PER_S);
	clock_follow();
	ck_assert_uint_eq(moved, 0);
	ck_assert_uint_eq(now(), 3 * TW_NS_PER_S);
	tell(HZ / 2, mock_tsc, 2 * TW_NS_PER_S + 1000000);
	clock_follow();
	ck_assert_uint_eq(moved, 1);
	ck_assert_uint_eq(now(), 3 * TW_NS_PER_S + 1000000);
	mock_tsc += HZ / 2;
	ck_assert_uint_eq(now(), 4 * TW_NS_PER_S + 1000000);
	tell(HZ, mock_tsc, 1); /* back and another rate: the rate counts */
	clock_follow();
	ck_assert_uint_eq(moved, 2);
	ck_assert_uint_eq(now(), 4 * TW_NS_PER_S + 1000000);
}
END_TEST

/* A line that somebody may still be reading stays as it was for some more changes. */
START_TEST(readers)
{
	const struct tw_clock *line;
	uint64_t base;

	tell(2 * HZ, mock_tsc, 4 * TW_NS_PER_S);
	clock_follow();
	line = tw_host.line;
	base = line->base_ns;
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(line->base_ns, base);
		tell(HZ, mock_tsc, (10 + i) * TW_NS_PER_S);
		clock_follow();
		ck_assert_ptr_ne(tw_host.line, line);
	}
	ck_assert_uint_eq(line->base_ns, base);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shim-clock-follow");
	TCase *tc = tcase_create("follow");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, same);
	tcase_add_test(tc, other_rate);
	tcase_add_test(tc, forward);
	tcase_add_test(tc, never_back);
	tcase_add_test(tc, readers);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
