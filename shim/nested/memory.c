/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whose memory is what: the ranges that the shim keeps (resident image, and all that memory_take()
 * gave), and RAM. Everything nested mode needs is taken before the guest's map is made.
 */
#include "shim/nested/nested.h"

#define RANGES 32

static struct nested_range shim_range[RANGES], ram_range[RANGES];
static unsigned int shim_count, ram_count;
static struct nested_range shim_all = { ~0ull, 0 }; /* from the first of the shim's to the last */

static TW_INIT void add(struct nested_range *list, unsigned int *count, uint64_t base, uint64_t end)
{
	if (*count && list[*count - 1].end == base) {
		list[*count - 1].end = end;
		return;
	}
	if (*count == RANGES)
		tw_fatal("the memory map has too many pieces for nested mode");
	list[(*count)++] = (struct nested_range){ base, end };
}

TW_INIT void nested_memory_init(const struct tw_boot *boot)
{
	for (unsigned int i = 0; i < boot->regions_count; i++)
		if (boot->regions[i].type == TW_MEM_RAM)
			add(ram_range, &ram_count, boot->regions[i].base,
			    boot->regions[i].base + boot->regions[i].size);
}

/* The shim's from now on: all that memory_take() gave so far, and what it uses of the image. No more will be. */
TW_INIT void nested_memory_close(void)
{
	struct extent kept = { 0, 0 };

	while (image_next_kept(&kept))
		add(shim_range, &shim_count, kept.base, kept.base + kept.size);
	for (unsigned int i = 0; i < memory_taken_count; i++)
		add(shim_range, &shim_count, memory_taken[i].base, memory_taken[i].base + memory_taken[i].size);
	memory_resident = 0;
	for (unsigned int i = 0; i < shim_count; i++) {
		if (shim_range[i].base < shim_all.base)
			shim_all.base = shim_range[i].base;
		if (shim_range[i].end > shim_all.end)
			shim_all.end = shim_range[i].end;
		memory_resident += shim_range[i].end - shim_range[i].base;
	}
}

bool nested_memory_touches_shim(uint64_t gpa, uint64_t bytes)
{
	uint64_t end = gpa + bytes;

	if (gpa >= shim_all.end || end <= shim_all.base) /* mostly */
		return false;
	for (unsigned int i = 0; i < shim_count; i++)
		if (gpa < shim_range[i].end && end > shim_range[i].base)
			return true;
	return false;
}

bool nested_memory_is_ram(uint64_t gpa, uint64_t bytes)
{
	for (unsigned int i = 0; i < ram_count; i++)
		if (gpa >= ram_range[i].base && gpa < ram_range[i].end && bytes <= ram_range[i].end - gpa)
			return true;
	return false;
}

void *nested_gpa(uint64_t gpa, unsigned int bytes)
{
	uint8_t *overlay;

	if (bytes > TW_PAGE_SIZE || (gpa & ~TW_PAGE_MASK) + bytes > TW_PAGE_SIZE || gpa >= nested_gpa_limit)
		return NULL;
	overlay = nested_overlay_find(gpa & TW_PAGE_MASK);
	if (overlay)
		return overlay + (gpa & ~TW_PAGE_MASK);
	if (!nested_memory_is_ram(gpa, bytes) || nested_memory_touches_shim(gpa, bytes))
		return NULL;
	return hw_phys(gpa);
}

TW_INIT void *nested_overlay_pages(unsigned int pages)
{
	return hw_phys(memory_take_tables(pages));
}

TW_INIT void *nested_pages(unsigned int pages)
{
	return hw_phys(memory_take(pages));
}

TW_INIT bool nested_memory_next_shim(uint64_t base, uint64_t end, uint64_t *from, uint64_t *to)
{
	bool found = false;

	for (unsigned int i = 0; i < shim_count; i++) {
		uint64_t b = shim_range[i].base > base ? shim_range[i].base : base;
		uint64_t e = shim_range[i].end < end ? shim_range[i].end : end;

		if (b < e && (!found || b < *from)) {
			*from = b;
			*to = e;
			found = true;
		}
	}
	return found;
}
