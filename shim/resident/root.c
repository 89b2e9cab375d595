/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Page-table roots of the guest: the shim's slots in them, and switching to them. */
#include "shim/resident/resident.h"

void resident_root_adopt(uint64_t *l4, bool user)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(paging_slots); i++) {
		if (!paging_slots[i])
			continue;
		/* A root for user mode shows the entry areas and nothing else of the shim. */
		if (user && SHIM_SLOT_M2P + i != SHIM_SLOT_ENTRY)
			continue;
		l4[SHIM_SLOT_M2P + i] = paging_slots[i];
	}
}

void resident_load_root(struct tw_vcpu *v, uint64_t mfn)
{
	uint64_t *l4 = hw_phys(mfn << TW_PAGE_SHIFT);

	if (tw_unlikely(l4[SHIM_SLOT_IMAGE] != paging_slots[SHIM_SLOT_IMAGE - SHIM_SLOT_M2P]))
		resident_root_adopt(l4, false);
	((struct resident_data *)v)->kernel_cr3 = mfn << TW_PAGE_SHIFT;
	hw_write_cr3(mfn << TW_PAGE_SHIFT);
}

void resident_load_user_root(struct tw_vcpu *v, uint64_t mfn)
{
	if (mfn && options.pti)
		resident_root_adopt(hw_phys(mfn << TW_PAGE_SHIFT), true);
	((struct resident_data *)v)->user_cr3 = mfn << TW_PAGE_SHIFT;
}

void resident_load_user_gs(uint16_t selector)
{
	uint32_t value = selector;

	hw_swapgs();
	__asm__ volatile("1: mov %0, %%gs\n"
			 "2:\n"
			 ".pushsection .fixup, \"ax\"\n"
			 "3: xor %0, %0\n"
			 "   jmp 1b\n"
			 ".popsection\n"
			 ".pushsection .ex_table, \"a\"\n"
			 ".quad 1b, 3b\n"
			 ".popsection"
			 : "+r"(value)
			 :
			 : "memory");
	hw_swapgs();
}
