/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Event channels: Xen's error codes, the order of bits, kicks, and that no event gets lost. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

static uint64_t arg; /* guest address of the arguments */

static void setup(void)
{
	mock_xen_reset(3);
	arg = mock_guest_alloc(64);
}

static long op(uint32_t cmd)
{
	return xen_event_channel_op(cmd, arg, 0, 0, 0, xen_vcpus[mock_cpu]);
}

static uint32_t bind_ipi(uint32_t vcpu)
{
	*(struct evtchn_bind_ipi *)mock_guest_at(arg) = (struct evtchn_bind_ipi){.vcpu = vcpu};
	ck_assert_int_eq(op(EVTCHNOP_bind_ipi), 0);
	return ((struct evtchn_bind_ipi *)mock_guest_at(arg))->port;
}

static long bind_virq(uint32_t virq, uint32_t vcpu, uint32_t *port)
{
	long rc;

	*(struct evtchn_bind_virq *)mock_guest_at(arg) =
	    (struct evtchn_bind_virq){.virq = virq, .vcpu = vcpu};
	rc = op(EVTCHNOP_bind_virq);
	if (port)
		*port = ((struct evtchn_bind_virq *)mock_guest_at(arg))->port;
	return rc;
}

static long alloc_unbound(domid_t dom, domid_t remote, uint32_t *port)
{
	long rc;

	*(struct evtchn_alloc_unbound *)mock_guest_at(arg) =
	    (struct evtchn_alloc_unbound){.dom = dom, .remote_dom = remote};
	rc = op(EVTCHNOP_alloc_unbound);
	*port = ((struct evtchn_alloc_unbound *)mock_guest_at(arg))->port;
	return rc;
}

static long port_op(uint32_t cmd, uint32_t port)
{
	*(uint32_t *)mock_guest_at(arg) = port;
	return op(cmd);
}

static long bind_vcpu(uint32_t port, uint32_t vcpu)
{
	*(struct evtchn_bind_vcpu *)mock_guest_at(arg) =
	    (struct evtchn_bind_vcpu){.port = port, .vcpu = vcpu};
	return op(EVTCHNOP_bind_vcpu);
}

static long status(uint32_t port, struct evtchn_status *s)
{
	long rc;

	*(struct evtchn_status *)mock_guest_at(arg) =
	    (struct evtchn_status){.dom = DOMID_SELF, .port = port};
	rc = op(EVTCHNOP_status);
	*s = *(struct evtchn_status *)mock_guest_at(arg);
	return rc;
}

static bool pending(uint32_t port)
{
	return xen_domain.shared->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void set_mask(uint32_t port, bool on)
{
	xen_ulong_t bit = 1ul << (port % 64), *word = &xen_domain.shared->evtchn_mask[port / 64];

	*word = on ? *word | bit : *word & ~bit;
}

/* Has the vCPU been told of the port? Then take it, as the guest's upcall would. */
static bool taken(unsigned int vcpu, uint32_t port)
{
	struct vcpu_info *info = xen_vcpus[vcpu]->info;
	bool told = info->evtchn_upcall_pending && info->evtchn_pending_sel >> (port / 64) & 1 &&
		    pending(port);

	info->evtchn_upcall_pending = 0;
	info->evtchn_pending_sel = 0;
	xen_domain.shared->evtchn_pending[port / 64] &= ~(1ul << (port % 64));
	return told;
}

START_TEST(ipi_to_another_vcpu)
{
	uint32_t port = bind_ipi(1);

	ck_assert_uint_ne(port, 0);
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), 0);
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert_uint_eq(mock_kicks_total(), 1);
	ck_assert(taken(1, port));
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_EVENT_SEND_IPI], 1);
	ck_assert_uint_eq(xen_vcpus[0]->info->evtchn_upcall_pending, 0);
}
END_TEST

/* The mock ends the test if a CPU kicks itself. */
START_TEST(ipi_to_oneself_needs_no_kick)
{
	uint32_t port = bind_ipi(2);

	mock_cpu = 2;
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), 0);
	ck_assert_uint_eq(mock_kicks_total(), 0);
	ck_assert(taken(2, port));
}
END_TEST

START_TEST(second_raise_is_silent)
{
	uint32_t port = bind_ipi(1), other = bind_ipi(1), far;

	do
		far = bind_ipi(1); /* in another word of the bitmap */
	while (far < 64);

	port_op(EVTCHNOP_send, port);
	port_op(EVTCHNOP_send, port);  /* pending already */
	port_op(EVTCHNOP_send, other); /* selector bit set already */
	port_op(EVTCHNOP_send, far);   /* upcall pending already */
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert(pending(other));
	ck_assert(taken(1, far));
}
END_TEST

