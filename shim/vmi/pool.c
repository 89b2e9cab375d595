/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Pages for what host sides share with a hypervisor, behind all else of the ROM. Physically aligned,
 * wherever the BIOS put the ROM. When there is no more, the host side in question cannot be used.
 */
#include "shim/vmi/rom.h"
#include "twoway/attr.h"

static uint32_t next, last; /* linear */

void rom_pool_init(void)
{
	next = TW_ALIGN_UP((uint32_t)rom_bss_end, 4096u);
	last = rom_base + rom_length();
}

static void *take(unsigned int pages, uint64_t *pa)
{
	void *start = (void *)next;

	if (next > last || pages > (last - next) / 4096)
		rom_give_up();
	next += pages * 4096;
	*pa = (uint32_t)start - rom_offset;
	return start;
}

void *tw_host_pages(unsigned int pages, uint64_t *pa)
{
	void *start = take(pages, pa);

	return __builtin_memset(start, 0, pages * 4096);
}

/* After a first vmi_init Xen's shared_info is still here, and Xen writes the wall clock into it only once. */
void *tw_host_overlay_page(uint64_t *pa)
{
	return take(1, pa);
}

void *tw_host_code_page(uint64_t *pa)
{
	return tw_host_pages(1, pa);
}
