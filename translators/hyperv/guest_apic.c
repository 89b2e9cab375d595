/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The local APIC by synthetic MSRs, interrupts of synthetic sources, and the assist page that saves
 * an EOI. The guest's APIC is the real one. An interrupt that shall need no EOI must therefore
 * bypass it: that is what AutoEOI and EOI assist have in common.
 */
#include "guest.h"

static volatile uint32_t *assist_word(struct hv_vp *vp)
{
	return vp->assist.placed ? vp->assist.page : NULL;
}

enum nested_verdict hv_apic_read(struct hv_vp *vp, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case HV_MSR_ICR:
		hv_count(vp, HV_COUNT_ICR);
		*value = nested_apic_icr(vp->v);
		return NESTED_DONE;
	case HV_MSR_TPR:
		hv_count(vp, HV_COUNT_TPR);
		*value = nested_apic_tpr(vp->v);
		return NESTED_DONE;
	case HV_MSR_VP_ASSIST_PAGE:
		*value = vp->assist.msr;
		return NESTED_DONE;
	default: /* EOI is write-only */
		return NESTED_GP;
	}
}

/* An EOI for an interrupt that needed none: the APIC has nothing in service then. */
static void end_of_interrupt(struct hv_vp *vp)
{
	volatile uint32_t *word = assist_word(vp);

	hv_count(vp, HV_COUNT_EOI);
	if (vp->assisted && word &&
	    __atomic_fetch_and(word, ~HV_ASSIST_NO_EOI, __ATOMIC_ACQ_REL) & HV_ASSIST_NO_EOI)
		vp->assisted = false;
	else
		nested_apic_eoi(vp->v);
	hv_message_rescan(vp);
}

enum nested_verdict hv_apic_write(struct hv_vp *vp, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case HV_MSR_EOI:
		if (value >> 32)
			return NESTED_GP;
		end_of_interrupt(vp);
		return NESTED_DONE;
	case HV_MSR_ICR:
		hv_count(vp, HV_COUNT_ICR);
		nested_apic_set_icr(vp->v, value);
		return NESTED_DONE;
	case HV_MSR_TPR:
		if (value > 0xff)
			return NESTED_GP;
		hv_count(vp, HV_COUNT_TPR);
		nested_apic_set_tpr(vp->v, (uint32_t)value);
		return NESTED_DONE;
	default:
		hv_count(vp, HV_COUNT_VP_ASSIST_PAGE);
		vp->assisted = false;
		if (vp->assist.page)
			__builtin_memset(vp->assist.page, 0, TW_PAGE_SIZE);
		hv_overlay_write(&vp->assist, value);
		return NESTED_DONE;
	}
}

/*
 * EOI assist: true when the interrupt bypasses the APIC and the page says so. The bit is for the guest's
 * next EOI, whichever interrupt that ends, so it is set only for one that enters before all others. Set for
 * one that waits (as when a timer is set to a time that has passed, in the handler of its last interrupt),
 * the EOI of that handler takes it, and the APIC holds the handler's vector in service for ever.
 */
static bool assist(struct hv_vp *vp, uint8_t vector)
{
	volatile uint32_t *word = assist_word(vp);

	if (!hv_has(HV_F_EOI_ASSIST) || !word ||
	    __atomic_load_n(word, __ATOMIC_ACQUIRE) & HV_ASSIST_NO_EOI ||
	    !nested_interrupt_first(vp->v, vector))
		return false;
	__atomic_fetch_or(word, HV_ASSIST_NO_EOI, __ATOMIC_ACQ_REL);
	vp->assisted = true;
	return true;
}

void hv_interrupt(struct hv_vp *from, struct hv_vp *vp, uint8_t vector, bool auto_eoi)
{
	bool here = vp == from;

	if (!auto_eoi) {
		if (!here || !assist(vp, vector))
			nested_interrupt(vp->v->cpu, vector);
	} else if (here) {
		nested_interrupt_no_apic(vp->v, vector);
	} else {
		__atomic_fetch_or(&vp->auto_eoi[vector >> 6], 1ull << (vector & 63),
				  __ATOMIC_ACQ_REL);
		nested_kick(vp->v->cpu);
	}
}

void hv_interrupt_kicked(struct hv_vp *vp)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(vp->auto_eoi); i++) {
		uint64_t bits = __atomic_exchange_n(&vp->auto_eoi[i], 0, __ATOMIC_ACQ_REL);

		for (; bits; bits &= bits - 1)
			nested_interrupt_no_apic(
				vp->v, (uint8_t)(i * 64 + (unsigned int)__builtin_ctzll(bits)));
	}
}
