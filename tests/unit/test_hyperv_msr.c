/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Discovery, profiles, the MSRs of the partition, time, APIC and crash MSRs. */
#include "hyperv_test.h"

START_TEST(fast_leaves)
{
	struct hw_cpuid r;

	boot(2, "fast");
	r = id(0x40000000);
	ck_assert(r.eax >= 0x40000005 && !memcmp(&r.ebx, "Microsoft Hv", 12));
	ck_assert_uint_eq(id(0x40000001).eax, HV_INTERFACE);
	ck_assert(id(1).ecx >> 31);
	r = id(0x40000003);
	ck_assert_uint_eq(r.eax, HV_EAX_HYPERCALL | HV_EAX_VP_INDEX | HV_EAX_TIME_REF_COUNT |
					 HV_EAX_REFERENCE_TSC | HV_EAX_FREQUENCY | HV_EAX_RESET);
	ck_assert_uint_eq(r.ebx, 0);
	ck_assert_uint_eq(r.edx, HV_EDX_FREQUENCY | HV_EDX_CRASH | HV_EDX_HYPERCALL_LOCK);
	r = id(0x40000004);
	ck_assert_uint_eq(r.eax, HV_HINT_RESET_MSR | HV_HINT_RELAXED_TIMING | HV_HINT_NO_AUTO_EOI);
	ck_assert_uint_eq(r.ebx, HV_SPIN_NEVER);
	ck_assert_uint_eq(id(0x400000ff).eax, 0);
	ck_assert_uint_eq(id(0x40000100).eax, 1); /* not ours: as the core left it */
}
END_TEST

START_TEST(profiles)
{
	const char *why = NULL;

	boot(1, "full");
	ck_assert(id(0x40000003).eax & HV_EAX_STIMER);
	ck_assert(id(0x40000003).eax & HV_EAX_SYNIC);
	ck_assert(!(id(0x40000003).ebx & 3u)); /* never the root's */
	boot(1, "fast+stimer-reset");
	ck_assert(id(0x40000003).eax & HV_EAX_STIMER);
	ck_assert(id(0x40000003).eax & HV_EAX_SYNIC); /* comes with it */
	ck_assert(!(id(0x40000003).eax & HV_EAX_RESET));
	boot(1, "full-synic");
	ck_assert(!(id(0x40000003).eax & HV_EAX_STIMER)); /* goes with it */
	mock_nested_reset(1);
	ck_assert(!hyperv_start("slow", &why) && why);
	ck_assert(!hyperv_start("fast+nonsense", &why));
	ck_assert(!hyperv_start("fast+", &why));
	/* The rule: 5000 ns an exit is dear, 1000 is not. */
	boot(1, "");
	ck_assert(!hv_has(HV_F_STIMER));
	ck_assert(strstr(mock_log_last, "5000 ns") && strstr(mock_log_last, "hyperv@1:fast"));
	nested_exit_cost = 1000;
	ck_assert(hyperv_start("", &why) && hv_has(HV_F_STIMER));
}
END_TEST

START_TEST(what_is_not_offered_faults)
{
	static const uint32_t msrs[] = { HV_MSR_SCONTROL, HV_MSR_STIMER0_CONFIG, HV_MSR_EOI,
					 HV_MSR_TPR,	  HV_MSR_TSC_INVARIANT,	 0x40000106,
					 0x40000fff };

	boot(1, "fast");
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(msrs); i++) {
		ck_assert_int_eq(wr(0, msrs[i], 0), NESTED_GP);
		ck_assert(rd_fails(0, msrs[i]));
	}
	/* Linux writes this one without asking. */
	ck_assert_int_eq(wr(0, HV_MSR_VP_ASSIST_PAGE, 0x5001), NESTED_DONE);
	ck_assert_uint_eq(rd(0, HV_MSR_VP_ASSIST_PAGE), 0x5001);
	ck_assert_int_eq(wr(0, 0x10, 0), NESTED_PASS);
	ck_assert_int_eq(wr(0, HV_MSR_VP_INDEX, 0), NESTED_GP);
	ck_assert_int_eq(wr(0, HV_MSR_TIME_REF_COUNT, 0), NESTED_GP);
}
END_TEST

