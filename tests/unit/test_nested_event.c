/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Events on their way into the guest: delivery that an exit interrupted, NMIs and their masking, vectors
 * that bypass the APIC, interrupt windows, and priorities among them.
 */
#include "nested_test.h"

/* An exit in the middle of an event's delivery; the next VMRUN's event. */
static uint32_t interrupted(uint32_t info, uint32_t error)
{
	struct vmcb *b = machine_vmcb(0);

	b->exit_int_info = info;
	b->exit_int_error = error;
	machine_exit(0, SVM_EXIT_NPF, 4, 0x200000000ull); /* a device window: mapped, nothing else */
	return event(0);
}

START_TEST(events_are_delivered_again)
{
	boot(1);
	ck_assert_uint_eq(interrupted(EVENT_INTR(0x30), 0), EVENT_INTR(0x30));
	ck_assert_uint_eq(interrupted(EVENT_NMI, 0), EVENT_NMI);
	ck_assert_uint_eq(interrupted(SVM_EV_VALID | SVM_EV_EXCEPTION | SVM_EV_ERROR | 14, 6),
			  SVM_EV_VALID | SVM_EV_EXCEPTION | SVM_EV_ERROR | 14);
	ck_assert_uint_eq(machine_cpus[0].event_error, 6);
	ck_assert_uint_eq(interrupted(EVENT_UD, 0), EVENT_UD);
	/* Their instruction runs again. */
	ck_assert_uint_eq(interrupted(SVM_EV_VALID | SVM_EV_SOFT | 0x80, 0), 0);
	ck_assert_uint_eq(interrupted(SVM_EV_VALID | SVM_EV_EXCEPTION | 3, 0), 0);
	ck_assert_uint_eq(interrupted(SVM_EV_VALID | SVM_EV_EXCEPTION | 4, 0), 0);
	ck_assert_uint_eq(interrupted(0x30, 0), 0); /* not valid */
}
END_TEST

/* The place is taken by an event that comes again: a NMI follows it at once. */
START_TEST(nmi_behind_an_event)
{
	boot(1);
	machine_vmcb(0)->exit_int_info = EVENT_INTR(0x30);
	nested_cpu_of[0]->nmi_wanted = true;
	nested_cpu_of[0]->before_entry = true;
	machine_vmcb(0)->exit_int_error = 0;
	machine_exit(0, SVM_EXIT_NPF, 4, 0x200000000ull);
	/* The shim's own NMI has made it exit right behind the interrupt. */
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert(!nested_cpu_of[0]->nmi_wanted);
	ck_assert(!nested_cpu_of[0]->poked);
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_NMI], 1);
}
END_TEST

START_TEST(nmi_of_the_guest)
{
	boot(1);
	machine_cpus[0].nmi = true; /* nobody of ours announced it */
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert(machine_vmcb(0)->intercept_misc1 & SVM_I_IRET);
}
END_TEST

/* While the handler runs, the next one waits: until behind IRET, which is stepped over. */
START_TEST(nmi_in_an_nmi)
{
	struct vmcb *b;

	boot(1);
	b = machine_vmcb(0);
	machine_cpus[0].nmi = true;
	machine_settle();
	machine_cpus[0].event = 0;
	machine_cpus[0].nmi = true;
	machine_settle();
	ck_assert_uint_eq(event(0), 0);
	ck_assert(nested_cpu_of[0]->nmi_wanted);
	machine_exit(0, SVM_EXIT_CPUID, 0, 0);
	ck_assert_uint_eq(event(0), 0);
	machine_exit(0, SVM_EXIT_IRET, 0, 0);
	ck_assert_uint_eq(event(0), 0); /* IRET itself must run first */
	ck_assert(b->rflags & FLAG_TF);
	ck_assert(!(b->intercept_misc1 & SVM_I_IRET));
	b->rflags = FLAG_IF | 2; /* IRET loads them */
	b->dr6 |= 1u << 14;
	machine_exit(0, SVM_EXIT_EXCEPTION + 1, 0, 0);
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert_uint_eq(b->dr6 & 1u << 14, 0);
	ck_assert(b->intercept_misc1 & SVM_I_IRET);
	/* The last one: no step. */
	b->rflags = 2;
	machine_exit(0, SVM_EXIT_IRET, 0, 0);
	ck_assert(!(b->rflags & FLAG_TF));
	ck_assert(!(b->intercept_misc1 & SVM_I_IRET));
	ck_assert(!nested_cpu_of[0]->in_nmi);
}
END_TEST

