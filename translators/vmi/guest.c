/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMI guest side: which call is served how. A guest asks for each call once at boot and patches
 * itself, so a decision here costs nothing later. The rule: a call is served by code only where that is
 * better than the native instruction. No host that we know is helped by page-table, descriptor or
 * port calls: the page tables are the guest's own, so they are NONE, and lazy batches have nothing
 * to delay. IRET and SYSEXIT must be served: Linux has poison where the others have native code.
 */
#include "guest.h"

struct rom_facts rom_facts;

static bool served(uint32_t call)
{
	switch (call) {
	case VMI_CPUID:
		return rom_facts.hypervisor;
	case VMI_HALT:
		return rom_facts.host_halt;
	case VMI_REBOOT:
	case VMI_SHUTDOWN:
	case VMI_AP_STATE:
	case VMI_APIC_WRITE:
	case VMI_APIC_READ:
		return true;
	case VMI_CYCLE_FREQUENCY:
	case VMI_CYCLE_COUNTER:
	case VMI_SET_ALARM:
	case VMI_CANCEL_ALARM:
	case VMI_WALLCLOCK:
	case VMI_WALL_UPDATED:
		return rom_facts.time;
	default:
		return false;
	}
}

static uint32_t type_of(uint32_t call)
{
	if (call >= VMI_CALLS || !rom_ready)
		return VMI_RELOC_NONE;
	if (call == VMI_IRET || call == VMI_SYSEXIT)
		return VMI_RELOC_JUMP;
	if (call == VMI_CALLBACKS) /* "no call of this name": Linux never asks */
		return VMI_RELOC_NONE;
	if (served(call))
		return VMI_RELOC_CALL;
	if (call == VMI_IO_DELAY) /* no bus of today needs the port 0x80 pause, and it would exit */
		return VMI_RELOC_NOP;
	return rom_facts.serve_all && rom_entry_of(call) ? VMI_RELOC_CALL : VMI_RELOC_NONE;
}

uint64_t vmi_get_reloc(uint32_t call)
{
	uint32_t type = type_of(call);
	bool code = type == VMI_RELOC_CALL || type == VMI_RELOC_JUMP;

	return (uint64_t)type << 32 | (code ? rom_entry_of(call) : 0);
}

void vmi_guest_init(void)
{
	vmi_time_init();
	vmi_alarm_init();
	vmi_apic_init();
}
