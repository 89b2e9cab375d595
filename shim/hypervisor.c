/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whose CPUID signatures are there. A hypervisor may show several: its own and look-alikes of
 * others, each at a multiple of 0x100 (Xen shows Hyper-V's in front of its own, KVM likewise), so
 * the question is always "is this one there", never "which one is the first". Signatures are the
 * only evidence: the VMware port is answered by QEMU, too (H-45).
 */
#include "twoway/host.h"
#include "twoway/hw.h"

#define LEAVES_FIRST 0x40000000u
#define LEAVES_LAST  0x40010000u
#define LEAVES_STEP  0x100u

/* The letters i..i+3 as CPUID returns them. */
static uint32_t word(const char *signature, unsigned int i)
{
	const unsigned char *s = (const unsigned char *)signature + i;

	return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

uint32_t tw_hypervisor_leaf(const char signature[12])
{
	if (!(hw_cpuid(1, 0).ecx >> 31))
		return 0;
	for (uint32_t leaf = LEAVES_FIRST; leaf < LEAVES_LAST; leaf += LEAVES_STEP) {
		struct hw_cpuid r = hw_cpuid(leaf, 0);

		if (r.ebx == word(signature, 0) && r.ecx == word(signature, 4) &&
		    r.edx == word(signature, 8))
			return leaf;
	}
	return 0;
}

uint32_t tw_driver_leaf(const struct tw_host_driver *driver)
{
	uint32_t leaf = tw_hypervisor_leaf(driver->signature);

	if (leaf && driver->interface && hw_cpuid(leaf + 1, 0).eax != driver->interface)
		return 0;
	return leaf;
}
