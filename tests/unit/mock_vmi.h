/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The VMI ROM's core as a test sees it: a page of APIC registers, and what was done with them. */
#ifndef TESTS_UNIT_MOCK_VMI_H
#define TESTS_UNIT_MOCK_VMI_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/vmi.h"

struct mock_rom {
	uint32_t apic[0x400 / 4];
	unsigned int apic_writes;
	uint32_t apic_last; /* register of the last write */
	uint32_t timer_mode;
	unsigned int irq_off; /* depth of rom_irq_save(); 0 after each call */
	bool ap_refused;
	unsigned int ap_starts;
	uint32_t ap_id, ap_page;
	struct vmi_ap_state ap_state;
	unsigned int forgets;
	uint32_t forgotten; /* APIC id of the last one */
};
extern struct mock_rom mock_rom;

#endif /* TESTS_UNIT_MOCK_VMI_H */
