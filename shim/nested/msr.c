/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * MSRs that exit: those that the shim guards (EFER.SVME, the SVM MSRs, the APIC's where needed), the
 * guest side's synthetic ones, and any that the permission map does not cover: these are tried on
 * the machine, and what faults there faults in the guest. Synthetic MSRs of the host's own
 * hypervisor never reach the guest.
 */
#include "shim/nested/nested.h"

#define MSR_EFER_KNOWN (1ull << 0 | 1ull << 8 | 1ull << 10 | 1ull << 11)
#define EFER_LME       (1ull << 8)
#define EFER_LMA       (1ull << 10)
#define CR0_PG	       (1ull << 31)
#define MSR_VM_CR      0xc0010114u
#define MSR_VM_HSAVE   0xc0010117u
#define VM_CR_OFF      0x18 /* locked, SVM disabled */

/* The synthetic ranges of Hyper-V, Xen and KVM. */
static bool synthetic(uint32_t msr)
{
	return msr >> 16 == 0x4000 || msr - 0x4b564d00u < 0x100 || (msr >= 0x11 && msr <= 0x12);
}

static uint64_t efer_known(void)
{
	struct hw_cpuid leaf = hw_cpuid(0x80000001, 0);

	return MSR_EFER_KNOWN | (leaf.edx >> 25 & 1 ? 1ull << 14 : 0) | (leaf.ecx >> 17 & 1 ? 1ull << 15 : 0) |
	       (hw_cpuid(0x80000000, 0).eax >= 0x80000021 && hw_cpuid(0x80000021, 0).eax & 1u << 8 ? 1ull << 21 : 0);
}

static enum nested_verdict write_efer(struct nested_cpu *c, uint64_t value)
{
	uint64_t old = c->regs.efer;

	if (value & ~efer_known() || ((value ^ old) & EFER_LME && c->regs.cr0 & CR0_PG))
		return NESTED_GP;
	backend_set_efer(c, (value & ~EFER_LMA) | (old & EFER_LMA));
	backend_flush(c); /* NXE changes what translations mean */
	return NESTED_DONE;
}

static bool apic_msr(uint32_t msr)
{
	return msr - 0x800u < 0x100 || msr == MSR_TSC_DEADLINE;
}

static enum nested_verdict write_apic(struct nested_cpu *c, uint32_t msr, uint64_t value)
{
	if (msr == MSR_TSC_DEADLINE) {
		if (!nested_deadline_mode)
			return NESTED_GP;
		if (!c->timer.owned || !nested_timer_guest_write(c, NESTED_REG_DEADLINE, value))
			hw_wrmsr(msr, value);
		return NESTED_DONE;
	}
	if (!c->x2apic)
		return NESTED_GP;
	return nested_apic_guest_write(c, (msr - 0x800) * 16, value) ? NESTED_DONE : NESTED_GP;
}

enum nested_verdict nested_rdmsr(struct nested_cpu *c, uint32_t msr, uint64_t *value)
{
	enum nested_verdict v;

	switch (msr) {
	case MSR_EFER:
		*value = c->regs.efer;
		return NESTED_DONE;
	case MSR_VM_CR:
		*value = VM_CR_OFF;
		return NESTED_DONE;
	case MSR_VM_HSAVE:
		return NESTED_GP;
	case MSR_TSC_DEADLINE:
		if (!nested_deadline_mode)
			return NESTED_GP;
		*value = c->timer.owned ? c->timer.deadline : hw_rdmsr(msr);
		return NESTED_DONE;
	}
	v = nested_guest->rdmsr(c->vcpu, msr, value);
	if (v != NESTED_PASS)
		return v;
	return !synthetic(msr) && nested_rdmsr_safe(msr, value) ? NESTED_DONE : NESTED_GP;
}

enum nested_verdict nested_wrmsr(struct nested_cpu *c, uint32_t msr, uint64_t value)
{
	enum nested_verdict v;

	switch (msr) {
	case MSR_EFER:
		return write_efer(c, value);
	case MSR_VM_CR:
		return NESTED_DONE; /* locked */
	case MSR_VM_HSAVE:
		return NESTED_GP;
	case MSR_APIC_BASE:
		return nested_apic_base(c, value);
	}
	if (apic_msr(msr))
		return write_apic(c, msr, value);
	v = nested_guest->wrmsr(c->vcpu, msr, value);
	if (v != NESTED_PASS)
		return v;
	return !synthetic(msr) && nested_wrmsr_safe(msr, value) ? NESTED_DONE : NESTED_GP;
}
