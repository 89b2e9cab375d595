/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUID as a resident guest's kernel sees it (it asks through Xen's emulation prefix). Hidden is
 * what the shim owns, what Xen's PV ABI lacks, and what a kernel at CPL 0 must not switch on under
 * us. User mode executes CPUID itself and sees the machine.
 */
#include "shim/resident/resident.h"

#define BIT(n) (1u << (n))

static void leaf1(struct hw_cpuid *r)
{
	r->edx &= ~(BIT(1) | BIT(3) | BIT(7) | BIT(12) | BIT(13) | BIT(14) | BIT(17));
	/* VME, PSE, MCE, MTRR, PGE, MCA, PSE36 */
	r->ecx &= ~(BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(15) | BIT(17) | BIT(18) |
		    BIT(21) | BIT(24));
	/* MONITOR, VMX, SMX, EIST, TM2, PDCM, PCID, DCA, x2APIC, TSC-deadline */
	r->ecx |= BIT(31);
	if (hw_read_cr4() & BIT(18))
		r->ecx |= BIT(27); /* OSXSAVE follows the guest's own CR4 */
}

static void leaf7(uint32_t subleaf, struct hw_cpuid *r)
{
	if (subleaf == 0) {
		r->ebx &= ~(BIT(10) | BIT(12) | BIT(15) | BIT(25)); /* INVPCID, PQM, PQE, PT */
		r->ecx &= ~(BIT(7) | BIT(13) | BIT(16) | BIT(29)); /* CET_SS, TME, LA57, ENQCMD */
		r->edx &= ~(BIT(5) | BIT(18) | BIT(20)); /* UINTR, PCONFIG, CET_IBT */
		if (hw_read_cr4() & BIT(22))
			r->ecx |= BIT(4); /* OSPKE */
	} else if (subleaf == 1) {
		r->eax &= ~(BIT(17) | BIT(26)); /* FRED, LAM */
	}
}

static void extended1(struct hw_cpuid *r)
{
	r->edx &= ~(BIT(1) | BIT(3) | BIT(7) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(26));
	/* as leaf 1, and 1 GB pages */
	r->ecx &= ~(BIT(2) | BIT(3) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(29));
	/* SVM, extended APIC, IBS, SKINIT, WDT, LWP, MWAITX */
}

void resident_cpuid(struct resident_regs *regs)
{
	uint32_t leaf = (uint32_t)regs->rax, subleaf = (uint32_t)regs->rcx;
	struct hw_cpuid r = hw_cpuid(leaf, subleaf);

	switch (leaf) {
	case 1:
		leaf1(&r);
		break;
	case 5: /* MONITOR/MWAIT */
	case 0xa: /* performance counters */
	case 0x8000000a: /* SVM */
		r = (struct hw_cpuid){ 0 };
		break;
	case 7:
		leaf7(subleaf, &r);
		break;
	case 0x80000001:
		extended1(&r);
		break;
	}
	if (leaf >> 16 == 0x4000)
		r = (struct hw_cpuid){ 0 };
	resident_guest->cpuid(leaf, subleaf, &r);
	regs->rax = r.eax;
	regs->rbx = r.ebx;
	regs->rcx = r.ecx;
	regs->rdx = r.edx;
}
