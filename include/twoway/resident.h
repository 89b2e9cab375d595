/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Resident mode as a guest side sees it: the virtual CPU's descriptors, page-table roots and traps.
 * Implemented by shim/resident; unit tests provide mocks.
 */
#ifndef TWOWAY_RESIDENT_H
#define TWOWAY_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/hw.h"
#include "twoway/vcpu.h"

/* A guest side plugs itself in here before the first vCPU runs. */
struct resident_guest {
	const uint64_t *calls; /* handlers by number (xen_call_fn); entry_*.S calls them directly */
	uint64_t calls_count;
	uint64_t unknown; /* handler for other numbers: long (*)(uint64_t nr, ...) */
	/* Change what CPUID shows (called after the mode has hidden what it must). */
	void (*cpuid)(uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);
	/* A kernel store to a present, read-only page at va: true if it may be tried again. */
	bool (*write_fault)(uint64_t va, struct tw_vcpu *v);
};
extern const struct resident_guest *resident_guest;

/*
 * Map count (0..14) guest frames as the GDT pages of a vCPU. All frames must be the guest's; an
 * absent one is -1 and stays unmapped. The reserved page behind them is always there.
 */
void resident_set_gdt(unsigned int cpu, const uint64_t *frames, unsigned int count);
/* Map pages (machine addresses) as the LDT of the calling CPU and load it; entries 0 = none. */
void resident_set_ldt(unsigned int cpu, const uint64_t *pages, unsigned int entries);
/* Where a vector of the guest's trap table enters it; dpl 3: user mode may raise it by INT n. */
void resident_set_trap(unsigned int cpu, unsigned int vector, uint64_t address, unsigned int dpl,
		       bool mask);
/*
 * The I/O permission bitmap of user mode, copied from guest memory: bits (0 = allowed) for ports
 * [0, ports); bits 0 = none allowed. Returns the bytes that could not be read.
 */
uint64_t resident_set_iobitmap(unsigned int cpu, uint64_t bits, unsigned int ports);
/* Entries from user mode switch to this stack. */
static inline void resident_set_kernel_sp(struct tw_vcpu *v, uint64_t ss, uint64_t sp)
{
	v->kernel_ss = ss;
	v->kernel_sp = sp;
	*v->tss_rsp0 = sp;
}
/* Tell entry code about a changed system-call callback (it chooses how SYSCALL is taken). */
void resident_syscall_changed(unsigned int cpu);
/* Load a selector into the user's GS (inactive in the kernel); a bad one loads null. */
void resident_load_user_gs(uint16_t selector);

/* Load a page-table root for the kernel (machine frame); the slots of the shim must be in it. */
void resident_load_root(struct tw_vcpu *v, uint64_t mfn);
/* Root for user mode; used only with separate user page tables. 0 = none. */
void resident_load_user_root(struct tw_vcpu *v, uint64_t mfn);
/* Put the shim's slots into an L4 table. */
void resident_root_adopt(uint64_t *l4, bool user);
static inline bool resident_root_slot(unsigned int index)
{
	return index >= 256 && index < 272;
}

/* Flush other CPUs' TLBs (all, or one page) and wait until they have. cpus: bit n = CPU n. */
void resident_tlb_flush(uint64_t cpus, uint64_t va, bool one_page);

/* Initial registers of a vCPU (Xen's vcpu_guest_context or the first CPU's start). */
struct resident_start {
	uint64_t rip, rsp, rflags, rsi, rdi;
	uint64_t cr3_mfn, user_cr3_mfn;
	uint64_t fs_base, gs_base_kernel, gs_base_user;
};
/* Let another CPU, parked since boot, start as s says. */
void resident_run_cpu(unsigned int cpu, const struct resident_start *s);
void resident_start(unsigned int cpu, const struct resident_start *s) __attribute__((noreturn));

#endif /* TWOWAY_RESIDENT_H */
