/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SynIC messages (TLFS 11.5-11.8): a slot holds one message; the others wait in a queue of bounded length
 * and come one by one, in order, as the guest frees the slot and says EOM. Nothing is lost that was
 * accepted, whatever the load. Masked and polled SINTs; the message page as an overlay. Connections are
 * made by the test device.
 */
#include "hv.h"
#include "wait.h"

#define VECTOR(sint) (0x40 + (sint))
#define ID(sint)     (uint8_t)(16 + (sint))
#define TYPE	     7

static struct hv_message *slot_of(unsigned int cpu, unsigned int sint)
{
	return &synic_messages(cpu)->slot[sint];
}

static uint32_t type_of(unsigned int cpu, unsigned int sint)
{
	return __atomic_load_n(&slot_of(cpu, sint)->type, __ATOMIC_ACQUIRE);
}

static bool offered(void)
{
	if (hv_offers(HV_EAX_SYNIC) && hv_offers_ebx(HV_EBX_POST_MESSAGES))
		return true;
	skip("SynIC and messages are not offered");
	return false;
}

/* Free a slot as TLFS 11.6 demands; true: others wait, EOM was said. */
static bool release(unsigned int sint)
{
	struct hv_message *slot = slot_of(this_cpu()->index, sint);

	__atomic_store_n(&slot->type, HV_MESSAGE_NONE, __ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&slot->flags, __ATOMIC_SEQ_CST) & HV_MESSAGE_PENDING))
		return false;
	wrmsr(HV_MSR_EOM, 0);
	return true;
}

static uint64_t vp_index(void)
{
	return rdmsr(HV_MSR_VP_INDEX);
}

static uint64_t post(uint8_t id, uint64_t number)
{
	return post_message(id, TYPE, &number, sizeof(number));
}

static void expect_message(unsigned int sint, uint64_t number)
{
	const struct hv_message *m = slot_of(this_cpu()->index, sint);
	uint64_t got;

	if (!WAIT(m->type != HV_MESSAGE_NONE)) {
		fail("SINT %u: message %lu does not come", sint, number);
		return;
	}
	__builtin_memcpy(&got, m->payload, sizeof(got));
	expect(m->type, TYPE, "type");
	expect(m->payload_size, sizeof(got), "size");
	expect(m->sender, ID(sint), "connection");
	expect(got, number, "number");
}

static void open(void)
{
	synic_on(NULL);
	for (unsigned int sint = 0; sint < HV_SINTS; sint++) {
		testdev(MESSAGE_CREATE, (uint8_t)sint, (uint8_t)vp_index(), ID(sint));
		wrmsr(HV_MSR_SINT0 + sint, VECTOR(sint));
	}
}

static void close(void)
{
	for (unsigned int sint = 0; sint < HV_SINTS; sint++)
		testdev(MESSAGE_DESTROY, (uint8_t)sint, (uint8_t)vp_index(), ID(sint));
	synic_off(NULL);
}

CASE(sints, "each SINT has a slot and a vector")
{
	if (!offered())
		return;
	open();
	for (unsigned int sint = 0; sint < HV_SINTS; sint++) {
		uint32_t before = this_cpu()->counts[VECTOR(sint)];

		expect(post(ID(sint), sint), HV_SUCCESS, "post");
		expect_message(sint, sint);
		if (!WAIT(this_cpu()->counts[VECTOR(sint)] == before + 1))
			fail("SINT %u: %u interrupts", sint, this_cpu()->counts[VECTOR(sint)] - before);
		if (release(sint))
			fail("SINT %u: says that more waits", sint);
	}
	close();
}

CASE(order, "a busy slot: pending, order, limit, EOM")
{
	uint32_t before = this_cpu()->counts[VECTOR(3)];
	uint64_t accepted = 1, status;

	if (!offered())
		return;
	open();
	expect(post(ID(3), 0), HV_SUCCESS, "the first");
	if (slot_of(0, 3)->flags & HV_MESSAGE_PENDING)
		fail("pending, but nothing waits");
	while ((status = post(ID(3), accepted)) == HV_SUCCESS && accepted < 100)
		accepted++;
	expect(status, HV_INSUFFICIENT_BUFFERS, "when the queue is full");
	if (accepted < 2 || accepted == 100)
		fail("%lu messages are queued", accepted);
	if (!(slot_of(0, 3)->flags & HV_MESSAGE_PENDING))
		fail("others wait, but the slot does not say so");
	expect(rdmsr(HV_MSR_EOM), 0, "EOM reads");
	wrmsr(HV_MSR_EOM, 0);
	expect_message(3, 0); /* EOM does not free a slot */
	for (uint64_t n = 0; n < accepted; n++) {
		expect_message(3, n);
		if (release(3) != (n + 1 < accepted))
			fail("message %lu of %lu: the pending flag is wrong", n, accepted);
	}
	expect(type_of(0, 3), HV_MESSAGE_NONE, "the slot at the end");
	if (!WAIT(this_cpu()->counts[VECTOR(3)] == before + (uint32_t)accepted))
		fail("%lu messages, %u interrupts", accepted, this_cpu()->counts[VECTOR(3)] - before);
	close();
}

