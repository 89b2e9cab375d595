/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Event flags (TLFS 11.7, 11.11.2): HvCallSignalEvent sets a bit in the page of the target VP and
 * interrupts on the bit's 0 to 1 edge only; no edge is lost when all VPs signal at once. And the test
 * device itself: routes, connections made twice, commands that name what is not there.
 */
#include "hv.h"
#include "wait.h"

#define SINT   4
#define VECTOR 0x51

static bool offered(void)
{
	if (hv_offers(HV_EAX_SYNIC) && hv_offers_ebx(HV_EBX_SIGNAL_EVENTS))
		return true;
	skip("SynIC and events are not offered");
	return false;
}

static uint8_t vp_of[MAX_CPUS];

static void open(void *unused)
{
	vp_of[this_cpu()->index] = (uint8_t)rdmsr(HV_MSR_VP_INDEX);
	synic_on(NULL);
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
}

static bool flag(unsigned int cpu, unsigned int number)
{
	return __atomic_load_n(&synic_events(cpu)->slot[SINT][number / 8], __ATOMIC_SEQ_CST) >>
		       number % 8 & 1;
}

static bool clear(unsigned int cpu, unsigned int number)
{
	uint8_t bit = (uint8_t)(1u << number % 8);

	return __atomic_fetch_and(&synic_events(cpu)->slot[SINT][number / 8], (uint8_t)~bit,
				  __ATOMIC_SEQ_CST) & bit;
}

static uint64_t signal(uint64_t connection)
{
	return hypercall_fast(HV_CALL_SIGNAL_EVENT, connection, 0);
}

static void settle(void)
{
	for (unsigned int i = 0; i < 20; i++)
		rdmsr(HV_MSR_VP_INDEX); /* some exits */
}

CASE(edges, "a flag interrupts when it becomes set, only then")
{
	volatile uint32_t *count = &this_cpu()->counts[VECTOR];
	uint32_t before = *count;
	uint64_t *slow = hypercall_input();

	if (!offered())
		return;
	open(NULL);
	testdev(EVENT_CREATE, SINT, vp_of[0], 9);
	expect(signal(9), HV_SUCCESS, "signal");
	if (!WAIT(*count == before + 1))
		fail("%u interrupts", *count - before);
	if (!flag(0, 9))
		fail("the flag is not set");
	expect(signal(9), HV_SUCCESS, "signal a flag that is set");
	settle();
	expect(*count, before + 1, "interrupts of a flag that is set");
	clear(0, 9);
	slow[0] = 9;
	expect(hypercall_slow(HV_CALL_SIGNAL_EVENT), HV_SUCCESS, "signal by memory");
	if (!WAIT(*count == before + 2) || !clear(0, 9))
		fail("signal by memory: no flag, or no interrupt");
	for (unsigned int i = 0; i < HV_EVENT_FLAGS; i++)
		if (flag(0, i))
			fail("flag %u is set, too", i);
	expect(signal(9 | 1ull << 32), HV_INVALID_PARAMETER, "a flag that the port does not have");
	testdev(EVENT_DESTROY, SINT, vp_of[0], 9);
	expect(signal(9), HV_INVALID_CONNECTION_ID, "a connection that is gone");
	synic_off(NULL);
}

CASE(states, "masked, without a page, SynIC off")
{
	volatile uint32_t *count = &this_cpu()->counts[VECTOR];
	uint32_t before = *count;

	if (!offered())
		return;
	open(NULL);
	testdev(EVENT_CREATE, SINT, vp_of[0], 9);
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_MASKED);
	expect(signal(9), HV_SUCCESS, "signal a masked SINT");
	settle();
	expect(*count, before, "interrupts of a masked SINT");
	if (!flag(0, 9))
		fail("the flag of a masked SINT is not set");
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
	if (!WAIT(*count == before + 1))
		fail("no interrupt when the mask goes");
	wrmsr(HV_MSR_SIEFP, 0);
	expect(signal(9), HV_INVALID_SYNIC_STATE, "without a page");
	wrmsr(HV_MSR_SIEFP, (uint64_t)synic_events(0) | HV_PAGE_ENABLE);
	if (flag(0, 9))
		fail("a page that is enabled again is not empty");
	wrmsr(HV_MSR_SCONTROL, 0);
	expect(signal(9), HV_INVALID_SYNIC_STATE, "SynIC off");
	testdev(EVENT_DESTROY, SINT, vp_of[0], 9);
	synic_off(NULL);
}

