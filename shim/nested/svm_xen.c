/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Two faults of the SVM that Xen offers to a domain (nestedhvm=1; seen with 4.17), and the ways round them.
 *
 * When Xen waits to interrupt the domain, it asks for an interrupt window in the VMCB that it runs the guest by;
 * an exit meanwhile copies that request into ours, and our next VMRUN would deliver it as vector 0. No window of
 * ours is without its intercept, and no interrupt of ours has that vector: the request is dropped.
 *
 * Debug registers are switched lazily: with the CPU's last owner still in them, Xen intercepts each access. At the guest's
 * it loads them and opens the access for us, not for the guest, which exits for ever. Hence we intercept them, too,
 * so that such an exit is ours; an access of our own makes Xen load them, and the guest's instruction is
 * run once, single-stepped, without intercepts. If Xen takes the CPU away in between, the next try does it.
 */
#include "shim/nested/svm.h"

#define EVERY_ACCESS 0xffffffffu

void svm_xen_state(struct vmcb *b)
{
	b->intercept_dr = EVERY_ACCESS;
}

void svm_xen_exit(struct vmcb *b)
{
	b->intercept_dr = EVERY_ACCESS;
	if (!(b->intercept_misc1 & SVM_I_VINTR) && !(b->int_vector & 0xff))
		b->int_control &= ~SVM_V_IRQ;
}

void svm_xen_debug(struct nested_cpu *c)
{
	nested_touch_debug();
	c->vmcb->intercept_dr = 0;
	if (!c->stepping && backend_inject_free(c))
		nested_step(c, NESTED_STEP_DEBUG);
}
