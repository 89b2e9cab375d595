/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest side of the neutral interface: what the shim tells a guest side. Calls come down from
 * the guest through the mode (shim/resident, shim/nested); events go up through these members,
 * on the CPU concerned, with interrupts off.
 */
#ifndef TWOWAY_GUEST_H
#define TWOWAY_GUEST_H

#include <stdbool.h>
#include <stdint.h>

struct tw_call;

struct tw_guest {
	const char *name;	     /* "xen-pv" */
	unsigned int version;	     /* of the profile: name@version */
	const char *mode;	     /* "resident", "nested" */
	const char *title;	     /* "Xen PV guest" */
	const struct tw_call *calls; /* ledger table, ends with guest == NULL */

	void (*timer)(unsigned int cpu); /* the CPU's one-shot expired */
	void (*console)(void);		 /* console input may be waiting */
	void (*request)(const char *what); /* the owner asks for "poweroff", "reboot", ...; may be NULL */
	void (*clock_moved)(void);	 /* tw_host.line has changed: say so to the guest; resident mode only */
};

extern const struct tw_guest *tw_guest;

/*
 * Copy between the guest's current virtual address space and the shim. The addresses are hostile:
 * a fault ends the copy. Returns the bytes NOT copied; 0 is success.
 */
uint64_t tw_copy_from_guest(void *to, uint64_t from, uint64_t n);
uint64_t tw_copy_to_guest(uint64_t to, const void *from, uint64_t n);

/* A machine frame (4 KB) that the guest owns, as a shim pointer; NULL for any other number. */
void *tw_guest_frame(uint64_t mfn);

/*
 * Machine address behind a guest virtual address in the current page tables, or ~0 when it is not
 * mapped to RAM. For areas that the guest registers by VA (hazard H-18).
 */
uint64_t tw_guest_va_to_pa(uint64_t va);

/* How the guest ends; none returns. reason is one of "poweroff", "reboot", "crash", ... */
void tw_guest_end(const char *reason) __attribute__((noreturn));

/* The calling CPU's index. */
unsigned int tw_cpu(void);

/* Make another CPU leave the guest for a moment and look for pending events. */
void tw_kick(unsigned int cpu);

#endif /* TWOWAY_GUEST_H */
