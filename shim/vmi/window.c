/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ROM's own mappings: 16 MB of linear addresses from virtual_top on, which the guest leaves to the ROM,
 * as large pages in the page directory that is loaded at vmi_init. So they need no memory; a guest's
 * other directories have the kernel's part in common with that one, as Linux's do. Low memory is
 * reached the way the guest mapped it, as the ROM itself is. Without paging at vmi_init everything is
 * where it is.
 */
#include "shim/vmi/rom.h"
#include "twoway/attr.h"

#define CR0_PG	   (1u << 31)
#define CR4_PSE	   (1u << 4)
#define CR4_PAE	   (1u << 5)
#define PRESENT	   1u
#define LARGE	   0xe3u /* present, writable, accessed, dirty, large; the kernel's */
#define UNCACHED   0x18u
#define LOW_MEMORY 0x100000u
#define DEVICES	   0xc0000000u /* above may be devices, and tables do not mind */
#define PIECES_MAX 8

static bool paging, pae;
static uint32_t *entries; /* of the page directory, for the window */
static uint64_t piece_pa[PIECES_MAX];
static unsigned int pieces; /* in use, from 0 on */

static void *low(uint32_t pa)
{
	return (void *)(rom_offset + pa);
}

static uint32_t piece_size(void)
{
	return pae ? 0x200000 : 0x400000;
}

static uint32_t piece_va(unsigned int piece)
{
	return ROM_VIRTUAL_TOP + piece * piece_size();
}

/* The page directory's entries for the window. NULL: the guest's tables end before. */
static uint32_t *directory_entries(void)
{
	uint32_t cr3 = (uint32_t)hw_read_cr3();
	uint32_t *pointers;

	if (!pae)
		return (uint32_t *)low(cr3 & ~0xfffu) + (ROM_VIRTUAL_TOP >> 22);
	pointers = low(cr3 & ~0x1fu);
	if (!(pointers[6] & PRESENT) || pointers[7])
		return NULL;
	return (uint32_t *)low(pointers[6] & ~0xfffu) + 2 * (ROM_VIRTUAL_TOP >> 21 & 0x1ff);
}

int rom_window_init(void)
{
	uint32_t cr4 = (uint32_t)hw_read_cr4();

	pieces = 0;
	paging = hw_read_cr0() & CR0_PG;
	pae = cr4 & CR4_PAE;
	if (!paging)
		return 0;
	entries = directory_entries();
	if (!entries)
		return -1;
	/* Nobody's, or ours from an earlier vmi_init: large pages. */
	for (unsigned int i = 0; i < ROM_WINDOW_SIZE / piece_size(); i++)
		if (entries[pae ? 2 * i : i] & PRESENT && !(entries[pae ? 2 * i : i] & 0x80))
			return -1;
	if (!pae)
		hw_write_cr4(cr4 | CR4_PSE);
	return 0;
}

static void map(unsigned int piece, uint64_t pa)
{
	uint32_t low_word = (uint32_t)pa | LARGE | (pa >= DEVICES ? UNCACHED : 0);

	piece_pa[piece] = pa;
	if (pae) {
		entries[2 * piece] = 0;
		entries[2 * piece + 1] = (uint32_t)(pa >> 32);
		entries[2 * piece] = low_word;
	} else {
		entries[piece] = low_word;
	}
	hw_invlpg(piece_va(piece));
}

void *hw_phys_map(uint64_t pa, uint64_t len)
{
	uint32_t size = piece_size(), offset = (uint32_t)pa & (size - 1);
	uint64_t first = pa - offset;
	unsigned int count = 1 + (offset + len > size), piece;

	if (!paging)
		return (void *)(uint32_t)pa;
	if (pa + len <= LOW_MEMORY)
		return low((uint32_t)pa);
	if (len > size || (!pae && pa + len > 1ull << 32))
		return NULL;
	for (piece = 0; piece < pieces; piece++)
		if (piece_pa[piece] == first &&
		    (count == 1 || (piece + 1 < pieces && piece_pa[piece + 1] == first + size)))
			return (void *)(piece_va(piece) + offset);
	if ((pieces + count) * size > ROM_WINDOW_SIZE)
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		map(pieces++, first + (uint64_t)i * size);
	return (void *)(piece_va(piece) + offset);
}
