/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Synthetic timers (TLFS 12.3), in every mode: one-shot (absolute), expired on arrival, auto-enabled,
 * periodic, lazy, by message and direct; four at a time on all VPs. A timer is never early, its message
 * tells when it was due and when it was delivered, and it waits for its slot.
 */
#include "hv.h"
#include "wait.h"

#define SINT   2
#define VECTOR 0x81
#define DIRECT 0x91
#define MS     10000ull /* units of 100 ns */

#define CONFIG(i) (HV_MSR_STIMER0_CONFIG + 2 * (i))
#define COUNT(i)  (HV_MSR_STIMER0_COUNT + 2 * (i))

#define BY_MESSAGE ((uint64_t)SINT << HV_STIMER_SINT_SHIFT)
#define BY_VECTOR  (HV_STIMER_DIRECT | (uint64_t)DIRECT << HV_STIMER_VECTOR_SHIFT)

struct seen {
	volatile uint32_t messages[HV_STIMERS];
	volatile uint64_t due, delivered, at; /* of the latest */
	volatile bool early;
};

static struct seen seen[MAX_CPUS];
static volatile bool keep_slot; /* leave the message where it is */

static void release(struct hv_message *slot)
{
	__atomic_store_n(&slot->type, HV_MESSAGE_NONE, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slot->flags, __ATOMIC_SEQ_CST) & HV_MESSAGE_PENDING)
		wrmsr(HV_MSR_EOM, 0);
}

static void take(struct frame *f)
{
	struct hv_message *slot = &synic_messages(this_cpu()->index)->slot[SINT];
	struct seen *s = &seen[this_cpu()->index];
	struct hv_timer_payload p;

	if (keep_slot || __atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) != HV_MESSAGE_TIMER)
		return;
	__builtin_memcpy(&p, slot->payload, sizeof(p));
	s->at = ref_time();
	s->due = p.expiration;
	s->delivered = p.delivery;
	if (p.delivery < p.expiration || s->at < p.delivery)
		s->early = true;
	if (p.timer < HV_STIMERS)
		s->messages[p.timer]++;
	release(slot);
}

static bool offered(void)
{
	if (hv_offers(HV_EAX_STIMER | HV_EAX_SYNIC | HV_EAX_TIME_REF_COUNT))
		return true;
	skip("synthetic timers are not offered");
	return false;
}

static bool direct_offered(void)
{
	if (!offered())
		return false;
	if (hv_offers_edx(HV_EDX_DIRECT_STIMER))
		return true;
	skip("direct timers are not offered");
	return false;
}

static void stop_all(void)
{
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		wrmsr(CONFIG(i), 0);
		wrmsr(COUNT(i), 0);
	}
}

static struct seen *open(void)
{
	struct seen *s = &seen[this_cpu()->index];

	stop_all();
	synic_on(NULL);
	handlers[VECTOR] = take;
	keep_slot = false;
	wrmsr(HV_MSR_SINT0 + SINT, VECTOR);
	*s = (struct seen){ .early = false };
	return s;
}

static void close(void)
{
	stop_all();
	synic_off(NULL);
}

CASE(registers, "registers")
{
	if (!offered())
		return;
	open();
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		expect(rdmsr(CONFIG(i)), 0, "CONFIG at first");
		wrmsr(CONFIG(i), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_LAZY);
		expect(rdmsr(CONFIG(i)), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_LAZY, "CONFIG");
		wrmsr(COUNT(i), 123456789);
		expect(rdmsr(COUNT(i)), 123456789, "COUNT");
	}
	/* No count, no SINT: it cannot be enabled. */
	wrmsr(COUNT(0), 0);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	expect(rdmsr(CONFIG(0)) & HV_STIMER_ENABLE, 0, "enabled without a count");
	wrmsr(COUNT(1), ref_time() + 100000 * MS);
	wrmsr(CONFIG(1), HV_STIMER_ENABLE);
	expect(rdmsr(CONFIG(1)) & HV_STIMER_ENABLE, 0, "enabled for SINT 0");
	/* A count of 0 stops a timer that runs. */
	wrmsr(CONFIG(2), BY_MESSAGE);
	wrmsr(COUNT(2), ref_time() + 100000 * MS);
	wrmsr(CONFIG(2), BY_MESSAGE | HV_STIMER_ENABLE);
	expect(rdmsr(CONFIG(2)) & HV_STIMER_ENABLE, 1, "enabled");
	wrmsr(COUNT(2), 0);
	expect(rdmsr(CONFIG(2)) & HV_STIMER_ENABLE, 0, "enabled after the count became 0");
	close();
}