/* IRET faults while it is stepped over: the guest gets its exception, then the NMI. */
START_TEST(iret_that_faults)
{
	struct vmcb *b;

	boot(1);
	b = machine_vmcb(0);
	nested_cpu_of[0]->in_nmi = true;
	nested_cpu_of[0]->nmi_wanted = true;
	machine_exit(0, SVM_EXIT_IRET, 0, 0);
	ck_assert(b->rflags & FLAG_TF);
	machine_exit(0, SVM_EXIT_EXCEPTION + 13, 0x18, 0);
	/* The exception goes first, the NMI right behind it. */
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert(!(b->rflags & FLAG_TF));
	ck_assert_uint_eq(b->intercept_exceptions, 0);
}
END_TEST

START_TEST(page_fault_while_stepping)
{
	struct vmcb *b;

	boot(2);
	b = machine_vmcb(0);
	machine_exit(0, SVM_EXIT_NPF, 7, MACHINE_APIC + APIC_TPR);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_APIC);
	machine_exit(0, SVM_EXIT_EXCEPTION + 14, 6, 0x7654321000);
	ck_assert_uint_eq(event(0), SVM_EV_VALID | SVM_EV_EXCEPTION | SVM_EV_ERROR | 14);
	ck_assert_uint_eq(machine_cpus[0].event_error, 6);
	ck_assert_uint_eq(b->cr2, 0x7654321000);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_NONE);
	ck_assert(!(b->rflags & FLAG_TF));
}
END_TEST

/* --- vectors that bypass the APIC --------------------------------------------------------------- */

static enum nested_verdict interrupt_call(struct nested_vcpu *v)
{
	nested_interrupt_no_apic(v, (uint8_t)v->regs->rbx);
	return NESTED_DONE;
}

static struct nested_guest interrupting;
static const struct nested_abi interrupting_abi = { "interrupting", NULL, &interrupting, plain_start };

static void boot_interrupting(void)
{
	machine_reset(1);
	interrupting = plain_guest;
	interrupting.hypercall = interrupt_call;
	machine_boot(&interrupting_abi, "");
}

static bool waits(uint8_t vector)
{
	return nested_cpu_of[0]->waiting[vector >> 6] >> (vector & 63) & 1;
}

static void interrupt(uint8_t vector)
{
	machine_regs(0)->rbx = vector;
	machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
}

START_TEST(at_once_when_the_guest_can)
{
	boot_interrupting();
	machine_vmcb(0)->rflags |= FLAG_IF;
	interrupt(0x55);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
	ck_assert(!waits(0x55));
	ck_assert(!(machine_vmcb(0)->intercept_misc1 & SVM_I_VINTR));
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_WINDOW], 0);
}
END_TEST

START_TEST(the_window)
{
	struct vmcb *b;

	boot_interrupting();
	b = machine_vmcb(0);
	interrupt(0x55);
	interrupt(0xf2);
	interrupt(0x55); /* one per vector */
	ck_assert_uint_eq(event(0), 0);
	ck_assert(waits(0x55));
	ck_assert(b->intercept_misc1 & SVM_I_VINTR);
	ck_assert(b->int_control & SVM_V_IRQ && b->int_control & SVM_V_IGNORE_TPR);
	b->rflags |= FLAG_IF;
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0xf2)); /* the highest first */
	ck_assert(b->intercept_misc1 & SVM_I_VINTR);
	b->rflags |= FLAG_IF;
	b->int_shadow = 1; /* STI; HLT */
	machine_cpus[0].event = 0;
	machine_settle();
	ck_assert_uint_eq(event(0), 0);
	b->int_shadow = 0;
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
	ck_assert(!(b->intercept_misc1 & SVM_I_VINTR));
	ck_assert(!(b->int_control & SVM_V_IRQ));
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_WINDOW], 2);
}
END_TEST

START_TEST(interrupts_wait_for_shadow)
{
	boot_interrupting();
	machine_vmcb(0)->rflags |= FLAG_IF;
	nested_cpu_of[0]->waiting[1] = 1;
	nested_cpu_of[0]->before_entry = true;
	machine_vmcb(0)->int_shadow = 1;
	machine_exit(0, SVM_EXIT_NPF, 4, 0x200000000ull);
	ck_assert_uint_eq(event(0), 0);
	ck_assert(machine_vmcb(0)->intercept_misc1 & SVM_I_VINTR);
}
END_TEST