START_TEST(hypercall_page)
{
	static const uint8_t intel[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x01, 0xc1, 0xc3 };

	boot(1, "fast");
	memset(mock_nested_ram(0), 0x77, MOCK_NESTED_BYTES);
	/* Without an identity it stays off. */
	wr(0, HV_MSR_HYPERCALL, 0x1001);
	ck_assert_uint_eq(rd(0, HV_MSR_HYPERCALL), 0x1000);
	introduce();
	wr(0, HV_MSR_HYPERCALL, 0x1001);
	ck_assert_mem_eq(mock_nested_at(0x1000), intel, sizeof(intel));
	wr(0, HV_MSR_HYPERCALL, 0x2001); /* moved */
	ck_assert_uint_eq(*(uint8_t *)mock_nested_at(0x1000), 0x77);
	ck_assert_mem_eq(mock_nested_at(0x2000), intel, sizeof(intel));
	wr(0, HV_MSR_GUEST_OS_ID, 0);
	ck_assert_uint_eq(*(uint8_t *)mock_nested_at(0x2000), 0x77);
	ck_assert_uint_eq(rd(0, HV_MSR_HYPERCALL), 0x2000);
	/* Beyond memory: the value stays, nothing shows. */
	introduce();
	ck_assert_int_eq(wr(0, HV_MSR_HYPERCALL, 0xfffff001ull << 20 | 1), NESTED_DONE);
	/* Locked. */
	wr(0, HV_MSR_HYPERCALL, 0x3003);
	ck_assert_int_eq(wr(0, HV_MSR_HYPERCALL, 0), NESTED_GP);
	ck_assert_uint_eq(rd(0, HV_MSR_HYPERCALL), 0x3003);
}
END_TEST

START_TEST(hypercall_page_of_amd)
{
	const char *why;

	mock_nested_reset(1);
	mock_set_cpuid(0, 0, 1, 0x68747541, 0x444d4163, 0x69746e65);
	ck_assert(hyperv_start("fast", &why));
	introduce();
	wr(0, HV_MSR_HYPERCALL, 0x1001);
	ck_assert_uint_eq(((uint8_t *)mock_nested_at(0x1000))[6], 0xd9);
}
END_TEST

START_TEST(vp_index_follows_apic_ids)
{
	const char *why;

	mock_nested_reset(3);
	tw_host.apic_id[0] = 4;
	tw_host.apic_id[1] = 0;
	tw_host.apic_id[2] = 9;
	ck_assert(hyperv_start("fast", &why));
	ck_assert_uint_eq(rd(0, HV_MSR_VP_INDEX), 1);
	ck_assert_uint_eq(rd(1, HV_MSR_VP_INDEX), 0);
	ck_assert_uint_eq(rd(2, HV_MSR_VP_INDEX), 2);
	ck_assert_uint_eq(hv_cpus_of_vps(1), 2);
}
END_TEST

START_TEST(time_agrees)
{
	const struct hv_tsc_page *page;

	boot(2, "fast");
	wr(0, HV_MSR_REFERENCE_TSC, 0x6001);
	page = mock_nested_at(0x6000);
	ck_assert_uint_ne(page->sequence, 0);
	for (mock_tsc = 0; mock_tsc < 100000000000000ull; mock_tsc = mock_tsc * 3 + 7) {
		uint64_t by_page = (uint64_t)(((unsigned __int128)mock_tsc * page->scale) >> 64) +
				   (uint64_t)page->offset;
		uint64_t now = rd(1, HV_MSR_TIME_REF_COUNT);

		ck_assert_uint_eq(by_page, now);
		ck_assert(now <= mock_tsc / 100 && now + 1 >= mock_tsc / 100);
		ck_assert(hv_time_to_ns(now + 10) >= mock_tsc + 900);
	}
	ck_assert_uint_eq(hv_time_to_ns(~0ull), ~0ull);
	ck_assert_uint_eq(rd(0, HV_MSR_TSC_FREQUENCY), 1000000000);
	ck_assert_uint_eq(rd(0, HV_MSR_APIC_FREQUENCY), 1000000000);
	wr(0, HV_MSR_REFERENCE_TSC, 0x6000);
	ck_assert_uint_eq(*(uint32_t *)mock_nested_at(0x6000), 0);
}
END_TEST

