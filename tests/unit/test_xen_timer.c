/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Time: published clocks, the timers that share one hardware one-shot, runstate accounting. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

static uint64_t arg;
static uint32_t port; /* VIRQ_TIMER of vCPU 0 */

static void setup(void)
{
	mock_xen_reset(2);
	arg = mock_guest_alloc(64);
	*(struct evtchn_bind_virq *)mock_guest_at(arg) =
	    (struct evtchn_bind_virq){.virq = VIRQ_TIMER};
	ck_assert_int_eq(xen_event_channel_op(EVTCHNOP_bind_virq, arg, 0, 0, 0, xen_vcpus[0]), 0);
	port = xen_vcpus[0]->virq_port[VIRQ_TIMER];
	ck_assert_uint_ne(port, 0);
}

static long op(uint64_t cmd, unsigned int target, uint64_t a)
{
	return xen_vcpu_timer_op(cmd, xen_vcpus[target], a, xen_vcpus[mock_cpu]);
}

static long singleshot(uint64_t expiry, uint32_t flags)
{
	*(struct vcpu_set_singleshot_timer *)mock_guest_at(arg) =
	    (struct vcpu_set_singleshot_timer){.timeout_abs_ns = expiry, .flags = flags};
	return op(VCPUOP_set_singleshot_timer, 0, arg);
}

static long periodic(uint64_t period)
{
	*(struct vcpu_set_periodic_timer *)mock_guest_at(arg) =
	    (struct vcpu_set_periodic_timer){.period_ns = period};
	return op(VCPUOP_set_periodic_timer, 0, arg);
}

/* Did VIRQ_TIMER fire since the last look? */
static bool fired(void)
{
	bool yes = xen_event_is_pending(port);

	xen_domain.shared->evtchn_pending[0] = 0;
	xen_vcpus[0]->info->evtchn_pending_sel = 0;
	xen_vcpus[0]->info->evtchn_upcall_pending = 0;
	return yes;
}

START_TEST(set_timer)
{
	struct xen_vcpu *v = xen_vcpus[0];

	mock_tsc = 1000;
	ck_assert_int_eq(xen_set_timer_op(5000, 0, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_timer, 5000);
	/* Too early: armed again, no event (H-3). */
	mock_tsc = 4999;
	mock_timer = 0;
	xen_timer_fired(0);
	ck_assert(!fired());
	ck_assert_uint_eq(mock_timer, 5000);
	mock_tsc = 5000;
	xen_timer_fired(0);
	ck_assert(fired());
	/* Off is off: a late interrupt raises nothing, and stopping twice costs nothing. */
	xen_set_timer_op(9000, 0, 0, 0, 0, v);
	xen_set_timer_op(0, 0, 0, 0, 0, v);
	ck_assert_uint_eq(mock_timer, 0);
	mock_timer_calls = 0;
	xen_set_timer_op(0, 0, 0, 0, 0, v);
	ck_assert_uint_eq(mock_timer_calls, 0);
	mock_tsc = 10000;
	xen_timer_fired(0);
	ck_assert(!fired());
	/* In the past: at once (H-1). */
	xen_set_timer_op(1, 0, 0, 0, 0, v);
	ck_assert(fired());
	ck_assert_uint_eq(v->timer_expiry, 0);
}
END_TEST

START_TEST(singleshots)
{
	mock_tsc = 1000;
	ck_assert_int_eq(singleshot(3000, VCPU_SSHOTTMR_future), 0);
	ck_assert_uint_eq(mock_timer, 3000);
	ck_assert_int_eq(singleshot(999, VCPU_SSHOTTMR_future), -XEN_ETIME);
	ck_assert(!fired());
	ck_assert_uint_eq(mock_timer, 3000); /* the old one still runs */
	ck_assert_int_eq(singleshot(999, 0), 0);
	ck_assert(fired());
	ck_assert_uint_eq(mock_timer, 0);
	ck_assert_int_eq(singleshot(0, 0), 0); /* not "off": a time long past */
	ck_assert(fired());
	ck_assert_int_eq(singleshot(UINT64_MAX, 0), 0);
	ck_assert_uint_eq(mock_timer, UINT64_MAX);
	ck_assert_int_eq(op(VCPUOP_stop_singleshot_timer, 0, 0), 0);
	ck_assert_uint_eq(mock_timer, 0);
	ck_assert_int_eq(op(VCPUOP_stop_singleshot_timer, 0, 0), 0);
	ck_assert_int_eq(op(VCPUOP_set_singleshot_timer, 0, 0), -XEN_EFAULT);
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_VCPU_SET_SINGLESHOT], 6);
}
END_TEST

