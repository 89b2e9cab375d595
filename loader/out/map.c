/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The firmware's memory map, on its way to a guest: put in order, and with something of ours cut out. */
#include <string.h>

#include "twoway/vmi_rom.h"

void tw_map_sort(struct tw_boot *boot)
{
	for (unsigned int i = 1; i < boot->regions_count; i++)
		for (unsigned int j = i; j > 0 && boot->regions[j - 1].base > boot->regions[j].base;
		     j--) {
			struct tw_region t = boot->regions[j];

			boot->regions[j] = boot->regions[j - 1];
			boot->regions[j - 1] = t;
		}
}

/* A map that grows up to its limit; count goes beyond it when there is no room. */
struct growing {
	unsigned int count;
	struct tw_region r[TW_MAX_REGIONS];
};

static void add(struct growing *map, uint64_t base, uint64_t end, uint32_t type)
{
	if (base >= end)
		return;
	if (map->count < TW_MAX_REGIONS)
		map->r[map->count] = (struct tw_region){base, end - base, type};
	map->count++;
}

bool tw_map_reserve(struct tw_boot *boot, uint64_t base, uint64_t size)
{
	static struct growing map; /* large, and boot only */
	uint64_t end = base + size;
	bool done = false;

	map.count = 0;
	for (unsigned int i = 0; i < boot->regions_count; i++) {
		const struct tw_region *r = &boot->regions[i];
		uint64_t r_end = r->base + r->size;

		add(&map, r->base, r_end < base ? r_end : base, r->type);
		if (!done && r_end > base) { /* the place is in or before this region */
			add(&map, base, end, TW_MEM_RESERVED);
			done = true;
		}
		add(&map, r->base > end ? r->base : end, r_end, r->type);
	}
	if (!done)
		add(&map, base, end, TW_MEM_RESERVED);
	if (map.count > TW_MAX_REGIONS)
		return false;
	memcpy(boot->regions, map.r, map.count * sizeof(map.r[0]));
	boot->regions_count = map.count;
	return true;
}
