/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen host side against a mock of Xen: each piece with what it needs and without (then bare serves),
 * what is told to Xen in calls, and event channels as Xen raises them.
 */
#include "xen_host_test.h"

#include <stdlib.h>

/* --- detection and time --- */

START_TEST(clock_frequency)
{
	ck_assert_uint_eq(start(), HZ);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, CALL_MSR), 1);
	ck_assert_str_eq(host.served[TW_OP_TIME], "xen vcpu_time_info");
	ck_assert(host.clock.stable);
}
END_TEST

/* A page that nobody fills, no page at all, a leaf that ends too early: bare serves everything. */
START_TEST(no_hypercalls)
{
	xen.version = -38;
	if (_i == 1)
		mock_set_cpuid(LEAF + 2, 0, 0, CALL_MSR, 0, 0);
	if (_i == 2)
		mock_set_cpuid(LEAF, 0, LEAF + 1, 0, 0, 0);
	ck_assert_uint_eq(start(), _i == 2 ? 0 : 1500000000);
	ck_assert_ptr_null(console);
	ck_assert(host.timer_set == b_timer_set && host.ipi == b_ipi && host.poweroff == b_end);
	ck_assert(host.steal_ns == b_steal && host.wallclock_ns == b_wall && host.events == b_events);
}
END_TEST

/* Without shared_info Xen still switches off; the frequency is CPUID's. */
START_TEST(no_shared_info)
{
	xen.refuse_map = true;
	ck_assert_uint_eq(start(), 1500000000);
	ck_assert(host.timer_set == b_timer_set && host.ipi == b_ipi && host.wallclock_ns == b_wall);
	ck_assert(host.poweroff != b_end);
}
END_TEST

START_TEST(wallclock)
{
	start();
	xen.shared->wc_sec = 1700000000;
	xen.shared->wc_sec_hi = 1;
	xen.shared->wc_nsec = 5;
	host.cpu_init(0);
	mock_tsc = TSC0 + 2 * HZ;
	ck_assert_uint_eq(host.wallclock_ns(), (1700000000ull + (1ull << 32)) * TW_NS_PER_S + 5 + SYSTEM0 +
						       2 * TW_NS_PER_S);
}
END_TEST

/* One line if Xen says so in the page or by CPUID; emulated TSCs are one, too. */
START_TEST(stability)
{
	static const struct {
		uint8_t flag;
		uint32_t leaf;
		bool stable;
	} cases[] = { { 0, 0, false }, { 1, 0, true }, { 0, 1, true }, { 0, 2, true }, { 0, 4, false } };

	xen.stable = cases[_i].flag;
	mock_set_cpuid(LEAF + 3, 0, cases[_i].leaf, 0, 1500000, 0);
	start();
	ck_assert_int_eq(host.clock.stable, cases[_i].stable);
}
END_TEST

START_TEST(steal)
{
	start();
	host.cpu_init(2);
	xen_host.cpu[2].runstate.time[RUNSTATE_runnable] = 30;
	xen_host.cpu[2].runstate.time[RUNSTATE_offline] = 4;
	xen_host.cpu[2].runstate.time[RUNSTATE_blocked] = 1000;
	ck_assert_uint_eq(host.steal_ns(2), 34);
	ck_assert_ptr_eq(xen.runstate[6], &xen_host.cpu[2].runstate);
}
END_TEST

/* Looked at anew only when the domain has been moved. */
START_TEST(clock_follows)
{
	struct tw_clock line;

	start();
	host.cpu_init(0);
	ck_assert(host.clock_told(&line));
	ck_assert_uint_eq(line.tsc_hz, HZ);
	ck_assert_uint_eq(line.base_ns, SYSTEM0);
	xen_host.cpu[0].current->time.version += 2;
	ck_assert(!host.clock_told(&line));
	mock_set_cpuid(LEAF + 3, 0, 2, 0, 1500000, 9);
	xen_host.cpu[0].current->time.tsc_to_system_mul = 1u << 30;
	ck_assert(host.clock_told(&line));
	ck_assert_uint_eq(line.tsc_hz, 2 * HZ);
}
END_TEST

/* --- events --- */

START_TEST(upcall_vector)
{
	start();
	ck_assert_uint_eq(xen.callback, 2ull << 56 | TW_VEC_HOST);
	host.cpu_init(0);
	ck_assert_uint_eq(xen.upcall_vector[0], 0);
	raise(&xen_host.cpu[0], xen.timer_port[0]);
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_TIMER));
	ck_assert_uint_eq(host.events(), 0);
	ck_assert_uint_eq(bare_eois, 0);
	ck_assert_uint_eq(host.native[XEN_HOST_NATIVE_UPCALL].count, 2);
}
END_TEST

/* The newer form only: through the local APIC, which wants its end of interrupt. */
START_TEST(upcall_by_apic)
{
	xen.features = 0;
	mock_set_cpuid(LEAF + 4, 0, 1 << 3 | 1 << 6, 6, 0, 0);
	start();
	ck_assert_uint_eq(xen.callback, 0);
	host.cpu_init(2);
	ck_assert_uint_eq(xen.upcall_vector[6], TW_VEC_HOST);
	current_cpu = 2;
	raise(&xen_host.cpu[2], xen.timer_port[6]);
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_TIMER));
	ck_assert_uint_eq(bare_eois, 1);
}
END_TEST

