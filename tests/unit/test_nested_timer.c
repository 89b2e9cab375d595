/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One hardware timer, two users: the shim's one-shot for guest sides, and the guest's APIC timer, in counter
 * and in deadline mode. The TSC runs at 1 GHz, so its ticks are ns; it stands still between exits.
 */
#include "nested_test.h"

#define PAGE(reg) (MACHINE_APIC + (reg))

static struct nested_guest timing;

static enum nested_verdict timer_call(struct nested_vcpu *v)
{
	if (v->regs->rbx)
		tw_host.timer_set(v->regs->rbx);
	else
		tw_host.timer_stop();
	return NESTED_DONE;
}

static const struct nested_abi timing_abi = { "timing", NULL, &timing, plain_start };

static void boot_timing(unsigned int cpus, bool deadline)
{
	machine_reset(cpus);
	if (deadline)
		mock_set_cpuid(1, 0, 0x00a20f10, 0, 1u << 21 | 1u << 24, 0);
	timing = plain_guest;
	timing.hypercall = timer_call;
	machine_boot(&timing_abi, "");
	machine_cpus[0].apic[APIC_SVR / 16] = 0x1ff;
	machine_vmcb(0)->rflags |= FLAG_IF;
}

/* The guest side's one-shot; 0 stops it. */
static void one_shot(uint64_t ns)
{
	machine_regs(0)->rbx = ns;
	machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
}

/* The hardware's interrupt comes at a time, and the guest takes interrupts again. */
static void expire_at(uint64_t tsc)
{
	mock_tsc = tsc;
	machine_cpus[0].event = 0;
	machine_vmcb(0)->rflags |= FLAG_IF;
	machine_apic_timer(0);
	machine_settle();
}

static bool takes_interrupts(void)
{
	return machine_vmcb(0)->intercept_misc1 & SVM_I_INTR;
}

START_TEST(the_guests_alone_at_first)
{
	boot_timing(1, false);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x40);
	machine_store(0, PAGE(APIC_TIMER_INIT), 1000);
	ck_assert(!takes_interrupts());
	ck_assert(!nested_cpu_of[0]->timer.owned);
	machine_apic_timer(0);
	machine_settle();
	ck_assert(machine_bit(machine_cpus[0].irr, 0x40));
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_INTERRUPT], 0);
	ck_assert_uint_ge(nested_apic_hz, 245000000); /* TSC / 4, measured */
	ck_assert_uint_le(nested_apic_hz, 255000000);
}
END_TEST

START_TEST(one_shot_of_the_shim)
{
	uint64_t due = mock_tsc;

	boot_timing(1, false);
	due = mock_tsc + 1000000;
	one_shot(due);
	ck_assert(takes_interrupts());
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_LVT_TIMER / 16], NESTED_VEC_TIMER);
	ck_assert_uint_ge(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 245000);
	ck_assert_uint_le(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 255000);
	expire_at(due + 100);
	ck_assert_uint_eq(plain_timers, 1);
	ck_assert_uint_eq(event(0), 0); /* the guest sees nothing of it */
	ck_assert_uint_eq(machine_cpus[0].isr[3], 0);
	ck_assert(!takes_interrupts());
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 0);
}
END_TEST

/* The counter's rate is only measured: an interrupt that comes early arms the timer again. */
START_TEST(early)
{
	uint64_t due;

	boot_timing(1, false);
	due = mock_tsc + 1000000;
	one_shot(due);
	expire_at(due - 20000);
	ck_assert_uint_eq(plain_timers, 0);
	ck_assert_uint_eq(event(0), 0);
	ck_assert(takes_interrupts());
	ck_assert_uint_ge(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 4000);
	ck_assert_uint_le(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 6000);
	expire_at(due);
	ck_assert_uint_eq(plain_timers, 1);
}
END_TEST

/* Longer than the counter: in pieces. */
START_TEST(far_away)
{
	uint64_t due;

	boot_timing(1, false);
	due = mock_tsc + 20000000000ull;
	one_shot(due);
	ck_assert_uint_le(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 0x80000000 / 3);
	expire_at(mock_tsc + 0x7fffffff);
	ck_assert_uint_eq(plain_timers, 0);
	ck_assert_uint_ne(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 0);
	expire_at(due);
	ck_assert_uint_eq(plain_timers, 1);
}
END_TEST

START_TEST(in_the_past)
{
	boot_timing(1, false);
	one_shot(1);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 1);
	expire_at(mock_tsc + 10);
	ck_assert_uint_eq(plain_timers, 1);
}
END_TEST

