/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest's APIC: which writes trap and when, what a write to the xAPIC page does without an instruction
 * decoder, the same by x2APIC MSRs, interrupt commands, and what guest sides do with it.
 */
#include "nested_test.h"

static bool page_writable(unsigned int cpu)
{
	uint64_t bytes, pte = machine_walk(cpu, MACHINE_APIC, &bytes);

	ck_assert_uint_eq(bytes, TW_PAGE_SIZE);
	ck_assert_uint_eq(pte & PTE_ADDR, MACHINE_APIC);
	ck_assert(pte & PTE_NX);
	return pte & PTE_W;
}

START_TEST(one_cpu_never_traps)
{
	boot(1);
	ck_assert(page_writable(0));
	ck_assert(!machine_msr_traps(0x830, true));
	machine_store(0, MACHINE_APIC + APIC_TPR, 0x20);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TPR / 16], 0x20);
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_PAGE], 0);
}
END_TEST

START_TEST(writes_trap_while_a_cpu_waits)
{
	boot(3);
	ck_assert(!page_writable(0));
	ck_assert(machine_msr_traps(0x830, true));
	ck_assert(!machine_msr_traps(0x830, false));
	ck_assert(!machine_msr_traps(0x80b, true)); /* EOI never does */
	start_cpu(1, 0x10);
	ck_assert(!page_writable(0) && !page_writable(1));
	start_cpu(2, 0x10);
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		ck_assert(page_writable(cpu));
	ck_assert(!machine_msr_traps(0x830, true));
}
END_TEST

/* WBINVD with interrupts off: the CPU may go offline. It shows that it lives by its next APIC write. */
START_TEST(writes_trap_while_a_cpu_may_die)
{
	boot(2);
	start_cpu(1, 0x10);
	ck_assert(page_writable(0));
	machine_exit(1, SVM_EXIT_WBINVD, 0, 0);
	ck_assert(!page_writable(0) && !page_writable(1));
	machine_store(0, MACHINE_APIC + APIC_TPR, 0);
	ck_assert(!page_writable(0));
	machine_store(1, MACHINE_APIC + APIC_TPR, 0);
	ck_assert(page_writable(0) && page_writable(1));
	machine_exit(1, SVM_EXIT_WBINVD, 0, 0); /* it does die, and comes again */
	start_cpu(1, 0x20);
	ck_assert_uint_eq(machine_vmcb(1)->cs.selector, 0x2000);
}
END_TEST

START_TEST(a_write_is_stepped)
{
	struct vmcb *b;
	uint64_t bytes, pte;

	boot(2);
	b = machine_vmcb(0);
	b->rflags = FLAG_IF | 2;
	machine_exit(0, SVM_EXIT_NPF, 7, MACHINE_APIC + APIC_TPR);
	ck_assert(b->rflags & FLAG_TF && !(b->rflags & FLAG_IF));
	ck_assert_uint_eq(b->intercept_exceptions, ~(1u << 2));
	pte = machine_walk(0, MACHINE_APIC, &bytes);
	ck_assert(pte & PTE_W && pte & PTE_NX);
	ck_assert_uint_eq(pte & PTE_ADDR, nested_cpu_of[0]->apic_copy_pa);
	ck_assert_uint_eq(machine_cpus[0].tlb_control, SVM_TLB_FLUSH_ALL);
	ck_assert(!page_writable(1)); /* the other CPU sees the real page */
	*(uint32_t *)(nested_cpu_of[0]->apic_copy + APIC_TPR) = 0x50;
	b->rip += 7;
	b->dr6 |= 1u << 14;
	machine_exit(0, SVM_EXIT_EXCEPTION + 1, 0, 0);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TPR / 16], 0x50);
	ck_assert_uint_eq(b->rflags, FLAG_IF | 2);
	ck_assert_uint_eq(b->intercept_exceptions, 0);
	ck_assert_uint_eq(b->dr6 & 1u << 14, 0);
	ck_assert_uint_eq(b->rip, MACHINE_ENTRY + 7);
	ck_assert_uint_eq(event(0), 0);
	ck_assert(!page_writable(0));
	ck_assert_uint_eq(machine_cpus[0].tlb_control, SVM_TLB_FLUSH_ALL);
}
END_TEST

/* A read-modify-write instruction sees the register; EOI reads as 0. */
START_TEST(the_copy_holds_the_register)
{
	boot(2);
	machine_cpus[0].apic[APIC_SVR / 16] = 0x1f7;
	machine_exit(0, SVM_EXIT_NPF, 7, MACHINE_APIC + APIC_SVR);
	ck_assert_uint_eq(*(uint32_t *)(nested_cpu_of[0]->apic_copy + APIC_SVR), 0x1f7);
}
END_TEST

/* The guest steps itself over an APIC write: it gets its #DB. */
START_TEST(a_step_in_a_step)
{
	struct vmcb *b;

	boot(2);
	b = machine_vmcb(0);
	b->rflags = FLAG_TF | 2;
	machine_store(0, MACHINE_APIC + APIC_TPR, 0x30);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TPR / 16], 0x30);
	ck_assert_uint_eq(event(0), EVENT_DB);
	ck_assert_uint_eq(b->dr6 & 1u << 14, 1u << 14);
}
END_TEST

