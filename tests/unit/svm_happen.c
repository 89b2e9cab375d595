/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What happens by itself on the machine in svm_machine.h, while no CPU executes anything: NMIs,
 * interrupts and their windows make CPUs exit, and those that wait in the shim wake.
 */
#include "svm_inside.h"

#define EXITS_MAX 200 /* exits in a row without one instruction of the guest: it hangs */

void machine_vmexit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2)
{
	struct vmcb *b = machine_vmcb(cpu);

	if (machine_cpus[cpu].state != MACHINE_GUEST)
		machine_die("an exit of a CPU that is not in the guest");
	b->exit_code = code;
	b->exit_info1 = info1;
	b->exit_info2 = info2;
	machine_fiber_resume(cpu);
}

bool machine_take_virtual(struct machine_cpu *m, struct vmcb *b)
{
	if (!(b->int_control & SVM_V_IRQ) || b->intercept_misc1 & SVM_I_VINTR ||
	    !(b->rflags & RFLAGS_IF) || b->int_shadow & 1)
		return false;
	m->event = SVM_EV_VALID | SVM_EV_INTR | (b->int_vector & 0xff);
	b->int_control &= ~SVM_V_IRQ;
	b->rflags &= ~(RFLAGS_IF | RFLAGS_TF);
	return true;
}

/* One thing that happens to a CPU now; false: nothing does. */
static bool happens(unsigned int cpu)
{
	struct machine_cpu *m = &machine_cpus[cpu];
	struct vmcb *b;

	if (machine_fiber_active(cpu))
		return false;
	if (m->state == MACHINE_WAITING) {
		if (!m->nmi && !nested_cpu_of[cpu]->work)
			return false;
		machine_fiber_resume(cpu);
		return true;
	}
	if (m->state != MACHINE_GUEST)
		return false;
	b = machine_vmcb(cpu);
	if (m->nmi)
		machine_vmexit(cpu, SVM_EXIT_NMI, 0, 0);
	else if (!(b->rflags & RFLAGS_IF) || b->int_shadow & 1)
		return false;
	else if (b->intercept_misc1 & SVM_I_INTR && machine_apic_pending(cpu) >= 0)
		machine_vmexit(cpu, SVM_EXIT_INTR, 0, 0);
	else if (b->intercept_misc1 & SVM_I_VINTR && b->int_control & SVM_V_IRQ)
		machine_vmexit(cpu, SVM_EXIT_VINTR, 0, 0);
	else if (machine_take_virtual(m, b))
		return true;
	else
		return false;
	return true;
}

void machine_settle(void)
{
	unsigned int exits = 0;
	bool any;

	do {
		any = false;
		for (unsigned int cpu = 0; cpu < tw_host.cpus && !machine_end; cpu++)
			any |= happens(cpu);
		if (exits++ > EXITS_MAX)
			machine_die("exits for ever: the guest does not get on");
	} while (any);
}

/* A CPU waits for another one: let that go on. */
void hw_pause(void)
{
	static unsigned int idle;
	bool any = false;

	mock_pauses++;
	mock_tsc += 1000;
	for (unsigned int cpu = 0; machine_booted && cpu < tw_host.cpus; cpu++)
		any |= happens(cpu);
	idle = any || !machine_booted ? 0 : idle + 1;
	if (idle > 1000000)
		machine_die("a CPU waits for ever");
}