START_TEST(nmi_before_interrupts)
{
	boot_interrupting();
	machine_vmcb(0)->rflags |= FLAG_IF;
	nested_cpu_of[0]->nmi_wanted = true;
	interrupt(0x55);
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert(waits(0x55));
	machine_vmcb(0)->rflags |= FLAG_IF; /* behind IRET */
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
}
END_TEST

/*
 * An NMI handler with interrupts on, an interrupt and another NMI that wait: the step over its IRET must
 * get on. A window that opens at once would exit for ever.
 */
START_TEST(no_window_while_stepping)
{
	struct vmcb *b;

	boot_interrupting();
	b = machine_vmcb(0);
	nested_cpu_of[0]->in_nmi = true;
	backend_want_iret(nested_cpu_of[0], true);
	b->rflags |= FLAG_IF;
	nested_cpu_of[0]->waiting[1] = 1;
	nested_cpu_of[0]->nmi_wanted = true;
	machine_exit(0, SVM_EXIT_IRET, 0, 0);
	ck_assert(b->rflags & FLAG_TF);
	ck_assert(!(b->intercept_misc1 & SVM_I_VINTR));
	b->rflags = FLAG_IF | 2;
	machine_exit(0, SVM_EXIT_EXCEPTION + 1, 0, 0);
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert(b->intercept_misc1 & SVM_I_VINTR);
}
END_TEST

/* --- one that goes before all others (EOI assist) ------------------------------------------------- */

static bool went_first;

static enum nested_verdict first_call(struct nested_vcpu *v)
{
	went_first = nested_interrupt_first(v, (uint8_t)v->regs->rbx);
	return NESTED_DONE;
}

static bool first(uint8_t vector)
{
	interrupt(vector);
	return went_first;
}

/* By EVENTINJ, or as a virtual interrupt. */
static void boot_first(bool offered)
{
	machine_reset(1);
	machine_tcg = offered;
	interrupting = plain_guest;
	interrupting.hypercall = first_call;
	machine_boot(&interrupting_abi, "");
	machine_cpus[0].apic[APIC_SVR / 16] = 0x1ff;
	machine_vmcb(0)->rflags |= FLAG_IF;
}

START_TEST(first_enters_at_once)
{
	boot_first(_i);
	ck_assert(first(0x55));
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
	ck_assert_int_eq(nested_cpu_of[0]->first, -1);
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_WINDOW], 0);
}
END_TEST

/* The guest would take the APIC's interrupt before a virtual one: that must exit, and come second. */
START_TEST(first_before_one_of_the_apic)
{
	struct vmcb *b;

	boot_first(true);
	b = machine_vmcb(0);
	machine_apic_request(0, 0xa1);
	ck_assert(first(0x55)); /* the APIC may hold more: it is looked at when this one is in */
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
	ck_assert_int_eq(nested_cpu_of[0]->accepted, 0xa1);
	ck_assert(b->intercept_misc1 & SVM_I_VINTR);
	ck_assert(!(b->intercept_misc1 & SVM_I_INTR)); /* no longer than needed */
	b->rflags |= FLAG_IF;
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0xa1));
	ck_assert(!(b->intercept_misc1 & SVM_I_VINTR));
}
END_TEST

/* The shield goes with the next interrupt of the APIC, whenever that comes. */
START_TEST(shield_ends)
{
	struct vmcb *b;

	boot_first(true);
	b = machine_vmcb(0);
	ck_assert(first(0x55));
	ck_assert(b->intercept_misc1 & SVM_I_INTR);
	b->rflags |= FLAG_IF;
	machine_apic_request(0, 0xa1);
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0xa1));
	ck_assert(!(b->intercept_misc1 & SVM_I_INTR));
}
END_TEST

START_TEST(first_is_refused)
{
	struct nested_cpu *c;
	struct vmcb *b;

	boot_first(_i);
	c = nested_cpu_of[0];
	b = machine_vmcb(0);
	b->rflags &= ~FLAG_IF;
	ck_assert(!first(0x55));
	b->rflags |= FLAG_IF | FLAG_TF;
	ck_assert(!first(0x55));
	b->rflags |= FLAG_IF; /* the trap came */
	machine_cpus[0].apic[APIC_TPR / 16] = 0x50;
	ck_assert(!first(0x55));
	ck_assert(first(0x65));
	machine_cpus[0].apic[APIC_TPR / 16] = 0;
	b->rflags |= FLAG_IF;
	machine_cpus[0].isr[1] = 1ull << 31; /* 0x5f is in service */
	ck_assert(!first(0x55));
	machine_cpus[0].isr[1] = 0;
	c->nmi_wanted = true;
	ck_assert(!first(0x55));
	c->nmi_wanted = false;
	c->waiting[1] = 1;
	ck_assert(!first(0x55));
	ck_assert_int_eq(c->first, -1);
}
END_TEST

