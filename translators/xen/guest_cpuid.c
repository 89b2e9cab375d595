/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Xen's CPUID leaves as a PV guest sees them (xen/arch-x86/cpuid.h), at 0x40000000. There is no
 * hypercall-page MSR in the PV ABI, but the leaf exists.
 */
#include "guest.h"

#include <xen/arch-x86/cpuid.h>

#define BASE	      0x40000000u
#define MSR_HYPERCALL 0x40000000u
#define VERSION	      (4u << 16 | 17u)
#define MAX_LEAF      (BASE + 5)

static void time_leaf(uint32_t subleaf, struct hw_cpuid *r)
{
	const struct tw_clock *c = tw_host.line;
	uint64_t offset = c->base_ns - tw_clock_delta_ns(c, c->tsc0);

	switch (subleaf) {
	case 0:
		r->eax = 2 | 4; /* the host's TSC is reliable, RDTSCP exists */
		r->ebx = 2;	/* tsc_mode native */
		r->ecx = (uint32_t)(c->tsc_hz / 1000);
		break;
	case 1:
		r->eax = (uint32_t)offset;
		r->ebx = (uint32_t)(offset >> 32);
		r->ecx = c->mul;
		r->edx = (uint32_t)c->shift & 0xff;
		break;
	case 2:
		r->eax = (uint32_t)(c->tsc_hz / 1000);
		break;
	}
}

void xen_cpuid(uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r)
{
	xen_count(xen_vcpus[tw_cpu()], XEN_CALL_CPUID);
	switch (leaf) {
	case BASE:
		*r = (struct hw_cpuid){ MAX_LEAF, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
					XEN_CPUID_SIGNATURE_EDX };
		break;
	case BASE + 1:
		r->eax = VERSION;
		break;
	case BASE + 2:
		r->eax = 1;
		r->ebx = MSR_HYPERCALL;
		r->ecx = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case BASE + 3:
		time_leaf(subleaf, r);
		break;
	case BASE + 5:
		r->ebx = 64 - (uint32_t)__builtin_clzll(xen_domain.max_mfn << TW_PAGE_SHIFT | 1);
		break;
	}
}
