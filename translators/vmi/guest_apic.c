/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * APICRead and APICWrite. Registers pass straight through, by the ROM's own mapping, but for three:
 * the timer's LVT entry, where the guest chooses vector and mask and the host's timer needs its mode; the
 * EOI, behind which a periodic alarm goes on; and the ICR, where INIT makes a processor a new one, and the
 * STARTUP IPI of one with an initial state (SetInitialAPState) starts it in that state. Other IPIs are one
 * access natively, to several processors, too, as a hypervisor's call would be. Linux gives a register's offset,
 * the specification its linear address: the low bits are the same.
 */
#include "guest.h"

#define REGISTER     0xff0u
#define APIC_EOI     0x0b0
#define APIC_ICR     0x300
#define APIC_ICR_TO  0x310
#define APIC_LVTT    0x320
#define LVT_MASKED   (1u << 16)
#define LVT_GUEST    (0xffu | LVT_MASKED) /* what the guest decides */
#define ICR_MODE     (7u << 8)
#define ICR_INIT     (5u << 8)
#define ICR_STARTUP  (6u << 8)
#define ICR_LOGICAL  (1u << 11)
#define ICR_ASSERT   (1u << 14)
#define ICR_LEVEL    (1u << 15)
#define ICR_TO	     (3u << 18)

static uint32_t lvtt[TW_MAX_CPUS]; /* as the guest wrote it */

/* States that wait for their STARTUP IPI. Set and used by the CPU that starts the others. */
static struct waiting {
	bool set;
	uint32_t apic_id;
	struct vmi_ap_state state;
} waiting[2];

static void eoi_write(uint32_t value)
{
	if (rom_facts.host_eoi)
		tw_host.eoi();
	else
		rom_apic_write(APIC_EOI, value);
	vmi_alarm_ended(tw_cpu());
}

static void lvtt_write(uint32_t value)
{
	unsigned int cpu = tw_cpu();

	lvtt[cpu] = value;
	rom_apic_write(APIC_LVTT, (value & LVT_GUEST) | rom_timer_mode());
	if (!(value & LVT_MASKED))
		vmi_alarm_unmasked(cpu);
}

static bool starts_ap(uint32_t command)
{
	uint32_t id = rom_apic_read(APIC_ICR_TO) >> 24;

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(waiting); i++) {
		if (!waiting[i].set || waiting[i].apic_id != id)
			continue;
		waiting[i].set = false;
		return rom_ap_start(id, (command & 0xff) << 12, &waiting[i].state);
	}
	return false;
}

/* INIT: its timer and its LVT are as after a reset. */
static void init_sent(uint32_t apic_id)
{
	rom_cpu_forget(apic_id);
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++) {
		if (tw_host.apic_id[cpu] != apic_id)
			continue;
		lvtt[cpu] = LVT_MASKED;
		vmi_alarm_forget(cpu);
	}
}

static void icr_write(uint32_t command)
{
	uint32_t mode = command & (ICR_MODE | ICR_TO | ICR_LOGICAL); /* to one processor, by its id */

	if (mode == ICR_INIT && (command & (ICR_LEVEL | ICR_ASSERT)) != ICR_LEVEL) /* its end does nothing any more */
		init_sent(rom_apic_read(APIC_ICR_TO) >> 24);
	if (mode == ICR_STARTUP && starts_ap(command))
		return;
	rom_apic_write(APIC_ICR, command);
}

uint32_t vmi_apic_read(uint32_t reg)
{
	unsigned long flags;
	uint32_t value;

	if ((reg & REGISTER) != APIC_LVTT)
		return rom_apic_read(reg & REGISTER);
	flags = rom_irq_save();
	value = lvtt[tw_cpu()];
	rom_irq_restore(flags);
	return value;
}

void vmi_apic_write(uint32_t reg, uint32_t value)
{
	unsigned long flags = rom_irq_save();

	reg &= REGISTER;
	if (reg == APIC_EOI) {
		eoi_write(value);
	} else if (reg == APIC_LVTT) {
		lvtt_write(value);
	} else if (reg == APIC_ICR) {
		icr_write(value);
	} else {
		rom_apic_write(reg, value);
	}
	rom_irq_restore(flags);
}

/*
 * Copied: Linux passes a variable of a function that has returned when the STARTUP IPI is sent.
 * One processor is started at a time; two places forgive an order that differs.
 */
void vmi_ap_state(const struct vmi_ap_state *state, uint32_t apic_id)
{
	unsigned int place = waiting[0].set && waiting[0].apic_id != apic_id;

	if (waiting[!place].apic_id == apic_id) /* once for each */
		waiting[!place].set = false;
	waiting[place] = (struct waiting){true, apic_id, *state};
}

void vmi_apic_init(void)
{
	for (unsigned int i = 0; i < TW_MAX_CPUS; i++)
		lvtt[i] = LVT_MASKED;
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(waiting); i++)
		waiting[i].set = false;
}
