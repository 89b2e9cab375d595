/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Resident mode: internal header. Each prototype stands under the file that owns it. */
#ifndef SHIM_RESIDENT_RESIDENT_H
#define SHIM_RESIDENT_RESIDENT_H

#include "shim/resident/area.h"
#include "shim/shim.h"
#include "twoway/resident.h"

/* --- entry.S, entry_pti.S, enter.S --- */
/* Where the pieces of an entry template lie; the template is boot only, CPUs run copies. */
struct entry_code {
	const char *begin, *lstar, *lstar_any, *lstar_low, *cstar, *sysenter, *stubs, *iretq_user;
};
extern const struct entry_code entry_plain, entry_pti;
void resident_enter(const struct resident_regs *regs) __attribute__((noreturn));

/* --- area.c: one CPU's entry area --- */
/* Make the area of a CPU: pages, entry code, IDT, TSS, GDT. Boot only. */
void area_create(unsigned int cpu);
/* Load GDT, IDT, TR and the SYSCALL MSRs on the CPU itself. */
void area_load(unsigned int cpu);
/* The template in use, as offsets from its begin (which is 0). */
extern struct entry_offsets {
	uint64_t lstar, lstar_any, lstar_low, cstar, sysenter, stubs, iretq_user;
} entry;
/* Address of a piece of the entry code in a CPU's own copy. */
static inline uint64_t area_code(unsigned int cpu, uint64_t offset)
{
	return area_va(cpu) + AREA_CODE + offset;
}
/* Choose the template: with a root of its own for user mode, or not. Boot only. */
void area_choose(bool pti);

/* --- pti.c --- */
/* Decide whether user mode gets its own page tables, and choose the entry code. Boot only. */
void pti_decide(void);

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
