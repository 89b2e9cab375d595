/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The local APIC, in either mode. */
#include "hv.h"

#define APIC_BASE     0xfee00000ul
#define MSR_APIC_BASE 0x1b
#define X2APIC_ON     (1u << 10)

static bool x2apic(void)
{
	static volatile signed char offered = -1;

	if (offered < 0)
		offered = cpuid(1, 0).ecx >> 21 & 1;
	return offered && rdmsr(MSR_APIC_BASE) & X2APIC_ON;
}

uint32_t apic_read(unsigned int reg)
{
	if (x2apic())
		return (uint32_t)rdmsr(0x800 + reg / 16);
	return *(volatile uint32_t *)(APIC_BASE + reg);
}

void apic_write(unsigned int reg, uint32_t value)
{
	if (x2apic())
		wrmsr(0x800 + reg / 16, value);
	else
		*(volatile uint32_t *)(APIC_BASE + reg) = value;
}

void apic_init(void)
{
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
	apic_write(0xf0, 0x1ff); /* on, spurious vector 0xff */
	apic_write(0x80, 0);
}

void apic_eoi(void)
{
	apic_write(0xb0, 0);
}

void apic_send(unsigned int apic_id, uint32_t command)
{
	if (x2apic()) {
		wrmsr(0x830, (uint64_t)apic_id << 32 | command);
		return;
	}
	while (apic_read(0x300) & 1u << 12)
		pause();
	apic_write(0x310, apic_id << 24);
	apic_write(0x300, command);
}

bool apic_in_service(uint8_t vector)
{
	return apic_read(0x100 + vector / 32 * 16) >> vector % 32 & 1;
}

bool apic_requested(uint8_t vector)
{
	return apic_read(0x200 + vector / 32 * 16) >> vector % 32 & 1;
}
