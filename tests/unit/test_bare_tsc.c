/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Measuring the TSC and the local APIC timer: mock counters run off one "true" time, a read costs
 * time as an exit to a hypervisor does, and now and then the CPU is taken away. The result must be
 * within 100 ppm of the truth whatever the reference, and a machine without one is refused.
 */
#include <asm-generic/errno.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_hw.h"

#define LAPIC	 0xfee00000ull
#define HPET	 0xfed00000ull
#define PM_TIMER 0x608

static uint64_t true_hz;     /* TSC ticks per second */
static uint64_t read_cost;   /* TSC ticks that a device access takes */
static uint64_t steal_every; /* accesses between two losses of the CPU, 0: never */
static uint64_t steal_ticks;
static bool steal_once;
static unsigned int accesses;
static uint64_t lapic_hz;
static uint64_t frozen; /* counters stand still from this TSC value on */

static void access_device(void)
{
	mock_tsc += read_cost / 2;
	if (steal_every && (steal_once ? ++accesses == steal_every : ++accesses % steal_every == 0))
		mock_tsc += steal_ticks;
}

/* A counter of hz, after the device was reached; the way back takes the same time. */
static uint64_t count(uint64_t hz)
{
	uint64_t tsc;
	uint64_t value;

	access_device();
	tsc = mock_tsc < frozen ? mock_tsc : frozen;
	value = (uint64_t)((unsigned __int128)tsc * hz / true_hz);
	mock_tsc += read_cost / 2;
	return value;
}

static uint64_t lapic_started;

static uint32_t lapic_read(uint64_t pa)
{
	if (pa == LAPIC + LAPIC_TIMER_NOW)
		return 0xffffffffu - (uint32_t)(count(lapic_hz) - lapic_started);
	return *mock_mmio_word(pa);
}

static void lapic_write(uint64_t pa, uint32_t value)
{
	if (pa == LAPIC + LAPIC_TIMER_INIT)
		lapic_started = count(lapic_hz);
	*mock_mmio_word(pa) = value;
}

static uint32_t hpet_read(uint64_t pa)
{
	if (pa == HPET + 4)
		return 10000000; /* fs: 100 MHz, QEMU's */
	if (pa == HPET + 0xf0)
		return (*mock_mmio_word(HPET + 0x10) & 1) ? (uint32_t)count(100000000) : 0;
	return *mock_mmio_word(pa);
}

static uint32_t pm_read(uint16_t port, unsigned int bytes)
{
	return (uint32_t)count(3579545) & 0xffffff;
}

/* PIT channel 2: counts down from what was loaded, two bytes per latched value. */
static uint64_t pit_started;
static uint16_t pit_latch;
static bool pit_high;

static uint32_t pit_in(uint16_t port, unsigned int bytes)
{
	pit_high = !pit_high;
	return pit_high ? pit_latch & 0xff : pit_latch >> 8;
}

static void pit_out(uint16_t port, uint32_t value, unsigned int bytes)
{
	if (port == 0x43 && value == 0x80) {
		pit_latch = (uint16_t)(0xffff - (count(1193182) - pit_started));
		pit_high = false;
	} else if (port == 0x42) {
		pit_started = count(1193182);
	}
}

static void add_hpet(void)
{
	bare.hpet = HPET;
	mock_hook_mmio(HPET, 0x400, hpet_read, NULL);
}

static void add_pm(void)
{
	bare.pm_timer = PM_TIMER;
	mock_hook_port(PM_TIMER, PM_TIMER, pm_read, NULL);
}

static void add_pit(void)
{
	mock_hook_port(0x42, 0x43, pit_in, pit_out);
	mock_set_port(0x61, 0x0c);
}

