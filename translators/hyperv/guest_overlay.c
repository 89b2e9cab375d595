/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Overlay pages (TLFS 5.2.1): an MSR lays a page of the hypervisor over a page of the guest; what is
 * below comes back when the MSR is disabled or moved (hazard H-19). A page that does not exist can be
 * named: then the MSR keeps its value and nothing is visible.
 */
#include "guest.h"

static enum nested_overlay_access access_of(const struct hv_overlay *o)
{
	if (o == &hv.hypercall)
		return NESTED_OVERLAY_RX;
	return o == &hv.tsc ? NESTED_OVERLAY_R : NESTED_OVERLAY_RW;
}

void hv_overlay_write(struct hv_overlay *o, uint64_t msr)
{
	uint64_t gpa = msr & HV_PAGE_ADDRESS;
	bool enable = msr & HV_PAGE_ENABLE;

	o->msr = msr;
	if (o->placed && enable && gpa == o->gpa)
		return;
	if (o->placed)
		nested_overlay_remove(o->gpa, o->page);
	o->gpa = gpa;
	o->placed = enable && o->page && nested_overlay_place(gpa, o->page, access_of(o));
}
