/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Does user mode need page tables of its own? Linux under Xen PV leaves that to the hypervisor. Yes on
 * CPUs that are affected by Meltdown: Intel ones that do not say RDCL_NO. Boot only.
 */
#include "shim/resident/resident.h"

#define MSR_ARCH_CAPABILITIES 0x10a
#define RDCL_NO		      1u

static TW_INIT bool affected(void)
{
	struct hw_cpuid id = hw_cpuid(0, 0);

	if (id.ebx != 0x756e6547 || id.edx != 0x49656e69 || id.ecx != 0x6c65746e) /* GenuineIntel */
		return false;
	if (id.eax >= 7 && hw_cpuid(7, 0).edx & 1u << 29 &&
	    hw_rdmsr(MSR_ARCH_CAPABILITIES) & RDCL_NO)
		return false;
	return true;
}

TW_INIT void pti_decide(void)
{
	if (!options.pti)
		options.pti = affected() && !options.no_pti;
	if (options.pti)
		tw_info("user mode gets page tables of its own (Meltdown)");
	area_choose(options.pti);
}
