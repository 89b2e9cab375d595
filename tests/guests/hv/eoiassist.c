/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VP assist page (TLFS 7.8.7, 10.3.5): an overlay of each VP; "no EOI required" in it is cleared by
 * the guest's own xchg, and where it was set, no EOI follows. Where the profile has no EOI assist, the bit
 * is never set. Interrupts keep coming either way, whichever way the guest ends them.
 */
#include "hv.h"
#include "wait.h"

#define VECTOR 0x75

static struct {
	volatile uint32_t word;
	uint8_t rest[PAGE - 4];
} assist[MAX_CPUS] PAGE_ALIGNED;

static volatile uint32_t without[MAX_CPUS], with[MAX_CPUS];
static volatile bool always_eoi; /* as guests do that do not know the page: by MSR */

/* First of all look at the page, interrupts off, as Linux does. */
static void end(struct frame *f)
{
	unsigned int cpu = this_cpu()->index;

	if (always_eoi) {
		wrmsr(HV_MSR_EOI, 0);
		with[cpu]++;
		return;
	}
	if (__atomic_exchange_n(&assist[cpu].word, 0, __ATOMIC_SEQ_CST) & HV_ASSIST_NO_EOI) {
		if (apic_in_service(VECTOR))
			fail("CPU %u: no EOI required, but it is in service", cpu);
		without[cpu]++;
	} else {
		apic_eoi();
		with[cpu]++;
	}
}

static void take_timers(void *unused)
{
	unsigned int cpu = this_cpu()->index;
	volatile uint32_t *count = &this_cpu()->counts[VECTOR];

	wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)&assist[cpu] | HV_PAGE_ENABLE);
	expect(assist[cpu].word, 0, "a page that was just enabled");
	wrmsr(HV_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | HV_STIMER_AUTO_ENABLE |
					     (uint64_t)VECTOR << HV_STIMER_VECTOR_SHIFT);
	for (unsigned int i = 0; i < 50; i++) {
		uint32_t before = *count;

		wrmsr(HV_MSR_STIMER0_COUNT, i & 1 ? 1 : ref_time() + 5000);
		if (!WAIT(*count == before + 1)) {
			fail("CPU %u: interrupt %u does not come", cpu, i);
			break;
		}
		if (i % 8 == 0) { /* the APIC's own in between */
			before = *count;
			apic_send(this_cpu()->apic_id, 0x4000 | VECTOR);
			if (!WAIT(*count == before + 1))
				fail("CPU %u: an IPI does not come", cpu);
		}
	}
	wrmsr(HV_MSR_STIMER0_CONFIG, 0);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
}

static bool offered(void)
{
	if (hv_offers(HV_EAX_APIC | HV_EAX_STIMER) && hv_offers_edx(HV_EDX_DIRECT_STIMER))
		return true;
	skip("assist page and direct timers are not both offered");
	return false;
}

CASE(page, "an overlay of each VP")
{
	if (!hv_offers(HV_EAX_APIC)) {
		skip("the assist page is not offered");
		return;
	}
	assist[0].word = 0x77777777;
	wrmsr(HV_MSR_VP_ASSIST_PAGE, (uint64_t)&assist[0] | HV_PAGE_ENABLE);
	expect(assist[0].word, 0, "the page at first");
	assist[0].rest[8] = 3;
	expect(assist[0].rest[8], 3, "what was written to it");
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
	expect(assist[0].word, 0x77777777, "what was below");
	assist[0].word = 0;
}

static uint32_t run(void)
{
	uint32_t assisted = 0;

	handlers[VECTOR] = end;
	no_eoi[VECTOR] = true;
	smp_all(take_timers, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		assisted += without[cpu];
	return assisted;
}

/* The guest cannot see whether its profile has EOI assist: it says what it met. */
CASE(assisted, "interrupts that need no EOI")
{
	if (!offered())
		return;
	always_eoi = false;
	say("ASSISTED %s\n", run() ? "yes" : "no");
}

CASE(ignored, "EOI all the same, by MSR")
{
	if (!offered())
		return;
	always_eoi = true;
	run();
	always_eoi = false;
}

CASE(afterwards, "the APIC is as it was")
{
	volatile uint32_t *count = &this_cpu()->counts[0x31];
	uint32_t before = *count;

	apic_send(this_cpu()->apic_id, 0x4031);
	if (!WAIT(*count == before + 1))
		fail("a low vector does not come");
}