START_TEST(periodic_timer)
{
	mock_tsc = 500;
	ck_assert_int_eq(op(VCPUOP_stop_periodic_timer, 0, 0), 0);
	ck_assert_int_eq(periodic(999999), -XEN_EINVAL);
	ck_assert_int_eq(periodic(UINT64_MAX), -XEN_EINVAL);
	ck_assert_int_eq(periodic(1000000), 0);
	ck_assert_uint_eq(mock_timer, 1000500);
	/* A single-shot in between, with the same one-shot underneath. */
	ck_assert_int_eq(singleshot(600000, 0), 0);
	ck_assert_uint_eq(mock_timer, 600000);
	mock_tsc = 600000;
	xen_timer_fired(0);
	ck_assert(fired());
	ck_assert_uint_eq(mock_timer, 1000500);
	mock_tsc = 1000500;
	xen_timer_fired(0);
	ck_assert(fired());
	ck_assert_uint_eq(mock_timer, 2000500);
	/* Missed periods collapse into one event, and the phase stays (H-4). */
	mock_tsc = 5700000;
	xen_timer_fired(0);
	ck_assert(fired());
	ck_assert_uint_eq(mock_timer, 6000500);
	/* Stopping the single-shot leaves the periodic one running. */
	ck_assert_int_eq(op(VCPUOP_stop_singleshot_timer, 0, 0), 0);
	ck_assert_uint_eq(mock_timer, 6000500);
	ck_assert_int_eq(op(VCPUOP_stop_periodic_timer, 0, 0), 0);
	ck_assert_uint_eq(mock_timer, 0);
}
END_TEST

START_TEST(poll_timeout_shares_the_timer)
{
	struct xen_vcpu *v = xen_vcpus[0];

	xen_timer_poll(v, 7000);
	ck_assert_uint_eq(mock_timer, 7000);
	singleshot(3000, 0);
	ck_assert_uint_eq(mock_timer, 3000);
	mock_tsc = 3000;
	xen_timer_fired(0);
	ck_assert(fired());
	ck_assert_uint_eq(mock_timer, 7000); /* the poller is not forgotten */
	mock_tsc = 7000;
	mock_timer_calls = 0;
	xen_timer_fired(0);
	ck_assert(!fired());			/* it ends a wait; it is no event */
	ck_assert_uint_eq(mock_timer_calls, 0); /* and does not fire again and again */
	xen_timer_poll(v, 0);
	ck_assert_uint_eq(mock_timer, 0);
}
END_TEST

START_TEST(other_vcpus)
{
	ck_assert_int_eq(op(VCPUOP_set_singleshot_timer, 1, arg), -XEN_EINVAL);
	ck_assert_int_eq(op(VCPUOP_set_periodic_timer, 1, arg), -XEN_EINVAL);
	ck_assert_int_eq(op(VCPUOP_stop_periodic_timer, 1, 0), -XEN_EINVAL);
	xen_vcpus[1]->up = false;
	xen_vcpus[1]->periodic_ns = 1000000;
	xen_vcpus[1]->timer_expiry = 5;
	ck_assert_int_eq(op(VCPUOP_stop_periodic_timer, 1, 0), 0);
	ck_assert_int_eq(op(VCPUOP_stop_singleshot_timer, 1, 0), 0);
	ck_assert_uint_eq(xen_vcpus[1]->periodic_ns, 0);
	ck_assert_uint_eq(xen_vcpus[1]->timer_expiry, 0);
	ck_assert_uint_eq(mock_timer_calls, 0); /* the caller's own one-shot is untouched */
	ck_assert_int_eq(op(99, 0, 0), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 1);
}
END_TEST

