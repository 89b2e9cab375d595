/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Overlay pages: a page of the shim over one of the guest's, for all CPUs. What lies below is not
 * touched and comes back. Of several over one page the newest shows.
 */
#include "shim/nested/nested.h"

#define OVERLAYS (3 * TW_MAX_CPUS + 8) /* each CPU has three, the partition two */

static struct overlay {
	uint64_t gpa; /* page-aligned */
	void *page;
	uint8_t access;
} overlays[OVERLAYS];
static volatile unsigned int overlays_count;
static struct tw_lock lock;

static const struct overlay *find(uint64_t gpa)
{
	for (unsigned int i = overlays_count; i-- > 0;)
		if (overlays[i].gpa == gpa)
			return &overlays[i];
	return NULL;
}

void *nested_overlay_find(uint64_t gpa)
{
	const struct overlay *o = find(gpa);

	return o ? o->page : NULL;
}

static bool is_apic(uint64_t gpa)
{
	return gpa == nested_apic_pa;
}

static bool show(uint64_t gpa)
{
	static const uint64_t flags[] = {
		[NESTED_OVERLAY_RX] = NPT_RAM & ~PTE_W,
		[NESTED_OVERLAY_R] = (NPT_RAM & ~PTE_W) | PTE_NX,
		[NESTED_OVERLAY_RW] = NPT_RAM | PTE_NX,
	};
	const struct overlay *o = find(gpa);

	return nested_npt_set(gpa, o ? nested_page_pa(o->page) | flags[o->access] : nested_npt_identity(gpa));
}

static void take_out(uint64_t gpa, void *page)
{
	unsigned int i = 0;

	while (i < overlays_count && (overlays[i].gpa != gpa || overlays[i].page != page))
		i++;
	if (i == overlays_count)
		return;
	for (; i + 1 < overlays_count; i++)
		overlays[i] = overlays[i + 1];
	overlays_count--;
}

bool nested_overlay_place(uint64_t gpa, void *page, enum nested_overlay_access access)
{
	bool good;

	if (gpa & ~TW_PAGE_MASK || gpa >= nested_gpa_limit || is_apic(gpa) ||
	    nested_memory_touches_shim(gpa, TW_PAGE_SIZE))
		return false;
	tw_lock(&lock);
	take_out(gpa, page);
	good = overlays_count < OVERLAYS;
	if (good) {
		overlays[overlays_count] = (struct overlay){ gpa, page, (uint8_t)access };
		overlays_count++;
		good = show(gpa);
		if (!good)
			overlays_count--;
	}
	tw_unlock(&lock);
	if (good)
		nested_tlb_flush(~0ull);
	return good;
}

void nested_overlay_remove(uint64_t gpa, void *page)
{
	tw_lock(&lock);
	take_out(gpa, page);
	show(gpa);
	tw_unlock(&lock);
	nested_tlb_flush(~0ull);
}
