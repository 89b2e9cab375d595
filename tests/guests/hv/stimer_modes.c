/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Synthetic timers (TLFS 12.3) in every combination of their modes: one-shot or periodic, lazy or not, started
 * by CONFIG or by COUNT (auto-enable), by message or by a vector of their own; on all VPs. And all that can
 * stand in the way of a timer's message (TLFS 11.6, 11.8): it waits and is not lost.
 */
#include "hv.h"
#include "wait.h"

#define SINT   3
#define VECTOR 0x83
#define DIRECT 0x93
#define MS     10000ull /* units of 100 ns */

#define CONFIG(i) (HV_MSR_STIMER0_CONFIG + 2 * (i))
#define COUNT(i)  (HV_MSR_STIMER0_COUNT + 2 * (i))

#define BY_MESSAGE ((uint64_t)SINT << HV_STIMER_SINT_SHIFT)
#define BY_VECTOR  (HV_STIMER_DIRECT | (uint64_t)DIRECT << HV_STIMER_VECTOR_SHIFT)

static volatile uint32_t messages[MAX_CPUS];
static volatile bool keep; /* leave messages in their slots */

static struct hv_message *slot(void)
{
	return &synic_messages(this_cpu()->index)->slot[SINT];
}

static bool full(void)
{
	return __atomic_load_n(&slot()->type, __ATOMIC_ACQUIRE) == HV_MESSAGE_TIMER;
}

/* As TLFS 11.6 demands. */
static void release(void)
{
	__atomic_store_n(&slot()->type, HV_MESSAGE_NONE, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slot()->flags, __ATOMIC_SEQ_CST) & HV_MESSAGE_PENDING)
		wrmsr(HV_MSR_EOM, 0);
}

static void take(struct frame *f)
{
	if (keep || !full())
		return;
	messages[this_cpu()->index]++;
	release();
}

static void open(void)
{
	synic_on(NULL);
	handlers[VECTOR] = take;
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
}

static bool offered(void)
{
	if (hv_offers(HV_EAX_STIMER | HV_EAX_SYNIC | HV_EAX_TIME_REF_COUNT))
		return true;
	skip("synthetic timers are not offered");
	return false;
}

static void pass(uint64_t units)
{
	uint64_t until = ref_time() + units;

	while (ref_time() < until)
		pause();
}

static bool enabled(unsigned int i)
{
	return rdmsr(CONFIG(i)) & HV_STIMER_ENABLE;
}

/* What came of timer i by either way. */
static uint32_t came(uint64_t config)
{
	return config & HV_STIMER_DIRECT ? this_cpu()->counts[DIRECT] : messages[this_cpu()->index];
}

static void begin(unsigned int i, uint64_t config, uint64_t count)
{
	wrmsr(CONFIG(i), config);
	wrmsr(COUNT(i), count);
	if (config & HV_STIMER_AUTO_ENABLE)
		return;
	if (enabled(i))
		fail("mode 0x%lx: COUNT enables", config);
	wrmsr(CONFIG(i), config | HV_STIMER_ENABLE);
}

static void periodic(unsigned int i, uint64_t config)
{
	uint32_t before = came(config);
	uint64_t start = ref_time();

	begin(i, config, MS);
	if (!WAIT(came(config) - before >= 3))
		fail("mode 0x%lx: %u of 3 periods", config, came(config) - before);
	if (ref_time() < start + 3 * MS)
		fail("mode 0x%lx: three periods in less", config);
	if (!enabled(i))
		fail("mode 0x%lx: it has switched itself off", config);
	wrmsr(COUNT(i), 0);
	if (enabled(i))
		fail("mode 0x%lx: enabled without a count", config);
	before = came(config);
	pass(2 * MS);
	expect(came(config), before, "expiries after the end of a periodic timer");
}

/* Twice: the second time COUNT alone starts it, or must not. */
static void one_shot(unsigned int i, uint64_t config)
{
	uint32_t before = came(config);
	uint64_t due = ref_time() + MS;

	begin(i, config, due);
	if (!WAIT(came(config) - before == 1))
		fail("mode 0x%lx: %u expiries", config, came(config) - before);
	if (ref_time() < due)
		fail("mode 0x%lx: early", config);
	if (enabled(i))
		fail("mode 0x%lx: enabled after a one-shot", config);
	wrmsr(COUNT(i), ref_time() + MS / 2);
	if (config & HV_STIMER_AUTO_ENABLE) {
		if (!WAIT(came(config) - before == 2))
			fail("mode 0x%lx: COUNT does not start it again", config);
	} else {
		pass(MS);
		expect(came(config) - before, 1, "expiries of a timer that nobody enabled");
	}
	wrmsr(CONFIG(i), 0);
}