START_TEST(clock_page)
{
	struct vcpu_time_info *t = &xen_vcpus[0]->info->time;
	uint32_t version;

	tw_host.clock =
	    (struct tw_clock){.tsc0 = 77, .base_ns = 88, .mul = 0x80000001, .shift = -3};
	xen_time_publish(xen_vcpus[0]);
	version = t->version;
	ck_assert_uint_ne(version, 0);
	ck_assert_uint_eq(version % 2, 0);
	ck_assert_uint_eq(t->tsc_timestamp, 77);
	ck_assert_uint_eq(t->system_time, 88);
	ck_assert_uint_eq(t->tsc_to_system_mul, 0x80000001);
	ck_assert_int_eq(t->tsc_shift, -3);
	ck_assert_uint_eq(t->flags, 0);
	tw_host.clock.stable = true;
	xen_time_publish(xen_vcpus[0]);
	ck_assert_uint_eq(t->flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	ck_assert_uint_ne(t->version, version);
	ck_assert_uint_eq(t->version % 2, 0);
}
END_TEST

static long time_area(uint64_t va)
{
	*(struct vcpu_register_time_memory_area *)mock_guest_at(arg) =
	    (struct vcpu_register_time_memory_area){.addr.p = va};
	return op(VCPUOP_register_vcpu_time_memory_area, 0, arg);
}

START_TEST(second_clock_page)
{
	uint64_t va = TW_ALIGN_UP(mock_guest_alloc(2 * 4096), 4096);
	struct vcpu_time_info *t = mock_guest_at(va + 32);

	tw_host.clock.base_ns = 42;
	ck_assert_int_eq(time_area(va + 4096 - 24), -XEN_EINVAL); /* would cross the page */
	ck_assert_int_eq(time_area(va + 4), -XEN_EINVAL);
	ck_assert_int_eq(time_area(0x1000), -XEN_EFAULT);
	ck_assert_int_eq(op(VCPUOP_register_vcpu_time_memory_area, 0, 8), -XEN_EFAULT);
	ck_assert_int_eq(time_area(va + 32), 0);
	ck_assert_uint_eq(t->system_time, 42);
	tw_host.clock.base_ns = 43;
	xen_time_publish(xen_vcpus[0]);
	ck_assert_uint_eq(t->system_time, 43);
	ck_assert_int_eq(time_area(0), 0);
	tw_host.clock.base_ns = 44;
	xen_time_publish(xen_vcpus[0]);
	ck_assert_uint_eq(t->system_time, 43);
	ck_assert_int_eq(time_area(va + 4096 - 32), 0); /* the last place that fits */
}
END_TEST

START_TEST(wallclock)
{
	struct shared_info *s = xen_domain.shared;

	mock_tsc = 5 * TW_NS_PER_S + 7; /* the shim has run for 5 s */
	mock_utc = 0x123456789ull * TW_NS_PER_S + 10;
	xen_wallclock_publish();
	ck_assert_uint_eq(s->wc_version, 2);
	ck_assert_uint_eq(s->wc_sec, 0x23456789 - 5);
	ck_assert_uint_eq(s->wc_sec_hi, 1);
	ck_assert_uint_eq(s->wc_nsec, 3);
	mock_utc = 1; /* a clock without battery */
	xen_wallclock_publish();
	ck_assert_uint_eq(s->wc_version, 4);
	ck_assert_uint_eq(s->wc_sec, 0);
	ck_assert_uint_eq(s->wc_sec_hi, 0);
	ck_assert_uint_eq(s->wc_nsec, 0);
}
END_TEST

static long runstate_area(unsigned int vcpu, uint64_t va)
{
	*(struct vcpu_register_runstate_memory_area *)mock_guest_at(arg) =
	    (struct vcpu_register_runstate_memory_area){.addr.p = va};
	return op(VCPUOP_register_runstate_memory_area, vcpu, arg);
}

START_TEST(runstate)
{
	struct xen_vcpu *v = xen_vcpus[0];
	uint64_t va = mock_guest_alloc(sizeof(struct vcpu_runstate_info));
	struct vcpu_runstate_info *r = mock_guest_at(va), now;

	mock_tsc = 100;
	ck_assert_int_eq(runstate_area(0, va), 0);
	ck_assert_int_eq(r->state, RUNSTATE_running);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 100);

	mock_tsc = 1000;
	mock_steal[0] = 200; /* the host took some of that */
	xen_runstate_block(v);
	ck_assert_int_eq(r->state, RUNSTATE_blocked);
	ck_assert_uint_eq(r->state_entry_time, 1000);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 800);
	ck_assert_uint_eq(r->time[RUNSTATE_runnable], 200);
	mock_tsc = 1500;
	xen_runstate_run(v);
	ck_assert_int_eq(r->state, RUNSTATE_running);
	ck_assert_uint_eq(r->time[RUNSTATE_blocked], 500);
	mock_tsc = 1600;
	ck_assert_int_eq(op(VCPUOP_get_runstate_info, 0, arg), 0);
	now = *(struct vcpu_runstate_info *)mock_guest_at(arg);
	ck_assert_uint_eq(now.time[RUNSTATE_running], 900);
	ck_assert_uint_eq(now.state_entry_time, 1500);
	ck_assert_uint_eq(now.time[0] + now.time[1] + now.time[2] + now.time[3], 1600);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 800); /* the area: as of the last change */

	/* Steal that a busy vCPU could not see shows at the next tick; it cannot exceed the time.
	 */
	mock_steal[0] = 250;
	xen_timer_fired(0);
	ck_assert_uint_eq(r->time[RUNSTATE_runnable], 250);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 850);
	mock_steal[0] = 1000000;
	mock_tsc = 1700;
	xen_timer_fired(0);
	ck_assert_uint_eq(r->time[RUNSTATE_runnable], 350);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 850);
}
END_TEST

