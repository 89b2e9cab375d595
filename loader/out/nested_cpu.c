/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The two CPU states in which guests start. Both have a GDT in memory with a flat code segment at
 * 0x10 and a flat data segment at 0x18: Linux asks for exactly these
 * (Documentation/arch/x86/boot.rst), and Multiboot and PVH, which ask for flat segments only, do
 * not mind. The task register's hidden part is a busy TSS, because PVH asks for one and VMX does
 * not enter a guest without.
 */
#include <string.h>

#include "nested_start.h"

#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18

#define CR0_PE	 0x1ull
#define CR0_ET	 0x10ull
#define CR0_PG	 0x80000000ull
#define CR4_PAE	 0x20ull
#define EFER_LME 0x100ull
#define EFER_LMA 0x400ull
#define RFLAGS_1 0x2ull /* the bit that is always set */

/* Attributes in SVM's packed form: granularity 4 KB, present, accessed. */
#define ATTR_CODE32 0xc9b
#define ATTR_CODE64 0xa9b
#define ATTR_DATA   0xc93
#define ATTR_TSS    0x08b /* busy 32-bit or 64-bit TSS */
#define TSS_LIMIT   0x67

#define PAGE_TABLE (0x1ull | 0x2ull)	       /* present, writable */
#define PAGE_2M	   (0x1ull | 0x2ull | 0x80ull) /* and large */
#define TABLES	   6			       /* root, its first 512 GB, and 4 of 1 GB each */
#define ENTRIES	   512

/* The descriptor of a flat segment from its attributes. */
static uint64_t flat(uint16_t attr)
{
	return 0xffffull | (uint64_t)(attr & 0xff) << 40 | 0xfull << 48 |
	       (uint64_t)(attr >> 8) << 52;
}

static int make_segments(struct placement *p, struct nested_image_start *start, uint16_t code,
			 const char **why)
{
	void *data;
	int rc = placement_alloc(p, TW_PAGE_SIZE, &start->gdt_base, &data, why);
	const uint64_t gdt[] = {0, 0, flat(code), flat(ATTR_DATA)};

	if (rc)
		return rc;
	memcpy(data, gdt, sizeof(gdt));
	start->gdt_limit = sizeof(gdt) - 1;
	start->cs = (struct nested_image_segment){
	    .selector = SELECTOR_CODE, .attr = code, .limit = UINT32_MAX};
	start->data = (struct nested_image_segment){
	    .selector = SELECTOR_DATA, .attr = ATTR_DATA, .limit = UINT32_MAX};
	start->tr = (struct nested_image_segment){.attr = ATTR_TSS, .limit = TSS_LIMIT};
	start->cr0 = CR0_PE | CR0_ET;
	start->rflags = RFLAGS_1;
	return 0;
}

int nested_start_flat(struct placement *p, struct nested_image_start *start, uint32_t entry,
		      const char **why)
{
	start->rip = entry;
	return make_segments(p, start, ATTR_CODE32, why);
}

static int make_page_tables(struct placement *p, uint64_t *root, const char **why)
{
	void *data;
	int rc = placement_alloc(p, TABLES * TW_PAGE_SIZE, root, &data, why);
	uint64_t *table = data;

	if (rc)
		return rc;
	table[0] = (*root + TW_PAGE_SIZE) | PAGE_TABLE;
	for (uint64_t i = 0; i < 4; i++)
		table[ENTRIES + i] = (*root + (2 + i) * TW_PAGE_SIZE) | PAGE_TABLE;
	for (uint64_t i = 0; i < 4 * ENTRIES; i++)
		table[2 * ENTRIES + i] = i << 21 | PAGE_2M;
	return 0;
}

int nested_start_long(struct placement *p, struct nested_image_start *start, uint64_t entry,
		      const char **why)
{
	int rc = make_segments(p, start, ATTR_CODE64, why);

	start->rip = entry;
	start->long_mode = true;
	start->cr0 |= CR0_PG;
	start->cr4 = CR4_PAE;
	start->efer = EFER_LME | EFER_LMA;
	return rc ? rc : make_page_tables(p, &start->cr3, why);
}
