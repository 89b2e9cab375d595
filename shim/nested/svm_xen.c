/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Three faults of the SVM that Xen offers to a domain (nestedhvm=1; seen with 4.17), and the ways round two of them.
 *
 * When Xen waits to interrupt the domain, it asks for an interrupt window in the VMCB that it runs the guest by;
 * an exit meanwhile copies that request into ours, and our next VMRUN would deliver it as vector 0. No window of
 * ours is without its intercept, and no interrupt of ours has that vector: the request is dropped.
 *
 * Debug registers are switched lazily: with the CPU's last owner still in them, Xen intercepts each access. At the guest's
 * it loads them and opens the access for us, not for the guest, which exits for ever, without us ever hearing of it. Hence we
 * intercept them, too, so that such an exit is ours, and do the access for the guest (svm_xen_debug.c). What is beyond that
 * is run once, single-stepped, without intercepts, behind an access of our own that makes Xen load the registers; if
 * Xen takes the CPU away just then, that guest hangs.
 *
 * FPU registers are switched lazily, too, on AMD's CPUs by default, up to 4.21. Where Xen takes the CPU away from the guest, it
 * sets CR0.TS and intercepts #NM for us alone, and the next exit undoes that: the guest runs on with the registers of whoever
 * had the CPU meanwhile, and its own are not saved any more. Nobody tells us when, nor which way Xen was started, so
 * nothing can be done here but to name the remedy.
 */
#include "shim/nested/svm.h"

#define EVERY_ACCESS 0xffffffffu
#define EAGER_ALWAYS 0x00040016u /* 4.22, by Xen's sources of March 2026 */

TW_INIT void svm_xen_init(void)
{
	uint32_t leaf = tw_hypervisor_leaf("XenVMMXenVMM"), version = leaf ? hw_cpuid(leaf + 1, 0).eax : 0;

	if (version && version < EAGER_ALWAYS)
		tw_warn("Xen %u.%u loses FPU registers of guests in nested mode unless started with "
			"spec-ctrl=eager-fpu", version >> 16, version & 0xffff);
}

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
	if (backend_inject_free(c) && svm_xen_debug_done(c))
		return;
	nested_debug_read(0);
	c->vmcb->intercept_dr = 0;
	if (!c->stepping && backend_inject_free(c))
		nested_step(c, NESTED_STEP_DEBUG);
}
