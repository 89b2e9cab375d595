/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the tests of nested mode's core share: a guest side that only counts, and short ways to boot. */
#ifndef TESTS_UNIT_NESTED_TEST_H
#define TESTS_UNIT_NESTED_TEST_H

#include <check.h>
#include <string.h>

#include "svm_machine.h"

#define EVENT_UD	(SVM_EV_VALID | SVM_EV_EXCEPTION | 6)
#define EVENT_DB	(SVM_EV_VALID | SVM_EV_EXCEPTION | 1)
#define EVENT_GP	(SVM_EV_VALID | SVM_EV_EXCEPTION | SVM_EV_ERROR | 13)
#define EVENT_NMI	(SVM_EV_VALID | SVM_EV_NMI | 2)
#define EVENT_INTR(vec) (SVM_EV_VALID | SVM_EV_INTR | (vec))
#define FLAG_TF		0x100ull
#define FLAG_IF		0x200ull

static unsigned int plain_timers, plain_kicks, plain_eois, plain_resets, plain_calls;
static enum nested_verdict plain_verdict;
static void *plain_page;

static inline void plain_cpuid(struct nested_vcpu *v, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r)
{
}

static inline enum nested_verdict plain_rdmsr(struct nested_vcpu *v, uint32_t msr, uint64_t *value)
{
	return NESTED_PASS;
}

static inline enum nested_verdict plain_wrmsr(struct nested_vcpu *v, uint32_t msr, uint64_t value)
{
	return NESTED_PASS;
}

static inline enum nested_verdict plain_hypercall(struct nested_vcpu *v)
{
	plain_calls++;
	v->regs->rax = 0x1234;
	return plain_verdict;
}

static inline void plain_timer(struct nested_vcpu *v)
{
	plain_timers++;
}

static inline void plain_kicked(struct nested_vcpu *v)
{
	plain_kicks++;
}

static inline void plain_eoi(struct nested_vcpu *v)
{
	plain_eois++;
}

static inline void plain_reset(struct nested_vcpu *v)
{
	plain_resets++;
}

static inline bool plain_start(const char *profile, const char **why)
{
	plain_page = nested_pages(1);
	return true;
}

static const struct nested_guest plain_guest = {
	.cpuid = plain_cpuid,
	.rdmsr = plain_rdmsr,
	.wrmsr = plain_wrmsr,
	.hypercall = plain_hypercall,
	.timer = plain_timer,
	.kicked = plain_kicked,
	.eoi = plain_eoi,
	.reset = plain_reset,
};
static const struct nested_abi plain_abi = { "plain", NULL, &plain_guest, plain_start };

/* A guest of so many CPUs, all but the first waiting for their SIPI. */
static inline void boot(unsigned int cpus)
{
	machine_reset(cpus);
	machine_boot(&plain_abi, "");
}

static inline uint32_t event(unsigned int cpu)
{
	return machine_cpus[cpu].event;
}

static inline enum machine_state state(unsigned int cpu)
{
	return machine_cpus[cpu].state;
}

/* An interrupt command through the xAPIC page, as kernels write it. */
static inline void xapic_command(unsigned int from, unsigned int to, uint32_t command)
{
	machine_store(from, MACHINE_APIC + APIC_ICR_HIGH, tw_host.apic_id[to] << 24);
	machine_store(from, MACHINE_APIC + APIC_ICR, command);
}

/* INIT and SIPI, so that a CPU runs at vector << 12. */
static inline void start_cpu(unsigned int cpu, uint8_t vector)
{
	xapic_command(0, cpu, 0x4500);
	xapic_command(0, cpu, 0x4600 | vector);
	ck_assert_int_eq(state(cpu), MACHINE_GUEST);
}

static inline void into_x2apic(unsigned int cpu)
{
	ck_assert(machine_wrmsr(cpu, MSR_APIC_BASE, machine_cpus[cpu].apic_base | 1u << 10));
}

static inline int run_suite(const char *name, TCase *t)
{
	Suite *s = suite_create(name);
	SRunner *r;
	int failed;

	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

#endif /* TESTS_UNIT_NESTED_TEST_H */