static void setup(void)
{
	mock_reset();
	memset(&bare, 0, sizeof(bare));
	true_hz = 2445425477;
	lapic_hz = 1000000000;
	read_cost = 2000; /* about 0.8 us */
	steal_every = 0;
	steal_once = false;
	accesses = 0;
	frozen = UINT64_MAX;
	mock_tsc = 123456789;
	mock_hook_mmio(LAPIC, 0x1000, lapic_read, lapic_write);
	mock_set_msr(MSR_APIC_BASE, LAPIC | 1u << 11);
	mock_set_cpuid(1, 0, 0, 0, 0, 1u << 9 | 1u << 5 | 1u << 4);
}

static void near(uint64_t got, uint64_t want, uint64_t ppm)
{
	uint64_t off = got > want ? got - want : want - got;

	ck_assert_msg(off <= want / 1000000 * ppm, "%lu instead of %lu", got, want);
}

static uint64_t tsc_found, lapic_found;
static const char *why;

static void measured(uint64_t ppm)
{
	static struct tw_host host;
	uint64_t start;

	ck_assert_int_eq(bare_lapic_init(&host, false, &why), 0);
	start = mock_tsc;
	ck_assert_msg(!bare_tsc_measure(&tsc_found, &lapic_found, &why), "%s", why);
	near(tsc_found, true_hz, ppm);
	near(lapic_found, lapic_hz, ppm);
	if (!steal_every)
		ck_assert_uint_lt(mock_tsc - start,
				  true_hz / 40); /* with the search for the counter */
	ck_assert_uint_eq(*mock_mmio_word(LAPIC + LAPIC_TIMER_INIT), 0); /* left stopped */
}

static const uint64_t speeds[] = {1000000000, 800000000, 2445425477, 3700000000, 6000000000};

START_TEST(by_hpet)
{
	true_hz = speeds[_i];
	add_hpet();
	*mock_mmio_word(HPET + 0x10) = 0;
	measured(20);
	ck_assert_uint_eq(*mock_mmio_word(HPET + 0x10), 0); /* as it was */
}
END_TEST

START_TEST(by_pm_timer)
{
	true_hz = speeds[_i];
	add_pm();
	measured(80);
}
END_TEST

START_TEST(by_pit)
{
	true_hz = speeds[_i];
	add_pit();
	measured(250);
	ck_assert_uint_eq(hw_in8(0x61), 0x0c); /* as it was */
}
END_TEST

/* Losing the CPU for 0.1 ms at every nth access spoils single reads, not the result. */
START_TEST(while_cpu_is_taken)
{
	steal_every = 2 + (unsigned int)_i / 3;
	steal_ticks = true_hz / 10000;
	if (_i % 3 == 0)
		add_hpet();
	else if (_i % 3 == 1)
		add_pm();
	else
		add_pit();
	measured(_i % 3 == 2 ? 400 : 120);
}
END_TEST

/* The PIT wraps while the CPU is away for longer than 55 ms: a second round finds out. */
START_TEST(pit_wraps_once)
{
	add_pit();
	steal_once = true;
	steal_every = 1000 + (unsigned int)_i * 3000;
	steal_ticks = true_hz / 10;
	measured(1500);
}
END_TEST

START_TEST(best_reference_first)
{
	add_hpet();
	add_pm();
	add_pit();
	ck_assert_str_eq(bare_reference_find()->name, "hpet");
	mock_hook_mmio(HPET, 0x400, NULL, NULL); /* answers, but no period */
	ck_assert_str_eq(bare_reference_find()->name, "acpi pm timer");
	bare.pm_timer = 0;
	ck_assert_str_eq(bare_reference_find()->name, "pit");
}
END_TEST

START_TEST(nothing_moves)
{
	add_hpet();
	add_pm();
	add_pit();
	frozen = 0;
	ck_assert_ptr_null(bare_reference_find());
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "needs an HPET"));
}
END_TEST

START_TEST(nothing_there)
{
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	bare.hpet = 0x123456789ab0ull;
	bare.pm_timer = 0x999;
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
}
END_TEST

START_TEST(reference_stops)
{
	add_pm();
	frozen = mock_tsc + true_hz / 500;
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "TSC"));
}
END_TEST

