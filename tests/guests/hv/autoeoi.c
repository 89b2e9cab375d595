/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * AutoEOI SINTs (TLFS 11.8.1): the interrupt is over when it is delivered; no EOI follows and the APIC
 * has nothing in service. They wait while interrupts are off and come from other VPs, too. Ordinary SINTs
 * beside them keep their EOI.
 */
#include "hv.h"
#include "wait.h"

#define AUTO   5
#define PLAIN  6
#define VECTOR_AUTO  0x61
#define VECTOR_PLAIN 0x71

static uint8_t vp_of[MAX_CPUS];
static volatile unsigned int in_service;

/* Looks whether the APIC holds it in service. */
static void look(struct frame *f)
{
	in_service += apic_in_service((uint8_t)f->vector);
}

static void open(void *unused)
{
	uint8_t vp = (uint8_t)rdmsr(HV_MSR_VP_INDEX);

	vp_of[this_cpu()->index] = vp;
	synic_on(NULL);
	wrmsr(HV_MSR_SINT0 + AUTO, VECTOR_AUTO | HV_SINT_AUTO_EOI);
	wrmsr(HV_MSR_SINT0 + PLAIN, VECTOR_PLAIN);
	testdev(ROUTE_CREATE, AUTO, vp, 0);
	testdev(ROUTE_CREATE, PLAIN, vp, 0);
}

static void close(void *unused)
{
	testdev(ROUTE_DESTROY, AUTO, vp_of[this_cpu()->index], 0);
	testdev(ROUTE_DESTROY, PLAIN, vp_of[this_cpu()->index], 0);
	synic_off(NULL);
}

static bool offered(void)
{
	if (!hv_offers(HV_EAX_SYNIC)) {
		skip("SynIC is not offered");
		return false;
	}
	handlers[VECTOR_AUTO] = handlers[VECTOR_PLAIN] = look;
	no_eoi[VECTOR_AUTO] = true;
	return true;
}

static bool raise(unsigned int cpu, unsigned int sint, uint8_t vector)
{
	uint32_t before = cpu_at(cpu)->counts[vector];

	testdev(ROUTE_SET, (uint8_t)sint, vp_of[cpu], 0);
	return WAIT(cpu_at(cpu)->counts[vector] == before + 1);
}

CASE(here, "on the own VP: no EOI, nothing in service")
{
	if (!offered())
		return;
	open(NULL);
	in_service = 0;
	for (unsigned int i = 0; i < 5; i++)
		if (!raise(0, AUTO, VECTOR_AUTO))
			fail("interrupt %u does not come", i);
	expect(in_service, 0, "in service");
	if (!raise(0, PLAIN, VECTOR_PLAIN))
		fail("the ordinary SINT does not come");
	expect(in_service, 1, "the ordinary one in service");
	if (!raise(0, AUTO, VECTOR_AUTO) || !raise(0, PLAIN, VECTOR_PLAIN))
		fail("the two kinds disturb each other");
	close(NULL);
}

CASE(masked, "it waits while interrupts are off")
{
	volatile uint32_t *count = &this_cpu()->counts[VECTOR_AUTO];
	uint32_t before = *count;

	if (!offered())
		return;
	open(NULL);
	irq_off();
	testdev(ROUTE_SET, AUTO, vp_of[0], 0);
	for (unsigned int i = 0; i < 20; i++)
		rdmsr(HV_MSR_VP_INDEX);
	expect(*count, before, "interrupts while they are off");
	irq_on();
	if (!WAIT(*count == before + 1))
		fail("it is lost");
	close(NULL);
}

/* Also into a VP that halts. */
CASE(others, "on other VPs, from all at once")
{
	if (!offered())
		return;
	smp_all(open, NULL);
	in_service = 0;
	for (unsigned int round = 0; round < 20; round++)
		for (unsigned int cpu = 0; cpu < cpus; cpu++)
			if (!raise(cpu, AUTO, VECTOR_AUTO))
				fail("CPU %u, round %u: it does not come", cpu, round);
	expect(in_service, 0, "in service");
	smp_all(close, NULL);
}

/* TLFS: the interrupt of an AutoEOI timer message. Together with IPIs of lower and higher vectors. */
static void spray(void *unused)
{
	for (unsigned int i = 0; i < 100; i++) {
		hypercall_fast(HV_CALL_SEND_IPI, 0x41 + (i & 0x80), (1ull << cpus) - 1);
		testdev(ROUTE_SET, i & 1 ? AUTO : PLAIN, vp_of[i % cpus], 0);
	}
}

CASE(mixed, "mixed with IPIs on all VPs")
{
	if (!offered())
		return;
	smp_all(open, NULL);
	smp_all(spray, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		uint32_t *counts = (uint32_t *)cpu_at(cpu)->counts, before;

		before = counts[VECTOR_PLAIN];
		testdev(ROUTE_SET, PLAIN, vp_of[cpu], 0);
		if (!WAIT(*(volatile uint32_t *)&counts[VECTOR_PLAIN] != before))
			fail("CPU %u takes no more ordinary interrupts", cpu);
		before = counts[VECTOR_AUTO];
		testdev(ROUTE_SET, AUTO, vp_of[cpu], 0);
		if (!WAIT(*(volatile uint32_t *)&counts[VECTOR_AUTO] != before))
			fail("CPU %u takes no more AutoEOI interrupts", cpu);
	}
	smp_all(close, NULL);
}
