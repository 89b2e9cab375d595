/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The VMI ROM's core for hosted builds of the VMI guest side; see mock_vmi.h. */
#include "mock_vmi.h"
#include "twoway/rom.h"

struct mock_rom mock_rom;
bool rom_ready;

uint32_t rom_apic_read(unsigned int reg)
{
	return reg < 0x400 ? mock_rom.apic[reg / 4] : 0;
}

void rom_apic_write(unsigned int reg, uint32_t value)
{
	if (reg < 0x400)
		mock_rom.apic[reg / 4] = value;
	mock_rom.apic_last = reg;
	mock_rom.apic_writes++;
}

uint32_t rom_timer_mode(void)
{
	return mock_rom.timer_mode;
}

void rom_cpu_forget(uint32_t apic_id)
{
	mock_rom.forgets++;
	mock_rom.forgotten = apic_id;
}

unsigned long rom_irq_save(void)
{
	return mock_rom.irq_off++;
}

void rom_irq_restore(unsigned long flags)
{
	mock_rom.irq_off = (unsigned int)flags;
}

bool rom_ap_start(uint32_t apic_id, uint32_t page, const struct vmi_ap_state *state)
{
	if (mock_rom.ap_refused)
		return false;
	mock_rom.ap_starts++;
	mock_rom.ap_id = apic_id;
	mock_rom.ap_page = page;
	mock_rom.ap_state = *state;
	return true;
}

uint32_t rom_entry_of(unsigned int call)
{
	return 0xc00c0000u + 16 * call;
}