START_TEST(lapic_stands)
{
	static struct tw_host host;

	add_pm();
	ck_assert_int_eq(bare_lapic_init(&host, false, &why), 0);
	lapic_hz = 0;
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, &lapic_found, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "local APIC timer"));
}
END_TEST

START_TEST(by_cpuid_15)
{
	mock_set_cpuid(0, 0, 0x16, 0, 0, 0);
	mock_set_cpuid(0x15, 0, 2, 216, 24000000, 0);
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), 0);
	ck_assert_uint_eq(tsc_found, 2592000000);
	/* no crystal frequency: of no use */
	mock_set_cpuid(0x15, 0, 2, 216, 0, 0);
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	/* below a hypervisor it may be the hardware's, not ours */
	mock_set_cpuid(0x15, 0, 2, 216, 24000000, 0);
	bare.hypervisor = true;
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	bare.hypervisor = false;
	mock_set_cpuid(0, 0, 0x14, 0, 0, 0);
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
}
END_TEST

START_TEST(by_kvm_leaf)
{
	mock_set_cpuid(0x40000010, 0, 2445425, 1000000, 0, 0);
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
	bare.kvm_leaves = true;
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), 0);
	ck_assert_uint_eq(tsc_found, 2445425000);
	measured(5); /* and the local APIC timer by it */
	mock_set_cpuid(0x40000010, 0, 0, 0, 0, 0);
	ck_assert_int_eq(bare_tsc_measure(&tsc_found, NULL, &why), -ENODEV);
}
END_TEST

START_TEST(start_and_delay)
{
	struct tw_host host = {.cpus = 2};
	uint64_t from;

	bare_tsc_start(&host, 2000000000);
	ck_assert_uint_eq(host.clock.tsc_hz, 2000000000);
	ck_assert_uint_eq(tw_clock_ns(&host.clock, host.clock.tsc0), 0);
	ck_assert_uint_eq(tw_clock_ns(&host.clock, host.clock.tsc0 + 2000), 1000);
	from = mock_tsc;
	bare_delay_us(50);
	ck_assert_uint_ge(mock_tsc - from, 100000);
	ck_assert_uint_lt(mock_tsc - from, 100100);
	ck_assert(!host.clock.stable);
	mock_set_cpuid(0x80000000, 0, 0x80000008, 0, 0, 0);
	mock_set_cpuid(0x80000007, 0, 0, 0, 0, 1u << 8);
	bare_tsc_start(&host, 2000000000);
	ck_assert(host.clock.stable);
	mock_set_cpuid(0x80000000, 0, 0x80000006, 0, 0, 0);
	bare_tsc_start(&host, 2000000000);
	ck_assert(!host.clock.stable);
	host.cpus = 1;
	bare_tsc_start(&host, 2000000000);
	ck_assert(host.clock.stable);
	host.cpus = 2;
	bare.hypervisor = true;
	bare_tsc_start(&host, 2000000000);
	ck_assert(host.clock.stable);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare tsc");
	TCase *t = tcase_create("bare tsc");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_loop_test(t, by_hpet, 0, TW_ARRAY_SIZE(speeds));
	tcase_add_loop_test(t, by_pm_timer, 0, TW_ARRAY_SIZE(speeds));
	tcase_add_loop_test(t, by_pit, 0, TW_ARRAY_SIZE(speeds));
	tcase_add_loop_test(t, while_cpu_is_taken, 0, 36);
	tcase_add_loop_test(t, pit_wraps_once, 0, 8);
	tcase_add_test(t, best_reference_first);
	tcase_add_test(t, nothing_moves);
	tcase_add_test(t, nothing_there);
	tcase_add_test(t, reference_stops);
	tcase_add_test(t, lapic_stands);
	tcase_add_test(t, by_cpuid_15);
	tcase_add_test(t, by_kvm_leaf);
	tcase_add_test(t, start_and_delay);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