/* One-shot on timer i, by its message. */
static void one_shot(struct seen *s, unsigned int i, uint64_t due, uint64_t config)
{
	uint32_t before = s->messages[i];

	if (config & HV_STIMER_AUTO_ENABLE) {
		wrmsr(CONFIG(i), config);
		expect(rdmsr(CONFIG(i)) & HV_STIMER_ENABLE, 0, "enabled before the count is set");
		wrmsr(COUNT(i), due);
	} else {
		wrmsr(COUNT(i), due);
		wrmsr(CONFIG(i), config | HV_STIMER_ENABLE);
	}
	if (!WAIT(s->messages[i] == before + 1)) {
		fail("timer %u: %u messages", i, s->messages[i] - before);
		return;
	}
	expect(s->due, due, "expiry as the message tells it");
	if (s->early || s->at < due)
		fail("timer %u is early: due %lu, delivered %lu, seen %lu", i, due, s->delivered, s->at);
	expect(rdmsr(CONFIG(i)) & HV_STIMER_ENABLE, 0, "enabled after a one-shot");
}

CASE(one_shots, "one-shot: ahead, past, auto-enabled")
{
	struct seen *s;

	if (!offered())
		return;
	s = open();
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		one_shot(s, i, ref_time() + 3 * MS, BY_MESSAGE);
		one_shot(s, i, ref_time() + 1, BY_MESSAGE);
		one_shot(s, i, 1, BY_MESSAGE);
		one_shot(s, i, ref_time() + 2 * MS, BY_MESSAGE | HV_STIMER_AUTO_ENABLE);
		one_shot(s, i, ref_time() - 5, BY_MESSAGE | HV_STIMER_AUTO_ENABLE);
	}
	close();
}

CASE(never, "far away, and stopped: nothing comes")
{
	struct seen *s;
	uint64_t until, due, stopped;

	if (!offered())
		return;
	s = open();
	wrmsr(COUNT(0), ~0ull);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	due = ref_time() + 20 * MS;
	wrmsr(COUNT(1), due);
	wrmsr(CONFIG(1), BY_MESSAGE | HV_STIMER_ENABLE);
	wrmsr(CONFIG(1), BY_MESSAGE);
	stopped = ref_time();
	until = ref_time() + 30 * MS;
	while (ref_time() < until)
		pause();
	if (s->messages[0])
		fail("a timer at the end of time fires");
	/* Unless it had expired before it was stopped, on a machine that stood still. */
	if (s->messages[1] && stopped < due)
		fail("a stopped timer fires");
	close();
}

/* n periods take n periods, however late each one is; and expiries are a period apart. */
static void periodic(uint64_t flags)
{
	struct seen *s = open();
	uint64_t period = 5 * MS, start = ref_time(), last = 0;

	wrmsr(COUNT(1), period);
	wrmsr(CONFIG(1), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_ENABLE | flags);
	for (uint32_t n = 1; n <= 10; n++) {
		if (!WAIT(s->messages[1] >= n)) {
			fail("period %u does not end", n);
			break;
		}
		if (s->due < start + n * period)
			fail("period %u ends %lu units after the start", n, s->due - start);
		if (last && s->due > last && (s->due - last) % period)
			fail("expiries %lu and %lu are not periods apart", last, s->due);
		last = s->due;
	}
	if (s->early)
		fail("it is early");
	expect(rdmsr(CONFIG(1)) & HV_STIMER_ENABLE, 1, "enabled while periodic");
	wrmsr(CONFIG(1), 0);
	close();
}

CASE(periods, "periodic")
{
	if (offered())
		periodic(0);
}

CASE(lazy, "periodic, lazy")
{
	if (offered())
		periodic(HV_STIMER_LAZY);
}