START_TEST(time_without_steady_tsc)
{
	const char *why;
	uint64_t t;

	mock_nested_reset(2);
	tw_host.clock.stable = false;
	ck_assert(hyperv_start("fast+invariant", &why));
	ck_assert(!(id(0x40000003).eax & HV_EAX_TSC_INVARIANT));
	wr(0, HV_MSR_REFERENCE_TSC, 0x6001);
	ck_assert_uint_eq(*(uint32_t *)mock_nested_at(0x6000), 0);
	mock_tsc = 5000000;
	t = rd(0, HV_MSR_TIME_REF_COUNT);
	mock_tsc = 4000000; /* another CPU's TSC is behind */
	ck_assert_uint_eq(rd(1, HV_MSR_TIME_REF_COUNT), t);
	mock_tsc = 6000000;
	ck_assert(rd(1, HV_MSR_TIME_REF_COUNT) > t);
}
END_TEST

START_TEST(invariant_control)
{
	struct hw_cpuid r = { 0, 0, 0, 0x100 };

	boot(1, "fast+invariant");
	hyperv_nested.cpuid(&nested_vcpus[0], 0x80000007, 0, &r);
	ck_assert_uint_eq(r.edx, 0);
	ck_assert_int_eq(wr(0, HV_MSR_TSC_INVARIANT, 3), NESTED_GP);
	ck_assert_int_eq(wr(0, HV_MSR_TSC_INVARIANT, 1), NESTED_DONE);
	ck_assert_int_eq(wr(0, HV_MSR_TSC_INVARIANT, 0), NESTED_GP);
	r.edx = 0x100;
	hyperv_nested.cpuid(&nested_vcpus[0], 0x80000007, 0, &r);
	ck_assert_uint_eq(r.edx, 0x100);
}
END_TEST

START_TEST(apic_msrs)
{
	boot(1, "full");
	ck_assert(rd_fails(0, HV_MSR_EOI));
	ck_assert_int_eq(wr(0, HV_MSR_EOI, 1ull << 32), NESTED_GP);
	ck_assert_int_eq(wr(0, HV_MSR_EOI, 0), NESTED_DONE);
	ck_assert_uint_eq(mock_eois, 1);
	wr(0, HV_MSR_ICR, 0x100000000000040ull);
	ck_assert_uint_eq(rd(0, HV_MSR_ICR), 0x100000000000040ull);
	ck_assert_int_eq(wr(0, HV_MSR_TPR, 0x100), NESTED_GP);
	wr(0, HV_MSR_TPR, 0x20);
	ck_assert_uint_eq(rd(0, HV_MSR_TPR), 0x20);
	ck_assert_uint_eq(rd(0, HV_MSR_VP_RUNTIME), 123456);
	ck_assert_uint_eq(rd(0, HV_MSR_GUEST_IDLE), 0);
	ck_assert_uint_eq(mock_idles, 1);
	ck_assert_int_eq(wr(0, HV_MSR_GUEST_IDLE, 0), NESTED_GP);
}
END_TEST

START_TEST(assist_page_is_an_overlay)
{
	boot(2, "full");
	*(uint32_t *)mock_nested_ram(0x7000) = 42;
	wr(0, HV_MSR_VP_ASSIST_PAGE, 0x7001);
	ck_assert_uint_eq(*(uint32_t *)mock_nested_at(0x7000), 0);
	hyperv_nested.reset(&nested_vcpus[0]);
	ck_assert_uint_eq(*(uint32_t *)mock_nested_at(0x7000), 42);
	ck_assert_uint_eq(rd(0, HV_MSR_VP_ASSIST_PAGE), 0);
}
END_TEST