/* An interrupt of an earlier setting is nobody's, and least of all the guest's. */
START_TEST(stale)
{
	uint64_t due;

	boot_timing(1, false);
	due = mock_tsc + 1000000;
	one_shot(due);
	mock_tsc = due + 10;
	machine_vmcb(0)->rflags &= ~FLAG_IF;
	machine_apic_timer(0); /* requested, but the guest has interrupts off */
	one_shot(0);
	ck_assert(takes_interrupts());
	machine_vmcb(0)->rflags |= FLAG_IF;
	machine_settle();
	ck_assert_uint_eq(plain_timers, 0);
	ck_assert_uint_eq(event(0), 0);
	ck_assert(!takes_interrupts());
}
END_TEST

/* The guest's own interrupts pass while the shim takes them all; its own at that vector, too. */
START_TEST(other_interrupts_pass)
{
	boot_timing(1, false);
	one_shot(mock_tsc + 1000000);
	machine_apic_request(0, 0x61);
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(0x61));
	ck_assert(machine_bit(machine_cpus[0].isr, 0x61)); /* until the guest's EOI */
	machine_store(0, PAGE(APIC_EOI), 0);
	ck_assert(!machine_bit(machine_cpus[0].isr, 0x61));
	ck_assert_uint_eq(plain_timers, 0);
	one_shot(0);
	nested_cpu_of[0]->timer.stale = false;
	backend_want_interrupts(nested_cpu_of[0], true);
	machine_vmcb(0)->rflags |= FLAG_IF;
	machine_cpus[0].event = 0;
	machine_apic_request(0, NESTED_VEC_TIMER);
	machine_settle();
	ck_assert_uint_eq(event(0), EVENT_INTR(NESTED_VEC_TIMER));
}
END_TEST

/* --- the guest's timer while the shim owns the hardware -------------------------------------------- */

START_TEST(guests_one_shot)
{
	uint64_t start;

	boot_timing(1, false);
	one_shot(mock_tsc + 1000000000);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x40);
	machine_store(0, PAGE(APIC_TIMER_DIVIDE), 3); /* by 16 */
	start = mock_tsc;
	machine_store(0, PAGE(APIC_TIMER_INIT), 1000); /* 64,000 ticks of the TSC */
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_LVT_TIMER / 16], NESTED_VEC_TIMER);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TIMER_DIVIDE / 16], 0xb);
	ck_assert_uint_ge(nested_cpu_of[0]->timer.deadline, start + 62000);
	ck_assert_uint_le(nested_cpu_of[0]->timer.deadline, start + 67000);
	expire_at(start + 67000);
	ck_assert_uint_eq(plain_timers, 0);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x40)); /* by the APIC, in service */
	ck_assert(machine_bit(machine_cpus[0].isr, 0x40));
	ck_assert_uint_eq(nested_cpu_of[0]->timer.deadline, 0);
	ck_assert(takes_interrupts()); /* the shim's own is still to come */
}
END_TEST

START_TEST(guests_periodic)
{
	uint64_t period;

	boot_timing(1, false);
	one_shot(mock_tsc + 1000000000);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x20040);
	machine_store(0, PAGE(APIC_TIMER_DIVIDE), 0xb);
	machine_store(0, PAGE(APIC_TIMER_INIT), 100000);
	period = nested_cpu_of[0]->timer.period;
	ck_assert_uint_ge(period, 390000);
	ck_assert_uint_le(period, 410000);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t deadline = nested_cpu_of[0]->timer.deadline;

		expire_at(deadline + 50);
		ck_assert_uint_eq(event(0), EVENT_INTR(0x40));
		ck_assert_uint_eq(nested_cpu_of[0]->timer.deadline, deadline + period);
		machine_store(0, PAGE(APIC_EOI), 0);
	}
	expire_at(mock_tsc + 10 * period); /* long held up: one, not ten */
	ck_assert_uint_ge(nested_cpu_of[0]->timer.deadline, mock_tsc);
	machine_store(0, PAGE(APIC_TIMER_INIT), 0);
	ck_assert_uint_eq(nested_cpu_of[0]->timer.deadline, 0);
}
END_TEST

START_TEST(guests_masked)
{
	boot_timing(1, false);
	one_shot(mock_tsc + 1000000000);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x10040);
	machine_store(0, PAGE(APIC_TIMER_INIT), 1000);
	expire_at(nested_cpu_of[0]->timer.deadline);
	ck_assert_uint_eq(event(0), 0);
	ck_assert(!machine_bit(machine_cpus[0].irr, 0x40));
}
END_TEST

