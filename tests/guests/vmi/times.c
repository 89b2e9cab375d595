/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counters, wall clock and alarms, by both wirings. Never early is exact; never late has generous
 * limits, since the machine that interprets this is shared.
 */
#include "guest.h"

#define VECTOR 0x30
#define LVTT   0x320
#define MASKED 0x10000u
#define IRQ0   0x20

static uint64_t hz;

static uint64_t counter(uint32_t which)
{
	return vmi(VMI_CYCLE_COUNTER, which, 0, 0);
}

static void alarm(uint32_t flags, uint64_t expiry, uint64_t period)
{
	vmi5(VMI_SET_ALARM, flags, (uint32_t)expiry, (uint32_t)(expiry >> 32), (uint32_t)period,
	     (uint32_t)(period >> 32));
}

static uint32_t cancel(uint32_t flags)
{
	return (uint32_t)vmi(VMI_CANCEL_ALARM, flags, 0, 0);
}

static void wait_cycles(uint64_t cycles)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < cycles)
		__asm__ volatile("pause");
}

/* Wait with interrupts on until the vector has come n times more, at most limit cycles. */
static bool comes(uint32_t vector, uint32_t n, uint64_t limit)
{
	uint64_t start = rdtsc();
	uint32_t until = interrupts[vector] + n;
	bool came;

	__asm__ volatile("sti");
	while ((int32_t)(interrupts[vector] - until) < 0 && rdtsc() - start < limit)
		__asm__ volatile("pause");
	__asm__ volatile("cli");
	came = (int32_t)(interrupts[vector] - until) >= 0;
	return came;
}

static uint8_t cmos(uint8_t index)
{
	uint8_t v;

	outb(0x70, index);
	v = inb(0x71);
	return (uint8_t)((v >> 4) * 10 + (v & 15));
}

/* Seconds and minutes are as the CMOS clock's; 3 s for a slow machine. */
static void compare_with_cmos(uint64_t wall)
{
	uint32_t minute = cmos(2), seconds = (uint32_t)(wall / 1000000000ull) % 3600;

	seconds -= minute * 60u + cmos(0);
	check(seconds + 3 <= 6 || seconds - 3600 + 3 <= 6 || seconds + 3600 + 3 <= 6,
	      "the wall clock is the machine's");
}

void test_time(bool with_cmos)
{
	uint64_t before, after, real, wall, later;
	bool sums = true, grows = true;

	hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0);
	check(hz > 50000000ull && hz < 10000000000ull, "the frequency is a processor's");
	check(hz == vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), "and stays");
	real = counter(VMI_CYCLES_REAL);
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t s, a;

		before = counter(VMI_CYCLES_REAL);
		s = counter(VMI_CYCLES_STOLEN);
		a = counter(VMI_CYCLES_AVAILABLE);
		after = counter(VMI_CYCLES_REAL);
		sums &= before <= a + s && a + s <= after;
		grows &= before >= real;
		real = after;
	}
	check(sums, "available and stolen are real");
	check(grows, "real time never goes back");
	before = rdtsc();
	real = counter(VMI_CYCLES_REAL);
	check(before <= real && real <= rdtsc(), "real time is the TSC");
	check(counter(3) == 0 && counter(0xffffffff) == 0, "unknown counters read 0");
	wall = vmi(VMI_WALLCLOCK, 0, 0, 0);
	if (with_cmos)
		compare_with_cmos(wall);
	check(wall > 1700000000ull * 1000000000ull, "and has a date");
	before = rdtsc();
	wait_cycles(hz / 20);
	later = vmi(VMI_WALLCLOCK, 0, 0, 0) - wall;
	check(later >= 49000000ull && later < 5000000000ull, "the wall clock goes at its pace");
	check_number((uint32_t)vmi(VMI_WALL_UPDATED, 0, 0, 0), 0, "it was not set");
}

/* IRQ 0, before the local APIC's timer is used: edges of the PIT through the PIC. */
void test_irq0(void)
{
	uint64_t start, period = hz / 100;

	check_number(cancel(0), 0, "IRQ 0: there was no alarm"); /* silences the timer of the BIOS, too */
	pic_mask(0xfffe);
	vmi(VMI_APIC_WRITE, 0x350, 0x700, 0); /* LINT0: the PIC, as the BIOS has it */
	for (uint32_t i = 0; i < 50 && comes(IRQ0, 1, hz / 5); i++)
		; /* KVM keeps ticks that nobody took, here those of the BIOS, and gives them one by one */
	start = rdtsc();
	alarm(0, start + hz / 50, 0);
	check(comes(IRQ0, 1, 20 * hz), "IRQ 0: a one-shot alarm comes");
	check(interrupt_tsc[IRQ0] - start >= hz / 50 - hz / 500000, "and not early");
	check(!comes(IRQ0, 1, hz / 20), "and once");
	alarm(0, 0, 0);
	check(comes(IRQ0, 1, 20 * hz), "IRQ 0: expiry zero is at once");
	alarm(VMI_ALARM_PERIODIC, rdtsc(), period);
	check(comes(IRQ0, 5, 40 * hz), "IRQ 0: a periodic alarm comes again and again");
	check_number(cancel(VMI_ALARM_PERIODIC), 1, "IRQ 0: cancel says that it was armed");
	for (uint32_t i = 0; i < 50 && comes(IRQ0, 1, hz / 5); i++)
		; /* those that were on their way */
	check(!comes(IRQ0, 1, hz / 20), "IRQ 0: after cancel nothing comes");
	pic_mask(0xffff);
}

