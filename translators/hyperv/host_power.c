/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The end on Hyper-V: the reset MSR, and the crash MSRs that put a note into the host's event log
 * (TLFS 2.4.4, EDX bit 10). Neither must fail the machine: what the hypervisor ignores is done by
 * bare. Power-off is ACPI's.
 */
#include "host.h"

#define CRASH_SIGNATURE 0x7961776f7774ull /* "twoway", the first letter lowest */
#define EFFECT_READS	1000000

static void wait_for_effect(void)
{
	for (unsigned int i = 0; i < EFFECT_READS; i++)
		hw_pause();
}

static void reboot(void)
{
	hw_cli();
	hw_wrmsr(HV_MSR_RESET, 1);
	wait_for_effect();
	hyperv.bare.reboot();
}

static void crash(void)
{
	hw_cli();
	hw_wrmsr(HV_MSR_CRASH_P0, CRASH_SIGNATURE);
	for (uint32_t msr = HV_MSR_CRASH_P0 + 1; msr <= HV_MSR_CRASH_P4; msr++)
		hw_wrmsr(msr, 0);
	hw_wrmsr(HV_MSR_CRASH_CTL, HV_CRASH_NOTIFY);
	wait_for_effect();
	hyperv.bare.crash();
}

TW_INIT void hyperv_power_init(void)
{
	if (hyperv.eax & HV_EAX_RESET)
		hyperv.host->reboot = reboot;
	if (hyperv.edx & HV_EDX_CRASH)
		hyperv.host->crash = crash;
}