CASE(tiny, "a period of one unit leaves the guest alive")
{
	struct seen *s;

	if (!offered())
		return;
	s = open();
	wrmsr(COUNT(3), 1);
	wrmsr(CONFIG(3), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	if (!WAIT(s->messages[3] > 20))
		fail("only %u messages", s->messages[3]);
	wrmsr(CONFIG(3), 0);
	close();
}

CASE(direct, "direct: a vector of its own, no message")
{
	volatile uint32_t *count = &this_cpu()->counts[DIRECT];
	struct seen *s;
	uint64_t due;

	if (!direct_offered())
		return;
	s = open();
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		uint32_t before = *count;

		due = ref_time() + 2 * MS;
		wrmsr(CONFIG(i), BY_VECTOR | HV_STIMER_AUTO_ENABLE);
		wrmsr(COUNT(i), due);
		if (!WAIT(*count == before + 1))
			fail("timer %u: %u interrupts", i, *count - before);
		if (ref_time() < due)
			fail("timer %u is early", i);
		expect(s->messages[i], 0, "messages of a direct timer");
		expect(rdmsr(CONFIG(i)) & HV_STIMER_ENABLE, 0, "enabled after a one-shot");
	}
	/* A vector that is an exception's cannot be meant. */
	wrmsr(COUNT(0), ref_time() + 100000 * MS);
	if (wrmsr_try(CONFIG(0), HV_STIMER_DIRECT | 3ull << HV_STIMER_VECTOR_SHIFT | HV_STIMER_ENABLE) == NO_FAULT)
		expect(rdmsr(CONFIG(0)) & HV_STIMER_ENABLE, 0, "enabled with vector 3");
	wrmsr(COUNT(2), 2 * MS);
	wrmsr(CONFIG(2), BY_VECTOR | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	due = *count;
	if (!WAIT(*count >= due + 5))
		fail("periodic: %u interrupts", *count - (uint32_t)due);
	close();
}

/* TLFS 11.6: the message waits while the slot is busy, and comes at EOM. */
CASE(busy, "the slot is busy: the message waits for EOM")
{
	struct hv_message *slot = &synic_messages(0)->slot[SINT];
	struct hv_timer_payload p;
	struct seen *s;
	uint64_t due;

	if (!offered())
		return;
	s = open();
	keep_slot = true;
	slot->type = 1; /* as if something else were there */
	due = ref_time() + MS;
	wrmsr(COUNT(0), due);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	if (!WAIT(slot->flags & HV_MESSAGE_PENDING))
		fail("the slot does not say that something waits");
	expect(slot->type, 1, "the slot");
	expect(rdmsr(CONFIG(0)) & HV_STIMER_ENABLE, 0, "enabled after expiry");
	slot->flags = 0;
	release(slot);
	wrmsr(HV_MSR_EOM, 0);
	if (!WAIT(slot->type == HV_MESSAGE_TIMER))
		fail("the message does not come at EOM");
	__builtin_memcpy(&p, slot->payload, sizeof(p));
	expect(p.expiration, due, "expiry");
	if (p.delivery < due)
		fail("delivered before it was due");
	release(slot);
	expect(s->messages[0], 0, "other messages");
	/* Stopped while it waits: nothing comes. */
	slot->type = 1;
	slot->flags = 0;
	wrmsr(COUNT(0), 1);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_ENABLE);
	wrmsr(CONFIG(0), BY_MESSAGE);
	slot->type = HV_MESSAGE_NONE;
	wrmsr(HV_MSR_EOM, 0);
	expect(slot->type, HV_MESSAGE_NONE, "the slot after a timer was stopped");
	close();
}

/* Four timers into one slot on every VP: message periodic, message one-shots, direct. */
static void crowd(void *unused)
{
	struct seen *s = open();
	volatile uint32_t *count = &this_cpu()->counts[DIRECT];
	uint32_t direct = *count;
	bool have_direct = hv_offers_edx(HV_EDX_DIRECT_STIMER);

	wrmsr(COUNT(0), 3 * MS);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	wrmsr(CONFIG(1), BY_MESSAGE | HV_STIMER_AUTO_ENABLE);
	wrmsr(COUNT(1), ref_time() + 4 * MS);
	wrmsr(COUNT(2), 5 * MS);
	wrmsr(CONFIG(2), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_LAZY | HV_STIMER_ENABLE);
	if (have_direct) {
		wrmsr(COUNT(3), 4 * MS);
		wrmsr(CONFIG(3), BY_VECTOR | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	}
	for (uint32_t n = 1; n <= 3; n++) {
		if (!WAIT(s->messages[0] >= n && s->messages[1] >= n && s->messages[2] >= n &&
			  (!have_direct || *count - direct >= n)))
			fail("CPU %u, round %u: %u %u %u messages, %u interrupts", this_cpu()->index, n,
			     s->messages[0], s->messages[1], s->messages[2], *count - direct);
		wrmsr(COUNT(1), ref_time() + 4 * MS);
	}
	if (s->early)
		fail("CPU %u: a timer is early", this_cpu()->index);
	close();
}

CASE(all, "four timers on every VP")
{
	if (offered())
		smp_all(crowd, NULL);
}

/* The guest's own APIC timer lives beside them (it shares the hardware's one). */
#define APIC_VECTOR 0x31

static void both(void *unused)
{
	volatile uint32_t *mine = &this_cpu()->counts[APIC_VECTOR];
	struct seen *s = open();
	uint32_t before = *mine;

	apic_write(0x3e0, 3);			    /* divide by 16 */
	apic_write(0x320, APIC_VECTOR | 1u << 17);  /* periodic */
	apic_write(0x380, 500000);
	wrmsr(COUNT(0), 3 * MS);
	wrmsr(CONFIG(0), BY_MESSAGE | HV_STIMER_PERIODIC | HV_STIMER_ENABLE);
	if (!WAIT(*mine - before >= 5 && s->messages[0] >= 5))
		fail("CPU %u: %u of the APIC, %u synthetic", this_cpu()->index, *mine - before, s->messages[0]);
	wrmsr(CONFIG(0), 0);
	before = *mine;
	if (!WAIT(*mine - before >= 2))
		fail("CPU %u: the APIC's timer stops with the synthetic one", this_cpu()->index);
	apic_write(0x380, 0);
	apic_write(0x320, 1u << 16);
	close();
}

CASE(apic_timer, "beside the APIC's own timer")
{
	if (offered())
		smp_all(both, NULL);
}
