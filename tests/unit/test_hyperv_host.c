/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Hyper-V host side against a mock hypervisor: each piece with its feature bits and without,
 * sets of VPs in both forms, the timer's arithmetic, what happens when the TSC page is invalid.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/hyperv/host.h"
#include "mock_hw.h"
#include "twoway/hw_call.h"

#define ALL_EAX                                                                                    \
	(HV_EAX_TIME_REF_COUNT | HV_EAX_SYNIC | HV_EAX_STIMER | HV_EAX_APIC | HV_EAX_HYPERCALL |    \
	 HV_EAX_VP_INDEX | HV_EAX_RESET | HV_EAX_REFERENCE_TSC | HV_EAX_FREQUENCY)
#define ALL_EDX	  (HV_EDX_FREQUENCY | HV_EDX_CRASH | HV_EDX_DIRECT_STIMER)
#define ALL_HINTS (HV_HINT_REMOTE_FLUSH | HV_HINT_CLUSTER_IPI | HV_HINT_EX_MASKS | HV_HINT_APIC_MSRS)
#define HZ	  1000000000ull

static struct tw_host host;
static unsigned int current_cpu, calls, bare_eois, bare_inits;
static uint64_t last_control, last_input, last_output, copied[8], status;
static uint64_t bare_many;
static uint32_t sequence;

unsigned int tw_cpu(void)
{
	return current_cpu;
}

uint64_t hw_hyperv_call(void *page, uint64_t control, uint64_t input, uint64_t output)
{
	ck_assert_ptr_eq(page, hyperv.page);
	calls++;
	last_control = control;
	last_input = input;
	last_output = output;
	if (!(control & HV_CONTROL_FAST)) {
		ck_assert_uint_eq(input % 8, 0);
		memcpy(copied, hw_phys(input), sizeof(copied));
	}
	return status;
}

static void msr_written(uint32_t msr, uint64_t value)
{
	if (msr == HV_MSR_REFERENCE_TSC && value & 1) {
		struct hv_tsc_page *page = hw_phys(value & ~0xfffull);

		page->sequence = sequence;
		page->scale = 0x028f5c28f5c28f5cull; /* 10^7 / 10^9 * 2^64 */
		page->offset = 500;
	}
}

static void b_many(uint64_t cpus, uint8_t vector) { bare_many |= cpus; }
static void b_ipi(unsigned int cpu, uint8_t vector) { }
static void b_eoi(void) { bare_eois++; }
static void b_init(unsigned int cpu) { bare_inits++; }
static void b_yield_to(unsigned int cpu) { }
static uint64_t b_flush(uint64_t cpus) { return cpus; }
static void b_timer_set(uint64_t ns) { }
static void b_timer_stop(void) { }
static bool b_timer_ack(void) { return false; }
static void b_end(void) { }

static void setup(void)
{
	mock_reset();
	mock_hook_msr(msr_written);
	mock_tsc_step = 0;
	current_cpu = calls = bare_eois = bare_inits = 0;
	bare_many = status = 0;
	sequence = 7;
	host = (struct tw_host){ .cpus = 4,
				 .owns_apic = true,
				 .apic_id = { 0, 2, 4, 6 },
				 .cpu_init = b_init,
				 .ipi = b_ipi,
				 .ipi_many = b_many,
				 .eoi = b_eoi,
				 .yield_to = b_yield_to,
				 .tlb_flush = b_flush,
				 .timer_set = b_timer_set,
				 .timer_stop = b_timer_stop,
				 .timer_ack = b_timer_ack,
				 .reboot = b_end,
				 .crash = b_end };
	tw_clock_scale(&host.clock, HZ);
	host.line = &host.clock;
	mock_set_msr(HV_MSR_TSC_FREQUENCY, HZ);
	mock_set_msr(MSR_APIC_BASE, 1u << 10 | 1u << 11);
}

/* Start with these features, and bring up the CPUs with VP indexes first, first + step ... */
static void start(uint32_t eax, uint32_t edx, uint32_t hints, uint32_t first, uint32_t step)
{
	mock_set_cpuid(HV_LEAF_FEATURES, 0, eax, 0, 0, edx);
	mock_set_cpuid(HV_LEAF_HINTS, 0, hints, 4095, 0, 0);
	host.tsc_told = hyperv_host_driver.tsc_hz(HV_LEAF_VENDOR);
	hyperv_host_driver.init(&host, HV_LEAF_VENDOR);
	for (unsigned int cpu = 0; cpu < host.cpus; cpu++) {
		mock_set_msr(HV_MSR_VP_INDEX, first + cpu * step);
		current_cpu = cpu;
		host.cpu_init(cpu);
	}
	current_cpu = 0;
}