/* A full queue of one SINT keeps others from queueing at most, never from their free slots. */
CASE(independent, "SINTs do not block each other")
{
	if (!offered())
		return;
	open();
	while (post(ID(3), 0) == HV_SUCCESS)
		;
	expect(post(ID(4), 44), HV_SUCCESS, "another SINT's free slot");
	expect_message(4, 44);
	while (type_of(0, 3))
		release(3);
	release(4);
	close();
}

CASE(masks, "masked and polled SINTs fill their slots")
{
	uint32_t before = this_cpu()->counts[VECTOR(5)];

	if (!offered())
		return;
	open();
	wrmsr(HV_MSR_SINT0 + 5, VECTOR(5) | HV_SINT_MASKED);
	expect(post(ID(5), 1), HV_SUCCESS, "post");
	expect_message(5, 1);
	if (this_cpu()->counts[VECTOR(5)] != before)
		fail("a masked SINT interrupts");
	wrmsr(HV_MSR_SINT0 + 5, VECTOR(5));
	if (!WAIT(this_cpu()->counts[VECTOR(5)] == before + 1))
		fail("no interrupt when the mask goes");
	release(5);
	if (hv_offers_edx(HV_EDX_SINT_POLLING)) {
		wrmsr(HV_MSR_SINT0 + 5, VECTOR(5) | HV_SINT_POLLING);
		expect(post(ID(5), 2), HV_SUCCESS, "post");
		expect_message(5, 2);
		release(5);
		if (this_cpu()->counts[VECTOR(5)] != before + 1)
			fail("a polled SINT interrupts");
	}
	close();
}

static uint8_t moved[PAGE] PAGE_ALIGNED;

CASE(page, "the message page: moved, disabled, SynIC off")
{
	struct hv_message *slot = slot_of(0, 6), *there = &((struct hv_message_page *)moved)->slot[6];

	if (!offered())
		return;
	synic_off(NULL);
	slot->type = 0x55555555;
	there->type = 0x66666666;
	open();
	expect(slot->type, HV_MESSAGE_NONE, "a page that was just enabled");
	expect(post(ID(6), 9), HV_SUCCESS, "post");
	expect_message(6, 9);
	wrmsr(HV_MSR_SIMP, (uint64_t)moved | HV_PAGE_ENABLE);
	expect(slot->type, 0x55555555, "what was below");
	expect(there->type, TYPE, "the message after the page has moved");
	wrmsr(HV_MSR_SIMP, (uint64_t)moved);
	expect(there->type, 0x66666666, "what was below the new place");
	expect(post(ID(6), 1), HV_INVALID_SYNIC_STATE, "post without a page");
	wrmsr(HV_MSR_SIMP, (uint64_t)synic_messages(0) | HV_PAGE_ENABLE);
	expect(slot->type, HV_MESSAGE_NONE, "a page that is enabled again");
	wrmsr(HV_MSR_SCONTROL, 0);
	expect(post(ID(6), 1), HV_INVALID_SYNIC_STATE, "post while SynIC is off");
	wrmsr(HV_MSR_SCONTROL, HV_SYNIC_ENABLE);
	expect(post(ID(6), 2), HV_SUCCESS, "post");
	expect_message(6, 2);
	release(6);
	close();
}

/* All VPs post to VP 0 as fast as they can; it takes what comes in its interrupt handler. */
#define LOAD_SINT 2
#define EACH	  200

static volatile uint64_t sent, received, refused;
static volatile uint64_t last[MAX_CPUS];

static void take(struct frame *f)
{
	struct hv_message *slot = slot_of(this_cpu()->index, LOAD_SINT);
	uint64_t number;

	if (type_of(this_cpu()->index, LOAD_SINT) == HV_MESSAGE_NONE)
		return;
	__builtin_memcpy(&number, slot->payload, sizeof(number));
	if ((number >> 32) >= cpus || (uint32_t)number != last[number >> 32] + 1)
		fail("message %u of CPU %u behind %lu", (uint32_t)number, (uint32_t)(number >> 32),
		     last[(number >> 32) % MAX_CPUS]);
	last[(number >> 32) % MAX_CPUS] = (uint32_t)number;
	received++;
	release(LOAD_SINT);
}

static void load(void *unused)
{
	for (uint64_t n = 1; n <= EACH; n++) {
		uint64_t status;

		while ((status = post(ID(LOAD_SINT), (uint64_t)this_cpu()->index << 32 | n)) ==
		       HV_INSUFFICIENT_BUFFERS) {
			__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
			for (unsigned int i = 0; i < 1000; i++)
				pause();
		}
		if (!expect(status, HV_SUCCESS, "post"))
			return;
		__atomic_add_fetch(&sent, 1, __ATOMIC_RELAXED);
	}
}

CASE(overload, "overload: all VPs post to one")
{
	if (!offered())
		return;
	sent = received = refused = 0;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		last[cpu] = 0;
	handlers[VECTOR(LOAD_SINT)] = take;
	open();
	smp_all(load, NULL);
	if (!WAIT(received == sent))
		fail("%lu messages accepted, %lu came", sent, received);
	expect(sent, (uint64_t)EACH * cpus, "accepted in the end");
	handlers[VECTOR(LOAD_SINT)] = NULL;
	close();
}
