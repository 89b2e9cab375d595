/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The life of the hypercall page (TLFS 3.12, 3.13): it exists only while the guest has said who it is;
 * it is an overlay that can move, be disabled and be locked; calls come from ring 0 only, from 64-bit
 * and from 32-bit code. The last case locks the page for good.
 */
#include "hv.h"

#define UD 6
#define GP 13

static volatile uint64_t page_a[512] PAGE_ALIGNED, page_b[512] PAGE_ALIGNED;

#define BELOW 0x6b6b6b6b6b6b6b6bull
#define MSR(page, bits) ((uint64_t)(page) | (bits))

static bool shows(const volatile uint64_t *page)
{
	return page[0] != BELOW;
}

static void fill(void)
{
	for (unsigned int i = 0; i < 512; i++)
		page_a[i] = page_b[i] = BELOW;
}

/* A call that cannot fail, through any page: RAX. */
static uint64_t call_through(const volatile uint64_t *page)
{
	uint64_t control = HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST, input = 1, result = ~0ull;

	__asm__ volatile("call *%3"
			 : "=a"(result), "+c"(control), "+d"(input)
			 : "r"(page)
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static unsigned int raw_call_try(void)
{
	uint64_t rax = 0, rcx = HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST, rdx = 1;
	FAULT_REGISTER;

	__asm__ volatile("1: vmmcall\n2:\n\t" FIXUP("1b", "2b")
			 : "+r"(fault), "+a"(rax), "+c"(rcx), "+d"(rdx)
			 :
			 : "r8", "r9", "r10", "r11", "memory");
	return (unsigned int)fault;
}

CASE(identity, "no page without an identity")
{
	fill();
	wrmsr(HV_MSR_HYPERCALL, 0);
	wrmsr(HV_MSR_GUEST_OS_ID, 0);
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	expect(rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ENABLE, 0, "enabled without GUEST_OS_ID");
	if (shows(page_a))
		fail("the page shows");
	expect(raw_call_try(), UD, "a call without an identity: exception");
	wrmsr(HV_MSR_GUEST_OS_ID, OS_ID);
	expect(rdmsr(HV_MSR_GUEST_OS_ID), OS_ID, "GUEST_OS_ID");
	if (shows(page_a))
		fail("the page shows before it is enabled");
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	expect(rdmsr(HV_MSR_HYPERCALL), MSR(page_a, HV_PAGE_ENABLE), "MSR");
	if (!shows(page_a))
		fail("the page does not show");
	expect(call_through(page_a), HV_SUCCESS, "a call through it");
	wrmsr(HV_MSR_GUEST_OS_ID, 0);
	expect(rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ENABLE, 0, "enabled after the identity is gone");
	expect(page_a[0], BELOW, "what was below");
	wrmsr(HV_MSR_GUEST_OS_ID, OS_ID);
}

static void look(void *page)
{
	expect(call_through(page), HV_SUCCESS, "a call on this VP");
}

CASE(moves, "it moves, for all VPs at once")
{
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	smp_all(look, (void *)page_a);
	for (unsigned int i = 0; i < 20; i++) {
		const volatile uint64_t *to = i & 1 ? page_a : page_b;

		wrmsr(HV_MSR_HYPERCALL, MSR(to, HV_PAGE_ENABLE));
		if (shows(i & 1 ? page_b : page_a))
			fail("the old page shows after move %u", i);
		smp_all(look, (void *)to);
	}
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, 0));
	if (shows(page_a) || shows(page_b))
		fail("a page shows while disabled");
	expect(rdmsr(HV_MSR_HYPERCALL), MSR(page_a, 0), "MSR, disabled");
}

/* TLFS 5.2.1.2: reads and execution see the page; writing it is #GP, what is below is untouched. */
CASE(write, "it cannot be written")
{
	uint64_t was;

	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	was = page_a[0];
	expect(write_try(&page_a[0], 0x9090909090909090), GP, "a write: exception");
	expect(page_a[0], was, "the page after the write");
	wrmsr(HV_MSR_HYPERCALL, 0);
	expect(page_a[0], BELOW, "what was below");
}

