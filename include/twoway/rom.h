/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the core of the VMI ROM (shim/vmi) gives the VMI guest side (translators/vmi), beside the neutral
 * host operations: the guest keeps its interrupt controllers, and the ROM only stands behind its calls.
 */
#ifndef TWOWAY_ROM_H
#define TWOWAY_ROM_H

#include <stdbool.h>
#include <stdint.h>

struct vmi_ap_state;

/* Facts that the guest side decides by; filled before vmi_guest_init(). */
struct rom_facts {
	bool serve_all;	 /* serve by code what is as good left native, too: tests, and for those who debug */
	bool time;	 /* the TSC is one line for all CPUs: time and alarms can be served */
	bool host_halt;	 /* it halts better than HLT */
	bool host_eoi;	 /* it ends interrupts better than the local APIC */
	bool hypervisor; /* its CPUID leaves are visible */
};
extern struct rom_facts rom_facts;
/* vmi_init has succeeded, the last time that it was called. */
extern bool rom_ready;

/* The local APIC in the ROM's own mapping; reg is the offset in its page. */
uint32_t rom_apic_read(unsigned int reg);
void rom_apic_write(unsigned int reg, uint32_t value);
/* Timer mode bits that the LVT's timer entry needs for the host's one-shot (TSC deadline, or 0). */
uint32_t rom_timer_mode(void);

/* A processor gets INIT, and loses what its first call had set up: its next call is a first one. */
void rom_cpu_forget(uint32_t apic_id);

/* Interrupts off on this CPU; the flags to give back. */
unsigned long rom_irq_save(void);
void rom_irq_restore(unsigned long flags);

/*
 * A STARTUP IPI for a CPU that has an initial state: page is the guest's real-mode start page. True
 * when the CPU was started in its state; false: send the IPI as it is.
 */
bool rom_ap_start(uint32_t apic_id, uint32_t page, const struct vmi_ap_state *state);

/* Address of the code that serves a call, for get_reloc. */
uint32_t rom_entry_of(unsigned int call);

#endif /* TWOWAY_ROM_H */
