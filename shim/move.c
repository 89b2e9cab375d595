/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested mode's kernels are mostly linked at 1 MB, and 1 MB is also where every boot loader can put
 * the shim. So it is loaded there and moves to the top of memory before anything refers to its
 * physical place. Its own addresses stay: only the page tables change. The 2 MB pages of the boot
 * page tables show it, so it moves by a multiple of 2 MB. Boot only.
 */
#include "shim/shim.h"

#define STEP (2ull << 20)

uint64_t image_moved;

extern uint64_t boot_pml4[512], boot_pdpt[512], boot_image_pdpt[512], boot_image_pd[512];
extern char boot_stack[], boot_stack_end[];

/* The same variable in the copy, by the direct map. */
static TW_INIT uint64_t *copy_of(const void *p, uint64_t by)
{
	return hw_phys(image_pa(p) + by);
}

/* Page tables in the copy, for the copy. Low memory and the direct map are as before. */
static TW_INIT void make_tables(uint64_t by)
{
	const uint64_t flags = PTE_P | PTE_W;
	uint64_t *root = copy_of(boot_pml4, by), *pdpt = copy_of(boot_pdpt, by);

	for (unsigned int i = 0; i < 4; i++)
		pdpt[i] += by;
	root[0] = root[SHIM_SLOT_DIRECT] = (image_pa(boot_pdpt) + by) | flags;
	root[SHIM_SLOT_IMAGE] = (image_pa(boot_image_pdpt) + by) | flags;
	copy_of(boot_image_pdpt, by)[0] = (image_pa(boot_image_pd) + by) | flags;
	for (unsigned int i = 0; i < 512; i++)
		copy_of(boot_image_pd, by)[i] = (by + i * STEP) | flags | PTE_PS;
}

/* Bring the copy's stack up to date and continue in the copy. */
static TW_INIT void switch_copy(uint64_t stack, uint64_t to, uint64_t size, uint64_t root)
{
	void *source = hw_phys(stack), *target = hw_phys(to);

	__asm__ volatile("rep movsb; movq %3, %%cr3"
			 : "+D"(target), "+S"(source), "+c"(size)
			 : "r"(root)
			 : "memory");
}

TW_INIT void image_move(void)
{
	uint64_t from = image_pa(image_start), stack = image_pa(boot_stack);
	uint64_t to = memory_place((uint64_t)(shim_end - image_start), STEP, from % STEP);
	uint64_t by = to - from;

	if (!to)
		return; /* no room: kernels that want this place will be refused */
	__builtin_memcpy(hw_phys(to), hw_phys(from), (uint64_t)(shim_end - image_start));
	make_tables(by);
	*copy_of(&image_moved, by) = by;
	/* The stack once more, and no write to it before the switch. */
	switch_copy(stack, stack + by, (uint64_t)(boot_stack_end - boot_stack), image_pa(boot_pml4) + by);
	tw_debug("moved from 0x%llx to 0x%llx", (unsigned long long)from, (unsigned long long)to);
}