static void start_all(void)
{
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 0, 1);
}

START_TEST(order_of_introduction)
{
	unsigned int id = 0, page = 0;

	start_all();
	for (unsigned int i = 0; i < mock_writes_count; i++) {
		if (mock_writes[i].where == HV_MSR_GUEST_OS_ID)
			id = i + 1;
		else if (mock_writes[i].where == HV_MSR_HYPERCALL)
			page = i + 1;
	}
	ck_assert(id && page > id); /* without a name the page stays off (TLFS 3.13) */
	ck_assert_uint_ne(mock_get_msr(HV_MSR_GUEST_OS_ID), 0);
	ck_assert_uint_eq(host.tsc_told, HZ);
	ck_assert_uint_eq(bare_inits, 4);
}
END_TEST

START_TEST(frequency_needs_both_bits)
{
	start(ALL_EAX, ALL_EDX & ~HV_EDX_FREQUENCY, 0, 0, 1);
	ck_assert_uint_eq(host.tsc_told, 0);
	setup();
	start(ALL_EAX & ~HV_EAX_FREQUENCY, ALL_EDX, 0, 0, 1);
	ck_assert_uint_eq(host.tsc_told, 0);
	setup();
	mock_set_msr(HV_MSR_TSC_FREQUENCY, 12);
	start(ALL_EAX, ALL_EDX, 0, 0, 1);
	ck_assert_uint_eq(host.tsc_told, 0);
}
END_TEST

/* --- sets of CPUs --- */

START_TEST(plain_ipi)
{
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 10, 2); /* VPs 10, 12, 14, 16 */
	host.ipi_many(0xb, 0x55);
	ck_assert_uint_eq(last_control, HV_CALL_SEND_IPI | HV_CONTROL_FAST);
	ck_assert_uint_eq(last_input, 0x55);
	ck_assert_uint_eq(last_output, 1ull << 10 | 1ull << 12 | 1ull << 16);
	host.ipi_many(2, 0x55); /* one target: the APIC is as cheap */
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(bare_many, 2);
	status = HV_INVALID_HYPERCALL_CODE;
	host.ipi_many(0xc, 0x55);
	ck_assert_uint_eq(bare_many, 0xe);
	ck_assert_uint_eq(host.native[HYPERV_NATIVE_IPI].count, 1);
}
END_TEST

START_TEST(sparse_ipi)
{
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 3, 64); /* VPs 3, 67, 131, 195 */
	current_cpu = 2;
	host.ipi_many(0xb, 0x55);
	ck_assert_uint_eq(last_control, HV_CALL_SEND_IPI_EX | 3ull << HV_CONTROL_VAR_SHIFT);
	ck_assert_uint_eq(last_input, hyperv.input_pa + 2 * sizeof(*hyperv.input)); /* each CPU has its own */
	ck_assert_uint_eq(copied[0], 0x55);
	ck_assert_uint_eq(copied[1], HV_SET_SPARSE);
	ck_assert_uint_eq(copied[2], 0xb);
	ck_assert_uint_eq(copied[3], 8);
	ck_assert_uint_eq(copied[4], 8);
	ck_assert_uint_eq(copied[5], 8);
	/* where the Ex form is not recommended */
	setup();
	start(ALL_EAX, ALL_EDX, ALL_HINTS & ~HV_HINT_EX_MASKS, 3, 64);
	calls = 0;
	host.ipi_many(3, 0x55);
	ck_assert_uint_eq(calls, 0);
	ck_assert_uint_eq(bare_many, 3);
	/* and an index that is nonsense */
	setup();
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 5000, 1);
	bare_many = 0;
	host.ipi_many(3, 0x55);
	ck_assert_uint_eq(calls, 0);
	ck_assert_uint_eq(bare_many, 3);
}
END_TEST

START_TEST(flush)
{
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 1, 1);
	ck_assert_uint_eq(host.tlb_flush(0x6), 0);
	ck_assert_uint_eq(last_control, HV_CALL_FLUSH_SPACE);
	ck_assert_uint_eq(copied[1], HV_FLUSH_ALL_SPACES);
	ck_assert_uint_eq(copied[2], 0xc);
	status = HV_INVALID_PARAMETER;
	ck_assert_uint_eq(host.tlb_flush(0x6), 0x6); /* the caller interrupts them itself */
	setup();
	start(ALL_EAX, ALL_EDX, ALL_HINTS, 63, 1);
	ck_assert_uint_eq(host.tlb_flush(0x3), 0);
	ck_assert_uint_eq(last_control, HV_CALL_FLUSH_SPACE_EX | 2ull << HV_CONTROL_VAR_SHIFT);
	ck_assert_uint_eq(copied[1], HV_FLUSH_ALL_SPACES);
	ck_assert_uint_eq(copied[3], 3);
	ck_assert_uint_eq(copied[4], 1ull << 63);
	ck_assert_uint_eq(copied[5], 1);
}
END_TEST