/*
 * One on available time may come twice: first by the time that was foreseen, and for the rest when some of it was stolen
 * meanwhile (stolen: the counter before the alarm was set).
 */
static bool comes_twice(uint32_t flags, uint64_t stolen)
{
	return comes(VECTOR, 1, hz / 50) &&
	       ((flags & VMI_ALARM_COUNTER) == VMI_CYCLES_REAL || counter(VMI_CYCLES_STOLEN) == stolen);
}

static void test_one_shot(uint32_t flags)
{
	uint64_t expiry, stolen = 0;
	bool early = false;

	for (unsigned int i = 1; i <= 20; i++) {
		stolen = counter(VMI_CYCLES_STOLEN);
		expiry = counter(flags & VMI_ALARM_COUNTER) + hz / 10000 * i;
		alarm(flags, expiry, 0);
		if (!comes(VECTOR, 1, 20 * hz))
			check(false, "a one-shot alarm comes");
		early |= interrupt_tsc[VECTOR] < expiry;
	}
	check(!early, "20 one-shot alarms, none early");
	check(!comes_twice(flags, stolen), "and none twice");
	check_number(cancel(flags), 0, "an alarm that is over is not armed");
	alarm(flags, 0, 0);
	check(comes(VECTOR, 1, 20 * hz), "expiry zero is at once");
	alarm(flags, counter(flags & 1) - hz / 100, 0);
	check(comes(VECTOR, 1, 20 * hz), "a past expiry is at once");
	alarm(flags, counter(flags & 1) + hz / 50, 0);
	check_number(cancel(flags), 1, "cancel says that it was armed");
	check_number(cancel(flags), 0, "but only once");
	check(!comes(VECTOR, 1, hz / 20), "a cancelled alarm does not come");
	alarm(flags, ~0ull, 0);
	check(!comes(VECTOR, 1, hz / 50), "the end of time is not now");
	alarm(flags, counter(flags & 1) + hz / 1000, 0);
	check(comes(VECTOR, 1, 20 * hz), "a nearer alarm replaces it");
	stolen = counter(VMI_CYCLES_STOLEN);
	alarm(flags | VMI_ALARM_PERIODIC, counter(flags & 1) + hz / 1000, 0);
	check(comes(VECTOR, 1, 20 * hz) && !comes_twice(flags, stolen), "period zero is one-shot");
}

/* Five periods with interrupts off are one interrupt, then the old rhythm: true when the next one was in it. */
static bool catches_up(uint32_t flags, uint64_t period)
{
	uint64_t start = rdtsc(), late;
	uint32_t count;

	alarm(flags, start + period, period);
	wait_cycles(5 * period + period / 2);
	count = interrupts[VECTOR];
	__asm__ volatile("sti; nop; nop; nop; cli");
	check_number(interrupts[VECTOR] - count, 1, "missed alarms have become one");
	check(comes(VECTOR, 1, 20 * hz), "and it goes on");
	late = (interrupt_tsc[VECTOR] - start) % period;
	return interrupt_tsc[VECTOR] - start >= 6 * period && late < period * 9 / 10;
}

static void test_periodic(void)
{
	uint32_t flags = VMI_ALARM_LVTT | VMI_ALARM_PERIODIC;
	uint64_t start, period = hz / 100;
	bool rhythm = false;

	start = rdtsc();
	alarm(flags, start + period, period);
	check(comes(VECTOR, 10, 60 * hz), "a periodic alarm comes again and again");
	check(interrupt_tsc[VECTOR] >= start + 10 * period, "and not early");
	alarm(flags, rdtsc(), period);
	check(comes(VECTOR, 2, 20 * hz), "also from now on, as Linux has it");
	/* A slow machine may be late by a whole period, but not each time. */
	for (unsigned int i = 0; i < 3 && !rhythm; i++)
		rhythm = catches_up(flags, period);
	check(rhythm, "at a multiple of the period");
	check_number(cancel(flags), 1, "periodic: cancel says that it was armed");
	comes(VECTOR, 1, hz / 100);
	check(!comes(VECTOR, 1, hz / 20), "periodic: after cancel nothing comes");
}

static void test_mask(void)
{
	alarm(VMI_ALARM_LVTT, rdtsc() + hz / 5, 0);
	vmi(VMI_APIC_WRITE, LVTT, MASKED | VECTOR, 0);
	check_number((uint32_t)vmi(VMI_APIC_READ, LVTT, 0, 0), MASKED | VECTOR,
		     "LVTT reads as it was written");
	check(!comes(VECTOR, 1, hz / 2), "a masked alarm does not come");
	vmi(VMI_APIC_WRITE, LVTT, VECTOR, 0);
	check(comes(VECTOR, 1, 20 * hz), "but when it is unmasked");
	check_number((uint32_t)vmi(VMI_APIC_READ, LVTT, 0, 0), VECTOR, "LVTT has no mode bits");
}

void test_alarms(void)
{
	vmi(VMI_APIC_WRITE, 0xf0, 0x1ff, 0);
	vmi(VMI_APIC_WRITE, LVTT, VECTOR, 0);
	test_one_shot(VMI_ALARM_LVTT | VMI_CYCLES_REAL);
	test_one_shot(VMI_ALARM_LVTT | VMI_CYCLES_AVAILABLE);
	test_periodic();
	test_mask();
	check_number((uint32_t)cancel(5), 0, "there is no sixth counter");
}
