/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Make the ROM's memory usable, before any of its data may be: BIOSes write-protect the shadow RAM of option
 * ROMs after POST. Where the memory does not take a store, the chipset is told to let it (shim/pam.c).
 * Then relocations are applied by the difference to those applied before, so that a
 * second kernel (kexec) at another address finds the ROM as good as new.
 */
#include "shim/pam.h"
#include "shim/vmi/rom.h"

extern const uint32_t rom_relr[], rom_relr_end[];
/* Kept from one vmi_init to the next: in .data, not zeroed. */
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

/* Packed relocations (generic ELF ABI, SHT_RELR): an address, then bits for the 31 words behind it, and so on. */
static void relocate(uint32_t base, uint32_t delta)
{
	uint32_t *word = NULL;

	for (const uint32_t *entry = rom_relr; entry < rom_relr_end; entry++) {
		if (!(*entry & 1)) {
			word = (uint32_t *)(base + *entry);
			*word++ += delta;
			continue;
		}
		for (unsigned int i = 0; i < 31; i++)
			if (*entry >> (i + 1) & 1)
				word[i] += delta;
		word += 31;
	}
}

uint32_t rom_prepare(uint32_t base)
{
	uint32_t pa = base & 0xfffff;

	/* Without POST, or where there was no room, it has not grown. */
	if (rom_length() < (uint32_t)(rom_bss_end - rom_start))
		return 1;
	if (!usable())
		pam_unlock(base - pa, pa, pa + rom_length());
	if (!usable())
		return 1;
	relocate(base, base - rom_base);
	rom_base = base;
	for (char *p = rom_bss; p < rom_bss_end; p++)
		*(volatile char *)p = 0;
	rom_offset = base - pa; /* itself among what was zeroed */
	return 0;
}
