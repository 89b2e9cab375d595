/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which pages of the resident image nested mode has no use for: it gives them to the guest as it gives
 * those that only booting needs. The linker script puts together what is of use in the same case; a page
 * is given when all of it is of no use. The shim unmaps it then (paging_forget_init()), so that a slip of
 * ours faults and never runs what the guest put there.
 */
#include "shim/shim.h"
#include "twoway/nested.h"

extern char resident_text_start[], kvm_text_start[], others_text_start[], others_text_end[],
	resident_rodata_start[], kvm_rodata_start[], others_rodata_start[], others_rodata_end[],
	others_bss_start[], kvm_bss_start[], resident_bss_start[], resident_bss_end[], code_pages_start[],
	code_pages_end[];

/* Resident mode; KVM's host side; those of other hypervisors, which all need a page of hypercall code. */
enum part { PART_RESIDENT, PART_KVM, PART_OTHERS, PART_CODE };

static const struct {
	enum part part;
	const char *start, *end;
} parts[] = {
	{ PART_RESIDENT, resident_text_start, kvm_text_start },
	{ PART_KVM, kvm_text_start, others_text_start },
	{ PART_OTHERS, others_text_start, others_text_end },
	{ PART_RESIDENT, resident_rodata_start, kvm_rodata_start },
	{ PART_KVM, kvm_rodata_start, others_rodata_start },
	{ PART_OTHERS, others_rodata_start, others_rodata_end },
	{ PART_OTHERS, others_bss_start, kvm_bss_start },
	{ PART_KVM, kvm_bss_start, resident_bss_start },
	{ PART_RESIDENT, resident_bss_start, resident_bss_end },
	{ PART_CODE, code_pages_start, code_pages_end },
};

static bool host_is(const char *name)
{
	return !__builtin_strcmp(tw_host.name, name);
}

static bool part_unused(enum part part)
{
	switch (part) {
	case PART_RESIDENT:
		return true;
	case PART_KVM:
		return !host_is("kvm");
	case PART_OTHERS:
		return (host_is("bare") || host_is("kvm")) && !host_code_pages_used();
	default:
		return !host_code_pages_used();
	}
}

/* The end of the unused part that at lies in, 0: it lies in none. */
static uint64_t unused_until(uint64_t at)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(parts); i++)
		if (at >= (uint64_t)parts[i].start && at < (uint64_t)parts[i].end && part_unused(parts[i].part))
			return (uint64_t)parts[i].end;
	return 0;
}

bool image_unused(uint64_t page)
{
	uint64_t at = page;

	if (!nested_cpus)
		return false;
	while (at && at < page + TW_PAGE_SIZE)
		at = unused_until(at);
	return at;
}

TW_INIT bool image_next_kept(struct extent *piece)
{
	uint64_t page = (uint64_t)kept_start;

	if (piece->size)
		page += piece->base + piece->size - image_pa(kept_start);
	while (page < (uint64_t)kept_end && image_unused(page))
		page += TW_PAGE_SIZE;
	piece->base = image_pa((void *)page);
	piece->size = 0;
	for (; page < (uint64_t)kept_end && !image_unused(page); page += TW_PAGE_SIZE)
		piece->size += TW_PAGE_SIZE;
	return piece->size;
}
