/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Hypercalls: who may call, the order of the checks, every call's meaning and its status codes. */
#include "hyperv_test.h"

#define FAST HV_CONTROL_FAST
#define REPS(count, start)                                                                         \
	((uint64_t)(count) << HV_CONTROL_COUNT_SHIFT | (uint64_t)(start) << HV_CONTROL_START_SHIFT)
#define VAR(n)	((uint64_t)(n) << HV_CONTROL_VAR_SHIFT)
#define DONE(n) ((uint64_t)(n) << HV_RESULT_REPS_SHIFT)

static uint64_t *in; /* quadwords of the input page */

static void setup(void)
{
	boot(4, "full");
	introduce();
	in = mock_nested_at(INPUT);
}

START_TEST(who_may_call)
{
	struct nested_regs *r = nested_vcpus[0].regs;

	r->rcx = HV_CALL_LONG_SPIN_WAIT | FAST;
	r->cpl = 3;
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[0]), NESTED_UD);
	r->cpl = 0;
	r->cr0 = 0;
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[0]), NESTED_UD);
	r->cr0 = 1;
	wr(0, HV_MSR_GUEST_OS_ID, 0);
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[0]), NESTED_UD);
	introduce();
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[0]), NESTED_DONE);
	ck_assert_uint_eq(r->rax, 0);
	ck_assert_uint_eq(mock_yields, 1);
}
END_TEST

START_TEST(codes)
{
	static const uint16_t denied[] = { 0x46, 0x48, 0x4e, 0x50, 0x51, 0x76, 0x7a, 0x99 };
	static const uint16_t unknown[] = { 0, 1, 4, 0x69, 0x7c, 0xaf, 0xdb, 0x8002, 0xffff };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(denied); i++)
		ck_assert_uint_eq(call(denied[i], 0, 0), HV_ACCESS_DENIED);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(unknown); i++)
		ck_assert_uint_eq(call(unknown[i], 0, 0), HV_INVALID_HYPERCALL_CODE);
	ck_assert_uint_eq(mock_missing, TW_ARRAY_SIZE(denied) + TW_ARRAY_SIZE(unknown));
	/* The code comes before the control word. */
	ck_assert_uint_eq(call(0xffff | 1ull << 63, 0, 0), HV_INVALID_HYPERCALL_CODE);
	boot(1, "fast");
	introduce();
	ck_assert_uint_eq(call(HV_CALL_EXT_QUERY_CAPABILITIES, 0, OUTPUT),
			  HV_INVALID_HYPERCALL_CODE);
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_ACCESS_DENIED);
	ck_assert_uint_eq(call(HV_CALL_SIGNAL_EVENT | FAST, 1, 0), HV_ACCESS_DENIED);
}
END_TEST

START_TEST(control_word)
{
	static const unsigned int reserved[] = { 27, 28, 29, 30, 31, 44, 47, 60, 63 };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(reserved); i++)
		ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE | 1ull << reserved[i], INPUT, 0),
				  HV_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT, 0), 0);
	/* Rep counts where they do not belong, and wrong ones where they do. */
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE | REPS(1, 0), INPUT, 0),
			  HV_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST, INPUT, 0), HV_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(2, 2), INPUT, 0),
			  HV_INVALID_HYPERCALL_INPUT | DONE(2));
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(2, 1), INPUT, 0), DONE(2));
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE | VAR(1), INPUT, 0), HV_INVALID_HYPERCALL_INPUT);
	/* Calls without a fast form. */
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE | FAST, 0, 0), HV_INVALID_HYPERCALL_INPUT);
	/* The control word comes before the address. */
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE | 1ull << 63, INPUT + 1, 0),
			  HV_INVALID_HYPERCALL_INPUT);
}
END_TEST

