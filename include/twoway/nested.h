/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested mode as a guest side sees it: the shim is a thin pass-through hypervisor (SVM now, VMX
 * later) under an unmodified kernel. The core (shim/nested) traps only CPUID, synthetic MSRs,
 * hypercall instructions and what keeps itself hidden; a guest side (translators/<abi>/guest*.c)
 * gives those traps their meaning. Unit tests provide mocks of the core.
 */
#ifndef TWOWAY_NESTED_H
#define TWOWAY_NESTED_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/guest.h"
#include "twoway/host.h"
#include "twoway/hw.h"

/* Guest registers at an exit, as the backend keeps them. RIP is already behind the instruction
 * when the handler returns NESTED_DONE; handlers do not touch it. */
struct nested_regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rsp, rflags, cr0, cr3, cr4, efer;
	uint8_t cpl;
	bool long_mode; /* CS.L: 64-bit code */
};

struct nested_vcpu {
	unsigned int cpu;	  /* index; always runs on CPU of that index */
	struct nested_regs *regs; /* valid during an exit on this CPU */
	uint64_t *calls;	  /* ledger counters of this CPU */
};

/* What a handler says of the exit. */
enum nested_verdict {
	NESTED_DONE, /* emulated: go on behind the instruction */
	NESTED_GP,   /* inject #GP(0) */
	NESTED_UD,   /* inject #UD */
	NESTED_PASS, /* not ours: do what the machine does (MSR access by the shim, with #GP caught) */
};

/* The guest side. Handlers run on the vCPU's CPU, in the shim, interrupts off. */
struct nested_guest {
	/* Edit what CPUID shows; the core has hidden SVM/VMX and the host's own hypervisor leaves, and
	 * corrected OSXSAVE and OSPKE. Called for every leaf. */
	void (*cpuid)(struct nested_vcpu *v, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);
	enum nested_verdict (*rdmsr)(struct nested_vcpu *v, uint32_t msr, uint64_t *value);
	enum nested_verdict (*wrmsr)(struct nested_vcpu *v, uint32_t msr, uint64_t value);
	enum nested_verdict (*hypercall)(struct nested_vcpu *v); /* VMCALL or VMMCALL */
	/* I/O to a port asked for with nested_trap_port(). size is 1, 2 or 4 bytes. */
	enum nested_verdict (*port)(struct nested_vcpu *v, uint16_t port, unsigned int size, bool out,
				    uint32_t *value);
	/* TW_VEC_TIMER of this CPU's one-shot (tw_host.timer_set) expired. */
	void (*timer)(struct nested_vcpu *v);
	/* Someone called nested_kick(): look for work before the next entry. */
	void (*kicked)(struct nested_vcpu *v);
	/* The guest ended an interrupt through a trapped EOI, or the APIC's, while events waited. */
	void (*eoi)(struct nested_vcpu *v);
	/* INIT: the vCPU forgets its per-VP state. */
	void (*reset)(struct nested_vcpu *v);
};
/* The one in use: set by the core from the chosen ABI before the guest starts. */
extern const struct nested_guest *nested_guest;

/*
 * A guest ABI of nested mode, as the option abi=NAME[@VERSION][:PROFILE] chooses it. Each guest side
 * registers its own with NESTED_ABI() in one of its files; the core finds all of them in one section.
 */
struct nested_abi {
	const char *name;	     /* "hyperv" */
	const struct tw_guest *guest; /* for banner and ledger; mode "nested" */
	const struct nested_guest *nested;
	/*
	 * Boot only, on the boot CPU, after the host is known, nested_cpus is set and nested_exit_cost was
	 * measured; before any vCPU runs. profile: what follows the colon ("" when nothing does), e.g.
	 * "fast+stimer-ipi". False with *why when it is not understood.
	 */
	bool (*start)(const char *profile, const char **why);
};
#ifdef TW_HOSTED
#define NESTED_ABI(abi) _Static_assert(sizeof(abi) > 0, "")
#else
#define NESTED_ABI(abi)                                                                            \
	static const struct nested_abi *const nested_abi_##abi                                     \
		__attribute__((section(".nested_abi"), used)) = &(abi)
#endif

