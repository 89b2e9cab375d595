/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Make the ROM's memory usable, before any of its data may be: BIOSes write-protect the shadow RAM of option
 * ROMs after POST, or leave them in ROM chips. Where the memory does not take a store, the chipset is told to let it
 * (shim/pam.c).
 * Then relocations are applied by the difference to those applied before, so that a
 * second kernel (kexec) at another address finds the ROM as good as new.
 */
#include "abi/vmi.h"
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
static bool usable(uint32_t size)
{
	return writable((uint32_t *)rom_start) && writable(&rom_base) && writable((uint32_t *)rom_bss) &&
	       writable((uint32_t *)((uint32_t)rom_start + size - 4));
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

/* Nothing answers there: no RAM, no ROM, no device's memory. */
static bool empty(const volatile uint32_t *word, uint32_t bytes)
{
	for (; bytes && *word == 0xffffffff; bytes -= 4)
		word++;
	return !bytes;
}

/*
 * To be longer than its file is POST's work (header.S), which a ROM chip does not take: so it is made up for, but only
 * where there was nothing before, since what the RAM behind a ROM without room is used for, nobody can tell.
 */
static bool may_grow(uint32_t pa, uint32_t size)
{
	uint32_t length = rom_length();

	return length == (uint32_t)(rom_end - rom_start) && pa + size <= VMI_SCAN_TO &&
	       empty((uint32_t *)((uint32_t)rom_start + length), size - length);
}

uint32_t rom_prepare(uint32_t base)
{
	uint32_t pa = base & 0xfffff, size = (uint32_t)(rom_bss_end - rom_start) + ROM_POOL_SIZE;

	if (rom_length() != size && !may_grow(pa, size))
		return 1;
	if (!usable(size))
		pam_unlock(base - pa, pa, pa + size);
	if (!usable(size))
		return 1;
	((volatile uint8_t *)rom_start)[2] = (uint8_t)(size / 512);
	relocate(base, base - rom_base);
	rom_base = base;
	for (char *p = rom_bss; p < rom_bss_end; p++)
		*(volatile char *)p = 0;
	rom_offset = base - pa; /* itself among what was zeroed */
	return 0;
}
