/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Make the ROM's memory usable, before any of its data may be: BIOSes write-protect the shadow RAM of option
 * ROMs after POST. Where the memory does not take a store, the chipset is told to let it (shim/pam.c).
 * Then relative relocations are applied by the difference to those applied before, so that a
 * second kernel (kexec) at another address finds the ROM as good as new.
 */
#include "shim/pam.h"
#include "shim/vmi/rom.h"

struct rel {
	uint32_t offset, info;
};

extern struct rel rom_rel[], rom_rel_end[];
/* Kept from one vmi_init to the next: in .data, not zeroed. All relocations are R_386_RELATIVE (checked by make). */
uint32_t rom_base __attribute__((section(".data"))) = 0;
uint32_t rom_offset;

static bool writable(volatile uint32_t *word)
{
	uint32_t old = *word;
	bool good;

	*word = ~old;
	good = *word == ~old;
	*word = old;
	return good;
}

uint32_t rom_length(void)
{
	return ((const volatile uint8_t *)rom_start)[2] * 512u;
}

/* What vmi_init needs to store into, from the first to the last byte. */
static bool usable(void)
{
	return writable((uint32_t *)rom_bss) && writable((uint32_t *)((uint32_t)rom_start + rom_length() - 4)) && writable(&rom_base);
}

uint32_t rom_prepare(uint32_t base)
{
	uint32_t pa = base & 0xfffff, delta;

	/* Without POST, or where there was no room, it has not grown. */
	if (rom_length() < (uint32_t)(rom_bss_end - rom_start))
		return 1;
	if (!usable())
		pam_unlock(base - pa, pa, pa + rom_length());
	if (!usable())
		return 1;
	delta = base - rom_base;
	for (const struct rel *rel = rom_rel; rel < rom_rel_end; rel++)
		*(uint32_t *)(base + rel->offset) += delta;
	rom_base = base;
	for (char *p = rom_bss; p < rom_bss_end; p++)
		*(volatile char *)p = 0;
	rom_offset = base - pa; /* itself among what was zeroed */
	return 0;
}
