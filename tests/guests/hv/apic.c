/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The local APIC by synthetic MSRs (TLFS 10.2): EOI, ICR and TPR mean what the registers of the APIC
 * mean, and the two ways mix. NMIs of the guest itself arrive although the layer uses NMIs. The same once
 * more after a switch to x2APIC mode, where the CPU has that.
 */
#include "hv.h"
#include "wait.h"

#define LOW  0x41
#define HIGH 0xa1
#define NMI  2

#define MSR_APIC_BASE 0x1b

static volatile unsigned int in_service_after;

/* EOI by MSR, instead of the library's. */
static void eoi_by_msr(struct frame *f)
{
	wrmsr(HV_MSR_EOI, 0);
	in_service_after += apic_in_service((uint8_t)f->vector);
}

static bool offered(void)
{
	if (hv_offers(HV_EAX_APIC))
		return true;
	skip("APIC MSRs are not offered");
	return false;
}

/* ICR: destination in the upper half, as the APIC's mode has it. */
static uint64_t command(unsigned int cpu, uint32_t low)
{
	bool x2apic = cpuid(1, 0).ecx >> 21 & 1 && rdmsr(MSR_APIC_BASE) >> 10 & 1;

	return (uint64_t)cpu_at(cpu)->apic_id << (x2apic ? 32 : 56) | low;
}

static void send_to_all(void *unused)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		volatile uint32_t *count = &cpu_at(cpu)->counts[HIGH];
		uint32_t before = *count;

		wrmsr(HV_MSR_ICR, command(cpu, 0x4000 | HIGH));
		if (!WAIT(*count == before + 1))
			fail("from CPU %u to CPU %u: %u interrupts", this_cpu()->index, cpu, *count - before);
	}
}

static void check_icr(void)
{
	handlers[HIGH] = eoi_by_msr;
	no_eoi[HIGH] = true;
	in_service_after = 0;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		smp_run(cpu, send_to_all, NULL);
	expect(in_service_after, 0, "in service after EOI by MSR");
	handlers[HIGH] = NULL;
	no_eoi[HIGH] = false;
}

CASE(icr, "ICR and EOI by MSR, between all VPs")
{
	if (!offered())
		return;
	check_icr();
	wrmsr(HV_MSR_ICR, command(0, 0x4000 | LOW));
	expect(rdmsr(HV_MSR_ICR) & 0xfff, LOW, "ICR reads");
}

CASE(tpr, "TPR by MSR holds interrupts back")
{
	volatile uint32_t *low = &this_cpu()->counts[LOW], *high = &this_cpu()->counts[HIGH];
	uint32_t low_before = *low, high_before = *high;

	if (!offered())
		return;
	wrmsr(HV_MSR_TPR, 0x90);
	expect(rdmsr(HV_MSR_TPR), 0x90, "TPR");
	expect(apic_read(0x80), 0x90, "TPR by the APIC");
	wrmsr(HV_MSR_ICR, command(0, 0x4000 | LOW));
	wrmsr(HV_MSR_ICR, command(0, 0x4000 | HIGH));
	if (!WAIT(*high == high_before + 1))
		fail("a vector above the task priority does not come");
	expect(*low, low_before, "interrupts below the task priority");
	apic_write(0x80, 0);
	expect(rdmsr(HV_MSR_TPR), 0, "TPR after the APIC's register was written");
	if (!WAIT(*low == low_before + 1))
		fail("a vector that was held back is lost");
}

static volatile uint32_t nmis[MAX_CPUS];

static void count_nmi(struct frame *f)
{
	nmis[this_cpu()->index]++;
}

/* One after the other: two that come together may merge, as on the machine. */
static void check_nmis(void)
{
	handlers[NMI] = count_nmi;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		for (unsigned int i = 0; i < 20; i++) {
			uint32_t before = nmis[cpu];

			if (hv_offers(HV_EAX_APIC) && i & 1)
				wrmsr(HV_MSR_ICR, command(cpu, 0x4400));
			else
				apic_send(cpu_at(cpu)->apic_id, 0x4400);
			if (!WAIT(nmis[cpu] == before + 1))
				fail("CPU %u, NMI %u: %u came", cpu, i, nmis[cpu] - before);
		}
	}
	handlers[NMI] = NULL;
}

CASE(nmi, "the guest's own NMIs")
{
	check_nmis();
}

/*
 * The layer's own requests (flushes) are NMIs, too: they must neither be taken for the guest's nor hide
 * them. By the ICR's MSR only: what the APIC merges when its page is written, nobody can tell apart.
 */
static volatile bool stop;

static void flush_on(void *unused)
{
	uint64_t *w = hypercall_input();

	while (!stop) {
		w[0] = 0;
		w[1] = HV_FLUSH_ALL_PROCESSORS;
		hypercall_slow(HV_CALL_FLUSH_SPACE);
	}
}

CASE(nmi_and_flushes, "NMIs while VPs flush each other")
{
	uint32_t before, sum = 0;

	if (!offered())
		return;
	if (cpus < 2) {
		skip("one CPU");
		return;
	}
	stop = false;
	for (unsigned int cpu = 2; cpu < cpus; cpu++)
		smp_call(cpu, flush_on, NULL);
	handlers[NMI] = count_nmi;
	for (unsigned int i = 0; i < 30; i++) {
		unsigned int cpu = i & 1;

		before = nmis[cpu];
		wrmsr(HV_MSR_ICR, command(cpu, 0x4400));
		if (!WAIT(nmis[cpu] != before))
			fail("NMI %u is lost", i);
		sum += nmis[cpu] - before;
	}
	stop = true;
	for (unsigned int cpu = 2; cpu < cpus; cpu++)
		smp_wait(cpu);
	handlers[NMI] = NULL;
	expect(sum, 30, "NMIs that came");
}

#define APIC_TIMER 0x36
#define DIRECT	   0x37

/* The APIC's own timer, alone and beside a synthetic one, which shares the hardware's with it. */
static void check_timers(void)
{
	volatile uint32_t *apic = &this_cpu()->counts[APIC_TIMER], *direct = &this_cpu()->counts[DIRECT];
	uint32_t before = *apic, direct_before = *direct;

	apic_write(0x3e0, 3); /* divide by 16 */
	apic_write(0x320, APIC_TIMER | 1u << 17);
	apic_write(0x380, 100000);
	if (!WAIT(*apic - before >= 3))
		fail("the APIC's timer: %u interrupts", *apic - before);
	if (hv_offers_edx(HV_EDX_DIRECT_STIMER)) {
		wrmsr(HV_MSR_STIMER0_COUNT, 20000);
		wrmsr(HV_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | HV_STIMER_PERIODIC | HV_STIMER_ENABLE |
						     (uint64_t)DIRECT << HV_STIMER_VECTOR_SHIFT);
		before = *apic;
		if (!WAIT(*direct - direct_before >= 3 && *apic - before >= 3))
			fail("together: %u of the synthetic timer, %u of the APIC's", *direct - direct_before,
			     *apic - before);
		wrmsr(HV_MSR_STIMER0_CONFIG, 0);
	}
	apic_write(0x380, 0);
	apic_write(0x320, 1u << 16);
}

static void to_x2apic(void *unused)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 1u << 10);
}

CASE(x2apic, "x2APIC mode")
{
	if (!(cpuid(1, 0).ecx >> 21 & 1)) {
		skip("this CPU has no x2APIC");
		return;
	}
	smp_all(to_x2apic, NULL);
	expect(apic_read(0x20), cpu_at(0)->apic_id, "APIC id");
	if (hv_offers(HV_EAX_APIC))
		check_icr();
	check_nmis();
	check_timers();
}