START_TEST(addresses)
{
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT + 4, 0), HV_INVALID_ALIGNMENT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT + 4096 - 16, 0), HV_INVALID_ALIGNMENT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT + 4096 - 24, 0), 0);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, MOCK_NESTED_BYTES, 0), HV_INVALID_ALIGNMENT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, ~7ull, 0), HV_INVALID_ALIGNMENT);
	/* The list must fit, too: 24 + 8 * 509 is a page. */
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(509, 0), INPUT, 0), DONE(509));
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(510, 0), INPUT, 0), HV_INVALID_ALIGNMENT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(4095, 0), INPUT, 0), HV_INVALID_ALIGNMENT);
}
END_TEST

START_TEST(flush)
{
	in[2] = 5;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT, 0), 0);
	ck_assert_uint_eq(mock_flush_cpus, 5);
	in[1] = HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_SPACES;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT, 0), 0);
	ck_assert_uint_eq(mock_flush_cpus, 15);
	in[1] = 8;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT, 0), HV_INVALID_PARAMETER);
	in[1] = 0;
	in[2] = ~15ull; /* only VPs that are not there */
	mock_flushes = 0;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE, INPUT, 0), 0);
	ck_assert_uint_eq(mock_flushes, 0);
	in[2] = 2;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST | REPS(3, 0), INPUT, 0), DONE(3));
	ck_assert_uint_eq(mock_flush_cpus, 2);
}
END_TEST

START_TEST(flush_ex)
{
	in[3] = 1;
	in[4] = 6;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE_EX | VAR(1), INPUT, 0), 0);
	ck_assert_uint_eq(mock_flush_cpus, 6);
	/* Banks and size of the variable header must agree. */
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE_EX, INPUT, 0), HV_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE_EX | VAR(2), INPUT, 0),
			  HV_INVALID_HYPERCALL_INPUT);
	in[3] = 1ull << 63; /* a bank that names nobody here */
	mock_flushes = 0;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE_EX | VAR(1), INPUT, 0), 0);
	ck_assert_uint_eq(mock_flushes, 0);
	in[2] = 2;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_SPACE_EX | VAR(1), INPUT, 0), HV_INVALID_PARAMETER);
	in[2] = HV_SET_ALL;
	ck_assert_uint_eq(call(HV_CALL_FLUSH_LIST_EX | REPS(7, 3), INPUT, 0), DONE(7));
	ck_assert_uint_eq(mock_flush_cpus, 15);
}
END_TEST

static unsigned int ipis(uint8_t vector)
{
	unsigned int mask = 0;

	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		mask |= (mock_apic[cpu][vector] != 0) << cpu;
		mock_apic[cpu][vector] = 0;
	}
	return mask;
}

START_TEST(ipi)
{
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI | FAST, 0x40, 0xa), 0);
	ck_assert_uint_eq(ipis(0x40), 0xa);
	in[0] = 0x41;
	in[1] = 0xff;
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI, INPUT, 0), 0);
	ck_assert_uint_eq(ipis(0x41), 0xf);
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI | FAST, 15, 1), HV_INVALID_PARAMETER);
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI | FAST, 0x100, 1), HV_INVALID_PARAMETER);
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI | FAST, 1ull << 32 | 0x40, 1),
			  HV_INVALID_PARAMETER);
	ck_assert_uint_eq(ipis(0x40), 0);
}
END_TEST

START_TEST(ipi_ex_and_xmm)
{
	in[0] = 0x42;
	in[2] = 1;
	in[3] = 9;
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI_EX | VAR(1), INPUT, 0), 0);
	ck_assert_uint_eq(ipis(0x42), 9);
	in[1] = HV_SET_ALL;
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI_EX, INPUT, 0), 0);
	ck_assert_uint_eq(ipis(0x42), 15);
	/* 32 bytes: in registers only with XMM. */
	mock_xmm[0] = 1;
	mock_xmm[1] = 6;
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI_EX | VAR(1) | FAST, 0x43, HV_SET_SPARSE), 0);
	ck_assert_uint_eq(ipis(0x43), 6);
	/* 24 + 12 * 8 bytes are more than there are registers. */
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI_EX | VAR(12) | FAST, 0x43, 0),
			  HV_INVALID_HYPERCALL_INPUT);
	boot(4, "full-xmm");
	introduce();
	ck_assert(!(id(0x40000003).edx & HV_EDX_XMM_INPUT));
	ck_assert_uint_eq(call(HV_CALL_SEND_IPI_EX | VAR(1) | FAST, 0x43, 0),
			  HV_INVALID_HYPERCALL_INPUT);
}
END_TEST

