/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The layer's own memory, which the map reserves amid RAM, is out of reach: reads show all ones, writes
 * go nowhere, page tables there lead nowhere, overlays and hypercalls do not reach it (TLFS 5.2, and 3.7 for the
 * latter: what the partition cannot access).
 */
#include "hv.h"

#define PF 14

struct piece {
	uint64_t base, end;
};

static struct piece pieces[16];
static unsigned int pieces_count;

/* Reserved ranges from 1 MB on with RAM above them. */
static bool find(void)
{
	uint64_t top = 0;

	pieces_count = 0;
	for (unsigned int i = 0; i < memory_ranges; i++)
		if (memory_map[i].ram && memory_map[i].end > top)
			top = memory_map[i].end;
	for (unsigned int i = 0; i < memory_ranges && pieces_count < ARRAY_SIZE(pieces); i++) {
		const struct memory_range *r = &memory_map[i];

		if (!r->ram && r->base >= 0x100000 && r->end <= top && r->end > r->base)
			pieces[pieces_count++] = (struct piece){ r->base, r->end };
	}
	if (!pieces_count)
		error("the memory map reserves nothing");
	return pieces_count;
}

CASE(reads, "reads show all ones, everywhere")
{
	if (!find())
		return;
	for (unsigned int i = 0; i < pieces_count; i++) {
		for (uint64_t at = pieces[i].base; at < pieces[i].end; at += 512) {
			uint64_t value;
			unsigned int fault = read_try((void *)at, &value);

			if (fault != NO_FAULT || value != ~0ull) {
				fail("0x%lx reads 0x%lx, exception %u", at, value, fault);
				break;
			}
		}
	}
}

static const uint64_t pattern = 0x6666666666666666;

static void scribble(void *with)
{
	for (unsigned int i = 0; i < pieces_count; i++)
		for (uint64_t at = pieces[i].base; at < pieces[i].end; at += 8)
			write_try((void *)at, *(const uint64_t *)with);
}

static void look(void *unused)
{
	uint64_t value;

	for (unsigned int i = 0; i < pieces_count; i++)
		for (uint64_t at = pieces[i].base; at < pieces[i].end; at += 512)
			if (read_try((void *)at, &value) == NO_FAULT && value != ~0ull && value != pattern) {
				fail("0x%lx reads 0x%lx, which nobody wrote", at, value);
				return;
			}
}

/* What is written may be read again, in all of these pages or in none; the layer does not notice. */
CASE(writes, "writes from all VPs reach nothing")
{
	static const uint64_t ones = ~0ull;

	if (!find())
		return;
	smp_all(scribble, (void *)&pattern);
	smp_all(look, NULL);
	expect(hypercall_fast(HV_CALL_LONG_SPIN_WAIT, 1, 0), HV_SUCCESS, "a call afterwards");
	((uint64_t *)hypercall_input())[1] = HV_FLUSH_ALL_PROCESSORS;
	expect(hypercall_slow(HV_CALL_FLUSH_SPACE), HV_SUCCESS, "a flush of all VPs afterwards");
	if (!hv_offers(HV_EAX_TIME_REF_COUNT) || !ref_time())
		fail("no time afterwards");
	smp_all(scribble, (void *)&ones);
}

extern uint64_t boot_pdpt[512];

#define FAR 0x140000000ull /* through entry 5 of the first PDPT */

/* An entry of all ones has reserved bits set: a page fault of the guest's, nothing else. */
CASE(tables, "page tables there")
{
	uint64_t value;

	if (!find())
		return;
	for (unsigned int i = 0; i < pieces_count; i++) {
		boot_pdpt[5] = pieces[i].base | 7;
		flush_all();
		expect(read_try((void *)FAR, &value), PF, "a read through a directory there: exception");
		expect(write_try((void *)(FAR + 0x200000), 1), PF, "a write: exception");
		window_map(0, pieces[i].base | 7);
		flush_page(window(0));
		expect(read_try(window(0), &value), NO_FAULT, "a page there: exception");
		expect(value, ~0ull, "a page there");
		window_map(0, 0);
	}
	boot_pdpt[5] = 0;
	flush_all();
}

CASE(overlays, "overlays and hypercalls there")
{
	uint64_t there, value;

	if (!find())
		return;
	there = pieces[0].base;
	wrmsr(HV_MSR_VP_ASSIST_PAGE, there | HV_PAGE_ENABLE);
	if (hv_offers(HV_EAX_SYNIC)) {
		wrmsr(HV_MSR_SIMP, there | HV_PAGE_ENABLE);
		wrmsr(HV_MSR_SIEFP, there | HV_PAGE_ENABLE);
		wrmsr(HV_MSR_SCONTROL, HV_SYNIC_ENABLE);
	}
	wrmsr(HV_MSR_REFERENCE_TSC, there | HV_PAGE_ENABLE);
	expect(read_try((void *)there, &value), NO_FAULT, "exception");
	expect(value, ~0ull, "what shows under overlays there");
	wrmsr(HV_MSR_REFERENCE_TSC, 0);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
	if (hv_offers(HV_EAX_SYNIC))
		synic_off(NULL);
	for (uint64_t at = there; at < there + 64; at += 8)
		if ((hypercall(HV_CALL_FLUSH_SPACE, at, 0) & 0xffff) == HV_SUCCESS)
			fail("a call takes its input from there");
	((uint64_t *)hypercall_input())[0] = HV_PARTITION_SELF;
	((uint64_t *)hypercall_input())[1] = 0;
	((uint64_t *)hypercall_input())[2] = cpu_at(0)->apic_id;
	if ((hypercall(HV_CALL_VP_INDEX_OF_APIC_ID | 1ull << HV_CONTROL_COUNT_SHIFT, (uint64_t)hypercall_input(),
		       there) & 0xffff) == HV_SUCCESS)
		fail("a call puts its output there");
	wrmsr(HV_MSR_HYPERCALL, there | HV_PAGE_ENABLE);
	expect(read_try((void *)there, &value), NO_FAULT, "exception");
	expect(value, ~0ull, "what shows under the hypercall page there");
	hypercall_init();
}

