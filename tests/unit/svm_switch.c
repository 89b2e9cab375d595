/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* VMRUN of the machine in svm_machine.h: the guest side of svm_run.S is whoever calls
 * machine_exit(). */
#include "svm_inside.h"

static void enter(struct nested_cpu *c)
{
	struct machine_cpu *m = &machine_cpus[c->cpu];
	struct vmcb *b = c->vmcb;

	machine_check(c);
	m->entries++;
	m->tlb_control = b->tlb_control;
	m->event = b->event_inject & SVM_EV_VALID ? b->event_inject : 0;
	m->event_error = b->event_error;
	b->event_inject = 0;
	if (m->event) { /* through an interrupt gate */
		b->rflags &= ~(RFLAGS_IF | RFLAGS_TF);
		b->int_shadow = 0;
	}
	if (!m->nmi && !m->event &&
	    !(b->intercept_misc1 & SVM_I_INTR && machine_apic_pending(c->cpu) >= 0))
		machine_take_virtual(m, b);
	b->exit_int_info = 0;
	b->next_rip = 0;
	machine_fiber_leave(MACHINE_GUEST);
}

void svm_run(struct nested_cpu *c)
{
	for (;;) {
		enter(c);
		svm_exit(c);
		c->vmcb->exit_int_info = 0;
	}
}

void svm_load_state(uint64_t vmcb_pa)
{
}

char svm_probe_code[1];

void svm_probe_run(uint64_t vmcb_pa)
{
	struct vmcb *b = hw_phys(vmcb_pa);

	b->exit_code = SVM_EXIT_CPUID;
	mock_tsc += 5000;
}
