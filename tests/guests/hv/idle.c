/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * GUEST_IDLE (TLFS 7.8.3, HV_X64_MSR_GUEST_IDLE): reading it halts the VP until an interrupt is there,
 * whether interrupts are on or off. With them off the interrupt is taken later, and not lost.
 */
#include "hv.h"
#include "wait.h"

#define VECTOR 0x66

static volatile bool idling, awake;

static void idle(void *masked)
{
	if (masked)
		irq_off();
	idling = true;
	rdmsr(HV_MSR_GUEST_IDLE);
	awake = true;
	if (masked)
		irq_on();
}

static bool offered(void)
{
	if (!hv_offers(HV_EAX_GUEST_IDLE)) {
		skip("GUEST_IDLE is not offered");
		return false;
	}
	return true;
}

static void wake_one(unsigned int cpu, bool masked)
{
	volatile uint32_t *count = &cpu_at(cpu)->counts[VECTOR];
	uint32_t before = *count;

	idling = awake = false;
	smp_call(cpu, idle, masked ? (void *)&idling : NULL);
	if (!WAIT(idling))
		error("CPU %u does not run", cpu);
	apic_send(cpu_at(cpu)->apic_id, 0x4000 | VECTOR);
	if (!WAIT(awake))
		fail("CPU %u does not wake", cpu);
	smp_wait(cpu);
	if (!WAIT(*count == before + 1))
		fail("CPU %u: %u interrupts", cpu, *count - before);
}

CASE(others, "other VPs, interrupts on and off")
{
	if (!offered())
		return;
	for (unsigned int round = 0; round < 10; round++)
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			wake_one(cpu, round & 1);
	if (cpus < 2)
		skip("one CPU");
}

/* The interrupt is there before it idles: it must not sleep. */
CASE(early, "an interrupt that waits already")
{
	uint32_t before = this_cpu()->counts[VECTOR];

	if (!offered())
		return;
	irq_off();
	hypercall_fast(HV_CALL_SEND_IPI, VECTOR, 1ull << rdmsr(HV_MSR_VP_INDEX));
	rdmsr(HV_MSR_GUEST_IDLE);
	expect(this_cpu()->counts[VECTOR], before, "interrupts while they are off");
	irq_on();
	if (!WAIT(this_cpu()->counts[VECTOR] == before + 1))
		fail("it is lost");
}

/*
 * NMIs end the wait, too, at whatever moment they come. Before the timers: a shim that traps writes to
 * the APIC sees these NMIs being sent, which is another way.
 */

#define NMI	   2
#define NMI_ROUNDS 400

extern const char idle_read[], idle_behind[];
static volatile bool nmi_came;

/* One that comes before the VP idles would not end its wait: then there is none. */
static void on_nmi(struct frame *f)
{
	nmi_came = true;
	if (f->rip <= (uint64_t)idle_read)
		f->rip = (uint64_t)idle_behind;
}

static void idle_for_nmi(void *unused)
{
	irq_off();
	__asm__ volatile("movb $1, %0\n\t"
			 ".globl idle_read, idle_behind\n"
			 "idle_read: rdmsr\n"
			 "idle_behind: movb $1, %1"
			 : "=m"(idling), "=m"(awake)
			 : "c"(HV_MSR_GUEST_IDLE)
			 : "rax", "rdx", "memory");
	irq_on();
}

CASE(nmis, "an NMI ends the wait, interrupts off")
{
	if (!offered())
		return;
	if (cpus < 2) {
		skip("one CPU");
		return;
	}
	handlers[NMI] = on_nmi;
	for (unsigned int round = 0; round < NMI_ROUNDS; round++) {
		idling = awake = nmi_came = false;
		smp_call(1, idle_for_nmi, NULL);
		if (!WAIT(idling))
			error("CPU 1 does not run");
		for (uint64_t until = rdtsc() + round * 500; rdtsc() < until;)
			pause();
		apic_send(cpu_at(1)->apic_id, 4u << 8 | 1u << 14);
		if (!WAIT(nmi_came))
			fail("round %u: the NMI is lost", round);
		if (!WAIT(awake)) {
			fail("round %u: CPU 1 does not wake", round);
			apic_send(cpu_at(1)->apic_id, 0x4000 | VECTOR);
		}
		smp_wait(1);
	}
	handlers[NMI] = NULL;
}

CASE(timer, "a synthetic timer wakes")
{
	uint32_t before = this_cpu()->counts[VECTOR];
	uint64_t due;

	if (!offered())
		return;
	if (!hv_offers_edx(HV_EDX_DIRECT_STIMER)) {
		skip("direct timers are not offered");
		return;
	}
	for (unsigned int i = 0; i < 5; i++) {
		irq_off();
		due = ref_time() + 30000;
		wrmsr(HV_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | HV_STIMER_AUTO_ENABLE |
						     (uint64_t)VECTOR << HV_STIMER_VECTOR_SHIFT);
		wrmsr(HV_MSR_STIMER0_COUNT, due);
		while (ref_time() < due)
			rdmsr(HV_MSR_GUEST_IDLE);
		irq_on();
		if (!WAIT(this_cpu()->counts[VECTOR] == before + i + 1))
			fail("timer %u: %u interrupts", i, this_cpu()->counts[VECTOR] - before);
	}
}
