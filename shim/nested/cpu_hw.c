/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What of a CPU's life is instructions: its tables, which CPU this is, and its stack. Apart from cpu.c,
 * so that all the rest also runs as an ordinary program, on a machine made of C (tests/unit/svm_machine.h).
 */
#include "shim/nested/nested.h"

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct nested_cpu *nested_here(void)
{
	struct table_pointer p;

	__asm__ volatile("sgdt %0" : "=m"(p));
	return (struct nested_cpu *)(p.base - offsetof(struct nested_cpu, gdt));
}

void nested_cpu_load(unsigned int cpu)
{
	struct nested_cpu *c = nested_cpu_of[cpu];
	struct table_pointer gdt = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };

	__asm__ volatile("lgdt %0" : : "m"(gdt));
	__asm__ volatile("pushq $8; lea 1f(%%rip), %%rax; pushq %%rax; lretq; 1: mov %0, %%ss"
			 :
			 : "r"(16)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(0));
	nested_idt_load();
	/* So that CPUID shows the guest's XSAVE size: leaf 0xd looks at CR4.OSXSAVE. */
	if (hw_cpuid(1, 0).ecx & 1u << 26)
		hw_write_cr4(hw_read_cr4() | 1u << 18);
	backend_cpu_enable(c);
}

void nested_cpu_restart(struct nested_cpu *c, void (*run)(struct nested_cpu *c))
{
	__asm__ volatile("movq %0, %%rsp; xorl %%ebp, %%ebp; call *%1"
			 :
			 : "r"(c->stack), "r"(run), "D"(c)
			 : "memory");
	__builtin_unreachable();
}

uint64_t nested_page_pa(const void *page)
{
	return (uint64_t)page >= HW_DIRECT_MAP ? (uint64_t)page - HW_DIRECT_MAP : image_pa(page);
}

uint64_t nested_debug_read(unsigned int number)
{
	uint64_t value;

	switch (number) {
	case 0:
		__asm__ volatile("movq %%dr0, %0" : "=r"(value));
		break;
	case 1:
		__asm__ volatile("movq %%dr1, %0" : "=r"(value));
		break;
	case 2:
		__asm__ volatile("movq %%dr2, %0" : "=r"(value));
		break;
	default:
		__asm__ volatile("movq %%dr3, %0" : "=r"(value));
	}
	return value;
}

void nested_debug_write(unsigned int number, uint64_t value)
{
	switch (number) {
	case 0:
		__asm__ volatile("movq %0, %%dr0" : : "r"(value));
		break;
	case 1:
		__asm__ volatile("movq %0, %%dr1" : : "r"(value));
		break;
	case 2:
		__asm__ volatile("movq %0, %%dr2" : : "r"(value));
		break;
	default:
		__asm__ volatile("movq %0, %%dr3" : : "r"(value));
	}
}
