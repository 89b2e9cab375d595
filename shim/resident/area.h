/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One CPU's entry area in L4 slot 260: its own copy of the entry code, and behind it, at fixed
 * distances, all that the code and the CPU need while user mode runs. Offsets in bytes.
 */
#ifndef SHIM_RESIDENT_AREA_H
#define SHIM_RESIDENT_AREA_H

#define AREA_SIZE	0x100000 /* address space per CPU */
#define AREA_CODE	0x00000	 /* read, execute */
#define AREA_CODE_PAGES 2
#define AREA_DATA	0x03000 /* struct resident_data; apart from code (self-modifying-code clears) */
#define AREA_DATA_PAGES 3
#define AREA_IDT	0x06000
#define AREA_TSS	0x07000 /* TSS and I/O bitmap */
#define AREA_TSS_PAGES	3
#define AREA_GDT	0x10000 /* 14 guest pages, the reserved page, one hole */
#define AREA_GDT_GUEST	14
#define AREA_GDT_OURS	(AREA_GDT + AREA_GDT_GUEST * 0x1000)
#define AREA_LDT	0x20000 /* up to 16 guest pages */
#define AREA_LDT_PAGES	16
#define AREA_STACK	0x41000 /* the shim's stack; the page below each stack stays unmapped */
#define AREA_STACK_PAGES 4
#define AREA_IST_NMI	0x46000
#define AREA_IST_DF	0x48000
#define AREA_IST_DB	0x4a000
#define AREA_IST_MC	0x4c000
#define AREA_FAULT	0x4e000 /* for faults inside the shim */
#define AREA_USER	0x50000 /* entry stack when user mode has its own page tables */

/* Instead of a vector for resident_fault(): why the guest cannot go on. */
#define RESIDENT_NO_HANDLER   -1 /* an event or trap for which it has registered nothing */
#define RESIDENT_NO_USER_MODE -2 /* a kernel at low addresses that wants to run user mode */

#define IST_NMI 1
#define IST_DF	2
#define IST_DB	3
#define IST_MC	4

#ifndef __ASSEMBLY__

#include <stdint.h>

#include "twoway/vcpu.h"

/* All registers, as the slow paths of entry.S hand them to C. */
struct resident_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdi, rsi, rdx, rax;
	uint64_t rcx, r11, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* The data pages of an entry area. The guest side's part comes first. */
struct resident_data {
	struct tw_vcpu vcpu;
	uint64_t calls_table;  /* hypercall handlers, indexed by number */
	uint64_t calls_count;  /* of handlers */
	uint64_t on_unknown;   /* long (*)(...): numbers beyond the table */
	uint64_t on_interrupt; /* void (*)(unsigned vector) */
	uint64_t on_trap;      /* struct resident_regs *(*)(struct resident_regs *, unsigned vector) */
	uint64_t on_fault;     /* the same, for exceptions inside the shim */
	uint64_t fault_sp;
	uint64_t kernel_cr3;   /* separate user page tables only: the two roots */
	uint64_t user_cr3;
	uint64_t user_sp; /* top of AREA_USER */
	uint64_t unused_rsp0; /* takes the place of TSS.RSP0, which then stays user_sp */
	struct resident_regs resume;
};

static inline uint64_t area_va(unsigned int cpu)
{
	return 0xffff820000000000ull + (uint64_t)cpu * AREA_SIZE;
}

static inline struct resident_data *area_data(unsigned int cpu)
{
	return (struct resident_data *)(area_va(cpu) + AREA_DATA);
}

#endif /* __ASSEMBLY__ */
#endif /* SHIM_RESIDENT_AREA_H */