START_TEST(masked_stays_pending_until_unmask)
{
	uint32_t port = bind_ipi(1);

	set_mask(port, true);
	port_op(EVTCHNOP_send, port);
	ck_assert(pending(port));
	ck_assert_uint_eq(xen_vcpus[1]->info->evtchn_upcall_pending, 0);
	ck_assert_uint_eq(mock_kicks_total(), 0);
	ck_assert_int_eq(port_op(EVTCHNOP_unmask, port), 0);
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert(taken(1, port));
	/* Unmasking what is not masked, or not pending, says nothing. */
	ck_assert_int_eq(port_op(EVTCHNOP_unmask, port), 0);
	set_mask(port, true);
	ck_assert_int_eq(port_op(EVTCHNOP_unmask, port), 0);
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert_uint_eq(xen_vcpus[1]->info->evtchn_upcall_pending, 0);
}
END_TEST

START_TEST(masked_port_wakes_its_poller)
{
	uint32_t port = bind_ipi(1);

	set_mask(port, true);
	xen_vcpus[1]->polling = true;
	port_op(EVTCHNOP_send, port);
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert_uint_eq(xen_vcpus[1]->info->evtchn_upcall_pending, 0);
	ck_assert(xen_event_is_pending(port));
	ck_assert(!xen_event_is_pending(port + 1));
	ck_assert(!xen_event_is_pending(4096));
	ck_assert(!xen_event_is_pending(~0u));
}
END_TEST

static unsigned int notified;
static void notify(void)
{
	notified++;
}

START_TEST(backend_port)
{
	uint32_t port = xen_event_backend(notify), second = xen_event_backend(notify);
	struct evtchn_status s;

	notified = 0;
	ck_assert_uint_ne(port, 0);
	ck_assert_uint_ne(port, second);
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), 0);
	ck_assert_uint_eq(notified, 1);
	ck_assert(!pending(port)); /* the guest notified us, not itself */
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_EVENT_SEND], 1);
	xen_event_raise(port);
	ck_assert(taken(0, port));
	ck_assert_int_eq(status(port, &s), 0);
	ck_assert_uint_eq(s.status, EVTCHNSTAT_interdomain);
	ck_assert_uint_eq(s.u.interdomain.dom, 0);
	/* Any vCPU may poll it. */
	xen_vcpus[2]->polling = true;
	xen_event_raise(port);
	ck_assert_uint_eq(mock_kicks[2], 1);
	ck_assert_uint_eq(mock_kicks_total(), 1);
}
END_TEST

START_TEST(backends_run_out)
{
	unsigned int n = 0;

	while (xen_event_backend(notify))
		n++;
	ck_assert_uint_eq(n, 16);
}
END_TEST

START_TEST(virqs)
{
	struct evtchn_status s;
	uint32_t port, port1;

	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 0, &port), 0);
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 1, &port1), 0);
	ck_assert_uint_ne(port, port1);
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 1, NULL), -XEN_EEXIST);
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 3, NULL), -XEN_ENOENT);
	ck_assert_int_eq(bind_virq(NR_VIRQS, 0, NULL), -XEN_EINVAL);
	ck_assert_int_eq(bind_virq(~0u, 0, NULL), -XEN_EINVAL);
	ck_assert_int_eq(bind_virq(VIRQ_CONSOLE, 1, NULL), -XEN_EINVAL); /* global: vCPU 0 only */
	ck_assert_int_eq(bind_virq(VIRQ_XENPMU, 1, NULL), 0);
	ck_assert_int_eq(status(port1, &s), 0);
	ck_assert_uint_eq(s.status, EVTCHNSTAT_virq);
	ck_assert_uint_eq(s.u.virq, VIRQ_TIMER);
	ck_assert_uint_eq(s.vcpu, 1);
	mock_cpu = 1;
	xen_virq_raise(xen_vcpus[1], VIRQ_TIMER);
	ck_assert(taken(1, port1));
	xen_virq_raise(xen_vcpus[1], VIRQ_DEBUG); /* not bound: nothing happens */
	ck_assert_uint_eq(xen_vcpus[1]->info->evtchn_upcall_pending, 0);
	/* Closed, it can be bound again, and is not raised in between. */
	ck_assert_int_eq(port_op(EVTCHNOP_close, port1), 0);
	xen_virq_raise(xen_vcpus[1], VIRQ_TIMER);
	ck_assert_uint_eq(xen_vcpus[1]->info->evtchn_upcall_pending, 0);
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 1, &port), 0);
	ck_assert_uint_eq(port, port1);
}
END_TEST

