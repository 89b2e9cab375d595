/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Finding hypervisors by CPUID signature, and the frequency behind a pvclock scale. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "twoway/host.h"
#include "twoway/pvclock.h"

static void signature(uint32_t leaf, const char *text)
{
	uint32_t r[3] = { 0 };

	memcpy(r, text, strlen(text) < 12 ? strlen(text) : 12);
	mock_set_cpuid(leaf, 0, leaf + 1, r[0], r[1], r[2]);
}

static void setup(void)
{
	mock_reset();
	mock_set_cpuid(1, 0, 0, 0, 1u << 31, 0);
}

/* KVM with Hyper-V in front of it: both are there, whatever the order. */
START_TEST(several)
{
	signature(0x40000000, "Microsoft Hv");
	signature(0x40000100, "KVMKVMKVM");
	ck_assert_uint_eq(tw_hypervisor_leaf("KVMKVMKVM\0\0"), 0x40000100);
	ck_assert_uint_eq(tw_hypervisor_leaf("Microsoft Hv"), 0x40000000);
	ck_assert_uint_eq(tw_hypervisor_leaf("XenVMMXenVMM"), 0);
}
END_TEST

START_TEST(ends_of_the_range)
{
	signature(0x4000ff00, "XenVMMXenVMM");
	ck_assert_uint_eq(tw_hypervisor_leaf("XenVMMXenVMM"), 0x4000ff00);
	signature(0x40010000, "VMwareVMware");
	ck_assert_uint_eq(tw_hypervisor_leaf("VMwareVMware"), 0);
	signature(0x40000080, "KVMKVMKVM");
	ck_assert_uint_eq(tw_hypervisor_leaf("KVMKVMKVM\0\0"), 0);
}
END_TEST

/* Somebody else may show Hyper-V's signature without its interface ("Hv#1" in the next leaf). */
START_TEST(interface)
{
	const struct tw_host_driver with = { .signature = "Microsoft Hv", .interface = 0x31237648 };
	const struct tw_host_driver without = { .signature = "Microsoft Hv" };

	signature(0x40000100, "Microsoft Hv");
	ck_assert_uint_eq(tw_driver_leaf(&with), 0);
	ck_assert_uint_eq(tw_driver_leaf(&without), 0x40000100);
	mock_set_cpuid(0x40000101, 0, 0x31237648, 0, 0, 0);
	ck_assert_uint_eq(tw_driver_leaf(&with), 0x40000100);
}
END_TEST

/* All twelve letters count, the zeros at the end included. */
START_TEST(whole_signature)
{
	signature(0x40000000, "KVMKVMKVMX");
	ck_assert_uint_eq(tw_hypervisor_leaf("KVMKVMKVM\0\0"), 0);
	signature(0x40000000, "XenVMMXenVMX");
	ck_assert_uint_eq(tw_hypervisor_leaf("XenVMMXenVMM"), 0);
}
END_TEST

/* A CPU that says "no hypervisor" has none: real ones answer unknown leaves with anything. */
START_TEST(real_hardware)
{
	signature(0x40000000, "KVMKVMKVM");
	mock_set_cpuid(1, 0, 0, 0, 0, 0);
	ck_assert_uint_eq(tw_hypervisor_leaf("KVMKVMKVM\0\0"), 0);
}
END_TEST

/* Scale and back, over all frequencies that exist: at most 1 ppb off (the scale has 31 bits). */
START_TEST(frequency)
{
	static const uint64_t hz[] = { 1000000,	   10000000,   999999999,  1000000000, 1000000001,
				       1999999999, 2445425000, 3000000001, 4294967296, 9123456789 };
	struct tw_pvclock page = { 0 };
	struct tw_clock clock = { 0 };
	uint64_t back, wrong;

	tw_clock_scale(&clock, hz[_i]);
	page.tsc_to_system_mul = clock.mul;
	page.tsc_shift = clock.shift;
	back = tw_pvclock_hz(&page);
	wrong = back > hz[_i] ? back - hz[_i] : hz[_i] - back;
	ck_assert_uint_le(wrong, hz[_i] / 1000000000 + 1);
}
END_TEST

/* What a page may hold that no hypervisor should write. */
START_TEST(nonsense)
{
	struct tw_pvclock page = { .tsc_to_system_mul = 0 };

	ck_assert_uint_eq(tw_pvclock_hz(&page), 0);
	page.tsc_to_system_mul = 1;
	page.tsc_shift = -31;
	ck_assert_uint_eq(tw_pvclock_hz(&page), 0);
	page.tsc_shift = 127;
	ck_assert_uint_eq(tw_pvclock_hz(&page), 0);
	page.tsc_shift = -128;
	ck_assert_uint_eq(tw_pvclock_hz(&page), 0);
	page.tsc_shift = 31;
	page.tsc_to_system_mul = UINT32_MAX;
	ck_assert_uint_eq(tw_pvclock_hz(&page), 0);
}
END_TEST

START_TEST(reading)
{
	struct tw_pvclock page = { .version = 2,
				   .tsc_timestamp = 1000,
				   .system_time = 5000,
				   .tsc_to_system_mul = 1u << 31,
				   .tsc_shift = 1 };
	struct tw_pvclock copy = tw_pvclock_read(&page);

	ck_assert_uint_eq(tw_pvclock_hz(&copy), 1000000000);
	ck_assert_uint_eq(tw_pvclock_ns(&copy, 1500), 5500);
	ck_assert_uint_eq(tw_pvclock_ns(&copy, 900), 5000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hypervisor");
	TCase *t = tcase_create("hypervisor");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, several);
	tcase_add_test(t, ends_of_the_range);
	tcase_add_test(t, whole_signature);
	tcase_add_test(t, interface);
	tcase_add_test(t, real_hardware);
	tcase_add_loop_test(t, frequency, 0, 10);
	tcase_add_test(t, nonsense);
	tcase_add_test(t, reading);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
