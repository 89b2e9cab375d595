/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the guest on the machine in svm_machine.h executes, and how memory answers it. */
#include <string.h>

#include "svm_inside.h"

struct vmcb *machine_vmcb(unsigned int cpu)
{
	return nested_cpu_of[cpu]->vmcb;
}

struct nested_regs *machine_regs(unsigned int cpu)
{
	return &nested_cpu_of[cpu]->regs;
}

void *machine_at(uint64_t pa)
{
	void *p = hw_phys(pa);

	if (!p)
		machine_die("not memory");
	return p;
}

void machine_exit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2)
{
	machine_cpus[cpu].event = 0;
	machine_vmexit(cpu, code, info1, info2);
	machine_settle();
}

/* An instruction that exits; true when it has been done. */
static bool instruction(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2,
			unsigned int length)
{
	struct vmcb *b = machine_vmcb(cpu);
	uint64_t rip = b->rip;

	if (machine_next_rip)
		b->next_rip = rip + length;
	machine_exit(cpu, code, info1, info2);
	return b->rip == rip + length;
}

struct hw_cpuid machine_cpuid(unsigned int cpu, uint32_t leaf, uint32_t subleaf)
{
	struct nested_regs *r = machine_regs(cpu);

	machine_vmcb(cpu)->rax = leaf;
	r->rcx = subleaf;
	if (!instruction(cpu, SVM_EXIT_CPUID, 0, 0, 2))
		machine_die("CPUID faults");
	return (struct hw_cpuid){ (uint32_t)machine_vmcb(cpu)->rax, (uint32_t)r->rbx,
				  (uint32_t)r->rcx, (uint32_t)r->rdx };
}

bool machine_rdmsr(unsigned int cpu, uint32_t msr, uint64_t *value)
{
	if (!machine_msr_traps(msr, false))
		return machine_msr_read(cpu, msr, value);
	machine_regs(cpu)->rcx = msr;
	if (!instruction(cpu, SVM_EXIT_MSR, 0, 0, 2))
		return false;
	*value = (uint32_t)machine_vmcb(cpu)->rax | machine_regs(cpu)->rdx << 32;
	return true;
}

bool machine_wrmsr(unsigned int cpu, uint32_t msr, uint64_t value)
{
	bool good;

	if (!machine_msr_traps(msr, true)) {
		good = machine_msr_write(cpu, msr, value);
		machine_settle();
		return good;
	}
	machine_regs(cpu)->rcx = msr;
	machine_vmcb(cpu)->rax = (uint32_t)value;
	machine_regs(cpu)->rdx = value >> 32;
	return instruction(cpu, SVM_EXIT_MSR, 1, 0, 2);
}

uint32_t machine_io(unsigned int cpu, uint16_t port, unsigned int size, bool out, uint32_t value)
{
	if (!machine_port_traps(port, size))
		return ~0u;
	if (out)
		machine_vmcb(cpu)->rax = value;
	machine_exit(cpu, SVM_EXIT_IO, (uint64_t)port << 16 | size << 4 | !out,
		     machine_vmcb(cpu)->rip + 1);
	return (uint32_t)machine_vmcb(cpu)->rax;
}

uint64_t machine_walk(unsigned int cpu, uint64_t gpa, uint64_t *bytes)
{
	uint64_t entry_ = nested_cpu_of[cpu]->npt_root | PTE_P;

	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *table = machine_at(entry_ & PTE_ADDR);

		entry_ = table[gpa >> shift & 511];
		*bytes = 1ull << shift;
		if (!(entry_ & PTE_P))
			return 0;
		if (shift <= 30 && entry_ & PTE_PS)
			break;
	}
	return entry_;
}

static void store(unsigned int cpu, uint64_t pa, uint32_t value)
{
	if (pa >> 12 == MACHINE_APIC >> 12) {
		if (!(machine_cpus[cpu].apic_base & 1u << 10))
			machine_apic_write(cpu, pa & 0xfff, value);
	} else if (hw_phys(pa)) {
		memcpy(hw_phys(pa), &value, sizeof(value));
	}
}

bool machine_store(unsigned int cpu, uint64_t gpa, uint32_t value)
{
	struct vmcb *b = machine_vmcb(cpu);
	uint64_t bytes, pte;

	for (unsigned int tries = 0; tries < 4; tries++) {
		pte = machine_walk(cpu, gpa, &bytes);
		if (pte & PTE_W) {
			store(cpu, (pte & PTE_ADDR & ~(bytes - 1)) | (gpa & (bytes - 1)), value);
			if (b->rflags & RFLAGS_TF && b->intercept_exceptions & 2) {
				b->dr6 |= 1u << 14;
				machine_exit(cpu, SVM_EXIT_EXCEPTION + 1, 0, 0);
			}
			machine_settle();
			return true;
		}
		machine_cpus[cpu].event = 0;
		machine_vmexit(cpu, SVM_EXIT_NPF, 6 | !!pte, gpa);
		if (machine_end || machine_cpus[cpu].state != MACHINE_GUEST ||
		    machine_cpus[cpu].event)
			break;
	}
	machine_settle();
	return false;
}