START_TEST(registers_of_32_bit_code)
{
	struct nested_regs *r = nested_vcpus[0].regs;

	*r = (struct nested_regs){ .cr0 = 1 };
	r->rax = HV_CALL_FLUSH_LIST;
	r->rdx = REPS(2, 0) >> 32;
	r->rcx = INPUT | 0xffffffff00000000ull; /* upper halves are not there */
	in[2] = 3;
	ck_assert_int_eq(hyperv_nested.hypercall(&nested_vcpus[0]), NESTED_DONE);
	ck_assert_uint_eq(r->rax, 0);
	ck_assert_uint_eq(r->rdx, 2);
	ck_assert_uint_eq(mock_flush_cpus, 3);
}
END_TEST

START_TEST(vp_index)
{
	uint32_t *ids = (uint32_t *)(in + 2), *out = mock_nested_at(OUTPUT);

	in[0] = HV_PARTITION_SELF;
	ids[0] = 6;
	ids[1] = 0;
	ids[2] = 2;
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 0), INPUT, OUTPUT), DONE(3));
	ck_assert(out[0] == 3 && out[1] == 0 && out[2] == 1);
	ids[1] = 1;
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 0), INPUT, OUTPUT),
			  HV_INVALID_PARAMETER | DONE(1));
	out[0] = 77;
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 2), INPUT, OUTPUT), DONE(3));
	ck_assert_uint_eq(out[0], 77); /* not done again */
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 0), INPUT, OUTPUT + 4),
			  HV_INVALID_ALIGNMENT);
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 0), INPUT, ~7ull),
			  HV_INVALID_ALIGNMENT);
	in[0] = 1;
	ck_assert_uint_eq(call(HV_CALL_VP_INDEX_OF_APIC_ID | REPS(3, 0), INPUT, OUTPUT),
			  HV_INVALID_PARTITION_ID);
}
END_TEST

START_TEST(ext_query)
{
	uint64_t *out = mock_nested_at(OUTPUT);

	*out = 5;
	ck_assert_uint_eq(call(HV_CALL_EXT_QUERY_CAPABILITIES, 0, OUTPUT), 0);
	ck_assert_uint_eq(*out, 0);
	ck_assert_uint_eq(call(HV_CALL_EXT_QUERY_CAPABILITIES, 0, OUTPUT + 1),
			  HV_INVALID_ALIGNMENT);
}
END_TEST

START_TEST(ledger_counts)
{
	uint64_t *calls = nested_vcpus[0].calls, before = calls[HV_COUNT_SEND_IPI];

	call(HV_CALL_SEND_IPI | FAST, 0x40, 1);
	ck_assert_uint_eq(calls[HV_COUNT_SEND_IPI], before + 1);
	ck_assert_str_eq(hyperv_guest.calls[HV_COUNT_SEND_IPI].guest,
			 "HvCallSendSyntheticClusterIpi");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv-hypercall");
	TCase *tc = tcase_create("hypercall");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, who_may_call);
	tcase_add_test(tc, codes);
	tcase_add_test(tc, control_word);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, flush);
	tcase_add_test(tc, flush_ex);
	tcase_add_test(tc, ipi);
	tcase_add_test(tc, ipi_ex_and_xmm);
	tcase_add_test(tc, registers_of_32_bit_code);
	tcase_add_test(tc, vp_index);
	tcase_add_test(tc, ext_query);
	tcase_add_test(tc, ledger_counts);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
