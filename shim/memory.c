/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Physical memory before the guest starts: which RAM there is, what the shim keeps, and what is left
 * for the guest. Boot only: the allocator is a list of free extents, and resident memory is cut from
 * the top of the largest one below 4 GB, so that the guest's part stays in few pieces.
 */
#include "shim/shim.h"

struct extent memory_free[TW_MAX_REGIONS] TW_INITDATA;
unsigned int memory_free_count TW_INITDATA;
uint64_t memory_top, memory_total;
uint64_t memory_resident, memory_tables;
struct extent memory_taken[8] TW_INITDATA;
unsigned int memory_taken_count TW_INITDATA;

#define LOW_MEMORY 0x100000ull	  /* below 1 MB: left alone (trampoline, BIOS data) */
#define LOW_4G	   0x100000000ull /* the boot page tables show this much */

static TW_INIT void remove_index(unsigned int i)
{
	memory_free_count--;
	for (; i < memory_free_count; i++)
		memory_free[i] = memory_free[i + 1];
}

static TW_INIT void insert(uint64_t base, uint64_t end)
{
	unsigned int i;

	base = TW_ALIGN_UP(base, TW_PAGE_SIZE);
	end &= TW_PAGE_MASK;
	if (base >= end)
		return;
	if (memory_free_count == TW_ARRAY_SIZE(memory_free)) {
		tw_warn("memory map has too many pieces; %llu KB stay unused",
			(unsigned long long)(end - base) >> 10);
		return;
	}
	for (i = memory_free_count; i > 0 && memory_free[i - 1].base > base; i--)
		memory_free[i] = memory_free[i - 1];
	memory_free[i] = (struct extent){ base, end - base };
	memory_free_count++;
}

/* Cut [base, end) out of the free extents. */
static TW_INIT void reserve(uint64_t base, uint64_t end)
{
	if (base >= end)
		return; /* an empty module must not cut a piece in two */
	base &= TW_PAGE_MASK;
	end = TW_ALIGN_UP(end, TW_PAGE_SIZE);
	for (unsigned int i = 0; i < memory_free_count; i++) {
		struct extent e = memory_free[i];
		uint64_t e_end = e.base + e.size;

		if (end <= e.base || base >= e_end)
			continue;
		remove_index(i);
		if (e.base < base)
			insert(e.base, base);
		if (end < e_end)
			insert(end, e_end);
		i = (unsigned int)-1; /* look again from the start */
	}
}

TW_INIT void memory_release(uint64_t base, uint64_t size)
{
	insert(base, base + size);
	/* Join neighbours. */
	for (unsigned int i = 0; i + 1 < memory_free_count;) {
		if (memory_free[i].base + memory_free[i].size == memory_free[i + 1].base) {
			memory_free[i].size += memory_free[i + 1].size;
			remove_index(i + 1);
		} else {
			i++;
		}
	}
}

/* What is neither in the direct map nor beside the image cannot be read: say so before anybody tries. */
static TW_INIT void check_module(const struct tw_module *m, unsigned int number)
{
	uint64_t end = m->base + m->size, top = memory_top > LOW_4G ? memory_top : LOW_4G;

	if (!m->size)
		return;
	if (end < m->base || end > top)
		tw_fatal("boot module %u at 0x%llx lies beyond all memory; the boot loader's list is wrong",
			 number, (unsigned long long)m->base);
	if (m->base < image_pa(shim_end) && end > SHIM_LOAD)
		tw_fatal("boot module %u at 0x%llx lies over twoway itself; the boot loader's list is wrong",
			 number, (unsigned long long)m->base);
}

