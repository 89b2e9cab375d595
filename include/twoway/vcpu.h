/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Resident mode: what the entry code (shim/resident/entry.S) knows of a virtual CPU. One instance
 * per CPU lies right behind that CPU's own copy of the entry code, so that the code reaches it
 * relative to RIP: it works with any GS, on any stack. Guest sides write it, the entry code reads
 * it; offsets are generated for the assembler (build/shim/asm-offsets.h).
 */
#ifndef TWOWAY_VCPU_H
#define TWOWAY_VCPU_H

#include <stdint.h>

#include "twoway/host.h"

/* Where a trap or callback enters the guest kernel. */
struct tw_gate {
	uint64_t address; /* 0: the guest has not registered it */
	uint8_t mask;	  /* 1: events are masked on entry */
	uint8_t dpl;	  /* lowest privilege that may raise it by INT n */
	uint8_t pad[6];
};

/* The guest's two upcall bytes, as they lie at the start of Xen's struct vcpu_info. */
struct tw_upcall {
	volatile uint8_t pending; /* an event waits */
	volatile uint8_t mask;	  /* 1: the guest's "interrupts off" */
};

/* Callbacks, index into tw_vcpu.callback[]. */
enum tw_callback {
	TW_CB_EVENT,
	TW_CB_FAILSAFE,
	TW_CB_SYSCALL,
	TW_CB_SYSCALL32,
	TW_CB_SYSENTER,
	TW_CB_NMI,
	TW_CB_COUNT
};

struct tw_vcpu {
	/* First cache line: every entry uses it. */
	struct tw_upcall *upcall; /* shared with the guest; never NULL */
	uint64_t *cr2;		  /* where the guest looks for the fault address */
	uint64_t kernel_sp;	  /* guest kernel stack for entries from user mode */
	uint64_t shim_sp;	  /* top of this CPU's shim stack */
	uint64_t scratch;	  /* entry code only */
	uint64_t scratch2;	  /* entry code only */
	uint64_t guest;		  /* the guest side's own vCPU (struct xen_vcpu *) */
	uint64_t irets;		  /* returns by the guest, counted here: TW_CALL_IRET of the ledger */

	struct tw_gate callback[TW_CB_COUNT];
	struct tw_gate trap[256]; /* by vector */

	uint64_t kernel_ss;
	uint64_t *tss_rsp0; /* where the CPU finds kernel_sp */
	unsigned int cpu; /* index */
	uint8_t low_kernel; /* the kernel lives at low addresses and has no user mode (yet) */
	uint8_t nmi_wanted; /* an NMI hit the shim and must still be delivered */
};

#endif /* TWOWAY_VCPU_H */
