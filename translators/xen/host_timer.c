/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one-shot as Xen's own timer: set_timer_op takes its absolute time in a register, so that it costs
 * one exit and no look at guest memory, and VIRQ_TIMER comes by an upcall, whose end need not be told:
 * one exit less than the local APIC's timer has.
 *
 * Xen takes times of more than 13 days ahead for a mistake and fires after 100 ms; such a timer is set
 * in pieces.
 */
#include "host.h"

#define PIECE_NS    (1ull << 48) /* 3 days */
#define PIECE_TICKS_SHIFT 17	 /* ticks of 1.5 days: far below what any TSC counts in PIECE_NS */

/*
 * Xen's system time at which the neutral clock reads at least ns, rounded up (H-3): through the TSC,
 * whose line both clocks know.
 */
static uint64_t system_time_at(const struct vcpu_info *info, uint64_t ns)
{
	const struct tw_clock *clock = __atomic_load_n(&xen_host.host->line, __ATOMIC_ACQUIRE);
	struct tw_pvclock now = tw_pvclock_read((const struct tw_pvclock *)&info->time);
	uint64_t tsc = tw_clock_tsc_at(clock, ns);

	if (tsc > now.tsc_timestamp && tsc - now.tsc_timestamp > clock->tsc_hz << PIECE_TICKS_SHIFT)
		return now.system_time + PIECE_NS / 2;
	return tw_pvclock_ns(&now, tsc) + 1;
}

static void timer_set(uint64_t expiry_ns)
{
	struct xen_host_cpu *c = &xen_host.cpu[tw_cpu()];

	if (!c->has_timer) {
		xen_host.bare.timer_set(expiry_ns);
		return;
	}
	c->expiry_ns = expiry_ns;
	xen_host_count(XEN_HOST_NATIVE_TIMER);
	xen_host_call(__HYPERVISOR_set_timer_op, system_time_at(c->current, expiry_ns), NULL);
}

/* Time 0 stops it (H-2). */
static void timer_stop(void)
{
	if (xen_host.cpu[tw_cpu()].has_timer)
		xen_host_call(__HYPERVISOR_set_timer_op, 0, NULL);
	else
		xen_host.bare.timer_stop();
}

/* A piece, or a clock of Xen's that has been corrected meanwhile: go on for the rest. */
static bool timer_ack(void)
{
	const struct xen_host_cpu *c = &xen_host.cpu[tw_cpu()];

	if (!c->has_timer)
		return xen_host.bare.timer_ack();
	if (tw_time_ns() >= c->expiry_ns)
		return true;
	timer_set(c->expiry_ns);
	return false;
}

TW_INIT void xen_host_timer_init(void)
{
	struct tw_host *host = xen_host.host;

	if (!xen_host.shared)
		return;
	host->timer_set = timer_set;
	host->timer_stop = timer_stop;
	host->timer_ack = timer_ack;
	tw_serves(host, TW_OP_TIMER, "xen set_timer_op");
}