START_TEST(spinning)
{
	start_all();
	host.yield_to(1);
	ck_assert_uint_eq(last_control, HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST);
	setup();
	mock_set_cpuid(HV_LEAF_HINTS, 0, 0, HV_SPIN_NEVER, 0, 0);
	mock_set_cpuid(HV_LEAF_FEATURES, 0, ALL_EAX, 0, 0, 0);
	hyperv_host_driver.init(&host, HV_LEAF_VENDOR);
	ck_assert(host.yield_to == b_yield_to);
}
END_TEST

/* --- interrupts --- */

START_TEST(assist_page)
{
	start_all();
	ck_assert_uint_eq(mock_get_msr(HV_MSR_VP_ASSIST_PAGE), hyperv_pa(hyperv.cpu[3].assist) | 1);
	ck_assert_uint_eq(hyperv_pa(hyperv.cpu[3].assist) % 4096, 0);
	current_cpu = 3;
	hyperv.cpu[3].assist[0] = 1;
	host.eoi();
	ck_assert_uint_eq(bare_eois, 0);
	host.eoi();
	ck_assert_uint_eq(bare_eois, 1);
}
END_TEST

START_TEST(apic_msrs)
{
	start_all(); /* x2APIC is on */
	ck_assert(host.ipi == b_ipi);
	setup();
	mock_set_msr(MSR_APIC_BASE, 1u << 11);
	start_all();
	host.eoi();
	ck_assert_uint_eq(bare_eois, 0);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_EOI), 1);
	host.ipi(3, 0x66);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_ICR), 6ull << 56 | 1u << 14 | 0x66);
}
END_TEST

START_TEST(guest_has_the_apic)
{
	host.owns_apic = false;
	start_all();
	ck_assert(host.eoi == b_eoi && host.timer_set == b_timer_set);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_VP_ASSIST_PAGE), 0);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_STIMER0_CONFIG), 0);
}
END_TEST

/* --- time --- */

START_TEST(direct_timer)
{
	start_all();
	ck_assert_uint_eq(mock_get_msr(HV_MSR_STIMER0_CONFIG),
			  HV_STIMER_AUTO_ENABLE | HV_STIMER_DIRECT | TW_VEC_TIMER << HV_STIMER_VECTOR_SHIFT);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_SCONTROL), 0);
	host.timer_set(1000000);
	/* 1 ms is 10000 units behind the offset; at most one unit late, never early */
	ck_assert_uint_ge(mock_get_msr(HV_MSR_STIMER0_COUNT), 10500);
	ck_assert_uint_le(mock_get_msr(HV_MSR_STIMER0_COUNT), 10501);
	host.timer_set(1000001);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_STIMER0_COUNT), 10501);
	host.timer_stop();
	ck_assert_uint_eq(mock_get_msr(HV_MSR_STIMER0_COUNT), 0);
	ck_assert(host.timer_ack());
	ck_assert_str_eq(host.served[TW_OP_TIMER], "hyperv stimer");
}
END_TEST

/* Never early, whatever the scale: the reference time of the expiry's TSC lies before the count. */
START_TEST(never_early)
{
	struct hv_tsc_page *page;

	start_all();
	page = hw_phys(mock_get_msr(HV_MSR_REFERENCE_TSC) & ~0xfffull);
	for (uint64_t ns = 1; ns < 1ull << 60; ns = ns * 3 + 1) {
		uint64_t tsc = tw_clock_tsc_at(&host.clock, ns);
		unsigned __int128 exact = (unsigned __int128)tsc * page->scale;
		uint64_t whole = (uint64_t)(exact >> 64) + 500, at = hyperv_reference_at(ns);

		ck_assert_uint_gt(at, whole);
		ck_assert_uint_le(at, whole + 1);
	}
}
END_TEST

START_TEST(timer_messages)
{
	struct hv_message *slot;

	start(ALL_EAX, ALL_EDX & ~HV_EDX_DIRECT_STIMER, 0, 0, 1);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_SIMP), hyperv_pa(&hyperv.cpu[3].messages) | 1);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_SCONTROL), 1);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_SINT0 + 4), TW_VEC_TIMER);
	ck_assert_uint_eq(mock_get_msr(HV_MSR_STIMER0_CONFIG), HV_STIMER_AUTO_ENABLE | 4ull << HV_STIMER_SINT_SHIFT);
	slot = &hyperv.cpu[0].messages.slot[4];
	slot->type = HV_MESSAGE_TIMER;
	ck_assert(host.timer_ack());
	ck_assert_uint_eq(slot->type, 0);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_EOM), 0);
	slot->type = HV_MESSAGE_TIMER;
	slot->flags = HV_MESSAGE_PENDING;
	host.timer_ack();
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_EOM), 1);
	/* neither direct nor messages: the local APIC's */
	setup();
	start(ALL_EAX & ~HV_EAX_SYNIC, ALL_EDX & ~HV_EDX_DIRECT_STIMER, 0, 0, 1);
	ck_assert(host.timer_set == b_timer_set);
}
END_TEST