/* An emulator that still offers the virtual interrupt whose delivery has begun: it comes once. */
START_TEST(offer_under_delivery)
{
	boot_first(true);
	ck_assert(first(0x55));
	machine_vmcb(0)->int_control |= SVM_V_IRQ;
	ck_assert_uint_eq(interrupted(EVENT_INTR(0x55), 0), EVENT_INTR(0x55));
	ck_assert(!(machine_vmcb(0)->int_control & SVM_V_IRQ));
}
END_TEST

/* An NMI comes before it: it stays offered, and its place is before what waits. */
START_TEST(offer_behind_an_nmi)
{
	struct vmcb *b;

	boot_first(true);
	b = machine_vmcb(0);
	machine_cpus[0].nmi = true;
	ck_assert(first(0x55));
	ck_assert_uint_eq(event(0), EVENT_NMI);
	ck_assert_uint_eq(b->int_vector, 0x55);
	ck_assert(b->int_control & SVM_V_IRQ && !(b->intercept_misc1 & SVM_I_VINTR));
	interrupting.hypercall = interrupt_call;
	interrupt(0xf2); /* in the NMI's handler */
	ck_assert_int_eq(nested_cpu_of[0]->first, 0x55);
	b->rflags |= FLAG_IF; /* behind IRET */
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0x55));
	b->rflags |= FLAG_IF;
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0xf2));
}
END_TEST

/* --- NMIs between CPUs through the ICR: neither lost nor doubled --------------------------------- */

START_TEST(nmi_by_icr)
{
	boot(3);
	start_cpu(1, 0x10);
	xapic_command(0, 1, 0x4400);
	ck_assert_uint_eq(event(1), EVENT_NMI);
	xapic_command(1, 1, 0x4400); /* in its own handler */
	ck_assert(nested_cpu_of[1]->nmi_wanted);
	machine_store(0, MACHINE_APIC + APIC_ICR, 0xc4400); /* all but itself: CPU 1 has one, CPU 2 is parked */
	ck_assert(nested_cpu_of[1]->nmi_wanted);
	ck_assert(!nested_cpu_of[0]->nmi_wanted);
	ck_assert_int_eq(state(2), MACHINE_WAITING);
}
END_TEST

/* --- idle ---------------------------------------------------------------------------------------- */

static enum nested_verdict idle_call(struct nested_vcpu *v)
{
	nested_idle(v);
	return NESTED_DONE;
}

START_TEST(idle_takes_an_interrupt)
{
	boot_interrupting();
	interrupting.hypercall = idle_call;
	machine_cpus[0].apic[APIC_SVR / 16] = 0x1ff;
	machine_apic_request(0, 0x61);
	machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
	ck_assert_uint_eq(event(0), 0); /* IF is off: taken, not delivered */
	ck_assert_int_eq(nested_cpu_of[0]->accepted, 0x61);
	ck_assert(machine_bit(machine_cpus[0].isr, 0x61));
	machine_exit(0, SVM_EXIT_VMMCALL, 0, 0); /* does not wait again */
	machine_vmcb(0)->rflags |= FLAG_IF;
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0x61));
	ck_assert_int_eq(nested_cpu_of[0]->accepted, -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("event");

	tcase_add_test(t, events_are_delivered_again);
	tcase_add_test(t, nmi_behind_an_event);
	tcase_add_test(t, nmi_of_the_guest);
	tcase_add_test(t, nmi_in_an_nmi);
	tcase_add_test(t, iret_that_faults);
	tcase_add_test(t, page_fault_while_stepping);
	tcase_add_test(t, at_once_when_the_guest_can);
	tcase_add_test(t, the_window);
	tcase_add_test(t, interrupts_wait_for_shadow);
	tcase_add_test(t, nmi_before_interrupts);
	tcase_add_test(t, no_window_while_stepping);
	tcase_add_loop_test(t, first_enters_at_once, 0, 2);
	tcase_add_test(t, first_before_one_of_the_apic);
	tcase_add_test(t, shield_ends);
	tcase_add_loop_test(t, first_is_refused, 0, 2);
	tcase_add_test(t, offer_under_delivery);
	tcase_add_test(t, offer_behind_an_nmi);
	tcase_add_test(t, nmi_by_icr);
	tcase_add_test(t, idle_takes_an_interrupt);
	return run_suite("nested-event", t);
}