START_TEST(runstate_of_others_and_offline)
{
	uint64_t va = mock_guest_alloc(sizeof(struct vcpu_runstate_info));
	struct vcpu_runstate_info *r = mock_guest_at(va);

	xen_runstate_offline(xen_vcpus[1]);
	mock_tsc = 300;
	ck_assert_int_eq(runstate_area(1, va), 0); /* Linux does so before it starts the CPU */
	ck_assert_int_eq(r->state, RUNSTATE_offline);
	ck_assert_uint_eq(r->time[RUNSTATE_offline], 300);
	mock_tsc = 400;
	mock_cpu = 1;
	xen_runstate_run(xen_vcpus[1]);
	ck_assert_int_eq(r->state, RUNSTATE_running);
	ck_assert_uint_eq(r->time[RUNSTATE_offline], 400);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 0);
	ck_assert_int_eq(runstate_area(1, 0), 0);
	mock_tsc = 500;
	xen_runstate_block(xen_vcpus[1]);
	ck_assert_int_eq(r->state, RUNSTATE_running);
	ck_assert_int_eq(runstate_area(1, 0x1000), -XEN_EFAULT);
	ck_assert_uint_eq(xen_vcpus[1]->runstate_va, 0);
	ck_assert_int_eq(op(VCPUOP_get_runstate_info, 1, 0x1000), -XEN_EFAULT);
	ck_assert_int_eq(op(VCPUOP_register_runstate_memory_area, 1, 0x1000), -XEN_EFAULT);
}
END_TEST

START_TEST(runstate_update_flag)
{
	uint64_t va = mock_guest_alloc(sizeof(struct vcpu_runstate_info));
	struct vcpu_runstate_info *r = mock_guest_at(va);

	xen_domain.runstate_update_flag = true;
	ck_assert_int_eq(runstate_area(0, va), 0);
	mock_tsc = 1000;
	xen_runstate_block(xen_vcpus[0]);
	ck_assert_uint_eq(r->state_entry_time, 1000); /* the mark is gone in the end */
	ck_assert_int_eq(r->state, RUNSTATE_blocked);
	/* An area that is partly gone for a while does no harm. */
	mock_mapped = va - MOCK_VA + sizeof(*r) - 8;
	mock_tsc = 2000;
	xen_runstate_run(xen_vcpus[0]);
	mock_mapped = 4096;
	mock_tsc = 3000;
	xen_runstate_block(xen_vcpus[0]);
	ck_assert_uint_eq(r->state_entry_time, 3000);
	ck_assert_uint_eq(r->time[RUNSTATE_running], 2000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-timer");
	TCase *tc = tcase_create("timer");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, set_timer);
	tcase_add_test(tc, singleshots);
	tcase_add_test(tc, periodic_timer);
	tcase_add_test(tc, poll_timeout_shares_the_timer);
	tcase_add_test(tc, other_vcpus);
	tcase_add_test(tc, clock_page);
	tcase_add_test(tc, second_clock_page);
	tcase_add_test(tc, wallclock);
	tcase_add_test(tc, runstate);
	tcase_add_test(tc, runstate_of_others_and_offline);
	tcase_add_test(tc, runstate_update_flag);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
