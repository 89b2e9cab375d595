/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Invalid input of every kind (TLFS 3.7, 3.8, appendix B): each answers with its status, in the order
 * code, control word, input address, output address, the call's own rules; and nothing that a guest can
 * form harms anybody. The random cases only demand that the partition lives on.
 */
#include "hv.h"

#define GP 13

#define REPS(n)	 ((uint64_t)(n) << HV_CONTROL_COUNT_SHIFT)
#define START(n) ((uint64_t)(n) << HV_CONTROL_START_SHIFT)
#define VAR(n)	 ((uint64_t)(n) << HV_CONTROL_VAR_SHIFT)
#define FAST	 HV_CONTROL_FAST

static uint8_t two_pages[2 * PAGE] PAGE_ALIGNED;

static uint64_t status(uint64_t control, uint64_t input, uint64_t output)
{
	return hypercall(control, input, output) & 0xffff;
}

static uint64_t in(void)
{
	uint64_t *words = hypercall_input();

	for (unsigned int i = 0; i < 512; i++)
		words[i] = 0;
	return (uint64_t)words;
}

CASE(codes, "codes")
{
	static const uint16_t unknown[] = { 0x0000, 0x0004, 0x0016, 0x00ff, 0x1234, 0x7fff, 0x8002, 0xffff };
	static const uint16_t denied[] = { HV_CALL_GET_PARTITION_ID, HV_CALL_DEPOSIT_MEMORY,
					   HV_CALL_CREATE_VP, HV_CALL_GET_VP_REGISTERS,
					   HV_CALL_START_VP };

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		expect(status(unknown[i], in(), in()), HV_INVALID_HYPERCALL_CODE, "an unknown call");
	for (unsigned int i = 0; i < ARRAY_SIZE(denied); i++)
		expect(status(denied[i], in(), in()), HV_ACCESS_DENIED, "a call of privileged partitions");
	if (!hv_offers_ebx(HV_EBX_POST_MESSAGES))
		expect(status(HV_CALL_POST_MESSAGE, in(), 0), HV_ACCESS_DENIED, "a message that may not be");
	if (!hv_offers_ebx(HV_EBX_EXTENDED))
		expect(status(HV_CALL_EXT_QUERY_CAPABILITIES, 0, in()), HV_INVALID_HYPERCALL_CODE,
		       "extended calls are not offered");
}

CASE(control, "control words")
{
	const uint64_t spin = HV_CALL_LONG_SPIN_WAIT | FAST, list = HV_CALL_FLUSH_LIST;

	for (unsigned int bit = 27; bit < 64; bit++)
		if (HV_CONTROL_RESERVED >> bit & 1)
			expect(status(spin | 1ull << bit, 1, 0), HV_INVALID_HYPERCALL_INPUT, "a reserved bit");
	expect(status(spin | REPS(1), 1, 0), HV_INVALID_HYPERCALL_INPUT, "reps of a simple call");
	expect(status(spin | START(1), 1, 0), HV_INVALID_HYPERCALL_INPUT, "a start of a simple call");
	expect(status(spin | VAR(1), 1, 0), HV_INVALID_HYPERCALL_INPUT, "a variable header of a simple call");
	expect(status(list, in(), 0), HV_INVALID_HYPERCALL_INPUT, "a rep call without reps");
	expect(status(list | REPS(2) | START(2), in(), 0), HV_INVALID_HYPERCALL_INPUT, "a start behind the end");
	expect(status(list | REPS(1) | VAR(1), in(), 0), HV_INVALID_HYPERCALL_INPUT, "a variable header");
	expect(status(HV_CALL_VP_INDEX_OF_APIC_ID | FAST | REPS(1), ~0ull, 0), HV_INVALID_HYPERCALL_INPUT,
	       "a fast form that does not exist");
	expect(hypercall(list | REPS(3) | START(1), in(), 0), REPS(3), "a continued list");
}

