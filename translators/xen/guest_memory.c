/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * memory_op (xen/memory.h): the guest's memory map and its balloon. Frames that the guest returns
 * are kept in a list that runs through the frames themselves, and are handed out again on request;
 * nothing else could use them.
 */
#include "guest.h"

#include <xen/memory.h>

#define CMD(a) ((unsigned int)(a) & 0x3f) /* the rest is Xen's continuation of long calls */

static struct tw_lock balloon_lock;
static uint64_t balloon_first; /* machine frame + 1; 0 = empty. The next one stands in the frame. */
static uint64_t balloon_pages;

static uint64_t *frame_link(uint64_t mfn)
{
	return hw_phys(mfn << TW_PAGE_SHIFT);
}

static long read_reservation(uint64_t arg, struct xen_memory_reservation *r)
{
	if (tw_copy_from_guest(r, arg, sizeof(*r)))
		return -XEN_EFAULT;
	return xen_self_check(r->domid);
}

static bool lies_in(const void *p, const uint8_t *page)
{
	return (uintptr_t)p - (uintptr_t)page < TW_PAGE_SIZE;
}

/*
 * The shim writes to these at any time, and would write into the list. Xen keeps such frames, too, by
 * its own reference to them.
 */
static bool in_use(const uint8_t *page)
{
	for (unsigned int i = 0; i < xen_domain.vcpus; i++)
		if (lies_in(xen_vcpus[i]->info, page) || lies_in(xen_vcpus[i]->time_area, page))
			return true;
	return lies_in(xen_domain.console, page) || lies_in(xen_domain.store, page);
}

/* decrease_reservation: take back single frames by machine number; returns how many. */
static long decrease(uint64_t arg)
{
	struct xen_memory_reservation r;
	uint64_t mfn, i;
	bool own;
	long rc = read_reservation(arg, &r);

	if (rc)
		return rc;
	for (i = 0; i < r.nr_extents && r.extent_order == 0; i++) {
		if (tw_copy_from_guest(&mfn, (uint64_t)r.extent_start.p + i * 8, 8))
			break;
		tw_lock(&balloon_lock);
		/* Under the lock: a frame that two CPUs return at once is returned once. */
		own = tw_guest_frame(mfn) && !in_use(tw_guest_frame(mfn));
		if (own) {
			*frame_link(mfn) = balloon_first;
			balloon_first = mfn + 1;
			balloon_pages++;
			tw_guest_frame_number(mfn, ~0ull);
		}
		tw_unlock(&balloon_lock);
		if (!own)
			break;
	}
	return (long)i;
}

/* populate_physmap: give frames for guest-physical numbers; returns how many there were. */
static long populate(uint64_t arg)
{
	struct xen_memory_reservation r;
	uint64_t pfn, mfn, i;
	long rc = read_reservation(arg, &r);

	if (rc)
		return rc;
	for (i = 0; i < r.nr_extents && r.extent_order == 0; i++) {
		if (tw_copy_from_guest(&pfn, (uint64_t)r.extent_start.p + i * 8, 8) || pfn == ~0ull)
			break;
		tw_lock(&balloon_lock);
		mfn = balloon_first;
		if (mfn) {
			balloon_first = *frame_link(mfn - 1);
			balloon_pages--;
			__builtin_memset(frame_link(mfn - 1), 0, TW_PAGE_SIZE);
			tw_guest_frame_number(mfn - 1, pfn);
		}
		tw_unlock(&balloon_lock);
		if (!mfn)
			break;
		mfn--;
		if (tw_copy_to_guest((uint64_t)r.extent_start.p + i * 8, &mfn, 8))
			break;
	}
	return (long)i;
}

/* One region from 0 on: what a domain builder gives a PV guest. Holes of the machine do not show. */
static long memory_map(uint64_t arg)
{
	struct xen_memory_map map;
	struct {
		uint64_t address, size;
		uint32_t type;
	} __attribute__((packed)) e820 = { 0, xen_domain.max_pages << TW_PAGE_SHIFT, 1 };

	if (tw_copy_from_guest(&map, arg, sizeof(map)))
		return -XEN_EFAULT;
	if (map.nr_entries < 1)
		return -XEN_EINVAL;
	map.nr_entries = 1;
	if (tw_copy_to_guest((uint64_t)map.buffer.p, &e820, sizeof(e820)) ||
	    tw_copy_to_guest(arg, &map, sizeof(map)))
		return -XEN_EFAULT;
	return 0;
}

static long machphys_mapping(uint64_t arg)
{
	struct xen_machphys_mapping m = {
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = xen_domain.max_mfn,
	};

	return tw_copy_to_guest(arg, &m, sizeof(m)) ? -XEN_EFAULT : 0;
}

long xen_memory_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		   struct xen_vcpu *v)
{
	switch (CMD(a1)) {
	case XENMEM_memory_map:
		xen_count(v, XEN_CALL_MEMORY_MAP);
		return memory_map(a2);
	case XENMEM_machphys_mapping:
		xen_count(v, XEN_CALL_MEMORY_INFO);
		return machphys_mapping(a2);
	case XENMEM_maximum_ram_page:
		xen_count(v, XEN_CALL_MEMORY_INFO);
		return (long)xen_domain.max_mfn;
	case XENMEM_current_reservation:
		xen_count(v, XEN_CALL_MEMORY_INFO);
		return (long)(xen_domain.max_pages - balloon_pages);
	case XENMEM_maximum_reservation:
		xen_count(v, XEN_CALL_MEMORY_INFO);
		return (long)xen_domain.max_pages;
	case XENMEM_decrease_reservation:
		xen_count(v, XEN_CALL_MEMORY_RESERVATION);
		return decrease(a2);
	case XENMEM_increase_reservation:
		xen_count(v, XEN_CALL_MEMORY_RESERVATION);
		return 0; /* extents done: a PV guest that auto-translates nothing cannot use more */
	case XENMEM_populate_physmap:
		xen_count(v, XEN_CALL_MEMORY_RESERVATION);
		return populate(a2);
	}
	return xen_missing("memory_op", __HYPERVISOR_memory_op, CMD(a1));
}
