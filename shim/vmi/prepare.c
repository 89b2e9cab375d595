/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Make the ROM's memory usable, before any of its data may be: BIOSes write-protect the shadow RAM of option
 * ROMs after POST. Where the memory does not take a store, the chipset's PAM registers are set to
 * read and write for our pieces (16 KB each), on the three host bridges that virtual machines have.
 * Then relative relocations are applied by the difference to those applied before, so that a
 * second kernel (kexec) at another address finds the ROM as good as new.
 */
#include "shim/vmi/rom.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define BRIDGE(reg) (0x80000000u | (reg))
#define I440FX	    0x12378086u
#define I440BX	    0x71908086u
#define Q35	    0x29c08086u
#define PAM_I440FX  0x59u
#define PAM_Q35	    0x90u
#define PAM_RW	    0x3u
#define PIECE	    0x4000u
#define FIRST	    0xc0000u
#define LAST	    0xe0000u

struct rel {
	uint32_t offset, info;
};

extern struct rel rom_rel[], rom_rel_end[];
/* Kept from one vmi_init to the next: in .data, not zeroed. All relocations are R_386_RELATIVE (checked by make). */
uint32_t rom_base __attribute__((section(".data"))) = 0;
uint32_t rom_offset;

static uint8_t pci_read8(uint32_t reg)
{
	hw_out32(PCI_ADDRESS, BRIDGE(reg & ~3u));
	return hw_in8((uint16_t)(PCI_DATA + (reg & 3)));
}

static void pci_write8(uint32_t reg, uint8_t value)
{
	hw_out32(PCI_ADDRESS, BRIDGE(reg & ~3u));
	hw_out8((uint16_t)(PCI_DATA + (reg & 3)), value);
}

/* PAM register of the host bridge, 0: none that we know. */
static uint32_t pam_register(void)
{
	uint32_t id;

	hw_out32(PCI_ADDRESS, BRIDGE(0));
	id = hw_in32(PCI_DATA);
	if (id == I440FX || id == I440BX)
		return PAM_I440FX;
	return id == Q35 ? PAM_Q35 : 0;
}

/* Register 0 has the BIOS area, 1 to 4 have C0000 to DFFFF: two pieces each, the low nibble first. */
static void unlock(uint32_t pa, uint32_t end)
{
	uint32_t pam = pam_register(), address;

	if (!pam || pa < FIRST || end > LAST)
		return;
	address = hw_in32(PCI_ADDRESS);
	for (pa &= ~(PIECE - 1); pa < end; pa += PIECE) {
		uint32_t piece = (pa - FIRST) / PIECE, reg = pam + 1 + piece / 2;

		pci_write8(reg, (uint8_t)(pci_read8(reg) | PAM_RW << 4 * (piece & 1)));
	}
	hw_out32(PCI_ADDRESS, address);
}

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
		unlock(pa, pa + rom_length());
	if (!usable())
		return 1;
	delta = base - rom_base;
	for (const struct rel *rel = rom_rel; rel < rom_rel_end; rel++)
		*(uint32_t *)(base + rel->offset) += delta;
	rom_base = base;
	rom_offset = base - pa;
	for (char *p = rom_bss; p < rom_bss_end; p++)
		*(volatile char *)p = 0;
	return 0;
}