CASE(addresses, "addresses")
{
	const uint64_t space = HV_CALL_FLUSH_SPACE, list = HV_CALL_FLUSH_LIST;

	expect(status(space, in() + 4, 0), HV_INVALID_ALIGNMENT, "input at 4");
	expect(status(space, (uint64_t)two_pages + PAGE - 16, 0), HV_INVALID_ALIGNMENT, "input across a page");
	expect(status(list | REPS(510), in(), 0), HV_INVALID_ALIGNMENT, "a list across the page's end");
	expect(hypercall(list | REPS(509), in(), 0), REPS(509), "a list up to the page's end");
	expect(status(list | REPS(4095), in(), 0), HV_INVALID_ALIGNMENT, "the longest list");
	/* Memory that is not there has no status of its own in the TLFS: any but success. */
	for (uint64_t bad = 0x8000000000; bad; bad <<= 1)
		if (status(space, bad, 0) == HV_SUCCESS)
			fail("input at 0x%lx, where no memory is", bad);
	if (status(space, 0xfee00000, 0) == HV_SUCCESS)
		fail("input in the APIC's page");
	if (status(space, ~7ull, 0) == HV_SUCCESS)
		fail("input at the end of all");
}

CASE(output, "output addresses")
{
	uint64_t *words = (uint64_t *)in();
	const uint64_t call = HV_CALL_VP_INDEX_OF_APIC_ID | REPS(1);

	words[0] = HV_PARTITION_SELF;
	words[2] = cpu_at(0)->apic_id;
	expect(status(call, (uint64_t)words, (uint64_t)two_pages + 4), HV_INVALID_ALIGNMENT, "output at 4");
	if (status(call, (uint64_t)words, 1ull << 45) == HV_SUCCESS)
		fail("output where no memory is");
	expect(hypercall(call, (uint64_t)words, (uint64_t)two_pages), REPS(1), "good output");
	words[0] = 5;
	expect(status(call, (uint64_t)words, (uint64_t)two_pages), HV_INVALID_PARTITION_ID, "another partition");
	words[0] = HV_PARTITION_SELF;
	words[2] = 0xdead | (uint64_t)cpu_at(0)->apic_id << 32;
	expect(hypercall(call, (uint64_t)words, (uint64_t)two_pages), HV_INVALID_PARAMETER, "no such APIC id");
	words[2] = cpu_at(0)->apic_id | 0xdeadull << 32;
	expect(hypercall(call + REPS(1), (uint64_t)words, (uint64_t)two_pages),
	       HV_INVALID_PARAMETER | REPS(1), "no such APIC id after a good one");
}

/* Sets of VPs in the flushes, where a list may follow the banks. */
static void sets(uint64_t *words)
{
	const uint64_t space = HV_CALL_FLUSH_SPACE_EX, list = HV_CALL_FLUSH_LIST_EX;

	words[2] = 2; /* format */
	expect(status(space, (uint64_t)words, 0), HV_INVALID_PARAMETER, "a flush of a set of unknown format");
	words[2] = HV_SET_SPARSE;
	words[3] = 7; /* three banks */
	expect(status(space | VAR(2), (uint64_t)words, 0), HV_INVALID_HYPERCALL_INPUT, "a flush with too few banks");
	expect(status(space | VAR(4), (uint64_t)words, 0), HV_INVALID_HYPERCALL_INPUT, "... too many banks");
	expect(status(space | VAR(1023), (uint64_t)words, 0), HV_INVALID_ALIGNMENT, "... banks across the page's end");
	expect(status(list | VAR(3), (uint64_t)words, 0), HV_INVALID_HYPERCALL_INPUT, "a list behind banks without reps");
	expect(status(list | VAR(3) | REPS(506), (uint64_t)words, 0), HV_INVALID_ALIGNMENT, "a list behind banks across the end");
	expect(hypercall(list | VAR(3) | REPS(505), (uint64_t)words, 0), REPS(505), "a list behind banks up to the end");
}

