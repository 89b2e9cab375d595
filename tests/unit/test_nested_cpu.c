/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A virtual CPU's life: waiting for its SIPI, INIT and SIPI in any order, on running and halted CPUs; how
 * a guest ends; what SVM's own and cache instructions do; flushes and kicks between CPUs.
 */
#include "nested_test.h"

START_TEST(the_boot_cpus_state)
{
	struct vmcb *b;

	boot(2);
	b = machine_vmcb(0);
	ck_assert_int_eq(state(0), MACHINE_GUEST);
	ck_assert_uint_eq(b->rip, MACHINE_ENTRY);
	ck_assert_uint_eq(b->cs.selector, 0x10);
	ck_assert_uint_eq(b->cs.attributes, 0xa9b);
	ck_assert_uint_eq(b->ss.attributes, 0xc93);
	ck_assert_uint_eq(b->idtr.limit, 0);
	ck_assert_uint_eq(b->efer, EFER_SVME | EFER_LME | EFER_LMA);
	ck_assert_uint_eq(b->g_pat, 0x0007040600070406ull);
	ck_assert_int_eq(state(1), MACHINE_WAITING);
	ck_assert_uint_eq(machine_cpus[1].entries, 0);
}
END_TEST

START_TEST(init_and_sipi)
{
	struct vmcb *b;

	boot(3);
	xapic_command(0, 1, 0x4500);
	ck_assert_int_eq(state(1), MACHINE_WAITING);
	xapic_command(0, 1, 0x8500); /* the end of INIT, as old kernels send it */
	ck_assert_int_eq(state(1), MACHINE_WAITING);
	xapic_command(0, 1, 0x46ab);
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_int_eq(state(2), MACHINE_WAITING);
	b = machine_vmcb(1);
	ck_assert_uint_eq(b->cs.selector, 0xab00);
	ck_assert_uint_eq(b->cs.base, 0xab000);
	ck_assert_uint_eq(b->rip, 0);
	ck_assert_uint_eq(b->rflags, 2);
	ck_assert_uint_eq(b->cr0, 0x60000010);
	ck_assert_uint_eq(b->efer, EFER_SVME);
	ck_assert_uint_eq(b->idtr.limit, 0xffff);
	ck_assert_uint_eq(machine_regs(1)->rdx, 0x00a20f10); /* family, model, stepping */
	ck_assert_uint_eq(machine_regs(1)->rbx, 0);
}
END_TEST

/* Kernels send two: the second one finds the CPU running. */
START_TEST(second_sipi_is_ignored)
{
	boot(2);
	start_cpu(1, 0x10);
	machine_vmcb(1)->rip = 0x123;
	machine_store(0, MACHINE_APIC + APIC_ICR, 0x4620);
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_uint_eq(machine_vmcb(1)->rip, 0x123);
	ck_assert_uint_eq(machine_vmcb(1)->cs.selector, 0x1000);
	ck_assert_uint_eq(plain_resets, 0); /* it had never run */
}
END_TEST

/* A SIPI right behind its INIT, before the target has looked, is latched. */
START_TEST(sipi_before_the_target_is_reset)
{
	struct nested_cpu *target;

	boot(3);
	start_cpu(1, 0x10);
	target = nested_cpu_of[1];
	__atomic_store_n(&target->init_wanted, true, __ATOMIC_SEQ_CST);
	xapic_command(0, 1, 0x4633);
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_uint_eq(machine_vmcb(1)->cs.selector, 0x3300);
	ck_assert(!target->init_wanted);
}
END_TEST

START_TEST(sipi_without_init_is_ignored)
{
	boot(2);
	xapic_command(0, 0, 0x4620);
	ck_assert_int_eq(state(0), MACHINE_GUEST);
	ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY);
}
END_TEST

/* All that the CPU had is gone: events, masks, the timer, what its APIC had accepted. */
START_TEST(init_of_a_running_cpu)
{
	struct nested_cpu *c;

	boot(3); /* a third one waits, so the trap stays on */
	start_cpu(1, 0x10);
	c = nested_cpu_of[1];
	machine_cpus[1].apic[APIC_SVR / 16] = 0x1ff;
	machine_apic_request(1, 0x40);
	machine_apic_request(1, 0xf0);
	machine_cpus[1].isr[1] = 3;
	c->in_nmi = true;
	c->waiting[2] = 5;
	c->before_entry = true;
	machine_regs(1)->r15 = 7;
	xapic_command(0, 1, 0x4500);
	ck_assert_int_eq(state(1), MACHINE_WAITING);
	ck_assert_uint_eq(plain_resets, 1);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_eq(machine_cpus[1].irr[i] | machine_cpus[1].isr[i], 0);
	ck_assert_uint_eq(machine_cpus[1].apic[APIC_SVR / 16], 0xff);
	ck_assert_uint_eq(machine_cpus[1].apic[APIC_LVT_TIMER / 16], 0x10000);
	xapic_command(0, 1, 0x4621);
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_uint_eq(event(1), 0);
	ck_assert_uint_eq(machine_regs(1)->r15, 0);
	ck_assert(!c->in_nmi && !c->waiting[2] && !c->nmi_wanted);
	ck_assert_uint_eq(machine_vmcb(1)->cs.selector, 0x2100);
}
END_TEST

