/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMI's alarms: per CPU one on real and one on available time, absolute, one-shot or periodic, behind
 * one one-shot timer of the host. The interrupt goes straight to the guest, so the ROM learns of it
 * when the guest ends it (APICWrite of EOI): a periodic alarm is then set for its next time after
 * now, by which all missed ones have become one. That makes a tick as dear as a one-shot clock event: an end
 * of interrupt and a timer write. An alarm on available time may interrupt early, by what was
 * stolen since; it is set again for the rest.
 */
#include "guest.h"

#define FOREVER (1ull << 56) /* cycles: beyond, nothing would notice (years), and ns fit 64 bits */

struct alarm {
	bool armed;
	uint64_t expiry; /* in its counter's cycles */
	uint64_t period; /* 0: one-shot */
};

static struct cpu_alarms {
	struct alarm alarm[2]; /* real, available */
	uint64_t due;	       /* real time for which the host's timer is set */
	bool lvtt;	       /* through the local APIC, else IRQ 0 */
} cpus[TW_MAX_CPUS];

/* The end of time is an end: an alarm does not begin anew behind it. */
static uint64_t after(uint64_t time, uint64_t cycles)
{
	return time + cycles < time ? UINT64_MAX : time + cycles;
}

/* An alarm's expiry in real time. */
static uint64_t real_expiry(unsigned int cpu, unsigned int counter)
{
	uint64_t expiry = cpus[cpu].alarm[counter].expiry;
	uint64_t stolen = counter == VMI_CYCLES_AVAILABLE ? vmi_stolen(cpu) : 0;

	return after(expiry, stolen);
}

/* The neutral clock at that TSC value, rounded up: an alarm is never early (hazard H-3). */
static uint64_t ns_at(uint64_t tsc, uint64_t now)
{
	if (tsc <= now)
		return 0; /* at once: 0 is a time in the past */
	if (tsc - now > FOREVER)
		tsc = now + FOREVER;
	return tw_clock_ns(&tw_host.clock, tsc) + 1;
}

static void stop(struct cpu_alarms *c)
{
	c->due = UINT64_MAX;
	if (c->lvtt)
		tw_host.timer_stop();
	else
		vmi_pit_stop();
}

static void start(struct cpu_alarms *c, uint64_t period)
{
	uint64_t now = hw_rdtsc();

	if (c->lvtt)
		tw_host.timer_set(ns_at(c->due, now));
	else if (period)
		vmi_pit_set(tw_clock_delta_ns(&tw_host.clock, period < FOREVER ? period : FOREVER),
			    true);
	else
		vmi_pit_set(c->due <= now ? 0 :
					    ns_at(c->due, now) - tw_clock_ns(&tw_host.clock, now),
			    false);
}

/* Set the host's timer for the earlier of the armed alarms. */
static void program(unsigned int cpu)
{
	struct cpu_alarms *c = &cpus[cpu];
	uint64_t period = 0;

	c->due = UINT64_MAX;
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t expiry = c->alarm[i].armed ? real_expiry(cpu, i) : UINT64_MAX;

		if (expiry < c->due) {
			c->due = expiry;
			period = c->alarm[i].period;
		}
	}
	if (!c->alarm[0].armed && !c->alarm[1].armed)
		stop(c);
	else
		start(c, period);
}

/* A one-shot that is over is no longer armed; a periodic one is armed for its next time. */
static void settle(unsigned int cpu, uint64_t now)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct alarm *a = &cpus[cpu].alarm[i];
		uint64_t time = i == VMI_CYCLES_AVAILABLE ? now - vmi_stolen(cpu) : now;

		if (!a->armed || time < a->expiry)
			continue;
		if (!a->period)
			a->armed = false;
		else
			a->expiry = after(a->expiry, ((time - a->expiry) / a->period + 1) * a->period);
	}
}

void vmi_set_alarm(uint32_t flags, uint32_t expiry_low, uint32_t expiry_high, uint32_t period_low,
		   uint32_t period_high)
{
	unsigned int counter = flags & VMI_ALARM_COUNTER, cpu;
	unsigned long irq;
	struct cpu_alarms *c;
	bool lvtt = flags & VMI_ALARM_LVTT;

	if (counter > VMI_CYCLES_AVAILABLE)
		return;
	irq = rom_irq_save();
	cpu = tw_cpu();
	c = &cpus[cpu];
	if (c->lvtt != lvtt) /* the guest has changed the wiring: nothing may come the old way */
		stop(c);
	c->lvtt = lvtt;
	c->alarm[counter] = (struct alarm){
	    .armed = true,
	    .expiry = (uint64_t)expiry_high << 32 | expiry_low,
	    .period = flags & VMI_ALARM_PERIODIC ? (uint64_t)period_high << 32 | period_low : 0,
	};
	program(cpu);
	rom_irq_restore(irq);
}

uint32_t vmi_cancel_alarm(uint32_t flags)
{
	unsigned int counter = flags & VMI_ALARM_COUNTER, cpu;
	unsigned long irq;
	bool armed;

	if (counter > VMI_CYCLES_AVAILABLE)
		return 0;
	irq = rom_irq_save();
	cpu = tw_cpu();
	settle(cpu, hw_rdtsc());
	armed = cpus[cpu].alarm[counter].armed;
	cpus[cpu].alarm[counter].armed = false;
	program(cpu);
	rom_irq_restore(irq);
	return armed;
}

void vmi_alarm_ended(unsigned int cpu)
{
	struct cpu_alarms *c = &cpus[cpu];
	uint64_t now;

	if (!c->lvtt || c->due == UINT64_MAX)
		return;
	now = hw_rdtsc();
	if (now < c->due) {
		tw_host.timer_ack(); /* a piece of a time that the hardware cannot count in one go */
		return;
	}
	settle(cpu, now);
	c->due = UINT64_MAX;
	if (c->alarm[0].armed || c->alarm[1].armed)
		program(cpu);
}

void vmi_alarm_unmasked(unsigned int cpu)
{
	if (cpus[cpu].lvtt && (cpus[cpu].alarm[0].armed || cpus[cpu].alarm[1].armed))
		program(cpu);
}

void vmi_alarm_forget(unsigned int cpu)
{
	cpus[cpu] = (struct cpu_alarms){.due = UINT64_MAX};
}

void vmi_alarm_init(void)
{
	for (unsigned int i = 0; i < TW_MAX_CPUS; i++)
		vmi_alarm_forget(i);
}