CASE(parameters, "parameters")
{
	const uint64_t ipi = HV_CALL_SEND_IPI | FAST, ipi_ex = HV_CALL_SEND_IPI_EX;
	uint64_t *words = (uint64_t *)in();

	expect(status(ipi, 0x0f, 1), HV_INVALID_PARAMETER, "an IPI with an exception's vector");
	expect(status(ipi, 0x100, 1), HV_INVALID_PARAMETER, "an IPI with vector 0x100");
	expect(status(ipi, 0x30 | 1ull << 32, 1), HV_INVALID_PARAMETER, "an IPI to another VTL");
	expect(status(ipi, 0x30, 0), HV_SUCCESS, "an IPI to nobody");
	words[0] = 0x30;
	words[1] = 2; /* format */
	expect(status(ipi_ex, (uint64_t)words, 0), HV_INVALID_PARAMETER, "an unknown format of a set");
	words[1] = HV_SET_SPARSE;
	words[2] = 3; /* two banks, one given */
	expect(status(ipi_ex | VAR(1), (uint64_t)words, 0), HV_INVALID_HYPERCALL_INPUT, "banks are missing");
	words[2] = 0;
	expect(status(ipi_ex | VAR(1), (uint64_t)words, 0), HV_INVALID_HYPERCALL_INPUT, "a bank too many");
	expect(status(ipi_ex, (uint64_t)words, 0), HV_SUCCESS, "an empty set");
	sets((uint64_t *)in());
	words[1] = 1ull << 40; /* flags of a flush */
	expect(status(HV_CALL_FLUSH_SPACE, (uint64_t)words, 0), HV_INVALID_PARAMETER, "an unknown flag");
	if (!hv_offers_edx(HV_EDX_XMM_INPUT))
		expect(status(HV_CALL_FLUSH_SPACE | FAST, 0, 0), HV_INVALID_HYPERCALL_INPUT,
		       "fast input beyond two registers");
	if (hv_offers_ebx(HV_EBX_POST_MESSAGES)) {
		expect(post_message(200, 1, words, 8), HV_INVALID_CONNECTION_ID, "an unknown connection");
		expect(post_message(200, 1, words, 241), HV_INVALID_PARAMETER, "a message too long");
		expect(post_message(200, 0, words, 8), HV_INVALID_PARAMETER, "a message of no type");
		expect(post_message(200, 0x80000001, words, 8), HV_INVALID_PARAMETER,
		       "a message of the hypervisor's own type");
		expect(status(HV_CALL_SIGNAL_EVENT | FAST, 200, 0), HV_INVALID_CONNECTION_ID, "an unknown event");
		expect(status(HV_CALL_SIGNAL_EVENT | FAST, 200 | 1ull << 50, 0), HV_INVALID_PARAMETER,
		       "reserved bits of an event");
	}
}

struct bad_write {
	uint32_t msr;
	uint64_t value;
	uint32_t eax; /* offered by */
};

