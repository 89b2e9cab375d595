/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the tests of the Hyper-V guest side share: a partition, MSRs and hypercalls as a guest does
 * them. */
#ifndef TESTS_UNIT_HYPERV_TEST_H
#define TESTS_UNIT_HYPERV_TEST_H

#include <check.h>
#include <string.h>

#include "mock_nested.h"
#include "translators/hyperv/guest.h"

#define OS_ID	      0x8100060100000000ull
#define HYPERCALL_GPA 0x1000ull
#define INPUT	      0x2000ull
#define OUTPUT	      0x3000ull
#define SIM	      0x4000ull
#define SIEF	      0x5000ull

/* A guest of so many CPUs under a profile. */
static inline void boot(unsigned int cpus, const char *profile)
{
	const char *why = NULL;

	mock_nested_reset(cpus);
	ck_assert_msg(hyperv_start(profile, &why), "%s", why ? why : "no reason");
}

static inline enum nested_verdict wr(unsigned int cpu, uint32_t msr, uint64_t value)
{
	return hyperv_nested.wrmsr(&nested_vcpus[cpu], msr, value);
}

static inline uint64_t rd(unsigned int cpu, uint32_t msr)
{
	uint64_t value = 0xdead;

	ck_assert_int_eq(hyperv_nested.rdmsr(&nested_vcpus[cpu], msr, &value), NESTED_DONE);
	return value;
}

static inline bool rd_fails(unsigned int cpu, uint32_t msr)
{
	uint64_t value;

	return hyperv_nested.rdmsr(&nested_vcpus[cpu], msr, &value) == NESTED_GP;
}

static inline struct hw_cpuid id(uint32_t leaf)
{
	struct hw_cpuid r = { 1, 2, 3, 4 };

	hyperv_nested.cpuid(&nested_vcpus[0], leaf, 0, &r);
	return r;
}

/* A hypercall of 64-bit code on a CPU; the whole result. */
static inline uint64_t call_on(unsigned int cpu, uint64_t control, uint64_t in, uint64_t out)
{
	struct nested_regs *r = nested_vcpus[cpu].regs;

	r->rcx = control;
	r->rdx = in;
	r->r8 = out;
	r->rax = 0xdeadbeef;
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[cpu]), NESTED_DONE);
	return r->rax;
}

static inline uint64_t call(uint64_t control, uint64_t in, uint64_t out)
{
	return call_on(0, control, in, out);
}

static inline void introduce(void)
{
	ck_assert_int_eq(wr(0, HV_MSR_GUEST_OS_ID, OS_ID), NESTED_DONE);
}

/* SynIC on, with both pages (a page further for each CPU pair of pages). */
static inline void synic_on(unsigned int cpu)
{
	wr(cpu, HV_MSR_SIMP, (SIM + cpu * 0x2000) | 1);
	wr(cpu, HV_MSR_SIEFP, (SIEF + cpu * 0x2000) | 1);
	wr(cpu, HV_MSR_SCONTROL, 1);
}

static inline struct hv_message *slot_of(unsigned int cpu, unsigned int sint)
{
	return &((struct hv_message_page *)mock_nested_at(SIM + cpu * 0x2000))->slot[sint];
}

static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

#endif /* TESTS_UNIT_HYPERV_TEST_H */
