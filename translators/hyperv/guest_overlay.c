/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Overlay pages (TLFS 5.2.1): an MSR lays a page of the hypervisor over a page of the guest; what
 * is below comes back when the MSR is disabled or moved (hazard H-19). A page that does not exist
 * can be named: then the MSR keeps its value and nothing is visible.
 *
 * Placing a page waits until all VPs have flushed their translations, and a VP that waits for a
 * lock does not flush (hazard H-14): so no lock may be held here.
 */
#include "guest.h"

static enum nested_overlay_access access_of(const struct hv_overlay *o)
{
	if (o == &hv.hypercall)
		return NESTED_OVERLAY_RX;
	return o == &hv.tsc ? NESTED_OVERLAY_R : NESTED_OVERLAY_RW;
}

static void move(struct hv_overlay *o, uint64_t msr)
{
	uint64_t gpa = msr & HV_PAGE_ADDRESS;
	bool enable = msr & HV_PAGE_ENABLE;

	if (o->placed && enable && gpa == o->gpa)
		return;
	if (o->placed)
		nested_overlay_remove(o->gpa, o->page);
	o->gpa = gpa;
	o->placed = enable && o->page && nested_overlay_place(gpa, o->page, access_of(o));
}

void hv_overlay_write(struct hv_overlay *o, uint64_t msr)
{
	o->msr = msr;
	move(o, msr);
}

void hv_overlay_apply(struct hv_overlay *o)
{
	uint64_t msr;

	tw_lock(&hv.lock);
	while (!o->applying && o->msr != o->applied) {
		msr = o->msr;
		o->applying = true;
		tw_unlock(&hv.lock);
		move(o, msr);
		tw_lock(&hv.lock);
		o->applied = msr;
		o->applying = false;
	}
	tw_unlock(&hv.lock);
}