static void modes(void *unused)
{
	static const uint64_t bits[] = { HV_STIMER_LAZY, HV_STIMER_AUTO_ENABLE };
	bool direct = hv_offers_edx(HV_EDX_DIRECT_STIMER);

	open();
	for (unsigned int n = 0; n < 4; n++) {
		uint64_t config = (n & 1 ? bits[0] : 0) | (n & 2 ? bits[1] : 0);

		one_shot(n, config | BY_MESSAGE);
		periodic(n, config | BY_MESSAGE | HV_STIMER_PERIODIC);
		if (!direct)
			continue;
		one_shot(n, config | BY_VECTOR);
		periodic(n, config | BY_VECTOR | HV_STIMER_PERIODIC);
	}
	synic_off(NULL);
}

CASE(all_modes, "every mode with every other")
{
	if (offered())
		smp_all(modes, NULL);
}

/* Let timer 0 expire while something is in its way. */
static uint64_t expire(void)
{
	uint64_t due = ref_time() + MS;

	wrmsr(COUNT(0), due);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	if (!WAIT(!enabled(0)))
		fail("it does not expire");
	return due;
}

/* The message is there, and tells when it was due. */
static void arrived(const char *what, uint64_t due)
{
	struct hv_timer_payload p;

	if (!WAIT(full())) {
		fail("%s: the message is lost", what);
		return;
	}
	__builtin_memcpy(&p, slot()->payload, sizeof(p));
	expect(p.expiration, due, what);
	release();
}

CASE(silent, "its message waits for SynIC and page")
{
	uint64_t page, due;

	if (!offered())
		return;
	keep = true;
	open();
	page = rdmsr(HV_MSR_SIMP);
	wrmsr(HV_MSR_SIMP, page & ~HV_PAGE_ENABLE);
	due = expire();
	wrmsr(HV_MSR_SIMP, page);
	arrived("without a page", due);
	wrmsr(HV_MSR_SCONTROL, 0);
	due = expire();
	if (full())
		fail("a message while SynIC is off");
	wrmsr(HV_MSR_SCONTROL, HV_SYNIC_ENABLE);
	arrived("SynIC off", due);
	synic_off(NULL);
	keep = false;
}

CASE(masked, "masked, polled, interrupts off")
{
	volatile uint32_t *count = &this_cpu()->counts[VECTOR];
	uint32_t before;
	uint64_t due;

	if (!offered())
		return;
	keep = true;
	open();
	before = *count;
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_MASKED);
	due = expire();
	arrived("masked", due);
	expect(*count, before, "interrupts of a masked SINT");
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
	if (!WAIT(*count == before + 1))
		fail("no interrupt when the mask goes");
	if (hv_offers_edx(HV_EDX_SINT_POLLING)) {
		wrmsr(HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_POLLING);
		due = expire();
		arrived("polled", due);
		expect(*count, before + 1, "interrupts of a polled SINT");
		wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
	}
	irq_off();
	due = ref_time() + MS;
	wrmsr(COUNT(0), due);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	pass(2 * MS);
	expect(*count, before + 1, "interrupts while they are off");
	irq_on();
	arrived("interrupts off", due);
	if (!WAIT(*count == before + 2))
		fail("no interrupt when they are on again");
	synic_off(NULL);
	keep = false;
}

/* A periodic timer waits for its slot, then goes on. Four timers share the slot: each message comes. */
CASE(crowded, "periodic, and all four, at a busy slot")
{
	uint32_t seen = 0;
	uint64_t first;
	struct hv_timer_payload p;

	if (!offered())
		return;
	keep = true;
	open();
	wrmsr(COUNT(0), MS);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	if (!WAIT(full() && slot()->flags & HV_MESSAGE_PENDING))
		fail("the second period does not wait at the slot");
	__builtin_memcpy(&p, slot()->payload, sizeof(p));
	first = p.expiration;
	release();
	if (!WAIT(full()))
		fail("the second period's message is lost");
	__builtin_memcpy(&p, slot()->payload, sizeof(p));
	if (p.expiration <= first || (p.expiration - first) % MS)
		fail("the second period ends at %lu, the first at %lu", p.expiration, first);
	wrmsr(CONFIG(0), 0);
	release();
	expect(slot()->type, HV_MESSAGE_NONE, "the slot when the timer has stopped");
	slot()->type = 1; /* something else */
	slot()->flags = 0;
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		wrmsr(COUNT(i), ref_time());
		wrmsr(CONFIG(i), BY_MESSAGE | HV_STIMER_ENABLE);
	}
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		if (!WAIT(!enabled(i)))
			fail("timer %u does not expire", i);
	}
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		release();
		if (!WAIT(full()))
			fail("message %u does not come", i);
		__builtin_memcpy(&p, slot()->payload, sizeof(p));
		seen |= 1u << p.timer;
	}
	release();
	expect(seen, (1u << HV_STIMERS) - 1, "timers that told of themselves");
	synic_off(NULL);
	keep = false;
}
