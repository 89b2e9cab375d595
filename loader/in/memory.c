/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Memory maps as firmware makes them: unsorted, overlapping, unaligned, with entries that wrap.
 * The result is what the rest of the shim may rely on. The method is a sweep from boundary to
 * boundary: between two neighbouring boundaries the type cannot change, and the strictest entry
 * that covers the piece decides it. Quadratic, but over at most 128 entries and once.
 */
#include <asm-generic/errno.h>
#include <stddef.h>

#include "in.h"
#include "twoway/attr.h"

static struct tw_region raw[TW_MAX_REGIONS] TW_INITDATA = {{0, 0, 0}};
static unsigned int raw_count TW_INITDATA = 0;

TW_INIT void in_memory_start(void)
{
	raw_count = 0;
}

TW_INIT int in_memory_add(uint64_t base, uint64_t size, uint32_t type, const char **why)
{
	if (!size)
		return 0;
	if (raw_count == TW_MAX_REGIONS) {
		*why = "the boot loader's memory map has too many entries";
		return -E2BIG;
	}
	/* Up to the last byte: one that wraps is cut there, for it still says what is reserved. */
	if (size > UINT64_MAX - base)
		size = UINT64_MAX - base;
	if (type < TW_MEM_RAM || type > TW_MEM_NVS)
		type = TW_MEM_RESERVED;
	raw[raw_count++] = (struct tw_region){base, size, type};
	return 0;
}

/* The more it forbids the higher. 0: nothing is there. */
static TW_INIT unsigned int rank(uint32_t type)
{
	switch (type) {
	case TW_MEM_RAM:
		return 1;
	case TW_MEM_ACPI:
		return 2;
	case TW_MEM_NVS:
		return 3;
	default:
		return 4;
	}
}

/* Type of the byte at pa (0: hole), and where it may change next. False behind the last entry. */
static TW_INIT bool piece_at(uint64_t pa, uint32_t *type, uint64_t *end)
{
	unsigned int best = 0;

	*type = 0;
	*end = UINT64_MAX;
	for (unsigned int i = 0; i < raw_count; i++) {
		uint64_t from = raw[i].base, to = raw[i].base + raw[i].size;

		if (from > pa && from < *end)
			*end = from;
		if (to > pa && to < *end)
			*end = to;
		if (from <= pa && pa < to && rank(raw[i].type) > best) {
			best = rank(raw[i].type);
			*type = raw[i].type;
		}
	}
	return best || *end != UINT64_MAX;
}

/* Append a piece; merged with the one in front where that is of the same type and touches it. */
static TW_INIT bool append(struct tw_boot *out, uint64_t base, uint64_t end, uint32_t type)
{
	struct tw_region *last = out->regions_count ? &out->regions[out->regions_count - 1] : NULL;

	if (last && last->type == type && last->base + last->size == base) {
		last->size += end - base;
		return true;
	}
	if (out->regions_count == TW_MAX_REGIONS)
		return false;
	out->regions[out->regions_count++] = (struct tw_region){base, end - base, type};
	return true;
}

/* Round RAM inwards, drop what is left empty. True when any RAM remains. */
static TW_INIT bool align_ram(struct tw_boot *out)
{
	unsigned int kept = 0;
	bool any = false;

	for (unsigned int i = 0; i < out->regions_count; i++) {
		struct tw_region r = out->regions[i];

		if (r.type == TW_MEM_RAM) {
			uint64_t base = TW_ALIGN_UP(r.base, TW_PAGE_SIZE);
			uint64_t end = (r.base + r.size) & TW_PAGE_MASK;

			if (base < r.base || base >= end)
				continue;
			r.base = base;
			r.size = end - base;
			any = true;
		}
		out->regions[kept++] = r;
	}
	out->regions_count = kept;
	return any;
}

TW_INIT int in_memory_finish(struct tw_boot *out, const char **why)
{
	uint64_t pa = 0, end;
	uint32_t type;

	out->regions_count = 0;
	while (piece_at(pa, &type, &end)) {
		if (type && !append(out, pa, end, type)) {
			*why = "the boot loader's memory map has too many overlaps";
			return -E2BIG;
		}
		if (end == UINT64_MAX)
			break;
		pa = end;
	}
	if (!align_ram(out)) {
		*why = "the boot loader's memory map has no RAM";
		return -EINVAL;
	}
	return 0;
}
