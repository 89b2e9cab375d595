/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What CPUID shows in nested mode: the machine's own answer without SVM and without the host's leaves,
 * with those of the guest side, and with the bits that follow the guest's own registers.
 */
#include "nested_test.h"
#include "translators/hyperv/guest.h"

START_TEST(virtualisation_is_hidden)
{
	struct hw_cpuid r;

	boot(1);
	r = machine_cpuid(0, 0x80000001, 0);
	ck_assert_uint_eq(r.ecx, 1); /* SVM and SKINIT are away, the rest is as it is */
	ck_assert_uint_eq(r.edx, 1u << 20 | 1u << 26 | 1u << 29);
	r = machine_cpuid(0, 0x8000000a, 0);
	ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
	r = machine_cpuid(0, 0x8000001f, 0);
	ck_assert_uint_eq(r.eax, 0);
	r = machine_cpuid(0, 1, 0);
	ck_assert_uint_eq(r.ecx & (1u << 5 | 1u << 6), 0); /* VMX, SMX */
	ck_assert_uint_eq(r.ecx & 1u << 21, 1u << 21);	    /* x2APIC stays */
	ck_assert_uint_eq(r.eax, 0x00a20f10);
	ck_assert_uint_eq(r.ebx, 0x00020800);
}
END_TEST

START_TEST(hosts_leaves_are_hidden)
{
	struct hw_cpuid r;

	boot(1);
	for (uint32_t leaf = 0x40000000; leaf < 0x40000400; leaf += 0x100) {
		mock_set_cpuid(leaf, 0, leaf + 1, 0x4b4d564b, 0x564b4d56, 0x4d);
		r = machine_cpuid(0, leaf, 0);
		ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
	}
	r = machine_cpuid(0, 0x4001ff00, 0);
	ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
}
END_TEST

START_TEST(guest_sides_leaves_are_shown)
{
	struct hw_cpuid r;

	machine_reset(1);
	machine_boot(&hyperv_abi, "full");
	r = machine_cpuid(0, 0x40000000, 0);
	ck_assert_uint_ge(r.eax, 0x40000005);
	ck_assert_uint_eq(r.ebx, 0x7263694d); /* "Micr" */
	r = machine_cpuid(0, 0x40000001, 0);
	ck_assert_uint_eq(r.eax, 0x31237648); /* "Hv#1" */
	ck_assert_uint_eq(machine_cpuid(0, 1, 0).ecx >> 31, 1);
	/* KVM's leaf of the host, at the same place and above, is gone. */
	mock_set_cpuid(0x40000100, 0, 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d);
	ck_assert_uint_eq(machine_cpuid(0, 0x40000100, 0).ebx, 0);
}
END_TEST

/* The shim's own CR4 has OSXSAVE and not PKE: the answers must not. */
START_TEST(bits_follow_the_guests_cr4)
{
	boot(1);
	ck_assert_uint_eq(machine_cpuid(0, 1, 0).ecx & 1u << 27, 0);
	ck_assert_uint_eq(machine_cpuid(0, 7, 0).ecx & 1u << 4, 0);
	machine_vmcb(0)->cr4 |= 1u << 18;
	ck_assert_uint_eq(machine_cpuid(0, 1, 0).ecx & 1u << 27, 1u << 27);
	ck_assert_uint_eq(machine_cpuid(0, 7, 0).ecx & 1u << 4, 0);
	machine_vmcb(0)->cr4 |= 1u << 22;
	ck_assert_uint_eq(machine_cpuid(0, 7, 0).ecx & 1u << 4, 1u << 4);
	machine_vmcb(0)->cr4 = 0;
	ck_assert_uint_eq(machine_cpuid(0, 1, 0).ecx & 1u << 27, 0);
}
END_TEST

/* 32 bits of the leaf count, and all four registers lose their upper halves. */
START_TEST(registers_are_32_bits)
{
	boot(1);
	machine_vmcb(0)->rax = 0xffffffff00000001ull;
	machine_regs(0)->rcx = 0xffffffff00000000ull;
	machine_regs(0)->rbx = machine_regs(0)->rdx = ~0ull;
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, 0x00a20f10);
	ck_assert_uint_eq(machine_regs(0)->rbx, 0x00020800);
	ck_assert_uint_eq(machine_regs(0)->rcx >> 32, 0);
	ck_assert_uint_eq(machine_regs(0)->rdx, 1u << 9);
}
END_TEST

START_TEST(rip_moves_by_the_instructions_length)
{
	struct vmcb *b;

	boot(1);
	b = machine_vmcb(0);
	b->rip = 0x1000;
	machine_exit(0, SVM_EXIT_CPUID, 0, 0); /* a CPU without nRIP */
	ck_assert_uint_eq(b->rip, 0x1002);
	b->next_rip = 0x1005; /* one with it, and prefixes */
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(b->rip, 0x1005);
	b->int_shadow = 1; /* behind STI */
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(b->int_shadow, 0);
	ck_assert_uint_eq(event(0), 0);
}
END_TEST

/* An instruction that exits and is emulated still ends in a #DB when the guest steps itself. */
START_TEST(a_guest_that_steps_itself)
{
	boot(1);
	machine_vmcb(0)->rflags |= FLAG_TF;
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(event(0), EVENT_DB);
	ck_assert_uint_eq(machine_vmcb(0)->dr6 & 1u << 14, 1u << 14);
}
END_TEST

START_TEST(exits_are_counted)
{
	uint64_t n = 0;
	uint64_t value;

	boot(2);
	start_cpu(1, 0x10);
	for (unsigned int i = 0; i < 5; i++)
		machine_cpuid(i & 1, 0, 0);
	machine_rdmsr(0, MSR_EFER, &value);
	machine_rdmsr(1, MSR_EFER, &value);
	machine_wrmsr(0, MSR_VM_CR, 0);
	ck_assert_str_eq(nested_exit_count(NESTED_EXIT_CPUID, &n), "cpuid");
	ck_assert_uint_eq(n, 5);
	ck_assert_str_eq(nested_exit_count(NESTED_EXIT_RDMSR, &n), "rdmsr");
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(nested_exit_count(NESTED_EXIT_WRMSR, &n), "wrmsr");
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(nested_exit_count(NESTED_EXIT_SHUTDOWN, &n), "shutdown");
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(nested_exit_count(NESTED_EXIT_COUNT, &n));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("cpuid");

	tcase_add_test(t, virtualisation_is_hidden);
	tcase_add_test(t, hosts_leaves_are_hidden);
	tcase_add_test(t, guest_sides_leaves_are_shown);
	tcase_add_test(t, bits_follow_the_guests_cr4);
	tcase_add_test(t, registers_are_32_bits);
	tcase_add_test(t, rip_moves_by_the_instructions_length);
	tcase_add_test(t, a_guest_that_steps_itself);
	tcase_add_test(t, exits_are_counted);
	return run_suite("nested-cpuid", t);
}
