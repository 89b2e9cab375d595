/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Start a processor in the state that SetInitialAPState gave. It needs no memory of its own: the first
 * bytes of the guest's start page and one entry of its page tables are borrowed, and given back before
 * the processor goes on. That entry maps linear 0 like the place where the guest has its low memory.
 */
#include <stddef.h>

#include "abi/vmi.h"
#include "shim/vmi/ap.h"
#include "shim/vmi/rom.h"

#define APIC_ICR  0x300
#define STARTUP	  0x4600u
#define CR4_PAE	  0x20u
#define CR0_PG	  0x80000000u
#define WAIT_S	  2 /* a processor that was put aside by its hypervisor takes its time; Linux waits 5 s */

struct table_register {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

struct rom_ap {
	struct vmi_ap_state state;
	struct table_register gdtr, idtr;
	volatile uint32_t seen, go;
};
#define AT(member, offset) _Static_assert(offsetof(struct rom_ap, member) == offset, #member)
AT(state.cr4, AP_CR4);
AT(state.efer_low, AP_EFER);
AT(state.eip, AP_EIP);
AT(state.eax, AP_EAX);
AT(state.esp, AP_ESP);
AT(state.cs, AP_CS);
AT(gdtr, AP_GDTR);
AT(idtr, AP_IDTR);
AT(seen, AP_SEEN);
AT(go, AP_GO);
#undef AT

/* ap.S */
extern const char rom_ap_page[], rom_ap_page_end[], rom_ap_far[], rom_ap_gdtr[], rom_ap_base[],
    rom_ap_values[], rom_ap_high[];

struct rom_ap rom_ap;

/* A word of the code's copy at page. */
static uint32_t *word(uint8_t *page, const char *label)
{
	return (uint32_t *)(page + (label - rom_ap_page));
}

static void fill(uint8_t *page, uint32_t pa)
{
	const struct vmi_ap_state *s = &rom_ap.state;
	uint32_t *values = word(page, rom_ap_values);

	__builtin_memcpy(page, rom_ap_page, (uint32_t)(rom_ap_page_end - rom_ap_page));
	*word(page, rom_ap_far) += pa;
	*word(page, rom_ap_gdtr + 2) += pa;
	*word(page, rom_ap_base) = pa;
	values[0] = s->cr0;
	values[1] = s->cr4 & ~AP_CR4_PGE;
	values[2] = s->cr3;
	values[3] = s->efer_low;
	values[4] = (uint32_t)rom_ap_high;
	values[5] = (uint32_t)&rom_ap;
}

/* The processor has come that far, within a limit. What it runs in must not be taken away before. */
static bool wait_for(uint32_t seen)
{
	uint64_t start = hw_rdtsc();

	while (rom_ap.seen < seen && hw_rdtsc() - start < WAIT_S * tw_host.clock.tsc_hz)
		hw_pause();
	return rom_ap.seen >= seen;
}

/* Exchange entry 0 of the guest's tables, which leads to linear 0, with *low and *high. */
static void exchange(uint32_t *low, uint32_t *high)
{
	const struct vmi_ap_state *s = &rom_ap.state;
	volatile uint32_t *entry =
	    (uint32_t *)(rom_offset + (s->cr3 & (s->cr4 & CR4_PAE ? ~0x1fu : ~0xfffu)));
	uint32_t old_low = entry[0], old_high = entry[1];

	entry[0] = *low;
	*low = old_low;
	if (s->cr4 & CR4_PAE) {
		entry[1] = *high;
		*high = old_high;
	}
}

bool rom_ap_start(uint32_t apic_id, uint32_t page, const struct vmi_ap_state *state)
{
	uint32_t size = (uint32_t)(rom_ap_page_end - rom_ap_page), low, high = 0;
	uint8_t *there = (uint8_t *)(rom_offset + page), saved[256];
	bool started;

	if (!(state->cr0 & CR0_PG) || size > sizeof(saved))
		return false;
	rom_ap = (struct rom_ap){.state = *state,
				 .gdtr = {state->gdtr_limit, state->gdtr_base},
				 .idtr = {state->idtr_limit, state->idtr_base}};
	if (state->cr4 & CR4_PAE) {
		const uint32_t *pointers = (uint32_t *)(rom_offset + (state->cr3 & ~0x1fu));

		low = pointers[2 * (rom_offset >> 30)];
		high = pointers[2 * (rom_offset >> 30) + 1];
	} else {
		low = ((uint32_t *)(rom_offset + (state->cr3 & ~0xfffu)))[rom_offset >> 22];
	}
	__builtin_memcpy(saved, there, size);
	fill(there, page);
	exchange(&low, &high);
	rom_apic_write(APIC_ICR, STARTUP | page >> 12);
	started = wait_for(1);
	exchange(&low, &high);
	__builtin_memcpy(there, saved, size);
	hw_invlpg(page);
	rom_ap.go = 1;
	return started && wait_for(2);
}
