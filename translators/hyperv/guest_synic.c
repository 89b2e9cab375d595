/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The synthetic interrupt controller: its MSRs, its sources (SINTs) and event flags (TLFS 11). */
#include "guest.h"

#define SINT_BITS (HV_SINT_VECTOR | HV_SINT_MASKED | HV_SINT_AUTO_EOI | HV_SINT_POLLING)

void hv_synic_reset(struct hv_vp *vp)
{
	struct hv_synic *s = &vp->synic;

	tw_lock(&s->lock);
	s->messages.msr = s->events.msr = 0;
	s->control = 0;
	s->missed = 0;
	s->queued = 0;
	for (unsigned int i = 0; i < HV_SINTS; i++)
		s->sint[i] = HV_SINT_MASKED;
	tw_unlock(&s->lock);
	hv_overlay_write(&s->messages, 0);
	hv_overlay_write(&s->events, 0);
}

enum nested_verdict hv_synic_read(struct hv_vp *vp, uint32_t msr, uint64_t *value)
{
	const struct hv_synic *s = &vp->synic;

	hv_count(vp, HV_COUNT_SYNIC);
	switch (msr) {
	case HV_MSR_SCONTROL:
		*value = s->control;
		break;
	case HV_MSR_SVERSION:
		*value = HV_SYNIC_VERSION;
		break;
	case HV_MSR_SIEFP:
		*value = s->events.msr;
		break;
	case HV_MSR_SIMP:
		*value = s->messages.msr;
		break;
	case HV_MSR_EOM:
		*value = 0;
		break;
	default:
		*value = s->sint[msr - HV_MSR_SINT0];
		break;
	}
	return NESTED_DONE;
}

void hv_sint_raise(struct hv_vp *from, struct hv_vp *vp, unsigned int sint)
{
	uint64_t s = vp->synic.sint[sint];

	if (s & HV_SINT_MASKED)
		vp->synic.missed |= (uint16_t)(1u << sint);
	else if (!(s & HV_SINT_POLLING))
		hv_interrupt(from, vp, (uint8_t)(s & HV_SINT_VECTOR), s & HV_SINT_AUTO_EOI);
}

/* A SINT that comes out of its mask tells what it missed (hazard H-24). */
static enum nested_verdict sint_write(struct hv_vp *vp, unsigned int sint, uint64_t value)
{
	struct hv_synic *s = &vp->synic;
	uint16_t bit = (uint16_t)(1u << sint);

	if ((value & HV_SINT_VECTOR) < HV_VECTOR_FIRST && !(value & HV_SINT_MASKED))
		return NESTED_GP;
	if (value & HV_SINT_POLLING && !hv_has(HV_F_POLLING))
		return NESTED_GP;
	s->sint[sint] = value & SINT_BITS;
	if (!(value & HV_SINT_MASKED) && s->missed & bit) {
		s->missed &= (uint16_t)~bit;
		hv_sint_raise(vp, vp, sint);
	}
	return NESTED_DONE;
}

/* A page that is newly enabled is empty; one that moves keeps what it holds. */
static void page_write(struct hv_overlay *o, uint64_t value)
{
	if (value & HV_PAGE_ENABLE && !(o->msr & HV_PAGE_ENABLE))
		__builtin_memset(o->page, 0, TW_PAGE_SIZE);
	o->msr = value;
}

static enum nested_verdict write_locked(struct hv_vp *vp, uint32_t msr, uint64_t value)
{
	struct hv_synic *s = &vp->synic;

	switch (msr) {
	case HV_MSR_SCONTROL:
		s->control = value;
		return NESTED_DONE;
	case HV_MSR_SVERSION:
		return NESTED_GP;
	case HV_MSR_SIEFP:
		page_write(&s->events, value);
		return NESTED_DONE;
	case HV_MSR_SIMP:
		page_write(&s->messages, value);
		return NESTED_DONE;
	case HV_MSR_EOM:
		return NESTED_DONE;
	default:
		return sint_write(vp, msr - HV_MSR_SINT0, value);
	}
}

enum nested_verdict hv_synic_write(struct hv_vp *vp, uint32_t msr, uint64_t value)
{
	enum nested_verdict verdict;

	hv_count(vp, msr == HV_MSR_EOM ? HV_COUNT_EOM : HV_COUNT_SYNIC);
	tw_lock(&vp->synic.lock);
	verdict = write_locked(vp, msr, value);
	tw_unlock(&vp->synic.lock);
	if (msr == HV_MSR_SIEFP)
		hv_overlay_write(&vp->synic.events, value);
	else if (msr == HV_MSR_SIMP)
		hv_overlay_write(&vp->synic.messages, value);
	hv_message_rescan(vp); /* whatever was in the way of a message may be gone */
	return verdict;
}

enum hv_status hv_event_signal(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
			       unsigned int flag)
{
	struct hv_synic *s = &vp->synic;
	struct hv_event_page *page = s->events.page;
	enum hv_status status = HV_INVALID_SYNIC_STATE;
	uint8_t bit = (uint8_t)(1u << flag % 8);

	tw_lock(&s->lock);
	if (s->control & HV_SYNIC_ENABLE && s->events.msr & HV_PAGE_ENABLE) {
		status = HV_SUCCESS;
		if (!(__atomic_fetch_or(&page->slot[sint][flag / 8], bit, __ATOMIC_SEQ_CST) & bit))
			hv_sint_raise(from, vp, sint);
	}
	tw_unlock(&s->lock);
	return status;
}
