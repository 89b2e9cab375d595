/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the files of the VMI guest side share with each other and with the ROM's core. The calls have
 * GCC's regparm(3) registers (VMI's convention), which is how the ROM is compiled: a guest calls
 * these functions directly. 64-bit arguments are split as VMI does.
 */
#ifndef TRANSLATORS_VMI_GUEST_H
#define TRANSLATORS_VMI_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/vmi.h"
#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/rom.h"

/* guest.c: which calls are served, and how. */

/* Forget everything: a new guest begins. */
void vmi_guest_init(void);
/* get_reloc's answer: EIP in the low word, type in the high one. NONE for unknown numbers. */
uint64_t vmi_get_reloc(uint32_t call);

/* guest_time.c */

uint64_t vmi_cycle_frequency(void);
uint64_t vmi_cycle_counter(uint32_t counter);
uint64_t vmi_wallclock(void);
uint32_t vmi_wallclock_updated(void);
/* Cycles stolen from this CPU since its first question. */
uint64_t vmi_stolen(unsigned int cpu);
void vmi_time_init(void);

/* guest_alarm.c */

void vmi_set_alarm(uint32_t flags, uint32_t expiry_low, uint32_t expiry_high, uint32_t period_low,
		   uint32_t period_high);
uint32_t vmi_cancel_alarm(uint32_t flags);
/* An interrupt was ended on this CPU: if an alarm is over, the next one is due. Interrupts off. */
void vmi_alarm_ended(unsigned int cpu);
/* The LVT's timer entry was written: an alarm that is armed, or was lost by the mask, is set again. */
void vmi_alarm_unmasked(unsigned int cpu);
/* That CPU got INIT: it has no alarms. */
void vmi_alarm_forget(unsigned int cpu);
void vmi_alarm_init(void);

/* guest_pit.c: IRQ 0, for guests without a local APIC and the first moments of the others. */

/* ns until the interrupt; periodic: again and again. */
void vmi_pit_set(uint64_t ns, bool periodic);
void vmi_pit_stop(void);

/* guest_apic.c */

uint32_t vmi_apic_read(uint32_t reg);
void vmi_apic_write(uint32_t reg, uint32_t value);
void vmi_ap_state(const struct vmi_ap_state *state, uint32_t apic_id);
void vmi_apic_init(void);

/* guest_cpu.c */

/* Hide from a CPUID answer what a guest must not use beside VMI. */
void vmi_cpuid_filter(uint32_t leaf, struct hw_cpuid *answer);
void vmi_halt(void);
void vmi_reboot(uint32_t how);
void vmi_shutdown(void);

#endif /* TRANSLATORS_VMI_GUEST_H */
