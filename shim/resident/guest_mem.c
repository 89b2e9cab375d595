/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Guest frames and addresses as guest sides name them. The copies themselves are in copy.S. */
#include "shim/resident/resident.h"
#include "twoway/guest_mem.h"

void *tw_guest_frame(uint64_t mfn)
{
	/* One load tells: the public table holds M2P_INVALID for all that is not the guest's. */
	if (tw_unlikely(mfn >= m2p_frames || ((const uint64_t *)SHIM_M2P)[mfn] == M2P_INVALID))
		return NULL;
	return hw_phys(mfn << TW_PAGE_SHIFT);
}

void tw_guest_frame_number(uint64_t mfn, uint64_t pfn)
{
	m2p_set(mfn, pfn);
}

uint64_t tw_guest_va_to_pa(uint64_t va)
{
	uint64_t entry = hw_read_cr3(), offset = va & ~TW_PAGE_MASK;

	for (unsigned int level = 4; level-- > 0;) {
		const uint64_t *table = tw_guest_frame((entry & PTE_ADDR) >> TW_PAGE_SHIFT);

		if (!table)
			return ~0ull;
		entry = table[va >> (12 + 9 * level) & 511];
		if (!(entry & PTE_P))
			return ~0ull;
		if (level && entry & PTE_PS) {
			uint64_t mask = (1ull << (12 + 9 * level)) - 1;

			return (entry & PTE_ADDR & ~mask) | (va & mask);
		}
	}
	return tw_guest_frame((entry & PTE_ADDR) >> TW_PAGE_SHIFT) ? (entry & PTE_ADDR) | offset : ~0ull;
}