START_TEST(eoi_tells_the_guest_side)
{
	boot(2);
	machine_cpus[0].isr[1] = 1;
	machine_store(0, MACHINE_APIC + APIC_EOI, 0);
	ck_assert_uint_eq(plain_eois, 1);
	ck_assert_uint_eq(machine_cpus[0].isr[1], 0);
	machine_store(0, MACHINE_APIC + APIC_TPR, 0);
	ck_assert_uint_eq(plain_eois, 1);
}
END_TEST

START_TEST(ordinary_commands_go_to_the_apic)
{
	boot(3);
	start_cpu(1, 0x10);
	machine_cpus[1].apic[APIC_SVR / 16] = 0x1ff;
	xapic_command(0, 1, 0x4055);
	ck_assert(machine_bit(machine_cpus[1].irr, 0x55));
	machine_store(0, MACHINE_APIC + APIC_ICR, 0x44066); /* self */
	ck_assert(machine_bit(machine_cpus[0].irr, 0x66));
	ck_assert_int_eq(state(2), MACHINE_WAITING);
}
END_TEST

/* The shim's own command between the guest's two writes leaves the destination as it was. */
START_TEST(half_written_icr)
{
	boot(3);
	start_cpu(1, 0x10);
	machine_store(0, MACHINE_APIC + APIC_ICR_HIGH, 0x7f000000);
	machine_cpus[0].nmi = false;
	nested_cpu_of[1]->kick_wanted = true;
	machine_regs(0)->rbx = 0;
	xapic_command(1, 0, 0x4400); /* CPU 1 pokes CPU 0 */
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_ICR_HIGH / 16], 0x7f000000);
	ck_assert_uint_eq(machine_cpus[1].apic[APIC_ICR_HIGH / 16], 0);
}
END_TEST

/* --- x2APIC -------------------------------------------------------------------------------------- */

START_TEST(x2apic_commands)
{
	boot(3);
	into_x2apic(0);
	ck_assert(nested_cpu_of[0]->x2apic);
	ck_assert(machine_wrmsr(0, 0x830, 2ull << 32 | 0x4500));
	ck_assert(machine_wrmsr(0, 0x830, 2ull << 32 | 0x4621));
	ck_assert_int_eq(state(1), MACHINE_GUEST);
	ck_assert_int_eq(state(2), MACHINE_WAITING);
	ck_assert_uint_eq(machine_vmcb(1)->cs.selector, 0x2100);
	ck_assert(machine_wrmsr(0, 0x830, 2ull << 32 | 0x4400)); /* NMI */
	ck_assert_uint_eq(event(1), EVENT_NMI);
	ck_assert(machine_wrmsr(0, 0x830, 2ull << 32 | 0x4077));
	ck_assert(machine_bit(machine_cpus[1].irr, 0x77));
	ck_assert(!machine_wrmsr(0, 0x830, 1u << 13)); /* reserved: the CPU refuses it */
	ck_assert_uint_eq(event(0), EVENT_GP);
	ck_assert(machine_wrmsr(0, 0x830, 0xffffffffull << 32 | 0x4500)); /* broadcast: itself, too */
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		ck_assert_int_eq(state(cpu), MACHINE_WAITING);
}
END_TEST

START_TEST(no_x2apic_msrs_in_xapic_mode)
{
	boot(2);
	ck_assert(!machine_wrmsr(0, 0x830, 0));
	ck_assert_uint_eq(event(0), EVENT_GP);
	machine_regs(0)->rcx = 0x8ff;
	machine_exit(0, SVM_EXIT_MSR, 1, 0);
	ck_assert_uint_eq(event(0), EVENT_GP);
}
END_TEST

/* Where the APIC is reached by MSRs, its page is just a place where nothing is: no trap, no end. */
START_TEST(page_in_x2apic_mode)
{
	boot(2);
	ck_assert(!page_writable(0));
	into_x2apic(0);
	ck_assert(page_writable(0));
	ck_assert(machine_store(0, MACHINE_APIC + APIC_ICR, 0x44500));
	ck_assert_int_eq(state(0), MACHINE_GUEST);
	ck_assert_ptr_null(machine_end);
	ck_assert(machine_wrmsr(0, MSR_APIC_BASE, MACHINE_APIC | 1u << 8)); /* off */
	ck_assert(machine_wrmsr(0, MSR_APIC_BASE, MACHINE_APIC | 9u << 8)); /* xAPIC again */
	ck_assert(!nested_cpu_of[0]->x2apic);
	ck_assert(!page_writable(0));
}
END_TEST

