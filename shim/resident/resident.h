/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Resident mode: internal header. Each prototype stands under the file that owns it. */
#ifndef SHIM_RESIDENT_RESIDENT_H
#define SHIM_RESIDENT_RESIDENT_H

#include "shim/resident/area.h"
#include "shim/shim.h"
#include "twoway/resident.h"

/* --- entry.S --- */
extern char entry_begin[], entry_end[], entry_lstar[], entry_lstar_any[], entry_lstar_low[], entry_cstar[],
	entry_sysenter[], entry_stubs[], entry_iretq_user[], entry_iretq_kernel[];
void resident_enter(const struct resident_regs *regs) __attribute__((noreturn));

/* --- area.c: one CPU's entry area --- */
/* Make the area of a CPU: pages, entry code, IDT, TSS, GDT. Boot only. */
void area_create(unsigned int cpu);
/* Load GDT, IDT, TR and the SYSCALL MSRs on the CPU itself. */
void area_load(unsigned int cpu);
/* Address of a piece of the entry code in a CPU's own copy. */
static inline uint64_t area_code(unsigned int cpu, const char *symbol)
{
	return area_va(cpu) + AREA_CODE + (uint64_t)(symbol - entry_begin);
}

/* --- trap.c: what entry.S leaves to C --- */
struct resident_regs *resident_trap(struct resident_regs *regs, unsigned int vector);
struct resident_regs *resident_fault(struct resident_regs *regs, unsigned int vector);

/* Does the CPU have SMAP (the guest may switch it on)? Set before any guest memory is touched. */
extern bool resident_smap;

/* --- interrupt.c --- */
void resident_interrupt(unsigned int vector);

/* --- bounce.c --- */
/*
 * Put Xen's frame for gate on the guest's kernel stack and make regs enter it. GS must be the
 * kernel's already. has_error: regs->error goes into the frame. Dies if the guest's stack cannot be
 * written.
 */
void bounce(struct resident_data *d, struct resident_regs *regs, const struct tw_gate *gate,
	    bool has_error);

/* The failsafe callback: an iret to user mode that faulted; regs are what it should have loaded. */
void bounce_failsafe(struct resident_data *d, struct resident_regs *regs);

/* --- cpuid.c --- */
/* The guest's view of CPUID: what resident mode hides, and the guest ABI's own leaves. */
void resident_cpuid(struct resident_regs *regs);

/* --- copy.S --- */
struct ex_entry {
	uint64_t fault, fixup;
};
extern const struct ex_entry ex_table_start[], ex_table_end[];

/* --- tlb.c --- */
void tlb_serve(unsigned int cpu);

#endif /* SHIM_RESIDENT_RESIDENT_H */