START_TEST(init_in_the_middle_of_a_step)
{
	boot(3);
	start_cpu(1, 0x10);
	machine_exit(1, SVM_EXIT_NPF, 7, MACHINE_APIC + APIC_TPR);
	ck_assert_int_eq(nested_cpu_of[1]->stepping, NESTED_STEP_APIC);
	xapic_command(0, 1, 0x4500);
	ck_assert_int_eq(nested_cpu_of[1]->stepping, NESTED_STEP_NONE);
	xapic_command(0, 1, 0x4612);
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_uint_eq(machine_vmcb(1)->intercept_exceptions, 0);
	ck_assert_uint_eq(machine_vmcb(1)->rflags, 2);
}
END_TEST

START_TEST(many_inits)
{
	boot(3);
	for (unsigned int i = 0; i < 300; i++) {
		start_cpu(1, (uint8_t)i);
		ck_assert_uint_eq(machine_vmcb(1)->cs.base, (uint64_t)(uint8_t)i << 12);
	}
}
END_TEST

START_TEST(init_to_all_others)
{
	boot(3);
	machine_store(0, MACHINE_APIC + APIC_ICR, 0xc4500);
	machine_store(0, MACHINE_APIC + APIC_ICR, 0xc4614);
	ck_assert_int_eq(state(0), MACHINE_GUEST);
	ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY);
	for (unsigned int cpu = 1; cpu < 3; cpu++) {
		ck_assert_int_eq(state(cpu), MACHINE_GUEST);
		ck_assert_uint_eq(machine_vmcb(cpu)->cs.selector, 0x1400);
	}
}
END_TEST

START_TEST(init_of_oneself)
{
	boot(2);
	machine_store(0, MACHINE_APIC + APIC_ICR, 0x44500);
	ck_assert_int_eq(state(0), MACHINE_WAITING);
	ck_assert_ptr_null(machine_end);
}
END_TEST

START_TEST(triple_fault)
{
	boot(1);
	machine_vmcb(0)->idtr.limit = 0xfff;
	machine_exit(0, SVM_EXIT_SHUTDOWN, 0, 0);
	ck_assert_str_eq(machine_end, "crash");
	ck_assert_uint_ge(mock_log_lines[TW_LOG_ERROR], 4); /* the registers */
}
END_TEST

START_TEST(triple_fault_on_purpose)
{
	boot(1);
	machine_vmcb(0)->idtr.limit = 0;
	machine_exit(0, SVM_EXIT_SHUTDOWN, 0, 0);
	ck_assert_str_eq(machine_end, "reboot");
	ck_assert_uint_eq(mock_log_lines[TW_LOG_ERROR], 0);
}
END_TEST

START_TEST(unexpected_exits_are_reported)
{
	static const uint64_t codes[] = { 0, 0x66, 0x7d, 0x8f, 0x401, SVM_EXIT_INVALID, SVM_EXIT_INVALID_32 };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(codes); i++) {
		boot(1);
		machine_exit(0, codes[i], 0, 0);
		ck_assert_str_eq(machine_end, "fatal");
		ck_assert_uint_ge(mock_log_lines[TW_LOG_ERROR], 4);
	}
}
END_TEST

START_TEST(svm_instructions_are_undefined)
{
	static const uint64_t codes[] = { SVM_EXIT_VMRUN, SVM_EXIT_VMLOAD, 0x83, 0x84, 0x85, SVM_EXIT_SKINIT,
					  SVM_EXIT_INVLPGA };

	boot(1);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(codes); i++) {
		machine_exit(0, codes[i], 0, 0);
		ck_assert_uint_eq(event(0), EVENT_UD);
		ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY);
	}
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_SVM], TW_ARRAY_SIZE(codes));
}
END_TEST

START_TEST(hypercalls)
{
	static const struct {
		enum nested_verdict verdict;
		uint32_t event;
		unsigned int length;
	} table[] = { { NESTED_DONE, 0, 3 }, { NESTED_UD, EVENT_UD, 0 }, { NESTED_PASS, EVENT_UD, 0 },
		      { NESTED_GP, EVENT_GP, 0 } };

	boot(1);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(table); i++) {
		uint64_t rip = machine_vmcb(0)->rip;

		plain_verdict = table[i].verdict;
		machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
		ck_assert_uint_eq(event(0), table[i].event);
		ck_assert_uint_eq(machine_vmcb(0)->rip, rip + table[i].length);
		ck_assert_uint_eq(machine_vmcb(0)->rax, 0x1234);
	}
	ck_assert_uint_eq(plain_calls, TW_ARRAY_SIZE(table));
}
END_TEST