/* Sequence 0 at boot: no page, no synthetic timer, and no promise about the TSCs. */
START_TEST(no_tsc_page)
{
	sequence = 0;
	host.clock.stable = true;
	start_all();
	ck_assert(!host.clock.stable);
	ck_assert(host.timer_set == b_timer_set);
	setup();
	start(ALL_EAX & ~HV_EAX_REFERENCE_TSC, ALL_EDX, 0, 0, 1);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, HV_MSR_REFERENCE_TSC), 0);
	ck_assert(host.timer_set == b_timer_set);
}
END_TEST

/* Sequence 0 later: the counter is read, rounded up. */
START_TEST(page_becomes_invalid)
{
	struct hv_tsc_page *page;

	start_all();
	page = hw_phys(mock_get_msr(HV_MSR_REFERENCE_TSC) & ~0xfffull);
	page->sequence = 0;
	mock_tsc = 1000;
	mock_set_msr(HV_MSR_TIME_REF_COUNT, 777);
	ck_assert_uint_eq(hyperv_reference_at(1000 + 250), 777 + 3);
	ck_assert_uint_eq(hyperv_reference_at(500), 777);
	page->sequence = 8;
	page->offset = 900;
	ck_assert_uint_eq(hyperv_reference_at(1000000), 10000 + 900);
}
END_TEST

/* A migration: another sequence, scale and offset; in between the counter alone is right. */
START_TEST(clock_told)
{
	struct hv_tsc_page *page;
	struct tw_clock line;

	start_all();
	page = hw_phys(mock_get_msr(HV_MSR_REFERENCE_TSC) & ~0xfffull);
	mock_tsc = 2000;
	ck_assert(host.clock_told(&line)); /* at first: as it is */
	ck_assert_uint_eq(line.tsc_hz, HZ);
	ck_assert_uint_eq(line.base_ns, (2000 / 100 + 500 - 1) * 100); /* the scale is rounded down */
	ck_assert(!host.clock_told(&line));
	page->sequence = 8;
	page->scale *= 2;
	ck_assert(host.clock_told(&line));
	ck_assert_uint_eq(line.tsc_hz, HZ / 2);
	ck_assert_uint_eq(line.tsc0, 2000);
	ck_assert(!host.clock_told(&line));
	page->sequence = 0;
	mock_set_msr(HV_MSR_TIME_REF_COUNT, 777);
	for (unsigned int i = 0; i < 2; i++) { /* as long as it lasts */
		ck_assert(host.clock_told(&line));
		ck_assert_uint_eq(line.base_ns, 77700);
		ck_assert_uint_eq(line.tsc_hz, HZ);
	}
	page->sequence = 9;
	page->scale = 0; /* nonsense: the old rate */
	ck_assert(host.clock_told(&line));
	ck_assert_uint_eq(line.tsc_hz, HZ);
}
END_TEST

START_TEST(nothing_offered)
{
	start(0, 0, 0, 0, 1);
	ck_assert_ptr_null(hyperv.page);
	ck_assert(host.ipi_many == b_many && host.tlb_flush == b_flush && host.eoi == b_eoi);
	ck_assert(host.timer_set == b_timer_set && host.reboot == b_end && host.crash == b_end);
	ck_assert_uint_eq(mock_writes_count, 1); /* the name */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv host");
	TCase *t = tcase_create("hyperv host");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, order_of_introduction);
	tcase_add_test(t, frequency_needs_both_bits);
	tcase_add_test(t, plain_ipi);
	tcase_add_test(t, sparse_ipi);
	tcase_add_test(t, flush);
	tcase_add_test(t, spinning);
	tcase_add_test(t, assist_page);
	tcase_add_test(t, apic_msrs);
	tcase_add_test(t, guest_has_the_apic);
	tcase_add_test(t, direct_timer);
	tcase_add_test(t, never_early);
	tcase_add_test(t, timer_messages);
	tcase_add_test(t, no_tsc_page);
	tcase_add_test(t, page_becomes_invalid);
	tcase_add_test(t, clock_told);
	tcase_add_test(t, nothing_offered);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
