/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUID, halt, and the two ends. CPUID hides what would not go together with the ROM: another
 * hypervisor's interface (a kernel with both would register the same pages twice; hazard H-31),
 * x2APIC (the ROM and the guest share the APIC's page) and the TSC deadline timer, which the alarms use.
 * Linux reads CPUID natively before VMI is up, so nothing may depend on the hiding.
 */
#include "guest.h"

#define LEAVES_FIRST 0x40000000u
#define LEAVES_LAST  0x4fffffffu
#define X2APIC	     (1u << 21)
#define TSC_DEADLINE (1u << 24)
#define HYPERVISOR   (1u << 31)

void vmi_cpuid_filter(uint32_t leaf, struct hw_cpuid *answer)
{
	if (leaf == 1)
		answer->ecx &= ~(X2APIC | TSC_DEADLINE | HYPERVISOR);
	if (leaf >= LEAVES_FIRST && leaf <= LEAVES_LAST)
		*answer = (struct hw_cpuid){0};
}

void vmi_halt(void)
{
	tw_host.halt();
}

/* Soft would be INIT of this CPU in a machine without devices: no guest asks for it, hard serves both. */
void vmi_reboot(uint32_t how)
{
	tw_host.reboot();
}

/* Switches the machine off. An ordinary kernel does that by ACPI and never comes here. */
void vmi_shutdown(void)
{
	tw_host.poweroff();
}
