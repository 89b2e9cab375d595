/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* SCHEDOP_block and poll: what ends them. A mock of HLT lets something happen while the CPU waits. */
#include <check.h>
#include <string.h>
#include <xen/sched.h>

#include "mock_xen.h"

static unsigned int halts, ipis;
static uint8_t ipi_vector;
static void (*happens)(void); /* during the third halt */

static void halt(void)
{
	if (++halts == 3)
		happens();
	ck_assert_uint_lt(halts, 10);
}

static void ipi_self(uint8_t vector)
{
	ipis++;
	ipi_vector = vector;
}

static void setup(void)
{
	mock_xen_reset(2);
	tw_host.halt = halt;
	tw_host.ipi_self = ipi_self;
	halts = ipis = 0;
	xen_vcpus[0]->hw->upcall->mask = 1;
}

static void an_event(void)
{
	xen_vcpus[0]->hw->upcall->pending = 1;
}

static void an_nmi(void)
{
	xen_vcpus[0]->hw->nmi_wanted = 1;
}

static long block(void)
{
	return xen_sched_op(SCHEDOP_block, 0, 0, 0, 0, xen_vcpus[0]);
}

START_TEST(an_event_ends_block)
{
	happens = an_event;
	ck_assert_int_eq(block(), 0);
	ck_assert_uint_eq(halts, 3);
	ck_assert_uint_eq(xen_vcpus[0]->hw->upcall->mask, 0);
	ck_assert_uint_eq(ipis, 0);
	/* One that waits already: no halt at all. */
	ck_assert_int_eq(block(), 0);
	ck_assert_uint_eq(halts, 3);
}
END_TEST

/* Its interrupt has woken the wait and is spent: another one brings it in behind the call. */
START_TEST(an_nmi_ends_block)
{
	happens = an_nmi;
	ck_assert_int_eq(block(), 0);
	ck_assert_uint_eq(halts, 3);
	ck_assert_uint_eq(ipis, 1);
	ck_assert_uint_eq(ipi_vector, TW_VEC_NMI);
}
END_TEST

static long poll(uint32_t port)
{
	uint64_t ports = mock_guest_put(&port, sizeof(port));
	struct sched_poll poll = {.nr_ports = 1};

	memcpy(&poll.ports, &ports, sizeof(ports));
	return xen_sched_op(SCHEDOP_poll, mock_guest_put(&poll, sizeof(poll)), 0, 0, 0,
			    xen_vcpus[0]);
}

static void port_9(void)
{
	xen_domain.shared->evtchn_pending[0] |= 1 << 9;
}

START_TEST(a_port_ends_poll)
{
	happens = port_9;
	ck_assert_int_eq(poll(9), 0);
	ck_assert_uint_eq(halts, 3);
	ck_assert(!xen_vcpus[0]->polling);
	ck_assert_int_eq(poll(0), -XEN_EINVAL);
	ck_assert_int_eq(poll(4096), -XEN_EINVAL);
}
END_TEST

START_TEST(an_nmi_ends_poll)
{
	happens = an_nmi;
	ck_assert_int_eq(poll(9), 0);
	ck_assert_uint_eq(halts, 3);
	ck_assert_uint_eq(ipis, 1);
	ck_assert(!xen_vcpus[0]->polling);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xen-sched");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, an_event_ends_block);
	tcase_add_test(tc, an_nmi_ends_block);
	tcase_add_test(tc, a_port_ends_poll);
	tcase_add_test(tc, an_nmi_ends_poll);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