START_TEST(apic_base)
{
	uint64_t value;

	boot(1);
	ck_assert(machine_rdmsr(0, MSR_APIC_BASE, &value));
	ck_assert_uint_eq(value, MACHINE_APIC | 9u << 8);
	ck_assert(machine_wrmsr(0, MSR_APIC_BASE, 0xd0000000 | 9u << 8)); /* moving it is not possible */
	ck_assert_uint_eq(machine_cpus[0].apic_base, MACHINE_APIC | 9u << 8);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
	ck_assert(!machine_wrmsr(0, MSR_APIC_BASE, MACHINE_APIC | 5u << 8)); /* x2APIC without enable */
	ck_assert_uint_eq(event(0), EVENT_GP);
	ck_assert(!nested_cpu_of[0]->x2apic);
	ck_assert(!machine_wrmsr(0, MSR_APIC_BASE, MACHINE_APIC | 9u << 8 | 1));
	into_x2apic(0);
	ck_assert(!machine_wrmsr(0, MSR_APIC_BASE, MACHINE_APIC | 9u << 8)); /* not back directly */
	ck_assert(nested_cpu_of[0]->x2apic);
}
END_TEST

/* Firmware that leaves x2APIC on: the guest starts in xAPIC mode, unless an APIC id needs more. */
START_TEST(handover)
{
	machine_reset(2);
	machine_cpus[0].apic_base |= 1u << 10;
	machine_cpus[1].apic_base |= 1u << 10;
	machine_boot(&plain_abi, "");
	ck_assert_uint_eq(machine_cpus[0].apic_base, MACHINE_APIC | 9u << 8);
	ck_assert_uint_eq(machine_cpus[0].apic[0x350 / 16], 0x700);
	ck_assert_uint_eq(machine_cpus[0].apic[0x360 / 16], 0x400);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_SVR / 16], 0x1ff);
	ck_assert_uint_eq(machine_cpus[1].apic[APIC_SVR / 16], 0xff);
	ck_assert_uint_eq(machine_cpus[1].apic[0x350 / 16], 0x10000);
	machine_reset(2);
	tw_host.apic_id[1] = 0x100;
	machine_cpus[0].apic_base |= 1u << 10;
	machine_cpus[1].apic_base |= 1u << 10;
	machine_boot(&plain_abi, "");
	ck_assert_uint_eq(machine_cpus[0].apic_base, MACHINE_APIC | 0xdu << 8);
	ck_assert(nested_cpu_of[0]->x2apic && nested_cpu_of[1]->x2apic);
}
END_TEST

/* --- as guest sides use it ------------------------------------------------------------------------- */

static struct nested_guest using;
static uint64_t seen_icr;
static uint32_t seen_tpr;

static enum nested_verdict use_call(struct nested_vcpu *v)
{
	nested_interrupt(1, 0x44);
	nested_apic_set_tpr(v, 0x1f0);
	seen_tpr = nested_apic_tpr(v);
	nested_apic_eoi(v);
	nested_apic_set_icr(v, v->regs->rbx);
	seen_icr = nested_apic_icr(v);
	return NESTED_DONE;
}

static const struct nested_abi using_abi = { "using", NULL, &using, plain_start };

START_TEST(guest_sides)
{
	for (unsigned int x2 = 0; x2 < 2; x2++) {
		machine_reset(3);
		using = plain_guest;
		using.hypercall = use_call;
		machine_boot(&using_abi, "");
		start_cpu(1, 0x10);
		if (x2)
			into_x2apic(0);
		machine_cpus[0].isr[3] = 1;
		machine_regs(0)->rbx = (x2 ? 2ull << 32 : 2ull << 56) | 0x4045;
		machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
		ck_assert(machine_bit(machine_cpus[1].irr, 0x44));
		ck_assert(machine_bit(machine_cpus[1].irr, 0x45));
		ck_assert_uint_eq(seen_tpr, 0xf0);
		ck_assert_uint_eq(machine_cpus[0].isr[3], 0);
		ck_assert_uint_eq(seen_icr, machine_regs(0)->rbx);
		ck_assert_uint_eq(plain_eois, 0); /* that is for the guest's own */
		machine_regs(0)->rbx = (x2 ? 4ull << 32 : 4ull << 56) | 0x4600; /* a SIPI is the core's */
		machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
		ck_assert_int_eq(state(2), MACHINE_GUEST);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("apic");

	tcase_add_test(t, one_cpu_never_traps);
	tcase_add_test(t, writes_trap_while_a_cpu_waits);
	tcase_add_test(t, writes_trap_while_a_cpu_may_die);
	tcase_add_test(t, a_write_is_stepped);
	tcase_add_test(t, the_copy_holds_the_register);
	tcase_add_test(t, a_step_in_a_step);
	tcase_add_test(t, eoi_tells_the_guest_side);
	tcase_add_test(t, ordinary_commands_go_to_the_apic);
	tcase_add_test(t, half_written_icr);
	tcase_add_test(t, x2apic_commands);
	tcase_add_test(t, no_x2apic_msrs_in_xapic_mode);
	tcase_add_test(t, page_in_x2apic_mode);
	tcase_add_test(t, apic_base);
	tcase_add_test(t, handover);
	tcase_add_test(t, guest_sides);
	return run_suite("nested-apic", t);
}