/* Each CPU signals connection 32 + its number; all of them lead to the last CPU. */
#define ROUNDS 300

static volatile uint32_t taken[MAX_CPUS];

static void take(struct frame *f)
{
	for (unsigned int i = 0; i < cpus; i++)
		if (clear(this_cpu()->index, 32 + i))
			__atomic_add_fetch(&taken[i], 1, __ATOMIC_SEQ_CST);
}

static void storm(void *unused)
{
	unsigned int self = this_cpu()->index;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint32_t before = taken[self];

		expect(signal(32 + self), HV_SUCCESS, "signal");
		if (!WAIT(taken[self] != before)) {
			fail("CPU %u: event %u is lost", self, i);
			return;
		}
	}
}

CASE(storms, "all VPs signal one: no edge is lost")
{
	if (!offered())
		return;
	handlers[VECTOR] = take;
	smp_all(open, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		testdev(EVENT_CREATE, SINT, vp_of[cpus - 1], (uint8_t)(32 + cpu));
	smp_all(storm, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		testdev(EVENT_DESTROY, SINT, vp_of[cpus - 1], (uint8_t)(32 + cpu));
	handlers[VECTOR] = NULL;
	smp_all(synic_off, NULL);
}

CASE(routes, "the test device raises SINTs")
{
	unsigned int target = cpus - 1;
	volatile uint32_t *count = &cpu_at(target)->counts[VECTOR];
	uint32_t before = *count;

	if (!offered())
		return;
	smp_run(target, open, NULL);
	testdev(ROUTE_SET, SINT, vp_of[target], 0);
	settle();
	expect(*count, before, "interrupts without a route");
	testdev(ROUTE_CREATE, SINT, vp_of[target], 0);
	testdev(ROUTE_SET, SINT, vp_of[target], 0);
	if (!WAIT(*count == before + 1))
		fail("a route gives %u interrupts", *count - before);
	testdev(ROUTE_DESTROY, SINT, vp_of[target], 0);
	testdev(ROUTE_SET, SINT, vp_of[target], 0);
	settle();
	expect(*count, before + 1, "interrupts after the route is gone");
	smp_run(target, synic_off, NULL);
}

CASE(commands, "the test device refuses nonsense and runs out of room")
{
	unsigned int made = 0;

	if (!offered())
		return;
	open(NULL);
	testdev(EVENT_CREATE, 16, vp_of[0], 9);	      /* no such SINT */
	testdev(EVENT_CREATE, SINT, 250, 9);	      /* no such VP */
	testdev((enum testdev_command)99, SINT, 0, 9); /* no such command */
	testdev(EVENT_DESTROY, SINT, vp_of[0], 9);
	expect(signal(9), HV_INVALID_CONNECTION_ID, "after nonsense");
	out8(0x3000, 6);
	out16(0x3000, 6);
	expect(in32(0x3000), 0, "reading the port");
	for (unsigned int id = 1; id < 250; id++)
		testdev(EVENT_CREATE, SINT, vp_of[0], (uint8_t)id);
	for (unsigned int id = 1; id < 250; id++)
		made += signal(id) == HV_SUCCESS;
	if (made < 16)
		fail("only %u connections", made);
	for (unsigned int id = 1; id < 250; id++)
		testdev(EVENT_DESTROY, SINT, vp_of[0], (uint8_t)id);
	testdev(EVENT_CREATE, SINT, vp_of[0], 9);
	expect(signal(9), HV_SUCCESS, "a connection when there is room again");
	testdev(EVENT_DESTROY, SINT, vp_of[0], 9);
	synic_off(NULL);
}
