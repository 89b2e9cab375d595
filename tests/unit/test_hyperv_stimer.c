/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Synthetic timers: every mode, over the one one-shot that a CPU has. Times are in 100 ns. */
#include "hyperv_test.h"

#define SINT	  2
#define VECTOR	  0x52
#define DIRECT	  (HV_STIMER_DIRECT | 0xedull << HV_STIMER_VECTOR_SHIFT)
#define BY_SINT	  ((uint64_t)SINT << HV_STIMER_SINT_SHIFT)
#define CONFIG(n) (HV_MSR_STIMER0_CONFIG + 2 * (n))
#define COUNT(n)  (HV_MSR_STIMER0_COUNT + 2 * (n))

static void setup(void)
{
	boot(1, "full");
	synic_on(0);
	wr(0, HV_MSR_SINT0 + SINT, VECTOR);
}

/* Let the one-shot expire at t (reference time), as the core would. */
static void at(uint64_t t)
{
	mock_tsc = t * 100 + 1; /* the page's scale is rounded down */
	if (mock_timer_ns && mock_timer_ns <= mock_tsc) {
		mock_timer_ns = 0;
		hyperv_nested.timer(&nested_vcpus[0]);
	}
}

static const struct hv_timer_payload *payload(void)
{
	return (const struct hv_timer_payload *)slot_of(0, SINT)->payload;
}

START_TEST(untouched_timer_stays_the_guests)
{
	wr(0, CONFIG(0), DIRECT);
	wr(0, COUNT(0), 0);
	hyperv_nested.reset(&nested_vcpus[0]);
	ck_assert_uint_eq(mock_timer_sets + mock_timer_stops, 0);
}
END_TEST

START_TEST(one_shot_direct)
{
	wr(0, COUNT(0), 1000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	ck_assert(mock_timer_ns >= 100000 && mock_timer_ns < 100400);
	at(999);
	ck_assert_uint_eq(mock_apic[0][0xed], 0);
	at(1004);
	ck_assert_uint_eq(mock_apic[0][0xed], 1);
	ck_assert_uint_eq(rd(0, CONFIG(0)), DIRECT);
	ck_assert_uint_eq(rd(0, COUNT(0)), 1000);
	ck_assert_uint_eq(mock_timer_ns, 0);
	/* In the past: at once. */
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	ck_assert_uint_eq(mock_apic[0][0xed], 2);
}
END_TEST

START_TEST(early_one_shot_is_set_again)
{
	wr(0, COUNT(0), 1000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	mock_tsc = 50000;
	hyperv_nested.timer(&nested_vcpus[0]);
	ck_assert_uint_eq(mock_apic[0][0xed], 0);
	ck_assert_uint_eq(mock_timer_sets, 2);
	at(1010);
	ck_assert_uint_eq(mock_apic[0][0xed], 1);
}
END_TEST

START_TEST(auto_enable)
{
	/* As Linux does: enabled without a count is off until the count comes. */
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE);
	ck_assert_uint_eq(rd(0, CONFIG(0)) & HV_STIMER_ENABLE, 0);
	wr(0, COUNT(0), 500);
	ck_assert_uint_eq(rd(0, CONFIG(0)) & HV_STIMER_ENABLE, 1);
	wr(0, COUNT(0), 0);
	ck_assert_uint_eq(rd(0, CONFIG(0)) & HV_STIMER_ENABLE, 0);
	ck_assert_uint_eq(mock_timer_ns, 0);
	at(600);
	ck_assert_uint_eq(mock_apic[0][0xed], 0);
	/* Without it a count alone starts nothing. */
	wr(0, CONFIG(0), DIRECT);
	wr(0, COUNT(0), 700);
	ck_assert_uint_eq(mock_timer_ns, 0);
}
END_TEST

START_TEST(invalid_configurations)
{
	ck_assert_int_eq(wr(0, CONFIG(1), 1ull << 13), NESTED_GP);
	ck_assert_int_eq(wr(0, CONFIG(1), 1ull << 20), NESTED_GP);
	wr(0, COUNT(1), 100);
	wr(0, CONFIG(1), HV_STIMER_ENABLE); /* SINT 0 */
	ck_assert_uint_eq(rd(0, CONFIG(1)), 0);
	wr(0, CONFIG(1), HV_STIMER_ENABLE | HV_STIMER_DIRECT | 0xf0); /* vector 15 */
	ck_assert_uint_eq(rd(0, CONFIG(1)) & HV_STIMER_ENABLE, 0);
	boot(1, "full-direct");
	ck_assert_int_eq(wr(0, CONFIG(0), DIRECT), NESTED_GP);
}
END_TEST

START_TEST(message_mode)
{
	wr(0, COUNT(3), 1000);
	wr(0, CONFIG(3), BY_SINT | HV_STIMER_ENABLE);
	at(1005);
	ck_assert_uint_eq(slot_of(0, SINT)->type, HV_MESSAGE_TIMER);
	ck_assert_uint_eq(slot_of(0, SINT)->payload_size, 24);
	ck_assert_uint_eq(payload()->timer, 3);
	ck_assert_uint_eq(payload()->expiration, 1000);
	ck_assert_uint_eq(payload()->delivery, 1005);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
}
END_TEST

START_TEST(busy_slot)
{
	slot_of(0, SINT)->type = 99;
	wr(0, COUNT(0), 1000);
	wr(0, CONFIG(0), BY_SINT | HV_STIMER_ENABLE);
	at(1005);
	ck_assert_uint_eq(slot_of(0, SINT)->type, 99);
	ck_assert_uint_eq(slot_of(0, SINT)->flags, HV_MESSAGE_PENDING);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 0);
	slot_of(0, SINT)->type = 0;
	mock_tsc = 200000;
	wr(0, HV_MSR_EOM, 0);
	ck_assert_uint_eq(slot_of(0, SINT)->type, HV_MESSAGE_TIMER);
	ck_assert_uint_eq(payload()->expiration, 1000);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	slot_of(0, SINT)->type = 0;
	wr(0, HV_MSR_EOM, 0);
	ck_assert_uint_eq(slot_of(0, SINT)->type, 0); /* told once */
}
END_TEST

