/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* MSRs of nested mode's guest: those that the shim guards, its own, the host's synthetic ones, and unknown ones. */
#include "nested_test.h"

static bool reads(uint32_t msr, uint64_t *value)
{
	bool good = machine_rdmsr(0, msr, value);

	if (!good)
		ck_assert_uint_eq(event(0), EVENT_GP);
	return good;
}

static bool writes(uint32_t msr, uint64_t value)
{
	bool good = machine_wrmsr(0, msr, value);

	if (!good)
		ck_assert_uint_eq(event(0), EVENT_GP);
	return good;
}

START_TEST(efer_without_svme)
{
	const uint64_t start = EFER_LME | EFER_LMA;
	uint64_t value;

	boot(1);
	ck_assert(reads(MSR_EFER, &value));
	ck_assert_uint_eq(value, start);
	ck_assert(!writes(MSR_EFER, start | EFER_SVME));
	ck_assert(!writes(MSR_EFER, start | 1ull << 13));
	ck_assert(!writes(MSR_EFER, start | 1ull << 63));
	ck_assert(!writes(MSR_EFER, EFER_LMA)); /* LME while paging is on */
	ck_assert(writes(MSR_EFER, EFER_LME | EFER_SCE | EFER_NXE)); /* LMA is not the guest's to change */
	ck_assert_uint_eq(machine_cpus[0].tlb_control, SVM_TLB_FLUSH_ALL);
	ck_assert_uint_eq(machine_vmcb(0)->efer, start | EFER_SCE | EFER_NXE | EFER_SVME);
	ck_assert(reads(MSR_EFER, &value));
	ck_assert_uint_eq(value, start | EFER_SCE | EFER_NXE);
	machine_vmcb(0)->cr0 &= ~(1ull << 31);
	machine_vmcb(0)->efer &= ~EFER_LMA;
	ck_assert(writes(MSR_EFER, 0));
	ck_assert_uint_eq(machine_vmcb(0)->efer, EFER_SVME);
}
END_TEST

/* Bits of EFER are allowed as CPUID shows their features. */
START_TEST(efer_bits_follow_cpuid)
{
	boot(1);
	ck_assert(!writes(MSR_EFER, EFER_LME | 1ull << 14));
	ck_assert(!writes(MSR_EFER, EFER_LME | 1ull << 15));
	ck_assert(!writes(MSR_EFER, EFER_LME | 1ull << 21));
	mock_set_cpuid(0x80000000, 0, 0x80000021, 0, 0, 0);
	mock_set_cpuid(0x80000001, 0, 0, 0, 1u << 17, 1u << 25);
	mock_set_cpuid(0x80000021, 0, 1u << 8, 0, 0, 0);
	ck_assert(writes(MSR_EFER, EFER_LME | 1ull << 14 | 1ull << 15 | 1ull << 21));
}
END_TEST

START_TEST(svm_is_locked_away)
{
	uint64_t value;

	boot(1);
	ck_assert(reads(MSR_VM_CR, &value));
	ck_assert_uint_eq(value, 0x18); /* LOCK, SVMDIS */
	ck_assert(writes(MSR_VM_CR, 0));
	ck_assert(reads(MSR_VM_CR, &value));
	ck_assert_uint_eq(value, 0x18);
	ck_assert(!reads(MSR_VM_HSAVE_PA, &value));
	ck_assert(!writes(MSR_VM_HSAVE_PA, 0x1000));
	ck_assert(machine_msr_read(0, MSR_VM_HSAVE_PA, &value));
	ck_assert_uint_eq(value, nested_cpu_of[0]->host_save_pa);
}
END_TEST

START_TEST(synthetic_msrs_of_the_host_are_not_there)
{
	static const uint32_t msrs[] = { 0x40000000, 0x40000073, 0x4000ffff, 0x4b564d00, 0x4b564dff };
	uint64_t value;

	boot(1);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(msrs); i++) {
		ck_assert(machine_msr_traps(msrs[i], false) && machine_msr_traps(msrs[i], true));
		ck_assert(!reads(msrs[i], &value));
		ck_assert(!writes(msrs[i], 0));
	}
}
END_TEST

/* What the map does not cover is tried on the machine; what faults there faults in the guest. */
START_TEST(unknown_msrs_fault)
{
	uint64_t value;

	boot(1);
	ck_assert(!reads(0x3000, &value));
	ck_assert(!writes(0x3000, 1));
	ck_assert(!reads(0xffffffff, &value));
	ck_assert(!writes(0xffffffff, ~0ull));
	ck_assert_ptr_null(machine_end);
}
END_TEST

/* RDX and RAX lose their upper halves; a failed read changes neither. */
START_TEST(registers)
{
	boot(1);
	machine_regs(0)->rcx = 0xdead00000000ull | MSR_EFER;
	machine_vmcb(0)->rax = machine_regs(0)->rdx = ~0ull;
	machine_exit(0, SVM_EXIT_MSR, 0, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, EFER_LME | EFER_LMA);
	ck_assert_uint_eq(machine_regs(0)->rdx, 0);
	machine_regs(0)->rcx = 0x3000;
	machine_vmcb(0)->rax = machine_regs(0)->rdx = ~0ull;
	machine_exit(0, SVM_EXIT_MSR, 0, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, ~0ull);
	ck_assert_uint_eq(machine_regs(0)->rdx, ~0ull);
	ck_assert_uint_eq(event(0), EVENT_GP);
	ck_assert_uint_eq(machine_cpus[0].event_error, 0);
}
END_TEST

/*
 * IA32_TSC_DEADLINE traps while any CPU's timer is the shim's. On a CPU that has no such MSR it faults
 * in the guest, not in the shim.
 */
START_TEST(no_deadline_msr)
{
	uint64_t value;

	boot(2);
	start_cpu(1, 0x10);
	machine_regs(1)->rax = 0;
	machine_exit(1, SVM_EXIT_CPUID, 0, 0);
	ck_assert(!machine_msr_traps(MSR_TSC_DEADLINE, true));
	nested_cpu_of[1]->timer.owned = true;
	backend_trap_msr(MSR_TSC_DEADLINE, true, true);
	ck_assert(!reads(MSR_TSC_DEADLINE, &value));
	ck_assert(!writes(MSR_TSC_DEADLINE, 1));
	nested_cpu_of[0]->timer.owned = true;
	ck_assert(!reads(MSR_TSC_DEADLINE, &value));
	ck_assert(!writes(MSR_TSC_DEADLINE, 1));
	ck_assert_ptr_null(machine_end);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("msr");

	tcase_add_test(t, efer_without_svme);
	tcase_add_test(t, efer_bits_follow_cpuid);
	tcase_add_test(t, svm_is_locked_away);
	tcase_add_test(t, synthetic_msrs_of_the_host_are_not_there);
	tcase_add_test(t, unknown_msrs_fault);
	tcase_add_test(t, registers);
	tcase_add_test(t, no_deadline_msr);
	return run_suite("nested-msr", t);
}
