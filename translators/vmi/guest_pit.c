/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Alarms that are wired to IRQ 0: channel 0 of the PIT, as the PC has it. The guest ends these
 * interrupts at the PIC, which the ROM does not see. So a periodic alarm is the PIT's own period,
 * rounded to its counts; and what is further away than 55 ms comes early, once: guests look at the time
 * anyway. Linux uses IRQ 0 only until its local APIC is up.
 */
#include "guest.h"

#define PIT_DATA      0x40
#define PIT_COMMAND   0x43
#define MODE_ONE_SHOT 0x38 /* channel 0, low then high byte, mode 4, as Linux has it: Xen's knows no mode 0 */
#define MODE_PERIODIC 0x34 /* mode 2 */
#define MODE_SILENT   0x3a /* mode 5 */
#define COUNT_MAX     0xffffu
#define COUNT_PER_NS  5124677u /* 1193182 / 10^9 in 0.32 fixed point, rounded up */
#define NS_MAX	      54900000u

void vmi_pit_set(uint64_t ns, bool periodic)
{
	uint32_t count = COUNT_MAX;

	if (ns < NS_MAX)
		count = (uint32_t)(ns * COUNT_PER_NS >> 32) + !periodic;
	if (count < 2) /* 0 would be 65536, and mode 2 needs two counts */
		count = 2;
	hw_out8(PIT_COMMAND, periodic ? MODE_PERIODIC : MODE_ONE_SHOT);
	hw_out8(PIT_DATA, (uint8_t)count);
	hw_out8(PIT_DATA, (uint8_t)(count >> 8));
}

/*
 * Mode 5 waits for a gate that never comes. With a count, since KVM's PIT goes on until one is written (i8254.c,
 * pit_load_count), and a small one, because QEMU's counts without the gate: that interrupt comes at once, like one that was
 * on its way when the alarm was cancelled.
 */
void vmi_pit_stop(void)
{
	hw_out8(PIT_COMMAND, MODE_SILENT);
	hw_out8(PIT_DATA, 1);
	hw_out8(PIT_DATA, 0);
}