START_TEST(periodic)
{
	uint64_t t = hv_time();

	wr(0, COUNT(0), 10000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	for (unsigned int i = 1; i <= 5; i++) {
		at(t + i * 10000 - 10);
		ck_assert_uint_eq(mock_apic[0][0xed], i - 1);
		at(t + i * 10000 + 5);
		ck_assert_uint_eq(mock_apic[0][0xed], i);
	}
	ck_assert_uint_eq(rd(0, CONFIG(0)) & HV_STIMER_ENABLE, 1);
}
END_TEST

/* Three periods late: what was missed is made up for by half periods, then the old grid again. */
START_TEST(periodic_catches_up)
{
	unsigned int fired = 0;

	wr(0, COUNT(0), 10000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	at(35000);
	ck_assert_uint_eq(mock_apic[0][0xed], 1);
	for (uint64_t t = 35000; t <= 100005; t += 100)
		at(t);
	at(100010);
	fired = mock_apic[0][0xed];
	ck_assert_uint_eq(fired, 10);
	at(100100);
	ck_assert(mock_timer_ns >= 11000000 && mock_timer_ns < 11001000);
}
END_TEST

START_TEST(lazy_and_very_late_skip)
{
	wr(0, COUNT(0), 10000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC | HV_STIMER_LAZY);
	at(35000);
	ck_assert_uint_eq(mock_apic[0][0xed], 1);
	ck_assert(mock_timer_ns >= 4000000 && mock_timer_ns < 4001000);
	wr(0, COUNT(0), 0);
	mock_tsc = 0;
	wr(0, CONFIG(0), DIRECT | HV_STIMER_PERIODIC);
	wr(0, COUNT(0), 10000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	at(1001000);
	ck_assert_uint_eq(mock_apic[0][0xed], 2);
	ck_assert(mock_timer_ns >= 101000000 && mock_timer_ns < 101001000);
}
END_TEST

START_TEST(periodic_extremes)
{
	/* A period of nothing must leave the guest time to run; an endless one must not wrap. */
	wr(0, COUNT(0), 1);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	ck_assert(mock_timer_ns >= 100000);
	wr(0, COUNT(1), ~0ull);
	wr(0, CONFIG(1), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	wr(0, COUNT(0), 0);
	ck_assert_uint_eq(mock_timer_ns, ~0ull);
	ck_assert_uint_eq(mock_apic[0][0xed], 0);
}
END_TEST

START_TEST(periodic_waits_for_its_slot)
{
	slot_of(0, SINT)->type = 99;
	wr(0, COUNT(0), 10000);
	wr(0, CONFIG(0), BY_SINT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	at(10010);
	at(20010);
	ck_assert_uint_eq(mock_timer_ns, 0);
	slot_of(0, SINT)->type = 0;
	wr(0, HV_MSR_EOM, 0);
	ck_assert_uint_eq(payload()->expiration, 10000);
	ck_assert(mock_timer_ns > mock_tsc);
}
END_TEST

START_TEST(four_share_the_one_shot)
{
	for (unsigned int i = 0; i < 4; i++) {
		wr(0, COUNT(i), 4000 - i * 1000);
		wr(0, CONFIG(i), HV_STIMER_DIRECT | (0x60ull + i) << 4 | HV_STIMER_ENABLE);
	}
	ck_assert(mock_timer_ns >= 100000 && mock_timer_ns < 100400);
	for (unsigned int i = 0; i < 4; i++) {
		at(1005 + i * 1000);
		for (unsigned int j = 0; j < 4; j++)
			ck_assert_uint_eq(mock_apic[0][0x60 + j], j >= 3 - i);
	}
	ck_assert_uint_eq(mock_timer_ns, 0);
	wr(0, COUNT(0), 900000);
	wr(0, CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	hyperv_nested.reset(&nested_vcpus[0]);
	ck_assert_uint_eq(mock_timer_ns, 0);
	ck_assert_uint_eq(rd(0, CONFIG(0)), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv-stimer");
	TCase *tc = tcase_create("stimer");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, untouched_timer_stays_the_guests);
	tcase_add_test(tc, one_shot_direct);
	tcase_add_test(tc, early_one_shot_is_set_again);
	tcase_add_test(tc, auto_enable);
	tcase_add_test(tc, invalid_configurations);
	tcase_add_test(tc, message_mode);
	tcase_add_test(tc, busy_slot);
	tcase_add_test(tc, periodic);
	tcase_add_test(tc, periodic_catches_up);
	tcase_add_test(tc, lazy_and_very_late_skip);
	tcase_add_test(tc, periodic_extremes);
	tcase_add_test(tc, periodic_waits_for_its_slot);
	tcase_add_test(tc, four_share_the_one_shot);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
