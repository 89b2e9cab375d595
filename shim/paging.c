/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The shim's own page tables, in the L4 slots that Xen's ABI reserves for the hypervisor. They are
 * made once; guests get them by copying a few L4 entries into each of their roots. Everything is
 * supervisor only, and nothing but the entry code and the image's text can be executed.
 */
#include "shim/shim.h"

uint64_t paging_slots[SHIM_SLOT_END - SHIM_SLOT_M2P];
uint64_t paging_root;

#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & 511)

static TW_INIT uint64_t *table(uint64_t *entry)
{
	if (!(*entry & PTE_P))
		*entry = memory_take_tables(1) | PTE_P | PTE_W | PTE_A;
	return hw_phys(*entry & PTE_ADDR);
}

/* The page-table entry of va at level (0 = 4 KB, 1 = 2 MB, 2 = 1 GB), made if need be. */
static TW_INIT uint64_t *entry_of(uint64_t va, unsigned int level)
{
	uint64_t *t = hw_phys(paging_root);

	for (unsigned int l = 3; l > level; l--)
		t = table(&t[INDEX(va, l)]);
	return &t[INDEX(va, level)];
}

TW_INIT void paging_map(uint64_t va, uint64_t pa, uint64_t flags)
{
	*entry_of(va, 0) = pa | flags | PTE_P | PTE_A | PTE_D;
}

/*
 * All RAM, with 1 GB pages where the CPU has them; below 4 GB everything, since the local APIC and
 * the firmware's tables are there (MTRRs and PAT make devices uncached; the APIC page is mapped so).
 */
static TW_INIT void map_direct(void)
{
	bool huge = hw_cpuid(0x80000001, 0).edx & (1u << 26);
	uint64_t top = memory_top > 0x100000000ull ? memory_top : 0x100000000ull;
	uint64_t step = huge ? 1ull << 30 : 1ull << 21;

	for (uint64_t pa = 0; pa < top; pa += step) {
		if (huge && pa != 0xc0000000ull)
			*entry_of(SHIM_DIRECT + pa, 2) =
				pa | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS | PTE_NX;
		else
			for (uint64_t p = pa; p < pa + step; p += 1ull << 21)
				*entry_of(SHIM_DIRECT + p, 1) =
					p | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS | PTE_NX |
					(p >= 0xfec00000ull && p < 0xff000000ull ? PTE_PCD | PTE_PWT
										 : 0);
	}
}

static TW_INIT void map_image(void)
{
	uint64_t va = (uint64_t)kept_start;

	for (; va < (uint64_t)rodata_start; va += TW_PAGE_SIZE)
		paging_map(va, image_pa((void *)va), 0);
	for (; va < (uint64_t)rodata_end; va += TW_PAGE_SIZE)
		paging_map(va, image_pa((void *)va), PTE_NX);
	for (; va < (uint64_t)kept_end; va += TW_PAGE_SIZE)
		paging_map(va, image_pa((void *)va), PTE_W | PTE_NX);
	/* Boot-only parts, until paging_forget_init(). */
	for (va = (uint64_t)init_start; va < (uint64_t)init_end; va += TW_PAGE_SIZE)
		paging_map(va, image_pa((void *)va), PTE_W);
	for (va = (uint64_t)kept_end; va < (uint64_t)shim_end; va += TW_PAGE_SIZE)
		paging_map(va, image_pa((void *)va), PTE_W | PTE_NX);
}

TW_INIT void paging_init(const struct tw_boot *boot)
{
	uint64_t *root;

	paging_root = memory_take_tables(1);
	map_direct();
	map_image();
	/* Make the other slots' tables exist, so that their L4 entries never change again. */
	entry_of(SHIM_M2P, 2);
	entry_of(SHIM_ENTRY, 2);
	root = hw_phys(paging_root);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(paging_slots); i++)
		paging_slots[i] = root[SHIM_SLOT_M2P + i];
	/* Low memory one to one while booting: the other CPUs start there. */
	root[0] = ((uint64_t *)hw_phys(hw_read_cr3()))[0];
	paging_use();
}

void paging_forget_init(void)
{
	uint64_t *t = hw_phys(paging_root);

	t[0] = 0;
	for (unsigned int l = 3; l > 0; l--)
		t = hw_phys(t[INDEX(SHIM_IMAGE, l)] & PTE_ADDR);
	for (unsigned int i = 0; i < 512; i++) {
		uint64_t va = SHIM_IMAGE + ((uint64_t)i << TW_PAGE_SHIFT);

		if (va < (uint64_t)kept_start || va >= (uint64_t)kept_end || image_unused(va))
			t[i] = 0;
	}
	paging_use();
}

void paging_use(void)
{
	hw_write_cr3(paging_root);
}

void paging_set(uint64_t va, uint64_t pte)
{
	uint64_t *t = hw_phys(paging_root);

	for (unsigned int l = 3; l > 0; l--)
		t = hw_phys(t[INDEX(va, l)] & PTE_ADDR);
	t[INDEX(va, 0)] = pte;
	hw_invlpg(va);
}