/* The shim takes the timer over while the guest's runs: that goes on. */
START_TEST(taken_over)
{
	uint64_t due;

	boot_timing(1, false);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x40);
	machine_store(0, PAGE(APIC_TIMER_DIVIDE), 0xb);
	machine_store(0, PAGE(APIC_TIMER_INIT), 100000);
	due = mock_tsc + 400000;
	mock_tsc += 100000;
	one_shot(mock_tsc + 1000000000);
	ck_assert_uint_ge(nested_cpu_of[0]->timer.deadline, due - 10000);
	ck_assert_uint_le(nested_cpu_of[0]->timer.deadline, due + 10000);
	expire_at(due + 10000);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x40));
}
END_TEST

START_TEST(deadline_mode)
{
	uint64_t value, due;

	boot_timing(1, true);
	machine_store(0, PAGE(APIC_LVT_TIMER), 0x40040);
	due = mock_tsc + 1000000;
	ck_assert(!machine_msr_traps(MSR_TSC_DEADLINE, true));
	ck_assert(machine_wrmsr(0, MSR_TSC_DEADLINE, due + 500));
	one_shot(due);
	ck_assert(machine_msr_traps(MSR_TSC_DEADLINE, true));
	ck_assert_uint_eq(machine_cpus[0].deadline, due);
	ck_assert(machine_rdmsr(0, MSR_TSC_DEADLINE, &value));
	ck_assert_uint_eq(value, due + 500); /* taken over */
	ck_assert(machine_wrmsr(0, MSR_TSC_DEADLINE, due - 300));
	ck_assert_uint_eq(machine_cpus[0].deadline, due - 300); /* the earlier one */
	expire_at(due - 300);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x40));
	ck_assert_uint_eq(plain_timers, 0);
	ck_assert_uint_eq(machine_cpus[0].deadline, due);
	machine_store(0, PAGE(APIC_EOI), 0);
	ck_assert(machine_rdmsr(0, MSR_TSC_DEADLINE, &value));
	ck_assert_uint_eq(value, 0);
	expire_at(due);
	ck_assert_uint_eq(plain_timers, 1);
	ck_assert_uint_eq(machine_cpus[0].deadline, 0);
	ck_assert(!takes_interrupts());
}
END_TEST

START_TEST(by_x2apic_msrs)
{
	boot_timing(1, false);
	into_x2apic(0);
	ck_assert(!machine_msr_traps(0x838, true));
	one_shot(mock_tsc + 1000000000);
	ck_assert(machine_msr_traps(0x838, true) && machine_msr_traps(0x832, true));
	ck_assert(machine_wrmsr(0, 0x832, 0x41));
	ck_assert(machine_wrmsr(0, 0x83e, 0xb));
	ck_assert(machine_wrmsr(0, 0x838, 1000));
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_LVT_TIMER / 16], NESTED_VEC_TIMER);
	expire_at(nested_cpu_of[0]->timer.deadline);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x41));
}
END_TEST

START_TEST(init_gives_the_timer_back)
{
	boot_timing(3, false);
	one_shot(mock_tsc + 1000000000);
	start_cpu(1, 0x10);
	ck_assert(nested_cpu_of[0]->timer.owned);
	xapic_command(1, 0, 0x4500);
	ck_assert_int_eq(state(0), MACHINE_WAITING);
	ck_assert(!nested_cpu_of[0]->timer.owned);
	ck_assert_uint_eq(machine_cpus[0].apic[APIC_TIMER_INIT / 16], 0);
	ck_assert(machine_cpus[0].apic[APIC_LVT_TIMER / 16] & 0x10000);
	xapic_command(1, 0, 0x4620);
	ck_assert_int_eq(state(0), MACHINE_GUEST);
	ck_assert(!takes_interrupts());
	ck_assert(!machine_msr_traps(0x838, true));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("timer");

	tcase_add_test(t, the_guests_alone_at_first);
	tcase_add_test(t, one_shot_of_the_shim);
	tcase_add_test(t, early);
	tcase_add_test(t, far_away);
	tcase_add_test(t, in_the_past);
	tcase_add_test(t, stale);
	tcase_add_test(t, other_interrupts_pass);
	tcase_add_test(t, guests_one_shot);
	tcase_add_test(t, guests_periodic);
	tcase_add_test(t, guests_masked);
	tcase_add_test(t, taken_over);
	tcase_add_test(t, deadline_mode);
	tcase_add_test(t, by_x2apic_msrs);
	tcase_add_test(t, init_gives_the_timer_back);
	return run_suite("nested-timer", t);
}
