/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * INIT of a VP that runs, and its new start: it keeps its index and forgets everything else that it set
 * up (TLFS 7.8.1 and 5.2.1: overlays are removed at reset): SynIC, pages, timers, assist page. What is
 * the partition's stays. Also under load, and with interrupts in service.
 * The CPU flushes its caches first, as Linux does on one that goes offline: docs/nested.md says why.
 */
#include "hv.h"
#include "wait.h"

#define VECTOR 0x55

static volatile uint64_t assist[512] PAGE_ALIGNED;
static uint64_t index_before;

static void set_up(void *unused)
{
	index_before = rdmsr(HV_MSR_VP_INDEX);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)assist | HV_PAGE_ENABLE);
	if (!hv_offers(HV_EAX_SYNIC))
		return;
	synic_on(NULL);
	wrmsr(HV_MSR_SINT0 + 3, VECTOR);
	if (!hv_offers(HV_EAX_STIMER))
		return;
	wrmsr(HV_MSR_STIMER0_COUNT, 20000);
	wrmsr(HV_MSR_STIMER0_CONFIG, 3ull << HV_STIMER_SINT_SHIFT | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
}

static void look(void *unused)
{
	expect(rdmsr(HV_MSR_VP_INDEX), index_before, "VP index");
	expect(rdmsr(HV_MSR_VP_ASSIST_PAGE), 0, "VP_ASSIST_PAGE");
	expect(rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ENABLE, 1, "hypercall page");
	expect(hypercall_fast(HV_CALL_LONG_SPIN_WAIT, 1, 0), HV_SUCCESS, "a call");
	if (!hv_offers(HV_EAX_SYNIC))
		return;
	expect(rdmsr(HV_MSR_SCONTROL), 0, "SCONTROL");
	expect(rdmsr(HV_MSR_SIMP), 0, "SIMP");
	expect(rdmsr(HV_MSR_SIEFP), 0, "SIEFP");
	for (uint32_t sint = 0; sint < HV_SINTS; sint++)
		expect(rdmsr(HV_MSR_SINT0 + sint), HV_SINT_MASKED, "SINT");
	if (!hv_offers(HV_EAX_STIMER))
		return;
	expect(rdmsr(HV_MSR_STIMER0_CONFIG), 0, "STIMER0_CONFIG");
	expect(rdmsr(HV_MSR_STIMER0_COUNT), 0, "STIMER0_COUNT");
}

CASE(forgets, "INIT: a VP forgets what it set up")
{
	unsigned int cpu = cpus - 1;

	if (cpus < 2) {
		skip("one CPU");
		return;
	}
	for (unsigned int i = 0; i < 512; i++)
		assist[i] = 0xabababab;
	synic_messages(cpu)->slot[7].type = 0x12345678;
	smp_run(cpu, set_up, NULL);
	if (hv_offers(HV_EAX_APIC) && assist[0] == 0xabababab)
		fail("the assist page does not show");
	smp_retire(cpu);
	smp_restart(cpu);
	smp_run(cpu, look, NULL);
	expect(assist[0], 0xabababab, "what was below the assist page");
	expect(synic_messages(cpu)->slot[7].type, 0x12345678, "what was below the message page");
}

CASE(again, "every CPU, many times")
{
	for (unsigned int round = 0; round < 8; round++) {
		for (unsigned int cpu = 1; cpu < cpus; cpu++) {
			smp_run(cpu, set_up, NULL);
			smp_retire(cpu);
			smp_restart(cpu);
			smp_run(cpu, look, NULL);
		}
	}
	if (cpus < 2)
		skip("one CPU");
}

static volatile bool reached;

/* Dies with an interrupt in service and interrupts off. */
static void die_in_handler(struct frame *f)
{
	__asm__ volatile("wbinvd" ::: "memory");
	reached = true;
	for (;;)
		pause();
}

CASE(in_service, "INIT amid an interrupt: the APIC is empty afterwards")
{
	unsigned int cpu = cpus - 1;
	uint32_t before;

	if (cpus < 2) {
		skip("one CPU");
		return;
	}
	handlers[0xf1] = die_in_handler;
	reached = false;
	apic_send(cpu_at(cpu)->apic_id, 0x40f1);
	if (!WAIT(reached))
		error("the interrupt does not come");
	apic_send(cpu_at(cpu)->apic_id, 0x4000 | VECTOR); /* waits below the one in service */
	handlers[0xf1] = NULL;
	smp_restart(cpu);
	before = cpu_at(cpu)->counts[VECTOR];
	apic_send(cpu_at(cpu)->apic_id, 0x4000 | VECTOR);
	if (!WAIT(cpu_at(cpu)->counts[VECTOR] != before))
		fail("a low vector does not come: something is still in service");
}

static volatile bool stop;

static void flush_on(void *unused)
{
	uint64_t *w = hypercall_input();

	while (!stop) {
		w[0] = 0;
		w[1] = HV_FLUSH_ALL_PROCESSORS;
		hypercall_slow(HV_CALL_FLUSH_SPACE);
		hypercall_fast(HV_CALL_SEND_IPI, VECTOR, ~0ull);
	}
}

CASE(under_fire, "INIT while the others flush and send to it")
{
	unsigned int victim = cpus - 1;

	if (cpus < 3) {
		skip("fewer than three CPUs");
		return;
	}
	stop = false;
	for (unsigned int cpu = 1; cpu < victim; cpu++)
		smp_call(cpu, flush_on, NULL);
	for (unsigned int i = 0; i < 10; i++) {
		smp_run(victim, set_up, NULL);
		smp_retire(victim);
		smp_restart(victim);
		smp_run(victim, look, NULL);
	}
	stop = true;
	for (unsigned int cpu = 1; cpu < victim; cpu++)
		smp_wait(cpu);
}