/* Two overlays at one address: the newer shows; then the older one comes back. */
CASE(over, "one overlay over another")
{
	if (!hv_offers(HV_EAX_REFERENCE_TSC)) {
		skip("no reference TSC page is offered");
		return;
	}
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	wrmsr(HV_MSR_REFERENCE_TSC, MSR(page_a, HV_PAGE_ENABLE));
	wrmsr(HV_MSR_REFERENCE_TSC, 0);
	expect(call_through(page_a), HV_SUCCESS, "a call when the upper one is gone");
	wrmsr(HV_MSR_REFERENCE_TSC, MSR(page_a, HV_PAGE_ENABLE));
	wrmsr(HV_MSR_HYPERCALL, 0);
	if (!shows(page_a))
		fail("the upper page went with the lower one");
	wrmsr(HV_MSR_REFERENCE_TSC, 0);
	expect(page_a[0], BELOW, "what was below both");
}

CASE(nowhere, "addresses without memory")
{
	static const uint64_t bad[] = { 0xfffffffff000, 0x7fffff000, 0xfed00000, 0xfee00000, 0xfec00000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		wrmsr(HV_MSR_HYPERCALL, bad[i] | HV_PAGE_ENABLE);
		expect(rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ADDRESS, bad[i], "MSR");
	}
	apic_read(0x20);
	wrmsr(HV_MSR_HYPERCALL, MSR(page_a, HV_PAGE_ENABLE));
	expect(call_through(page_a), HV_SUCCESS, "a call afterwards");
}

static void user_call(void)
{
	__asm__ volatile("vmmcall" ::"a"(0), "c"(HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST), "d"(1));
	__asm__ volatile("hlt"); /* #GP here would mean that the call was let through */
}

CASE(user, "user mode may not call")
{
	expect(in_user_mode(user_call), UD, "a call from ring 3: exception");
}

/* In 32-bit code: control EDX:EAX, input EBX:ECX, output EDI:ESI; result EDX:EAX (TLFS 3.7). */
static uint64_t call_32(const volatile uint64_t *page, uint64_t control, uint64_t input, uint64_t output)
{
	uint32_t eax = (uint32_t)control, edx = (uint32_t)(control >> 32), ecx = (uint32_t)input,
		 ebx = (uint32_t)(input >> 32), esi = (uint32_t)output, edi = (uint32_t)(output >> 32);

	irq_off();
	__asm__ volatile("movq %[page], %%r12\n\t"
			 "pushq %%rbp\n\t"
			 "movl %%r12d, %%ebp\n\t"
			 "pushq %[code32]\n\t"
			 "pushq $1f\n\t"
			 "lretq\n\t"
			 ".code32\n"
			 "1: call *%%ebp\n\t"
			 "ljmp %[code64], $2f\n\t"
			 ".code64\n"
			 "2: popq %%rbp"
			 : "+a"(eax), "+d"(edx), "+c"(ecx), "+b"(ebx), "+S"(esi), "+D"(edi)
			 : [page] "r"(page), [code32] "i"(SEL_CODE32), [code64] "i"(SEL_CODE64)
			 : "r12", "memory", "cc");
	irq_on();
	return (uint64_t)edx << 32 | eax;
}

CASE(legacy, "calls of 32-bit code")
{
	uint32_t *out = hypercall_output();
	uint64_t *in = hypercall_input();

	expect(call_32(page_a, HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST, 1, 0), HV_SUCCESS, "a fast call");
	expect(call_32(page_a, 0x7777, 0, 0), HV_INVALID_HYPERCALL_CODE, "an unknown call");
	expect(call_32(page_a, HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST | 1ull << 63, 1, 0),
	       HV_INVALID_HYPERCALL_INPUT, "a reserved bit in EDX");
	in[0] = HV_PARTITION_SELF;
	in[1] = 0;
	in[2] = cpu_at(0)->apic_id;
	out[0] = 77;
	expect(call_32(page_a, HV_CALL_VP_INDEX_OF_APIC_ID | 1ull << HV_CONTROL_COUNT_SHIFT,
		       (uint64_t)in, (uint64_t)out),
	       1ull << HV_RESULT_REPS_SHIFT, "a rep call");
	expect(out[0], rdmsr(HV_MSR_VP_INDEX), "its output");
}

CASE(locked, "a locked page stays")
{
	const uint64_t on = MSR(page_a, HV_PAGE_ENABLE | HV_HYPERCALL_LOCKED);

	wrmsr(HV_MSR_HYPERCALL, on);
	expect(wrmsr_try(HV_MSR_HYPERCALL, MSR(page_b, HV_PAGE_ENABLE)), GP, "moving it: exception");
	expect(wrmsr_try(HV_MSR_HYPERCALL, 0), GP, "disabling it: exception");
	expect(rdmsr(HV_MSR_HYPERCALL), on, "MSR");
	smp_all(look, (void *)page_a);
	if (shows(page_b))
		fail("it moved nevertheless");
}
