/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ROM's own mappings: 16 MB of linear addresses from virtual_top on, which the guest leaves to the ROM,
 * as large pages in the page directory that is loaded at vmi_init. So they need no memory; a guest's
 * other directories have the kernel's part in common with that one, as Linux's do. A guest may make all tables
 * anew, even with PAE where there was none (Linux up to 2.6.24 with PAE): so who uses the window looks first. Low
 * memory is reached the way the guest mapped it, as the ROM itself is. Without paging at vmi_init everything is
 * where it is.
 */
#include "shim/vmi/rom.h"
#include "twoway/attr.h"

#define CR0_PG	   (1u << 31)
#define CR4_PSE	   (1u << 4)
#define CR4_PAE	   (1u << 5)
#define PRESENT	   1u
#define LARGE_PAGE 0x80u
#define LARGE	   0xe3u /* present, writable, accessed, dirty, large; the kernel's */
#define UNCACHED   0x18u
#define LOW_MEMORY 0x100000u
#define DEVICES	   0xc0000000u /* above may be devices, and tables do not mind */
#define PIECE	   0x400000u	/* one entry, or two with PAE */
#define PIECES_MAX (ROM_WINDOW_SIZE / PIECE)

static bool paging, pae, settled;
static uint64_t piece_pa[PIECES_MAX];
static unsigned int pieces; /* in use, from 0 on */

static void *low(uint32_t pa)
{
	return (void *)(rom_offset + pa);
}

static uint32_t piece_va(unsigned int piece)
{
	return ROM_VIRTUAL_TOP + piece * PIECE;
}

/* Reading CR4 is an exit on KVM with SVM; reading CR3 is none where there are nested page tables. */
static void look(void)
{
	if (!settled)
		pae = hw_read_cr4() & CR4_PAE;
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

/* The first word of a piece's entry, or of the first of its two. */
static uint32_t *entry_of(uint32_t *entries, unsigned int piece)
{
	return entries + (pae ? 4 : 1) * piece;
}

int rom_window_init(void)
{
	uint32_t *entries;

	pieces = 0;
	paging = hw_read_cr0() & CR0_PG;
	settled = false;
	look();
	if (!paging)
		return 0;
	entries = directory_entries();
	if (!entries)
		return -1;
	/* Nobody's, or ours from an earlier vmi_init: large pages. */
	for (unsigned int i = 0; i < PIECES_MAX; i++) {
		uint32_t entry = *entry_of(entries, i);

		if (entry & PRESENT && !(entry & LARGE_PAGE))
			return -1;
	}
	if (!pae)
		hw_write_cr4(hw_read_cr4() | CR4_PSE);
	return 0;
}

static void map(uint32_t *entries, unsigned int piece)
{
	uint64_t pa = piece_pa[piece];
	uint32_t *entry = entry_of(entries, piece), count = pae ? 2 : 1;

	for (uint32_t i = 0; i < count; i++, pa += PIECE / 2) {
		if (count == 2)
			entry[2 * i + 1] = (uint32_t)(pa >> 32);
		entry[2 * i] = (uint32_t)pa | LARGE | (pa >= DEVICES ? UNCACHED : 0);
	}
	hw_invlpg(piece_va(piece));
	hw_invlpg(piece_va(piece) + PIECE / 2);
}

void rom_window_settle(void)
{
	settled = true;
}

void rom_window_check(void)
{
	uint32_t *entries;

	if (!paging)
		return;
	look();
	entries = directory_entries();
	if (!entries || *entries & PRESENT)
		return;
	for (unsigned int i = 0; i < pieces; i++)
		map(entries, i);
}

void *hw_phys_map(uint64_t pa, uint64_t len)
{
	uint32_t offset = (uint32_t)pa & (PIECE - 1);
	uint64_t first = pa - offset;
	unsigned int count = 1 + (offset + len > PIECE), piece;

	if (!paging)
		return (void *)(uint32_t)pa;
	if (pa + len <= LOW_MEMORY)
		return low((uint32_t)pa);
	if (len > PIECE || (!pae && pa + len > 1ull << 32))
		return NULL;
	rom_window_check();
	for (piece = 0; piece < pieces; piece++)
		if (piece_pa[piece] == first &&
		    (count == 1 || (piece + 1 < pieces && piece_pa[piece + 1] == first + PIECE)))
			return (void *)(piece_va(piece) + offset);
	if (pieces + count > PIECES_MAX)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		piece_pa[pieces] = first + (uint64_t)i * PIECE;
		map(directory_entries(), pieces++);
	}
	return (void *)(piece_va(piece) + offset);
}
