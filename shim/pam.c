/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * PAM, the programmable attribute map: BIOSes write-protect the shadow RAM of option ROMs after POST by
 * these registers of the host bridge, and by them it is opened again, in pieces of 16 KB. Known are the three
 * host bridges that virtual machines have (Intel 82441FX, 82443BX and Q35 data sheets, "PAM0-PAM6"). A piece that
 * is read from a ROM chip (Bochs does not shadow option ROMs) is copied to the RAM behind it first.
 */
#include "shim/pam.h"
#include "twoway/hw.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define BRIDGE(reg) (0x80000000u | (reg))
#define I440FX	    0x12378086u
#define I440BX	    0x71908086u
#define Q35	    0x29c08086u
#define PAM_I440FX  0x59u
#define PAM_Q35	    0x90u
#define PAM_READ    0x1u /* from RAM, else from a ROM chip or nothing */
#define PAM_WRITE   0x2u
#define PIECE	    0x4000u
#define FIRST	    0xc0000u
#define LAST	    0xe0000u

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

/* Write a piece to where it is read from: while reads go to the ROM, writes go to the RAM. */
static void copy_to_ram(unsigned long address)
{
	volatile uint32_t *p = (uint32_t *)address;

	for (uint32_t i = 0; i < PIECE / sizeof(*p); i++)
		p[i] = p[i];
}

static void open_piece(uint32_t reg, uint32_t shift, unsigned long address)
{
	uint8_t value = pci_read8(reg);

	if (!(value & PAM_READ << shift)) {
		value |= (uint8_t)(PAM_WRITE << shift);
		pci_write8(reg, value);
		copy_to_ram(address);
	}
	pci_write8(reg, value | (uint8_t)((PAM_READ | PAM_WRITE) << shift));
}

/* Register 0 has the BIOS area, 1 to 4 have C0000 to DFFFF: two pieces each, the low nibble first. */
void pam_unlock(unsigned long offset, uint32_t pa, uint32_t end)
{
	uint32_t address = hw_in32(PCI_ADDRESS), pam = pam_register();

	if (pam && pa >= FIRST && end <= LAST) {
		for (pa &= ~(PIECE - 1); pa < end; pa += PIECE) {
			uint32_t piece = (pa - FIRST) / PIECE;

			open_piece(pam + 1 + piece / 2, 4 * (piece & 1), offset + pa);
		}
	}
	hw_out32(PCI_ADDRESS, address);
}
