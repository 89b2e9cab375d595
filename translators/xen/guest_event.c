/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Event channels in their 2-level form (xen/event_channel.h). The guest's pending and mask bits,
 * its vCPUs' selector words and upcall bytes are shared memory that all CPUs change at any time, so
 * raising an event takes no lock: every step is an atomic bit operation, in Xen's order. The lock
 * is for binding and closing only. FIFO event channels are left out: Linux falls back by itself.
 *
 * What keeps events from getting lost (hazards H-21, H-24, H-26):
 *  - a raise sets the pending bit first and reads the port's target after it; a change of the
 *    target is followed by a look at the pending bit. One of the two sees the other.
 *  - a moved vcpu_info is announced as "everything pending", after the switch.
 */
#include "guest_event.h"

/* Show an unmasked pending port to its vCPU; true if that is news which the vCPU must look at. */
static inline bool announce(struct xen_vcpu *target, uint32_t port)
{
	struct vcpu_info *info = __atomic_load_n(&target->info, __ATOMIC_ACQUIRE);

	if (bit_set(&info->evtchn_pending_sel, port / BITS_PER_LONG))
		return false;
	return !__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

/* Any vCPU may poll a port of the shim's backends, not only the one that the port notifies. */
static void kick_pollers(unsigned int target, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < xen_domain.vcpus; i++)
		if (i != target && i != cpu &&
		    __atomic_load_n(&xen_vcpus[i]->polling, __ATOMIC_RELAXED))
			tw_host.wake(i);
}

/* Raise port from the calling CPU, which needs no kick: it looks on its way back to the guest. */
static inline void event_raise(uint32_t port, unsigned int cpu)
{
	struct shared_info *shared = xen_domain.shared;
	struct xen_vcpu *target;
	bool news = false;
	union port p;

	if (bit_set(shared->evtchn_pending, port))
		return;
	p = port_get(port);
	target = xen_vcpus[p.vcpu];
	if (!bit_test(shared->evtchn_mask, port))
		news = announce(target, port);
	if (p.vcpu != cpu) {
		if (news)
			tw_kick(p.vcpu);
		else if (__atomic_load_n(&target->polling, __ATOMIC_RELAXED))
			tw_host.wake(p.vcpu); /* nothing to deliver: it only has to look */
	}
	if (p.state == EVTCHNSTAT_interdomain)
		kick_pollers(p.vcpu, cpu);
}

/* A port may be pending already without its (new) vCPU knowing: tell it. */
void xen_event_recheck(uint32_t port, struct xen_vcpu *target, unsigned int cpu)
{
	struct shared_info *shared = xen_domain.shared;

	if (bit_test(shared->evtchn_pending, port) && !bit_test(shared->evtchn_mask, port) &&
	    announce(target, port) && target->id != cpu)
		tw_kick(target->id);
}

void xen_event_raise(uint32_t port)
{
	if (port < XEN_PORTS && port_get(port).state != EVTCHNSTAT_closed)
		event_raise(port, tw_cpu());
}

void xen_virq_raise(struct xen_vcpu *v, uint32_t virq)
{
	uint32_t port = __atomic_load_n(&v->virq_port[virq], __ATOMIC_RELAXED);

	if (port)
		xen_event_raise(port);
}

bool xen_event_is_pending(uint32_t port)
{
	return port < XEN_PORTS && bit_test(xen_domain.shared->evtchn_pending, port);
}

/* --- the frequent ones --- */

static inline long event_send(uint64_t arg, struct xen_vcpu *v)
{
	struct evtchn_send send;
	union port p;

	if (tw_unlikely(tw_copy_from_guest(&send, arg, sizeof(send))))
		return -XEN_EFAULT;
	if (tw_unlikely(send.port >= XEN_PORTS))
		return -XEN_EINVAL;
	p = port_get(send.port);
	if (tw_likely(p.state == EVTCHNSTAT_ipi)) {
		xen_count(v, XEN_CALL_EVENT_SEND_IPI);
		event_raise(send.port, v->id);
		return 0;
	}
	xen_count(v, XEN_CALL_EVENT_SEND);
	if (p.state == EVTCHNSTAT_interdomain)
		xen_event_backends[p.detail]();
	else if (p.state != EVTCHNSTAT_unbound) /* nobody listens yet: dropped, not an error */
		return -XEN_EINVAL;
	return 0;
}

static inline long event_unmask(uint64_t arg, struct xen_vcpu *v)
{
	struct evtchn_unmask unmask;

	xen_count(v, XEN_CALL_EVENT_UNMASK);
	if (tw_unlikely(tw_copy_from_guest(&unmask, arg, sizeof(unmask))))
		return -XEN_EFAULT;
	if (tw_unlikely(unmask.port >= XEN_PORTS))
		return -XEN_EINVAL;
	if (bit_clear(xen_domain.shared->evtchn_mask, unmask.port))
		xen_event_recheck(unmask.port, xen_vcpus[port_get(unmask.port).vcpu], v->id);
	return 0;
}

long xen_event_channel_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			  struct xen_vcpu *v)
{
	uint32_t cmd = (uint32_t)a1;

	if (tw_likely(cmd == EVTCHNOP_send))
		return event_send(a2, v);
	if (cmd == EVTCHNOP_unmask)
		return event_unmask(a2, v);
	return xen_event_bind_op(cmd, a2, v);
}

long xen_vcpu_info_register(struct xen_vcpu *v, uint64_t mfn, uint32_t offset)
{
	struct vcpu_info *old = v->info, *new;
	uint8_t *page;

	if (v->info_registered || offset > TW_PAGE_SIZE - sizeof(*new) ||
	    offset % __alignof__(*new))
		return -XEN_EINVAL;
	page = tw_guest_frame(mfn);
	if (!page)
		return -XEN_EINVAL;
	new = (struct vcpu_info *)(page + offset);

	__builtin_memcpy(new, old, sizeof(*new));
	/*
	 * From here on raises go to the new place. One that still took the old place has set its
	 * port's pending bit before the switch, so the guest's scan of all words below finds it.
	 */
	__atomic_store_n(&v->info, new, __ATOMIC_SEQ_CST);
	v->hw->upcall = (struct tw_upcall *)&new->evtchn_upcall_pending;
	v->hw->cr2 = (uint64_t *)&new->arch.cr2;
	__atomic_store_n(&new->evtchn_pending_sel, ~(xen_ulong_t)0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&new->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	v->info_registered = true;
	xen_time_publish(v);
	return 0;
}
