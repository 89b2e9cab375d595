/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* sched_op: what ends a wait and what does not, and how a guest ends. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

#include <xen/sched.h>

static struct xen_vcpu *v;
static uint64_t arg, ports;
static uint32_t port;

static unsigned int ipis;
static uint8_t ipi_vector;

static void ipi_self(uint8_t vector)
{
	ipis++;
	ipi_vector = vector;
}

static void setup(void)
{
	mock_xen_reset(2);
	v = xen_vcpus[0];
	arg = mock_guest_alloc(64);
	ports = mock_guest_alloc(1024);
	*(struct evtchn_bind_ipi *)mock_guest_at(arg) = (struct evtchn_bind_ipi){.vcpu = 0};
	xen_event_channel_op(EVTCHNOP_bind_ipi, arg, 0, 0, 0, v);
	port = ((struct evtchn_bind_ipi *)mock_guest_at(arg))->port;
	v->info->evtchn_upcall_mask = 1;
	tw_host.ipi_self = ipi_self;
	ipis = 0;
}

static long op(uint64_t cmd)
{
	return xen_sched_op(cmd, arg, 0, 0, 0, v);
}

/* --- block --- */

static void raise_port(void)
{
	ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
	xen_event_raise(port);
}

START_TEST(block_waits_for_an_event)
{
	mock_on_halt = raise_port;
	ck_assert_int_eq(op(SCHEDOP_block), 0);
	ck_assert_uint_eq(mock_host_halts, 1);
	ck_assert(!mock_if); /* back in the shim interrupts are off again */
	ck_assert_uint_eq(v->info->evtchn_upcall_pending, 1);
	ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
	ck_assert_uint_eq(ipis, 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_SCHED_BLOCK], 1);
}
END_TEST

/* The mock ends the test if it halts: nothing would wake it (H-25). */
START_TEST(block_with_an_event_returns_at_once)
{
	xen_event_raise(port);
	ck_assert_int_eq(op(SCHEDOP_block), 0);
	ck_assert_uint_eq(mock_host_halts, 0);
	ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
	ck_assert_uint_eq(v->runstate.state, RUNSTATE_running);
}
END_TEST

/* Interrupts that bring no event for the guest do not end it; the time counts as blocked. */
static void later(void)
{
	mock_tsc += 100;
	if (mock_host_halts == 5)
		xen_event_raise(port);
}

START_TEST(block_goes_on_without_an_event)
{
	mock_on_halt = later;
	ck_assert_int_eq(op(SCHEDOP_block), 0);
	ck_assert_uint_eq(mock_host_halts, 5);
	ck_assert_uint_eq(v->runstate.time[RUNSTATE_blocked], 500);
	ck_assert_uint_eq(v->runstate.state, RUNSTATE_running);
}
END_TEST

/* Its interrupt has woken the wait and is spent: another one brings it in behind the call. */
static void nmi_later(void)
{
	if (mock_host_halts == 3)
		v->hw->nmi_wanted = 1;
}

