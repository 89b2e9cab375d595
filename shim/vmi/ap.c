/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "shim/vmi/rom.h"

bool rom_ap_start(uint32_t apic_id, uint32_t page, const struct vmi_ap_state *state)
{
	return false;
}
