/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUID: the machine's own answer, less what the shim uses (SVM, VMX) and the host's hypervisor
 * leaves; then the guest side's leaves. Two bits follow the CR4 of whoever executes CPUID, which
 * here is the shim: they are taken from the guest's.
 */
#include "shim/nested/nested.h"

#define BIT(n)		(1u << (n))
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_PKE		(1ull << 22)
#define HYPERVISOR_LEAF 0x40000000u
#define HYPERVISOR_END	0x40020000u

static void set(uint32_t *reg, uint32_t bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

void nested_cpuid(struct nested_cpu *c, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r)
{
	if (leaf >= HYPERVISOR_LEAF && leaf < HYPERVISOR_END) {
		*r = (struct hw_cpuid){ 0 }; /* and no exit to the host either */
	} else {
		*r = hw_cpuid(leaf, subleaf);
		switch (leaf) {
		case 1:
			set(&r->ecx, BIT(27), c->regs.cr4 & CR4_OSXSAVE);
			r->ecx &= ~(BIT(5) | BIT(6)); /* VMX, SMX */
			r->ecx |= BIT(31);
			break;
		case 7:
			if (subleaf == 0)
				set(&r->ecx, BIT(4), c->regs.cr4 & CR4_PKE);
			break;
		case 0x80000001:
			r->ecx &= ~(BIT(2) | BIT(12)); /* SVM, SKINIT */
			break;
		case 0x8000000a: /* SVM */
		case 0x8000001f: /* SEV */
			*r = (struct hw_cpuid){ 0 };
			break;
		}
	}
	nested_guest->cpuid(c->vcpu, leaf, subleaf, r);
}
