/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Xen's CPUID leaves: signature, version, the clock that they describe, the machine's width. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

#define BASE 0x40000000u

static void setup(void)
{
	mock_xen_reset(2);
	mock_cpu = 1;
}

static struct hw_cpuid leaf(uint32_t n, uint32_t sub)
{
	struct hw_cpuid r = {0}; /* resident mode has cleared hypervisor leaves before */

	xen_cpuid(n, sub, &r);
	return r;
}

START_TEST(signature)
{
	struct hw_cpuid r = leaf(BASE, 0);

	ck_assert_uint_eq(r.eax, BASE + 5);
	ck_assert_mem_eq(&r.ebx, "XenV", 4);
	ck_assert_mem_eq(&r.ecx, "MMXe", 4);
	ck_assert_mem_eq(&r.edx, "nVMM", 4);
	r = leaf(BASE + 1, 0);
	ck_assert_uint_eq(r.eax, 4 << 16 | 17);
	/* The same version as by hypercall. */
	ck_assert_int_eq(xen_xen_version(0, 0, 0, 0, 0, xen_vcpus[1]), r.eax);
	ck_assert_uint_eq(r.ebx | r.ecx | r.edx, 0);
	ck_assert_uint_eq(xen_vcpus[1]->calls[XEN_CALL_CPUID], 2); /* on the CPU that asked */
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_CPUID], 0);
}
END_TEST

START_TEST(hypercall_pages)
{
	struct hw_cpuid r = leaf(BASE + 2, 0);

	ck_assert_uint_eq(r.eax, 1);
	ck_assert_uint_eq(r.ebx, 0x40000000);
	ck_assert_uint_eq(r.ecx, 1); /* MMU_PT_UPDATE_PRESERVE_AD */
	ck_assert_uint_eq(r.edx, 0);
}
END_TEST

/* A guest that computes the time from leaf 3 gets what the shared page says. */
static uint64_t time_by_leaf(uint64_t tsc)
{
	struct hw_cpuid r = leaf(BASE + 3, 1);
	uint64_t offset = r.eax | (uint64_t)r.ebx << 32;
	int8_t shift = (int8_t)r.edx;
	uint64_t delta = shift >= 0 ? tsc << shift : tsc >> -shift;

	return offset + (uint64_t)((unsigned __int128)delta * r.ecx >> 32);
}

START_TEST(clock_leaf)
{
	static const uint64_t rates[] = {500000000, 1000000000, 2893202000, 5100000000};
	struct tw_clock *clock = &tw_host.clock;

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(rates); i++) {
		struct hw_cpuid r;

		tw_clock_scale(clock, rates[i]);
		clock->tsc0 = 123456789012;
		clock->base_ns = 777;
		r = leaf(BASE + 3, 0);
		ck_assert_uint_eq(r.eax, 6);
		ck_assert_uint_eq(r.ebx, 2);
		ck_assert_uint_eq(r.ecx, rates[i] / 1000);
		r = leaf(BASE + 3, 2);
		ck_assert_uint_eq(r.eax, rates[i] / 1000);
		ck_assert_uint_eq(r.ebx | r.ecx | r.edx, 0);
		for (uint64_t s = 0; s < 100000; s += 9999) {
			uint64_t tsc = clock->tsc0 + s * rates[i];
			int64_t off = (int64_t)(time_by_leaf(tsc) - tw_clock_ns(clock, tsc));

			ck_assert_int_le(off < 0 ? -off : off, 2); /* two roundings */
		}
		r = leaf(BASE + 3, 3);
		ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
	}
}
END_TEST

START_TEST(machine_width)
{
	xen_domain.max_mfn = 0x3fffff; /* 16 GB */
	ck_assert_uint_eq(leaf(BASE + 5, 0).ebx, 34);
	xen_domain.max_mfn = 0x400000; /* and one frame */
	ck_assert_uint_eq(leaf(BASE + 5, 0).ebx, 35);
	/* Linux PV takes grant tables of version 2 above 44. */
	xen_domain.max_mfn = 0xffffffff;
	ck_assert_uint_eq(leaf(BASE + 5, 0).ebx, 44);
	xen_domain.max_mfn = 0;
	ck_assert_uint_ge(leaf(BASE + 5, 0).ebx, 1);
}
END_TEST

/* What is not Xen's stays as the machine or resident mode left it. */
START_TEST(other_leaves)
{
	static const uint32_t leaves[] = {0, 1, 7, 0x80000001, BASE + 4, BASE + 6, BASE + 0x100};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(leaves); i++) {
		struct hw_cpuid r = {1, 2, 3, 4};

		xen_cpuid(leaves[i], 0, &r);
		ck_assert_uint_eq(r.eax, 1);
		ck_assert_uint_eq(r.ebx, 2);
		ck_assert_uint_eq(r.ecx, 3);
		ck_assert_uint_eq(r.edx, 4);
	}
	ck_assert_uint_eq(xen_vcpus[1]->calls[XEN_CALL_CPUID], TW_ARRAY_SIZE(leaves));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-cpuid");
	TCase *tc = tcase_create("cpuid");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, signature);
	tcase_add_test(tc, hypercall_pages);
	tcase_add_test(tc, clock_leaf);
	tcase_add_test(tc, machine_width);
	tcase_add_test(tc, other_leaves);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