/* INVD would throw away what the shim has written: it becomes WBINVD. */
START_TEST(cache_instructions)
{
	boot(2);
	start_cpu(1, 0x10);
	machine_exit(0, SVM_EXIT_INVD, 0, 0);
	ck_assert_uint_eq(mock_wbinvds, 1);
	ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY + 2);
	ck_assert(!nested_cpu_of[0]->maybe_dying);
	machine_exit(1, SVM_EXIT_WBINVD, 0, 0); /* interrupts off: perhaps it goes offline */
	ck_assert_uint_eq(mock_wbinvds, 2);
	ck_assert(nested_cpu_of[1]->maybe_dying);
	machine_vmcb(0)->rflags |= FLAG_IF;
	machine_exit(0, SVM_EXIT_WBINVD, 0, 0);
	ck_assert(!nested_cpu_of[0]->maybe_dying);
}
END_TEST

/* QEMU 7.2's SYSENTER leaves a code segment that VMRUN refuses. */
START_TEST(code_segment_is_repaired)
{
	boot(1);
	machine_vmcb(0)->cs.attributes = 0xe9b;
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(machine_vmcb(0)->cs.attributes, 0xa9b);
}
END_TEST

/* --- between CPUs, from hypercalls ------------------------------------------------------------------ */

static struct nested_guest calling;

static enum nested_verdict flush_call(struct nested_vcpu *v)
{
	nested_tlb_flush(v->regs->rbx);
	return NESTED_DONE;
}

static enum nested_verdict kick_call(struct nested_vcpu *v)
{
	nested_kick((unsigned int)v->regs->rbx);
	return NESTED_DONE;
}

static const struct nested_abi calling_abi = { "calling", NULL, &calling, plain_start };

static void call_from(unsigned int cpu, uint64_t argument)
{
	for (unsigned int i = 0; i < nested_cpus; i++)
		machine_cpus[i].tlb_control = 0;
	machine_regs(cpu)->rbx = argument;
	machine_exit(cpu, SVM_EXIT_VMMCALL, 0, 0);
}

START_TEST(flushes)
{
	unsigned int entries;

	machine_reset(4);
	calling = plain_guest;
	calling.hypercall = flush_call;
	machine_boot(&calling_abi, "");
	start_cpu(1, 0x10);
	start_cpu(2, 0x10);
	call_from(1, 1); /* what was asked for before the guest began */
	entries = machine_cpus[1].entries;
	call_from(0, 1); /* itself alone */
	ck_assert_uint_eq(machine_cpus[0].tlb_control, SVM_TLB_FLUSH_ALL);
	ck_assert_uint_eq(machine_cpus[1].tlb_control, 0);
	ck_assert_uint_eq(machine_cpus[1].entries, entries);
	call_from(0, 2);
	ck_assert_uint_eq(machine_cpus[0].tlb_control, 0);
	ck_assert_uint_eq(machine_cpus[1].tlb_control, SVM_TLB_FLUSH_ALL);
	ck_assert_uint_eq(machine_cpus[2].tlb_control, 0);
	ck_assert_uint_eq(machine_cpus[1].entries, entries + 1);
	call_from(2, ~0ull); /* CPU 3 waits for its SIPI: it has nothing to flush */
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		ck_assert_uint_eq(machine_cpus[cpu].tlb_control, SVM_TLB_FLUSH_ALL);
	ck_assert_int_eq(state(3), MACHINE_WAITING);
	machine_exit(2, SVM_EXIT_CPUID, 0, 0); /* only once */
	ck_assert_uint_eq(machine_cpus[2].tlb_control, 0);
}
END_TEST

START_TEST(kicks)
{
	machine_reset(2);
	calling = plain_guest;
	calling.hypercall = kick_call;
	machine_boot(&calling_abi, "");
	start_cpu(1, 0x10);
	call_from(0, 1);
	ck_assert_uint_eq(plain_kicks, 1);
	ck_assert_uint_eq(event(1), 0); /* the NMI was ours */
	call_from(1, 1); /* itself: before the next entry */
	ck_assert_uint_eq(plain_kicks, 2);
	machine_exit(1, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(plain_kicks, 2);
}
END_TEST

START_TEST(run_time)
{
	boot(2);
	mock_tsc += 5000000;
	ck_assert_uint_ge(nested_runtime_ns(0), 5000000);
	ck_assert_uint_eq(nested_runtime_ns(1), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("cpu");

	tcase_add_test(t, the_boot_cpus_state);
	tcase_add_test(t, init_and_sipi);
	tcase_add_test(t, second_sipi_is_ignored);
	tcase_add_test(t, sipi_before_the_target_is_reset);
	tcase_add_test(t, sipi_without_init_is_ignored);
	tcase_add_test(t, init_of_a_running_cpu);
	tcase_add_test(t, init_in_the_middle_of_a_step);
	tcase_add_test(t, many_inits);
	tcase_add_test(t, init_to_all_others);
	tcase_add_test(t, init_of_oneself);
	tcase_add_test(t, triple_fault);
	tcase_add_test(t, triple_fault_on_purpose);
	tcase_add_test(t, unexpected_exits_are_reported);
	tcase_add_test(t, svm_instructions_are_undefined);
	tcase_add_test(t, hypercalls);
	tcase_add_test(t, cache_instructions);
	tcase_add_test(t, code_segment_is_repaired);
	tcase_add_test(t, flushes);
	tcase_add_test(t, kicks);
	tcase_add_test(t, run_time);
	return run_suite("nested-cpu", t);
}