START_TEST(no_upcalls)
{
	xen.features = 0;
	start();
	host.cpu_init(0);
	ck_assert(host.timer_set == b_timer_set && host.ipi == b_ipi && host.events == b_events);
	ck_assert_uint_eq(xen.timer_port[0], 0);
	ck_assert(host.poweroff != b_end);
}
END_TEST

/* Nested mode: the guest has the local APIC, so nothing arrives behind its back. */
START_TEST(guest_has_the_apic)
{
	host.owns_apic = false;
	start();
	ck_assert(host.svm_of_xen); /* and SVM, if any, is Xen's */
	host.cpu_init(0);
	ck_assert(host.timer_set == b_timer_set && host.ipi == b_ipi && host.events == b_events);
	ck_assert_uint_eq(xen.callback, 0);
}
END_TEST

/* One word holds the ports of all CPUs: what is another's stays pending for it. */
START_TEST(ports_of_other_cpus)
{
	start();
	host.cpu_init(0);
	current_cpu = 1;
	host.cpu_init(1);
	raise(&xen_host.cpu[0], xen.timer_port[0]);
	xen_host.cpu[1].info.evtchn_upcall_pending = 1;
	xen_host.cpu[1].info.evtchn_pending_sel = ~0ul; /* as after registration */
	ck_assert_uint_eq(host.events(), 0);
	current_cpu = 0;
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_TIMER));
}
END_TEST

/* A port that nobody listens to, and one beyond our table: silenced, not served. */
START_TEST(unknown_ports)
{
	start();
	host.cpu_init(0);
	for (unsigned int port = 200; port < 4096; port += 3000) {
		xen.shared->evtchn_mask[port / 64] = 0;
		raise(&xen_host.cpu[0], port);
		ck_assert_uint_eq(host.events(), 0);
		ck_assert(xen.shared->evtchn_mask[port / 64] >> port % 64 & 1);
	}
}
END_TEST

/* vcpu_info was registered by somebody before us: shared_info's serves. */
START_TEST(info_not_registered)
{
	xen.refuse_info = true;
	start();
	host.cpu_init(1);
	current_cpu = 1;
	ck_assert_ptr_eq(xen_host.cpu[1].current, &xen.shared->vcpu_info[3]);
	raise(&xen_host.cpu[1], xen.timer_port[3]);
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_TIMER));
}
END_TEST

/* --- timer --- */

START_TEST(timer_is_never_early)
{
	start();
	host.cpu_init(0);
	for (uint64_t ns = 100000; ns < 100050; ns++) {
		host.timer_set(ns);
		/* the neutral clock's zero is TSC 0, Xen's system time SYSTEM0 at TSC0 */
		ck_assert_uint_ge(xen.timer, SYSTEM0 + (ns * 2 - TSC0) / 2);
		ck_assert_uint_le(xen.timer, SYSTEM0 + (ns * 2 - TSC0) / 2 + 2);
	}
	host.timer_stop();
	ck_assert_uint_eq(xen.timer, 0);
	ck_assert_uint_eq(host.native[XEN_HOST_NATIVE_TIMER].count, 50);
}
END_TEST

/* Xen's ns are coarser than ticks: even its last tick before the expiry must read less than the timer. */
START_TEST(timer_between_ticks)
{
	struct tw_pvclock page;

	start();
	host.cpu_init(0);
	xen_host.cpu[0].current->time.tsc_timestamp = TSC0 + 1;
	page = tw_pvclock_read((struct tw_pvclock *)&xen_host.cpu[0].current->time);
	for (uint64_t ns = 100000; ns < 100050; ns++) {
		host.timer_set(ns);
		ck_assert_uint_gt(xen.timer, tw_pvclock_ns(&page, ns * 2 - 1));
	}
}
END_TEST

/* Past times fire at once; 0 would be "off". */
START_TEST(timer_in_the_past)
{
	start();
	host.cpu_init(0);
	host.timer_set(0);
	ck_assert_uint_gt(xen.timer, 0);
	ck_assert_uint_le(xen.timer, SYSTEM0 + 2);
}
END_TEST

/* Xen fires after 100 ms what lies 2^50 ns ahead: never ask for that, and go on when a piece ends. */
START_TEST(timer_in_pieces)
{
	static const uint64_t far[] = { UINT64_MAX, 1ull << 62, 1ull << 51 };

	start();
	host.cpu_init(0);
	now_ns = 1000;
	host.timer_set(far[_i]);
	ck_assert_uint_gt(xen.timer, SYSTEM0 + (1ull << 40));
	ck_assert_uint_lt(xen.timer, SYSTEM0 + (1ull << 50));
	xen.timer = 0;
	ck_assert(!host.timer_ack());
	ck_assert_uint_ne(xen.timer, 0);
	now_ns = far[_i];
	ck_assert(host.timer_ack());
}
END_TEST

