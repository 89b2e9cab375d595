/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sorted lists of address ranges: the arithmetic of placing. Ranges are half open and never empty;
 * neighbours that touch are joined, so that a block may span two entries of the memory map.
 */
#include <string.h>

#include "placement.h"

static void remove_at(struct placement_list *list, unsigned int i)
{
	list->count--;
	memmove(list->r + i, list->r + i + 1, (list->count - i) * sizeof(list->r[0]));
}

static void insert_at(struct placement_list *list, unsigned int i, uint64_t base, uint64_t end)
{
	if (list->count == PLACEMENT_RANGES)
		return;
	memmove(list->r + i + 1, list->r + i, (list->count - i) * sizeof(list->r[0]));
	list->r[i] = (struct placement_range){base, end};
	list->count++;
}

void placement_add(struct placement_list *list, uint64_t base, uint64_t end)
{
	unsigned int i = 0;

	if (base >= end)
		return;
	while (i < list->count && list->r[i].end < base)
		i++;
	while (i < list->count && list->r[i].base <= end) {
		if (list->r[i].base < base)
			base = list->r[i].base;
		if (list->r[i].end > end)
			end = list->r[i].end;
		remove_at(list, i);
	}
	insert_at(list, i, base, end);
}

void placement_cut(struct placement_list *list, uint64_t base, uint64_t end)
{
	for (unsigned int i = 0; i < list->count && base < end;) {
		struct placement_range r = list->r[i];

		if (r.end <= base || r.base >= end) {
			i++;
			continue;
		}
		remove_at(list, i);
		if (end < r.end)
			insert_at(list, i, end, r.end);
		if (r.base < base)
			insert_at(list, i++, r.base, base);
	}
}

bool placement_inside(const struct placement_list *list, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < list->count; i++) {
		const struct placement_range *r = &list->r[i];

		if (base >= r->base && base < r->end && size <= r->end - base)
			return true;
	}
	return false;
}

bool placement_touches(const struct placement_list *list, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < list->count; i++) {
		const struct placement_range *r = &list->r[i];

		if (base < r->end && (base >= r->base || size > r->base - base))
			return true;
	}
	return false;
}

bool placement_lowest(const struct placement_list *list, uint64_t size, uint64_t align,
		      uint64_t from, uint64_t limit, uint64_t *base)
{
	for (unsigned int i = 0; i < list->count; i++) {
		uint64_t low = list->r[i].base > from ? list->r[i].base : from;
		uint64_t high = list->r[i].end < limit ? list->r[i].end : limit;
		uint64_t at = TW_ALIGN_UP(low, align);

		if (at < low || at >= high || size > high - at)
			continue;
		*base = at;
		return true;
	}
	return false;
}

bool placement_highest(const struct placement_list *list, uint64_t size, uint64_t align,
		       uint64_t from, uint64_t limit, uint64_t *base)
{
	for (unsigned int i = list->count; i-- > 0;) {
		uint64_t low = list->r[i].base > from ? list->r[i].base : from;
		uint64_t high = list->r[i].end < limit ? list->r[i].end : limit;
		uint64_t at;

		if (low >= high || size > high - low)
			continue;
		at = (high - size) & ~(align - 1);
		if (at < low)
			continue;
		*base = at;
		return true;
	}
	return false;
}
