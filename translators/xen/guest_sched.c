/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* sched_op (xen/sched.h): yield, block, poll, shutdown. */
#include "guest.h"

#include <xen/sched.h>

/*
 * An NMI that hits the wait cannot enter the guest from there, and the interrupt that was to bring it
 * in has woken the wait instead: end it and send that interrupt once more, for the way back.
 */
static bool nmi_waits(const struct xen_vcpu *v)
{
	return __atomic_load_n(&v->hw->nmi_wanted, __ATOMIC_RELAXED);
}

static void let_nmi_in(const struct xen_vcpu *v)
{
	if (nmi_waits(v))
		tw_host.ipi_self(TW_VEC_NMI);
}

/* Wait, with events enabled, until one is pending. Unmask and wait are one step (hazard H-25). */
static long block(struct xen_vcpu *v)
{
	struct tw_upcall *upcall = v->hw->upcall;

	upcall->mask = 0;
	if (upcall->pending)
		return 0;
	xen_runstate_block(v);
	do {
		tw_host.halt();
		hw_cli();
		upcall = v->hw->upcall;
	} while (!upcall->pending && !nmi_waits(v));
	xen_runstate_run(v);
	let_nmi_in(v);
	return 0;
}

static bool any_pending(const uint32_t *ports, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (xen_event_is_pending(ports[i]))
			return true;
	return false;
}

/* Like Xen: pending is enough, masked or not (H-26); an event that can be delivered ends it too. */
static long poll(struct xen_vcpu *v, uint64_t arg)
{
	struct sched_poll poll;
	uint32_t ports[128];

	if (tw_copy_from_guest(&poll, arg, sizeof(poll)))
		return -XEN_EFAULT;
	if (poll.nr_ports > TW_ARRAY_SIZE(ports))
		return -XEN_EINVAL;
	if (tw_copy_from_guest(ports, (uint64_t)poll.ports.p, poll.nr_ports * sizeof(ports[0])))
		return -XEN_EFAULT;
	for (unsigned int i = 0; i < poll.nr_ports; i++)
		if (ports[i] == 0 || ports[i] >= 4096)
			return -XEN_EINVAL;
	__atomic_store_n(&v->polling, true, __ATOMIC_SEQ_CST);
	if (poll.timeout)
		xen_timer_poll(v, poll.timeout);
	xen_runstate_block(v);
	while (!any_pending(ports, poll.nr_ports) && !nmi_waits(v) &&
	       !(v->hw->upcall->pending && !v->hw->upcall->mask) &&
	       !(poll.timeout && tw_time_ns() >= poll.timeout)) {
		tw_host.halt();
		hw_cli();
	}
	xen_runstate_run(v);
	v->polling = false;
	if (poll.timeout)
		xen_timer_poll(v, 0);
	let_nmi_in(v);
	return 0;
}

static long shutdown(struct xen_vcpu *v, uint64_t arg)
{
	struct sched_shutdown s;

	if (tw_copy_from_guest(&s, arg, sizeof(s)))
		return -XEN_EFAULT;
	switch (s.reason) {
	case SHUTDOWN_poweroff:
		tw_guest_end("poweroff");
	case SHUTDOWN_reboot:
	case SHUTDOWN_soft_reset:
		tw_guest_end("reboot");
	case SHUTDOWN_suspend:
		return 1; /* cancelled: there is no one to resume us */
	case SHUTDOWN_crash:
		tw_guest_end("crash");
	case SHUTDOWN_watchdog:
		tw_guest_end("watchdog");
	}
	return -XEN_EINVAL;
}

long xen_sched_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		  struct xen_vcpu *v)
{
	switch (a1) {
	case SCHEDOP_block:
		xen_count(v, XEN_CALL_SCHED_BLOCK);
		return block(v);
	case SCHEDOP_yield:
		xen_count(v, XEN_CALL_SCHED_YIELD);
		tw_host.yield();
		return 0;
	case SCHEDOP_poll:
		xen_count(v, XEN_CALL_SCHED_POLL);
		return poll(v, a2);
	case SCHEDOP_shutdown:
		xen_count(v, XEN_CALL_SCHED_SHUTDOWN);
		return shutdown(v, a2);
	}
	return xen_missing("sched_op", __HYPERVISOR_sched_op, (uint32_t)a1);
}