/* vCPUs that the guest has; [0..nested_cpus-1]. */
extern struct nested_vcpu nested_vcpus[TW_MAX_CPUS];
extern unsigned int nested_cpus;

/* --- guest-physical memory (identity mapped; the shim's own pages are absent) --- */

/* bytes bytes at gpa as the guest sees them (overlays included); NULL when they are not all RAM, cross
 * a page, or belong to the shim. */
void *nested_gpa(uint64_t gpa, unsigned int bytes);
/*
 * Put a page of the shim over the guest's page at gpa (page-aligned) for all vCPUs: what lies
 * below comes back with nested_overlay_remove(). At most one overlay per gpa wins: the newest.
 * Returns false when gpa cannot be overlaid (beyond the physical address width, or the shim's own).
 */
enum nested_overlay_access { NESTED_OVERLAY_RX, NESTED_OVERLAY_R, NESTED_OVERLAY_RW };
bool nested_overlay_place(uint64_t gpa, void *page, enum nested_overlay_access access);
void nested_overlay_remove(uint64_t gpa, void *page);
/* Resident, zeroed, page-aligned pages: for overlays (shown to the guest), and for the guest side itself; boot only. */
void *nested_overlay_pages(unsigned int pages);
void *nested_pages(unsigned int pages);

/* --- interrupts --- */

/*
 * Deliver a fixed, edge-triggered vector to a vCPU's guest as its local APIC would (the guest does
 * EOI): through the real APIC. Any CPU may call it.
 */
void nested_interrupt(unsigned int cpu, uint8_t vector);
/*
 * Deliver a vector without the APIC (no ISR bit, no EOI): AutoEOI SINTs. Calling vCPU only; waits for
 * an interrupt window if the guest cannot take it now. One may wait per vector.
 */
void nested_interrupt_no_apic(struct nested_vcpu *v, uint8_t vector);
/*
 * The same for an interrupt whose EOI is spared (EOI assist): with the coming entry, before anything else.
 * False: it cannot be, or the APIC's rule of priorities (task priority, what is in service) holds it back.
 */
bool nested_interrupt_first(struct nested_vcpu *v, uint8_t vector);
/* Make another vCPU leave the guest and call nested_guest->kicked(). */
void nested_kick(unsigned int cpu);
/* The guest's own APIC: EOI, TPR, ICR as the guest's MSR accesses mean them. */
void nested_apic_eoi(struct nested_vcpu *v);
uint32_t nested_apic_tpr(struct nested_vcpu *v);
void nested_apic_set_tpr(struct nested_vcpu *v, uint32_t tpr);
uint64_t nested_apic_icr(struct nested_vcpu *v);
void nested_apic_set_icr(struct nested_vcpu *v, uint64_t icr); /* INIT and SIPI are taken by the core */

/* --- the rest --- */

/* Flush all guest translations of the vCPUs in the set (bit n = vCPU n), and wait until done. */
void nested_tlb_flush(uint64_t cpus);
/* Wait for an interrupt on behalf of the guest (even with its IF=0). */
void nested_idle(struct nested_vcpu *v);
/* ns that the vCPU has run. */
uint64_t nested_runtime_ns(unsigned int cpu);
/* Trap a port (boot only). */
void nested_trap_port(uint16_t port);
/* Cost of one exit and entry on this host, TSC ticks, measured at start. */
extern uint64_t nested_exit_cost;
/* Rate of the APIC timer undivided, Hz, measured at start. */
extern uint64_t nested_apic_hz;
/* force=hv-testdev: offer the test device of the guest ABI. */
extern bool nested_test_device;

/*
 * XMM0-5 of the guest, two quadwords each: they live in the CPU during an exit, as the shim is
 * built without SSE (its CR4 has OSFXSR).
 */
#ifdef TW_HOSTED
void nested_xmm_read(uint64_t xmm[12]);
#else
static inline void nested_xmm_read(uint64_t xmm[12])
{
	__asm__ volatile("movups %%xmm0, (%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0)\n\t"
			 "movups %%xmm3, 48(%0); movups %%xmm4, 64(%0); movups %%xmm5, 80(%0)"
			 :
			 : "r"(xmm)
			 : "memory");
}
#endif

#endif /* TWOWAY_NESTED_H */