CASE(msrs, "values of MSRs")
{
	static const struct bad_write bad[] = {
		{ HV_MSR_EOI, 1ull << 32, HV_EAX_APIC },
		{ HV_MSR_TPR, 0x100, HV_EAX_APIC },
		{ HV_MSR_SINT0 + 3, 15, HV_EAX_SYNIC }, /* an exception's vector */
		{ HV_MSR_SINT0 + 3, 0, HV_EAX_SYNIC },
		{ HV_MSR_SVERSION, 1, HV_EAX_SYNIC },
		{ HV_MSR_STIMER0_CONFIG, 1ull << 13, HV_EAX_STIMER },
		{ HV_MSR_STIMER0_CONFIG, 1ull << 20, HV_EAX_STIMER },
		{ HV_MSR_STIMER0_CONFIG, 1ull << 63, HV_EAX_STIMER },
		{ HV_MSR_TSC_INVARIANT, 2, HV_EAX_TSC_INVARIANT },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (hv_offers(bad[i].eax) && wrmsr_try(bad[i].msr, bad[i].value) != GP)
			fail("MSR 0x%x takes 0x%lx", bad[i].msr, bad[i].value);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A value with few bits, many bits, or one near an edge. */
static uint64_t random_value(uint64_t *state)
{
	uint64_t r = next_random(state);

	switch (r & 3) {
	case 0:
		return next_random(state) & next_random(state) & next_random(state);
	case 1:
		return next_random(state) >> (r >> 8 & 63);
	case 2:
		return (uint64_t)two_pages + (r >> 8 & 0x1fff);
	default:
		return ~0ull >> (r >> 8 & 63) ^ (r >> 16 & 7);
	}
}

/* Calls with a valid code, otherwise anything. */
static void random_calls(void *unused)
{
	static const uint16_t codes[] = { HV_CALL_FLUSH_SPACE, HV_CALL_FLUSH_LIST, HV_CALL_FLUSH_SPACE_EX,
					  HV_CALL_FLUSH_LIST_EX, HV_CALL_LONG_SPIN_WAIT, HV_CALL_SEND_IPI,
					  HV_CALL_SEND_IPI_EX, HV_CALL_POST_MESSAGE, HV_CALL_SIGNAL_EVENT,
					  HV_CALL_VP_INDEX_OF_APIC_ID, HV_CALL_EXT_QUERY_CAPABILITIES };
	uint64_t state = 88172645463325252ull + this_cpu()->index;
	uint64_t *words = hypercall_input();

	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t control = random_value(&state) << 16 | codes[next_random(&state) % ARRAY_SIZE(codes)];
		uint64_t input = next_random(&state) & 1 ? (uint64_t)words : random_value(&state);
		/* Output must not hit this very program: in its two pages, or far away. */
		uint64_t output = (uint64_t)two_pages + next_random(&state) % (2 * PAGE);

		if (next_random(&state) & 1)
			control &= ~HV_CONTROL_RESERVED;
		for (unsigned int w = 0; w < 16; w++)
			words[w] = random_value(&state);
		if (next_random(&state) % 8 == 0)
			output = random_value(&state) | 1ull << 44;
		hypercall(control, input, output);
	}
}

CASE(random_hypercalls, "random hypercalls on all VPs")
{
	smp_all(random_calls, NULL);
}

/* All MSRs but those that end the guest; overlays go nowhere else than to two pages of ours. */
static void random_msrs(void *unused)
{
	uint64_t state = 362436069ull + this_cpu()->index, value;

	for (unsigned int i = 0; i < 2000; i++) {
		uint32_t msr = HV_MSR_GUEST_OS_ID + (uint32_t)(next_random(&state) % 0x120);

		value = random_value(&state);
		switch (msr) {
		case HV_MSR_RESET:
		case HV_MSR_CRASH_CTL:
		case HV_MSR_GUEST_IDLE:
		case HV_MSR_ICR: /* NMI, INIT */
		case HV_MSR_TPR: /* would keep the end of this test away */
		case HV_MSR_EOI:
			continue;
		case HV_MSR_GUEST_OS_ID:
		case HV_MSR_HYPERCALL:
			value &= ~HV_HYPERCALL_LOCKED;
			/* fall through */
		case HV_MSR_REFERENCE_TSC:
		case HV_MSR_SIMP:
		case HV_MSR_SIEFP:
		case HV_MSR_VP_ASSIST_PAGE:
			value = (value & 0xfff) | ((uint64_t)two_pages + (value & PAGE));
			break;
		}
		wrmsr_try(msr, value);
		rdmsr_try(msr, &value);
	}
	for (uint32_t msr = HV_MSR_STIMER0_CONFIG; msr <= HV_MSR_STIMER3_COUNT; msr += 2)
		wrmsr_try(msr, 0);
	for (uint32_t msr = HV_MSR_SCONTROL; msr <= HV_MSR_SINT15; msr++)
		wrmsr_try(msr, msr >= HV_MSR_SINT0 ? HV_SINT_MASKED : 0);
	wrmsr_try(HV_MSR_VP_ASSIST_PAGE, 0);
}

CASE(random_registers, "random MSR writes on all VPs")
{
	for (unsigned int vector = 32; vector < 256; vector++)
		no_eoi[vector] = false;
	smp_all(random_msrs, NULL);
	wrmsr_try(HV_MSR_REFERENCE_TSC, 0);
	wrmsr(HV_MSR_HYPERCALL, 0);
	hypercall_init();
	expect(status(HV_CALL_LONG_SPIN_WAIT | FAST, 1, 0), HV_SUCCESS, "a call afterwards");
}