START_TEST(eoi_assist)
{
	volatile uint32_t *word;

	boot(2, "full");
	wr(0, HV_MSR_VP_ASSIST_PAGE, 0x7001);
	word = mock_nested_at(0x7000);
	hv_interrupt(&hv_vps[0], &hv_vps[0], 0xb0, false);
	ck_assert_uint_eq(*word, 1);
	ck_assert_uint_eq(mock_direct[0][0xb0], 1);
	/* A second one while the first is in service goes through the APIC. */
	hv_interrupt(&hv_vps[0], &hv_vps[0], 0xb1, false);
	ck_assert_uint_eq(mock_apic[0][0xb1], 1);
	/* A guest that says EOI all the same: it is for the first one. */
	wr(0, HV_MSR_EOI, 0);
	ck_assert_uint_eq(mock_eois, 0);
	ck_assert_uint_eq(*word, 0);
	wr(0, HV_MSR_EOI, 0);
	ck_assert_uint_eq(mock_eois, 1);
	/* One that would not enter at once, and other CPUs: the APIC decides. */
	mock_enters = false;
	hv_interrupt(&hv_vps[0], &hv_vps[0], 0xb2, false);
	ck_assert_uint_eq(mock_apic[0][0xb2], 1);
	ck_assert_uint_eq(*word, 0);
	mock_enters = true;
	hv_interrupt(&hv_vps[1], &hv_vps[0], 0xb3, false);
	ck_assert_uint_eq(mock_apic[0][0xb3], 1);
}
END_TEST

START_TEST(reset_msr)
{
	boot(1, "fast");
	ck_assert_int_eq(wr(0, HV_MSR_RESET, 0), NESTED_DONE);
	if (!mock_ends()) {
		wr(0, HV_MSR_RESET, 1);
		ck_abort_msg("it goes on");
	}
	ck_assert_str_eq(mock_end_reason, "reboot");
}
END_TEST

static void crash(uint64_t gpa, uint64_t length)
{
	wr(0, HV_MSR_CRASH_P0, 0x11);
	wr(0, HV_MSR_CRASH_P0 + 3, gpa);
	wr(0, HV_MSR_CRASH_P4, length);
	if (!mock_ends()) {
		wr(0, HV_MSR_CRASH_CTL, HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
		ck_abort_msg("it goes on");
	}
	ck_assert_str_eq(mock_end_reason, "crash");
}

START_TEST(crash_message)
{
	static const char text[] =
		"<6>[ 1.0] one\n<0>[ 2.0] Kernel panic - not syncing: \033boom\n<0>[ 3.0] end\n";

	boot(1, "fast");
	ck_assert_uint_eq(rd(0, HV_MSR_CRASH_CTL), HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
	ck_assert_int_eq(wr(0, HV_MSR_CRASH_CTL, 0), NESTED_DONE);
	memcpy(mock_nested_at(0x2000), text, sizeof(text));
	crash(0x2000, sizeof(text));
	ck_assert(strstr(mock_log_last, "crashed: Kernel panic - not syncing: ?boom (P0 0x11"));
	/* No panic in it: the last line. Nonsense: no message. */
	memcpy(mock_nested_at(0x2000), "a\nlast words", 12);
	crash(0x2000, 12);
	ck_assert(strstr(mock_log_last, "crashed: last words ("));
	crash(0x2ff0, 0x20);
	ck_assert(strstr(mock_log_last, "no message"));
	crash(~0ull, 4096);
	ck_assert(strstr(mock_log_last, "no message"));
	crash(0x2000, 0x100000001ull);
	ck_assert(strstr(mock_log_last, "no message"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv-msr");
	TCase *tc = tcase_create("msr");

	tcase_add_test(tc, fast_leaves);
	tcase_add_test(tc, profiles);
	tcase_add_test(tc, what_is_not_offered_faults);
	tcase_add_test(tc, hypercall_page);
	tcase_add_test(tc, hypercall_page_of_amd);
	tcase_add_test(tc, vp_index_follows_apic_ids);
	tcase_add_test(tc, time_agrees);
	tcase_add_test(tc, time_without_steady_tsc);
	tcase_add_test(tc, invariant_control);
	tcase_add_test(tc, apic_msrs);
	tcase_add_test(tc, assist_page_is_an_overlay);
	tcase_add_test(tc, eoi_assist);
	tcase_add_test(tc, reset_msr);
	tcase_add_test(tc, crash_message);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