START_TEST(unbound)
{
	struct evtchn_status s;
	uint32_t port;

	ck_assert_int_eq(alloc_unbound(DOMID_SELF, 0, &port), 0);
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), 0); /* dropped */
	ck_assert_int_eq(status(port, &s), 0);
	ck_assert_uint_eq(s.status, EVTCHNSTAT_unbound);
	ck_assert_uint_eq(s.u.unbound.dom, 0);
	ck_assert_int_eq(alloc_unbound(XEN_GUEST_DOMID, DOMID_SELF, &port), 0);
	ck_assert_int_eq(status(port, &s), 0);
	ck_assert_uint_eq(s.u.unbound.dom, XEN_GUEST_DOMID);
	ck_assert_int_eq(alloc_unbound(0, 0, &port), -XEN_EPERM);
	ck_assert_int_eq(alloc_unbound(7, 0, &port), -XEN_ESRCH);
}
END_TEST

START_TEST(moving_between_vcpus)
{
	uint32_t port = xen_event_backend(notify), ipi = bind_ipi(0), virq, global;

	bind_virq(VIRQ_TIMER, 0, &virq);
	bind_virq(VIRQ_CONSOLE, 0, &global);
	ck_assert_int_eq(bind_vcpu(port, 1), 0);
	xen_event_raise(port);
	ck_assert_uint_eq(mock_kicks[1], 1);
	/* Still pending when it moves on: the new vCPU hears of it. */
	ck_assert_int_eq(bind_vcpu(port, 2), 0);
	ck_assert_uint_eq(mock_kicks[2], 1);
	ck_assert(taken(2, port));
	ck_assert_int_eq(bind_vcpu(global, 2), 0);
	ck_assert_int_eq(bind_vcpu(ipi, 1), -XEN_EINVAL);
	ck_assert_int_eq(bind_vcpu(virq, 1), -XEN_EINVAL);
	ck_assert_int_eq(bind_vcpu(port, 3), -XEN_ENOENT);
	ck_assert_int_eq(bind_vcpu(4096, 1), -XEN_EINVAL);
	ck_assert_int_eq(bind_vcpu(4000, 1), -XEN_EINVAL);
}
END_TEST

START_TEST(close_and_errors)
{
	uint32_t port = bind_ipi(1);
	struct evtchn_status s;

	set_mask(port, true);
	port_op(EVTCHNOP_send, port);
	ck_assert_int_eq(port_op(EVTCHNOP_close, port), 0);
	ck_assert(!pending(port));
	ck_assert_int_eq(port_op(EVTCHNOP_close, port), -XEN_EINVAL);
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), -XEN_EINVAL);
	ck_assert_int_eq(status(port, &s), 0);
	ck_assert_uint_eq(s.status, EVTCHNSTAT_closed);
	xen_event_raise(port);
	xen_event_raise(~0u);
	ck_assert(!pending(port));

	ck_assert_int_eq(port_op(EVTCHNOP_close, 0), -XEN_EINVAL);
	ck_assert_int_eq(port_op(EVTCHNOP_close, 4096), -XEN_EINVAL);
	ck_assert_int_eq(port_op(EVTCHNOP_send, 4096), -XEN_EINVAL);
	ck_assert_int_eq(port_op(EVTCHNOP_send, ~0u), -XEN_EINVAL);
	ck_assert_int_eq(port_op(EVTCHNOP_unmask, 4096), -XEN_EINVAL);
	ck_assert_int_eq(status(4096, &s), -XEN_EINVAL);
	*(struct evtchn_bind_ipi *)mock_guest_at(arg) = (struct evtchn_bind_ipi){.vcpu = 3};
	ck_assert_int_eq(op(EVTCHNOP_bind_ipi), -XEN_ENOENT);
	/* A VIRQ's send, by Xen, is an error too. */
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 0, &port), 0);
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), -XEN_EINVAL);
}
END_TEST

/* A raise that meets the close of its port may leave it pending; the port's next user must not inherit it. */
START_TEST(new_ports_are_not_pending)
{
	uint32_t port = bind_ipi(1);

	ck_assert_int_eq(port_op(EVTCHNOP_close, port), 0);
	xen_domain.shared->evtchn_pending[port / 64] |= 1ul << (port % 64);
	ck_assert_uint_eq(bind_ipi(1), port);
	ck_assert(!pending(port));
	ck_assert_int_eq(port_op(EVTCHNOP_send, port), 0);
	ck_assert(taken(1, port));
}
END_TEST