START_TEST(block_ends_at_an_nmi)
{
	mock_on_halt = nmi_later;
	ck_assert_int_eq(op(SCHEDOP_block), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert_uint_eq(ipis, 1);
	ck_assert_uint_eq(ipi_vector, TW_VEC_NMI);
}
END_TEST

/* --- poll --- */

static long poll(uint32_t n, uint64_t timeout)
{
	struct sched_poll *p = mock_guest_at(arg);

	*p = (struct sched_poll){.nr_ports = n, .timeout = timeout};
	p->ports.p = (evtchn_port_t *)ports;
	return op(SCHEDOP_poll);
}

static void mask_port(uint32_t p)
{
	xen_domain.shared->evtchn_mask[p / 64] |= 1ull << (p % 64);
}

static void raise_masked(void)
{
	ck_assert(v->polling);
	mock_tsc += 10;
	if (mock_host_halts == 3)
		xen_event_raise(port);
}

/* Linux polls masked ports with events off: pending alone must end it (H-26). */
START_TEST(poll_ends_at_a_masked_port)
{
	mask_port(port);
	((uint32_t *)mock_guest_at(ports))[0] = 4095;
	((uint32_t *)mock_guest_at(ports))[1] = port;
	mock_on_halt = raise_masked;
	ck_assert_int_eq(poll(2, 0), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert(!v->polling);
	ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1); /* as the guest left it */
	ck_assert_uint_eq(v->info->evtchn_upcall_pending, 0);
	ck_assert_uint_eq(v->runstate.time[RUNSTATE_blocked], 30);
	ck_assert_uint_eq(mock_timer_calls, 0);
	/* Still pending: no wait at all. */
	ck_assert_int_eq(poll(2, 0), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert_uint_eq(v->calls[XEN_CALL_SCHED_POLL], 2);
}
END_TEST

/* An event that can be delivered ends it, one that is held back by the vCPU's mask does not. */
static void other_event(void)
{
	v->info->evtchn_upcall_pending = 1;
	if (mock_host_halts == 4)
		v->info->evtchn_upcall_mask = 0;
}

START_TEST(poll_ends_at_another_event)
{
	((uint32_t *)mock_guest_at(ports))[0] = port;
	mock_on_halt = other_event;
	ck_assert_int_eq(poll(1, 0), 0);
	ck_assert_uint_eq(mock_host_halts, 4);
	ck_assert_int_eq(poll(1, 0), 0);
	ck_assert_uint_eq(mock_host_halts, 4);
}
END_TEST

START_TEST(poll_ends_at_an_nmi)
{
	((uint32_t *)mock_guest_at(ports))[0] = port;
	mock_on_halt = nmi_later;
	ck_assert_int_eq(poll(1, 0), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert_uint_eq(ipis, 1);
	ck_assert(!v->polling);
}
END_TEST

/* The CPU's one-shot wakes it; afterwards the timer is off again. */
static void time_passes(void)
{
	ck_assert_uint_eq(mock_timer, 1000);
	mock_tsc += 400;
}

START_TEST(poll_times_out)
{
	((uint32_t *)mock_guest_at(ports))[0] = port;
	mock_on_halt = time_passes;
	ck_assert_int_eq(poll(1, 1000), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert_uint_eq(mock_timer, 0);
	ck_assert_uint_eq(v->poll_expiry, 0);
	/* In the past: no wait. And without any port it is a plain sleep. */
	ck_assert_int_eq(poll(1, 1000), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	mock_tsc = 0;
	ck_assert_int_eq(poll(0, 1000), 0);
	ck_assert_uint_eq(mock_host_halts, 6);
}
END_TEST

START_TEST(poll_errors)
{
	uint32_t *list = mock_guest_at(ports);

	for (unsigned int i = 0; i < 256; i++)
		list[i] = 4095;
	list[5] = 0;
	ck_assert_int_eq(poll(6, 0), -XEN_EINVAL);
	list[5] = 4096;
	ck_assert_int_eq(poll(6, 0), -XEN_EINVAL);
	list[5] = ~0u;
	ck_assert_int_eq(poll(6, 0), -XEN_EINVAL);
	list[5] = 1;
	ck_assert_int_eq(poll(129, 0), -XEN_EINVAL);
	ck_assert_int_eq(poll(~0u, 0), -XEN_EINVAL);
	ck_assert_int_eq(poll(0x40000001, 0), -XEN_EINVAL);
	mock_mapped = ports - MOCK_VA + 128 * 4 - 1;
	ck_assert_int_eq(poll(128, 0), -XEN_EFAULT);
	ck_assert_int_eq(xen_sched_op(SCHEDOP_poll, 1, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert(!v->polling);
	ck_assert_uint_eq(mock_host_halts, 0);
	/* 128 is the most. */
	mock_mapped = MOCK_PAGES * TW_PAGE_SIZE;
	xen_event_raise(port);
	list[127] = port;
	ck_assert_int_eq(poll(128, 0), 0);
}
END_TEST

/* --- the rest --- */

START_TEST(yield)
{
	ck_assert_int_eq(op(SCHEDOP_yield), 0);
	ck_assert_uint_eq(mock_host_yields, 1);
	ck_assert_uint_eq(mock_host_halts, 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_SCHED_YIELD], 1);
}
END_TEST

static const char *volatile ended;

static long shut_down(uint32_t reason)
{
	volatile long rc = 0;

	*(uint32_t *)mock_guest_at(arg) = reason;
	mock_end_reason = NULL;
	if (!mock_ends())
		rc = op(SCHEDOP_shutdown);
	ended = mock_end_reason;
	return rc;
}

START_TEST(the_end)
{
	shut_down(SHUTDOWN_poweroff);
	ck_assert_pstr_eq(ended, "poweroff");
	shut_down(SHUTDOWN_reboot);
	ck_assert_pstr_eq(ended, "reboot");
	shut_down(SHUTDOWN_soft_reset);
	ck_assert_pstr_eq(ended, "reboot");
	shut_down(SHUTDOWN_crash);
	ck_assert_pstr_eq(ended, "crash");
	shut_down(SHUTDOWN_watchdog);
	ck_assert_pstr_eq(ended, "watchdog");
	/* Suspend: cancelled, the guest goes on. */
	ck_assert_int_eq(shut_down(SHUTDOWN_suspend), 1);
	ck_assert_pstr_eq(ended, NULL);
	ck_assert_int_eq(shut_down(SHUTDOWN_MAX + 1), -XEN_EINVAL);
	ck_assert_int_eq(shut_down(~0u), -XEN_EINVAL);
	ck_assert_pstr_eq(ended, NULL);
	ck_assert_int_eq(xen_sched_op(SCHEDOP_shutdown, 0, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert_uint_eq(v->calls[XEN_CALL_SCHED_SHUTDOWN], 9);
}
END_TEST

START_TEST(not_served)
{
	static const uint64_t cmds[] = {SCHEDOP_remote_shutdown, SCHEDOP_shutdown_code,
					SCHEDOP_watchdog, SCHEDOP_pin_override, 1ull << 32};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(cmds); i++)
		ck_assert_int_eq(op(cmds[i]), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, TW_ARRAY_SIZE(cmds));
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_sched_op);
	ck_assert_uint_eq(mock_host_halts, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-sched");
	TCase *tc = tcase_create("sched");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, block_waits_for_an_event);
	tcase_add_test(tc, block_with_an_event_returns_at_once);
	tcase_add_test(tc, block_goes_on_without_an_event);
	tcase_add_test(tc, block_ends_at_an_nmi);
	tcase_add_test(tc, poll_ends_at_a_masked_port);
	tcase_add_test(tc, poll_ends_at_another_event);
	tcase_add_test(tc, poll_ends_at_an_nmi);
	tcase_add_test(tc, poll_times_out);
	tcase_add_test(tc, poll_errors);
	tcase_add_test(tc, yield);
	tcase_add_test(tc, the_end);
	tcase_add_test(tc, not_served);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