/* A CPU without a port for it keeps the local APIC's timer. */
START_TEST(timer_without_port)
{
	xen.refuse_bind = true;
	start();
	host.cpu_init(0);
	host.timer_set(5);
	host.timer_stop();
	ck_assert(host.timer_ack());
	ck_assert_uint_eq(bare_timers, 3);
	ck_assert_uint_eq(xen.timer, 0);
	host.ipi(0, TW_VEC_KICK);
	ck_assert_uint_eq(bare_ipis, 1);
}
END_TEST

/* --- IPIs, TLB --- */

/* Two vectors that meet are one call; what they mean is a word of the CPU. */
START_TEST(ipi)
{
	start();
	host.cpu_init(0);
	host.ipi(1, TW_VEC_KICK);
	ck_assert_uint_eq(bare_ipis, 1); /* it is not up */
	host.cpu_init(1);
	host.ipi(1, TW_VEC_KICK);
	host.ipi(1, TW_VEC_TLB);
	ck_assert_uint_eq(bare_ipis, 1);
	ck_assert_uint_eq(xen.sends, 1);
	ck_assert_uint_eq(xen.sent_port, xen.ipi_port[3]);
	current_cpu = 1;
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_KICK) | BIT(TW_VEC_TLB));
	host.ipi(1, TW_VEC_TLB);
	ck_assert_uint_eq(xen.sends, 2);
}
END_TEST

START_TEST(ipi_refused)
{
	start();
	host.cpu_init(1);
	xen.refuse_send = true;
	host.ipi(1, TW_VEC_KICK);
	host.ipi(1, TW_VEC_KICK);
	ck_assert_uint_eq(bare_ipis, 2);
}
END_TEST

START_TEST(ipi_to_several)
{
	host.cpus = 20;
	start();
	for (unsigned int cpu = 0; cpu < 19; cpu++)
		host.cpu_init(cpu);
	host.ipi_many(0xffffe, TW_VEC_TLB);
	ck_assert_uint_eq(xen.sends, 18);
	ck_assert_uint_eq(xen.multicalls, 3);
	ck_assert_uint_eq(bare_ipis, 1); /* CPU 19 is not up */
	host.ipi_many(0x6, TW_VEC_TLB);	 /* under way already */
	ck_assert_uint_eq(xen.multicalls, 3);
	host.ipi_many(0x1, TW_VEC_TLB);
	ck_assert_uint_eq(xen.sends, 19);
	ck_assert_uint_eq(xen.multicalls, 3);
}
END_TEST

/* The hardware virtualises the x2APIC: no exit to save. */
START_TEST(ipi_by_hardware)
{
	mock_set_cpuid(LEAF + 4, 0, 1 << 3 | 1 << 1, 0, 0, 0);
	start();
	ck_assert(host.ipi == b_ipi && host.ipi_many == b_many);
	ck_assert(host.timer_set != b_timer_set);
}
END_TEST

/* One call flushes all vCPUs: good when half of the others are meant. */
START_TEST(flush)
{
	start();
	ck_assert_uint_eq(host.tlb_flush(0x2), 0x2);
	ck_assert_uint_eq(xen.flushes, 0);
	ck_assert_uint_eq(host.tlb_flush(0x6), 0);
	ck_assert_uint_eq(xen.flushes, 1);
	xen.refuse_flush = true;
	ck_assert_uint_eq(host.tlb_flush(0xe), 0xe);
}
END_TEST

/* --- the end --- */

START_TEST(power)
{
	static const int reasons[] = { SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_crash };

	start();
	(_i == 0 ? host.poweroff : _i == 1 ? host.reboot : host.crash)();
	ck_assert_int_eq(xen.reason, reasons[_i]);
	ck_assert_uint_eq(bare_ends, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen host");
	TCase *t = tcase_create("xen host");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, clock_frequency);
	tcase_add_loop_test(t, no_hypercalls, 0, 3);
	tcase_add_test(t, no_shared_info);
	tcase_add_test(t, wallclock);
	tcase_add_loop_test(t, stability, 0, 5);
	tcase_add_test(t, steal);
	tcase_add_test(t, clock_follows);
	tcase_add_test(t, upcall_vector);
	tcase_add_test(t, upcall_by_apic);
	tcase_add_test(t, no_upcalls);
	tcase_add_test(t, guest_has_the_apic);
	tcase_add_test(t, ports_of_other_cpus);
	tcase_add_test(t, unknown_ports);
	tcase_add_test(t, info_not_registered);
	tcase_add_test(t, timer_is_never_early);
	tcase_add_test(t, timer_between_ticks);
	tcase_add_test(t, timer_in_the_past);
	tcase_add_loop_test(t, timer_in_pieces, 0, 3);
	tcase_add_test(t, timer_without_port);
	tcase_add_test(t, ipi);
	tcase_add_test(t, ipi_refused);
	tcase_add_test(t, ipi_to_several);
	tcase_add_test(t, ipi_by_hardware);
	tcase_add_test(t, flush);
	tcase_add_loop_test(t, power, 0, 3);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
