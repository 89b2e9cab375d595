/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Synthetic MSRs: which one belongs where. An MSR of a feature that the profile does not offer is
 * #GP (TLFS 2.4.4), with one exception: Linux writes VP_ASSIST_PAGE on every CPU without asking.
 */
#include "guest.h"

#define MSR_FIRST HV_MSR_GUEST_OS_ID
#define MSR_LAST  0x40000fffu

/* The feature that an MSR belongs to; HV_F_COUNT: none, always there. */
static enum hv_feature feature_of(uint32_t msr)
{
	switch (msr) {
	case HV_MSR_RESET:
		return HV_F_RESET;
	case HV_MSR_VP_RUNTIME:
		return HV_F_RUNTIME;
	case HV_MSR_TIME_REF_COUNT:
		return HV_F_REF_COUNT;
	case HV_MSR_REFERENCE_TSC:
		return HV_F_TSC_PAGE;
	case HV_MSR_TSC_FREQUENCY:
	case HV_MSR_APIC_FREQUENCY:
		return HV_F_FREQUENCY;
	case HV_MSR_EOI:
	case HV_MSR_ICR:
	case HV_MSR_TPR:
		return HV_F_APIC;
	case HV_MSR_SCONTROL ... HV_MSR_EOM:
	case HV_MSR_SINT0 ... HV_MSR_SINT15:
		return HV_F_SYNIC;
	case HV_MSR_STIMER0_CONFIG ... HV_MSR_STIMER3_COUNT:
		return HV_F_STIMER;
	case HV_MSR_GUEST_IDLE:
		return HV_F_IDLE;
	case HV_MSR_CRASH_P0 ... HV_MSR_CRASH_CTL:
		return HV_F_CRASH;
	case HV_MSR_TSC_INVARIANT:
		return HV_F_INVARIANT;
	default:
		return HV_F_COUNT;
	}
}

static bool offered(uint32_t msr)
{
	enum hv_feature feature = feature_of(msr);

	return feature == HV_F_COUNT || hv_has(feature);
}

static enum nested_verdict idle(struct hv_vp *vp, uint64_t *value)
{
	hv_count(vp, HV_COUNT_GUEST_IDLE);
	*value = 0;
	nested_idle(vp->v);
	return NESTED_DONE;
}

static enum nested_verdict frequency(struct hv_vp *vp, uint32_t msr, uint64_t *value)
{
	hv_count(vp, HV_COUNT_FREQUENCY);
	*value = msr == HV_MSR_TSC_FREQUENCY ? tw_host.clock.tsc_hz : nested_apic_hz;
	return NESTED_DONE;
}

enum nested_verdict hv_rdmsr(struct nested_vcpu *v, uint32_t msr, uint64_t *value)
{
	struct hv_vp *vp = hv_vp(v);

	if (msr < MSR_FIRST || msr > MSR_LAST)
		return NESTED_PASS;
	if (!offered(msr))
		return NESTED_GP;
	switch (msr) {
	case HV_MSR_GUEST_OS_ID:
		*value = hv.os_id;
		return NESTED_DONE;
	case HV_MSR_HYPERCALL:
		*value = hv.hypercall.msr;
		return NESTED_DONE;
	case HV_MSR_VP_INDEX:
		hv_count(vp, HV_COUNT_VP_INDEX);
		*value = vp->index;
		return NESTED_DONE;
	case HV_MSR_RESET:
		*value = 0;
		return NESTED_DONE;
	case HV_MSR_VP_RUNTIME:
		hv_count(vp, HV_COUNT_VP_RUNTIME);
		*value = nested_runtime_ns(v->cpu) / 100;
		return NESTED_DONE;
	case HV_MSR_TIME_REF_COUNT:
		hv_count(vp, HV_COUNT_TIME_REF_COUNT);
		*value = hv_time();
		return NESTED_DONE;
	case HV_MSR_REFERENCE_TSC:
		*value = hv.tsc.msr;
		return NESTED_DONE;
	case HV_MSR_TSC_FREQUENCY:
	case HV_MSR_APIC_FREQUENCY:
		return frequency(vp, msr, value);
	case HV_MSR_EOI ... HV_MSR_VP_ASSIST_PAGE:
		return hv_apic_read(vp, msr, value);
	case HV_MSR_SCONTROL ... HV_MSR_EOM:
	case HV_MSR_SINT0 ... HV_MSR_SINT15:
		return hv_synic_read(vp, msr, value);
	case HV_MSR_STIMER0_CONFIG ... HV_MSR_STIMER3_COUNT:
		hv_stimer_read(vp, msr - HV_MSR_STIMER0_CONFIG, value);
		return NESTED_DONE;
	case HV_MSR_GUEST_IDLE:
		return idle(vp, value);
	case HV_MSR_CRASH_P0 ... HV_MSR_CRASH_P4:
		*value = hv.crash[msr - HV_MSR_CRASH_P0];
		return NESTED_DONE;
	case HV_MSR_CRASH_CTL: /* what a write may ask for */
		*value = HV_CRASH_NOTIFY | HV_CRASH_MESSAGE;
		return NESTED_DONE;
	case HV_MSR_TSC_INVARIANT:
		*value = hv.invariant;
		return NESTED_DONE;
	default:
		tw_ledger_missing("rdmsr", msr, 0);
		return NESTED_GP;
	}
}

static enum nested_verdict reset_write(struct hv_vp *vp, uint64_t value)
{
	hv_count(vp, HV_COUNT_RESET);
	if (value & 1)
		tw_guest_end("reboot");
	return NESTED_DONE;
}

enum nested_verdict hv_wrmsr(struct nested_vcpu *v, uint32_t msr, uint64_t value)
{
	struct hv_vp *vp = hv_vp(v);

	if (msr < MSR_FIRST || msr > MSR_LAST)
		return NESTED_PASS;
	if (!offered(msr))
		return NESTED_GP;
	switch (msr) {
	case HV_MSR_GUEST_OS_ID:
		hv_os_id_write(vp, value);
		return NESTED_DONE;
	case HV_MSR_HYPERCALL:
		return hv_page_write(vp, value);
	case HV_MSR_RESET:
		return reset_write(vp, value);
	case HV_MSR_REFERENCE_TSC:
		hv_reference_tsc_write(vp, value);
		return NESTED_DONE;
	case HV_MSR_EOI ... HV_MSR_VP_ASSIST_PAGE:
		return hv_apic_write(vp, msr, value);
	case HV_MSR_SCONTROL ... HV_MSR_EOM:
	case HV_MSR_SINT0 ... HV_MSR_SINT15:
		return hv_synic_write(vp, msr, value);
	case HV_MSR_STIMER0_CONFIG ... HV_MSR_STIMER3_COUNT:
		return hv_stimer_write(vp, msr - HV_MSR_STIMER0_CONFIG, value);
	case HV_MSR_CRASH_P0 ... HV_MSR_CRASH_CTL:
		return hv_crash_write(vp, msr, value);
	case HV_MSR_TSC_INVARIANT:
		return hv_invariant_write(vp, value);
	case HV_MSR_VP_INDEX: /* read-only ones */
	case HV_MSR_VP_RUNTIME:
	case HV_MSR_TIME_REF_COUNT:
	case HV_MSR_TSC_FREQUENCY:
	case HV_MSR_APIC_FREQUENCY:
	case HV_MSR_GUEST_IDLE:
		return NESTED_GP;
	default:
		tw_ledger_missing("wrmsr", msr, 0);
		return NESTED_GP;
	}
}
