/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The machine-to-physical table: for each machine frame the guest's own number of it. Xen's ABI
 * shows it read-only at 0xffff800000000000. Frames that are not the guest's hold M2P_INVALID, which
 * makes the table our test for "may the guest name this frame?" too: one load.
 *
 * Only parts that describe RAM are backed; all holes share one page of M2P_INVALID.
 */
#include "shim/shim.h"

#define PER_PAGE (TW_PAGE_SIZE / sizeof(uint64_t))

uint64_t m2p_frames;

/* The shim writes through the direct map: the public mapping is read-only. */
static uint64_t *pages_pa;

static TW_INIT bool any_ram(const struct tw_boot *boot, uint64_t first, uint64_t count)
{
	for (unsigned int i = 0; i < boot->regions_count; i++) {
		uint64_t base = boot->regions[i].base >> TW_PAGE_SHIFT;
		uint64_t end = base + (boot->regions[i].size >> TW_PAGE_SHIFT);

		if (boot->regions[i].type == TW_MEM_RAM && first < end && first + count > base)
			return true;
	}
	return false;
}

TW_INIT void m2p_init(const struct tw_boot *boot)
{
	uint64_t pages = (((memory_top + TW_PAGE_SIZE - 1) >> TW_PAGE_SHIFT) + PER_PAGE - 1) / PER_PAGE;
	uint64_t hole = memory_take(1), resident = memory_resident;
	uint64_t list = memory_take((pages * 8 + TW_PAGE_SIZE - 1) >> TW_PAGE_SHIFT);

	__builtin_memset(hw_phys(hole), 0xff, TW_PAGE_SIZE);
	pages_pa = hw_phys(list);
	m2p_frames = pages * PER_PAGE;
	for (uint64_t i = 0; i < pages; i++) {
		pages_pa[i] = hole;
		if (any_ram(boot, i * PER_PAGE, PER_PAGE)) {
			pages_pa[i] = memory_take(1);
			__builtin_memset(hw_phys(pages_pa[i]), 0xff, TW_PAGE_SIZE);
		}
		paging_map(SHIM_M2P + (i << TW_PAGE_SHIFT), pages_pa[i], PTE_NX);
	}
	memory_resident = resident; /* the table is part of Xen's ABI: reported apart */
}

void m2p_set(uint64_t mfn, uint64_t pfn)
{
	if (mfn < m2p_frames)
		((uint64_t *)hw_phys(pages_pa[mfn / PER_PAGE]))[mfn % PER_PAGE] = pfn;
}