START_TEST(ports_run_out)
{
	uint32_t n, last = 0;

	for (n = 1; n < 4096; n++)
		last = bind_ipi(n % 3);
	ck_assert_uint_eq(last, 4095);
	*(struct evtchn_bind_ipi *)mock_guest_at(arg) = (struct evtchn_bind_ipi){.vcpu = 0};
	ck_assert_int_eq(op(EVTCHNOP_bind_ipi), -XEN_ENOSPC);
	ck_assert_int_eq(bind_virq(VIRQ_TIMER, 0, NULL), -XEN_ENOSPC);
	ck_assert_int_eq(alloc_unbound(DOMID_SELF, 0, &n), -XEN_ENOSPC);
	ck_assert_uint_eq(xen_event_backend(notify), 0);
	/* The last one works like the first. */
	ck_assert_int_eq(port_op(EVTCHNOP_send, 4095), 0);
	ck_assert(taken(4095 % 3, 4095));
	*(struct evtchn_reset *)mock_guest_at(arg) = (struct evtchn_reset){.dom = 0};
	ck_assert_int_eq(op(EVTCHNOP_reset), -XEN_EPERM);
	*(struct evtchn_reset *)mock_guest_at(arg) = (struct evtchn_reset){.dom = DOMID_SELF};
	ck_assert_int_eq(op(EVTCHNOP_reset), 0);
	ck_assert_uint_eq(bind_ipi(0), 1);
}
END_TEST

START_TEST(not_served)
{
	static const uint32_t cmds[] = {EVTCHNOP_bind_interdomain,
					EVTCHNOP_bind_pirq,
					EVTCHNOP_init_control,
					EVTCHNOP_expand_array,
					EVTCHNOP_set_priority,
					14,
					~0u};
	unsigned int i;

	for (i = 0; i < TW_ARRAY_SIZE(cmds); i++)
		ck_assert_int_eq(op(cmds[i]), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, TW_ARRAY_SIZE(cmds));
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_event_channel_op);
	ck_assert_uint_eq(mock_missing_sub, ~0u);
}
END_TEST

START_TEST(faults)
{
	uint32_t cmd;

	arg = MOCK_VA - 4;
	for (cmd = 0; cmd <= EVTCHNOP_reset; cmd++)
		if (cmd != EVTCHNOP_bind_interdomain && cmd != EVTCHNOP_bind_pirq)
			ck_assert_int_eq(op(cmd), -XEN_EFAULT);
	arg = 0;
	ck_assert_int_eq(op(EVTCHNOP_send), -XEN_EFAULT);
}
END_TEST

/* VCPUOP_register_vcpu_info: contents move, everything is announced, later raises go there. */
START_TEST(moving_vcpu_info)
{
	uint64_t page = mock_guest_alloc(2 * TW_PAGE_SIZE);
	struct xen_vcpu *v = xen_vcpus[1];
	struct vcpu_info *old = v->info, *new;
	uint32_t port = bind_ipi(1), offset;

	page = TW_ALIGN_UP(page, TW_PAGE_SIZE);
	old->evtchn_upcall_mask = 1;
	old->arch.cr2 = 0x1234;
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN_OF(page), 4096 - 56), -XEN_EINVAL);
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN_OF(page), 4), -XEN_EINVAL);
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN + MOCK_PAGES, 0), -XEN_EINVAL);
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN - 1, 0), -XEN_EINVAL);
	ck_assert(v->info == old);

	offset = 4096 - sizeof(*new);
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN_OF(page), offset), 0);
	new = mock_guest_at(page + offset);
	ck_assert_ptr_eq(v->info, new);
	ck_assert_ptr_eq(v->hw->upcall, &new->evtchn_upcall_pending);
	ck_assert_ptr_eq(v->hw->cr2, &new->arch.cr2);
	ck_assert_uint_eq(new->evtchn_upcall_mask, 1);
	ck_assert_uint_eq(new->arch.cr2, 0x1234);
	ck_assert_uint_eq(new->evtchn_upcall_pending, 1);
	ck_assert_uint_eq(new->evtchn_pending_sel, ~0ul);
	ck_assert_uint_ne(new->time.version, 0);
	ck_assert_int_eq(xen_vcpu_info_register(v, MOCK_MFN_OF(page), 0), -XEN_EINVAL);

	new->evtchn_upcall_pending = 0;
	new->evtchn_pending_sel = 0;
	port_op(EVTCHNOP_send, port);
	ck_assert(taken(1, port));
	ck_assert_uint_eq(mock_kicks[1], 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-event");
	TCase *tc = tcase_create("event");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, ipi_to_another_vcpu);
	tcase_add_test(tc, ipi_to_oneself_needs_no_kick);
	tcase_add_test(tc, second_raise_is_silent);
	tcase_add_test(tc, masked_stays_pending_until_unmask);
	tcase_add_test(tc, masked_port_wakes_its_poller);
	tcase_add_test(tc, backend_port);
	tcase_add_test(tc, backends_run_out);
	tcase_add_test(tc, virqs);
	tcase_add_test(tc, unbound);
	tcase_add_test(tc, moving_between_vcpus);
	tcase_add_test(tc, close_and_errors);
	tcase_add_test(tc, new_ports_are_not_pending);
	tcase_add_test(tc, ports_run_out);
	tcase_add_test(tc, not_served);
	tcase_add_test(tc, faults);
	tcase_add_test(tc, moving_vcpu_info);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
