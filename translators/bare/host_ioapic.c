/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Interrupt controllers of the chip set. The shim takes one device interrupt (COM1's), so all else
 * is masked: the PICs entirely, and every pin of every IO-APIC. The PICs are first moved away from
 * the exception vectors, because a masked PIC can still raise its spurious interrupt 7 or 15.
 */
#include "host.h"

#define PIC_MASTER  0x20
#define PIC_SLAVE   0xa0
#define PIC_VECTORS 0xe8 /* slave at +8; below the shim's own vectors */
#define ELCR	    0x4d0

#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 0x01
#define IOAPIC_PIN(n)  (0x10 + 2 * (n))
#define PIN_ACTIVE_LOW (1u << 13)
#define PIN_LEVEL      (1u << 15)
#define PIN_MASKED     (1u << 16)

static uint32_t ioapic_read(const struct bare_ioapic *ioapic, uint32_t reg)
{
	hw_mmio_write32(ioapic->pa + IOAPIC_SELECT, reg);
	return hw_mmio_read32(ioapic->pa + IOAPIC_WINDOW);
}

static void ioapic_write(const struct bare_ioapic *ioapic, uint32_t reg, uint32_t value)
{
	hw_mmio_write32(ioapic->pa + IOAPIC_SELECT, reg);
	hw_mmio_write32(ioapic->pa + IOAPIC_WINDOW, value);
}

/* Pins of an IO-APIC, 0 when nothing answers. */
static uint32_t ioapic_pins(const struct bare_ioapic *ioapic)
{
	uint32_t version = ioapic_read(ioapic, IOAPIC_VERSION);

	return version == 0xffffffffu ? 0 : (version >> 16 & 0xff) + 1;
}

static TW_INIT void pic_mask(void)
{
	hw_out8(PIC_MASTER, 0x11); /* ICW1: edge, cascade, ICW4 follows */
	hw_out8(PIC_SLAVE, 0x11);
	hw_out8(PIC_MASTER + 1, PIC_VECTORS);
	hw_out8(PIC_SLAVE + 1, PIC_VECTORS + 8);
	hw_out8(PIC_MASTER + 1, 1 << 2); /* ICW3: slave on line 2 */
	hw_out8(PIC_SLAVE + 1, 2);
	hw_out8(PIC_MASTER + 1, 0x01); /* ICW4: 8086 mode */
	hw_out8(PIC_SLAVE + 1, 0x01);
	hw_out8(PIC_MASTER + 1, 0xff);
	hw_out8(PIC_SLAVE + 1, 0xff);
}

TW_INIT void bare_ioapic_init(void)
{
	pic_mask();
	for (unsigned int i = 0; i < bare.ioapics_count; i++) {
		uint32_t pins = ioapic_pins(&bare.ioapics[i]);

		for (uint32_t pin = 0; pin < pins; pin++)
			ioapic_write(&bare.ioapics[i], IOAPIC_PIN(pin), PIN_MASKED);
	}
}

/*
 * Without ACPI the PIC's edge/level register tells how the board wires an ISA interrupt. It is
 * believed only where it exists: interrupts 0-2 can only be edge.
 */
static bool elcr_level(unsigned int irq)
{
	uint8_t low = hw_in8(ELCR);

	return (low & 7) == 0 && (hw_in8(ELCR + irq / 8) >> (irq & 7) & 1);
}

bool bare_ioapic_route(unsigned int isa_irq, uint8_t vector, uint32_t apic_id)
{
	struct bare_isa_irq irq = bare.isa[isa_irq];

	if (apic_id > 0xfe) /* 8 bits of destination, 255 is everybody */
		return false;
	if (!bare.madt && elcr_level(isa_irq))
		irq.level = irq.active_low = true;
	for (unsigned int i = 0; i < bare.ioapics_count; i++) {
		const struct bare_ioapic *ioapic = &bare.ioapics[i];
		uint32_t pin = irq.gsi - ioapic->gsi_base;

		if (irq.gsi < ioapic->gsi_base || pin >= ioapic_pins(ioapic))
			continue;
		ioapic_write(ioapic, IOAPIC_PIN(pin) + 1, apic_id << 24);
		ioapic_write(ioapic, IOAPIC_PIN(pin),
			     vector | (irq.level ? PIN_LEVEL : 0) |
				 (irq.active_low ? PIN_ACTIVE_LOW : 0));
		return true;
	}
	return false;
}