TW_INIT void memory_init(const struct tw_boot *boot)
{
	for (unsigned int i = 0; i < boot->regions_count; i++) {
		const struct tw_region *r = &boot->regions[i];

		if (r->type != TW_MEM_RAM)
			continue;
		if (r->base + r->size > SHIM_DIRECT_MAX) {
			tw_warn("RAM above %llu GB is not used", SHIM_DIRECT_MAX >> 30);
			continue;
		}
		insert(r->base, r->base + r->size);
		memory_total += r->size;
		if (r->base + r->size > memory_top)
			memory_top = r->base + r->size;
	}
	reserve(0, LOW_MEMORY);
	reserve(SHIM_LOAD, image_pa(shim_end));
	for (unsigned int i = 0; i < boot->modules_count; i++) {
		check_module(&boot->modules[i], i + 1);
		reserve(boot->modules[i].base, boot->modules[i].base + boot->modules[i].size);
	}
	if (memory_free_count == 0)
		tw_fatal("too little memory: %llu KB of RAM and nothing is left beside the boot modules; "
			 "give the VM more",
			 (unsigned long long)memory_total >> 10);
	memory_resident = image_pa(kept_end) - image_pa(kept_start);
}

/* The largest free extent whose start lies below 4 GB, by its part below 4 GB. */
static TW_INIT struct extent *largest_low(void)
{
	struct extent *best = NULL;
	uint64_t best_size = 0;

	for (unsigned int i = 0; i < memory_free_count; i++) {
		struct extent *e = &memory_free[i];
		uint64_t end = e->base + e->size < LOW_4G ? e->base + e->size : LOW_4G;

		if (e->base < end && end - e->base > best_size) {
			best = e;
			best_size = end - e->base;
		}
	}
	return best;
}

TW_INIT uint64_t memory_place(uint64_t bytes, uint64_t step, uint64_t remainder)
{
	struct extent *e = largest_low();
	uint64_t end, pa;

	if (!e)
		return 0;
	end = e->base + e->size < LOW_4G ? e->base + e->size : LOW_4G;
	if (end - e->base < bytes + 2 * step)
		return 0;
	pa = ((end - bytes - remainder) & ~(step - 1)) + remainder;
	reserve(pa, pa + bytes);
	return pa;
}

/* Remember what was given; it grows downwards, so pieces mostly join. */
static TW_INIT void record(uint64_t pa, uint64_t size)
{
	struct extent *last = memory_taken_count ? &memory_taken[memory_taken_count - 1] : NULL;

	if (last && pa + size == last->base) {
		last->base = pa;
		last->size += size;
	} else if (memory_taken_count < TW_ARRAY_SIZE(memory_taken)) {
		memory_taken[memory_taken_count++] = (struct extent){ pa, size };
	} else {
		tw_fatal("the memory map has too many pieces for the shim");
	}
}

TW_INIT uint64_t memory_take(uint64_t pages)
{
	struct extent *e = largest_low();
	uint64_t size = pages << TW_PAGE_SHIFT, end, pa;

	if (!e || e->size < size)
		tw_fatal("too little memory: %llu KB more are needed for the shim; give the VM more",
			 (unsigned long long)size >> 10);
	end = e->base + e->size < LOW_4G ? e->base + e->size : LOW_4G;
	if (end - e->base < size)
		tw_fatal("too little memory below 4 GB: %llu KB more are needed for the shim",
			 (unsigned long long)size >> 10);
	pa = end - size;
	reserve(pa, end);
	record(pa, size);
	__builtin_memset(hw_phys(pa), 0, size);
	memory_resident += size;
	return pa;
}

TW_INIT uint64_t memory_take_tables(uint64_t pages)
{
	memory_tables += pages << TW_PAGE_SHIFT;
	return memory_take(pages);
}

TW_INIT uint64_t memory_scratch(uint64_t bytes)
{
	static uint64_t used TW_INITDATA; /* from the end of the extent down */
	struct extent *e = largest_low();
	uint64_t end;

	bytes = TW_ALIGN_UP(bytes, TW_PAGE_SIZE);
	if (!e)
		return 0;
	end = e->base + e->size < LOW_4G ? e->base + e->size : LOW_4G;
	if (end - e->base < used || end - e->base - used < bytes)
		return 0;
	used += bytes;
	return end - used;
}
