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
#include "guest.h"

#define XEN_PORTS     EVTCHN_2L_NR_CHANNELS
#define XEN_BACKENDS  16
#define BITS_PER_LONG 64

/* One port; a single word so that it is read whole. */
union port {
	struct {
		uint8_t state; /* EVTCHNSTAT_* */
		uint8_t vcpu;  /* who is notified */
		uint16_t
		    detail; /* unbound: remote domain; interdomain: backend; virq: its number */
	};
	uint32_t word;
};

union event_args {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_close close;
	struct evtchn_status status;
	struct evtchn_reset reset;
};

static union port ports[XEN_PORTS];
static void (*backends[XEN_BACKENDS])(void);
static struct tw_lock lock; /* for changes of ports[], backends[] and virq_port[] */

static inline union port port_get(uint32_t port)
{
	union port p = {.word = __atomic_load_n(&ports[port].word, __ATOMIC_ACQUIRE)};

	return p;
}

static inline void port_set(uint32_t port, uint8_t state, uint8_t vcpu, uint16_t detail)
{
	union port p = {{.state = state, .vcpu = vcpu, .detail = detail}};

	__atomic_store_n(&ports[port].word, p.word, __ATOMIC_SEQ_CST);
}

static inline bool bit_test(const xen_ulong_t *map, uint32_t bit)
{
	return __atomic_load_n(&map[bit / BITS_PER_LONG], __ATOMIC_SEQ_CST) >>
		   (bit % BITS_PER_LONG) &
	       1;
}

/* Set or clear a bit; true if it was set before. */
static inline bool bit_set(xen_ulong_t *map, uint32_t bit)
{
	xen_ulong_t mask = (xen_ulong_t)1 << (bit % BITS_PER_LONG);

	return __atomic_fetch_or(&map[bit / BITS_PER_LONG], mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool bit_clear(xen_ulong_t *map, uint32_t bit)
{
	xen_ulong_t mask = (xen_ulong_t)1 << (bit % BITS_PER_LONG);

	return __atomic_fetch_and(&map[bit / BITS_PER_LONG], ~mask, __ATOMIC_SEQ_CST) & mask;
}

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
static inline void event_recheck(uint32_t port, struct xen_vcpu *target, unsigned int cpu)
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

/* The lowest free port, or 0 if there is none. Port 0 is never given out. Needs the lock. */
static uint32_t port_free(void)
{
	uint32_t port;

	for (port = 1; port < XEN_PORTS; port++)
		if (ports[port].state == EVTCHNSTAT_closed)
			return port;
	return 0;
}

/*
 * Take a free port; 0 if there is none. Needs the lock. A raise that met the close of its last use may
 * have left it pending, and then no raise would ever be news.
 */
static uint32_t port_take(uint8_t state, unsigned int vcpu, uint16_t detail)
{
	uint32_t port = port_free();

	if (port) {
		bit_clear(xen_domain.shared->evtchn_pending, port);
		port_set(port, state, (uint8_t)vcpu, detail);
	}
	return port;
}

uint32_t xen_event_backend(void (*notify)(void))
{
	uint32_t port = 0;
	uint16_t i;

	tw_lock(&lock);
	for (i = 0; i < XEN_BACKENDS && backends[i]; i++)
		;
	if (i < XEN_BACKENDS)
		port = port_take(EVTCHNSTAT_interdomain, 0, i);
	if (port)
		backends[i] = notify;
	tw_unlock(&lock);
	return port;
}

/* --- the rare operations; each has its arguments copied in and, where they say so, out --- */

static long event_alloc_unbound(union event_args *args)
{
	struct evtchn_alloc_unbound *a = &args->alloc_unbound;
	long rc = xen_self_check(a->dom);

	if (rc)
		return rc;
	if (a->remote_dom == DOMID_SELF)
		a->remote_dom = XEN_GUEST_DOMID;
	a->port = port_take(EVTCHNSTAT_unbound, 0, a->remote_dom);
	return a->port ? 0 : -XEN_ENOSPC;
}

/* VIRQs that belong to a vCPU; all others are the domain's and may be moved between vCPUs. */
static bool virq_is_per_vcpu(uint32_t virq)
{
	return virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF ||
	       virq == VIRQ_XENPMU;
}

static long event_bind_virq(union event_args *args)
{
	struct evtchn_bind_virq *a = &args->bind_virq;
	uint32_t *bound;

	if (a->virq >= NR_VIRQS || (!virq_is_per_vcpu(a->virq) && a->vcpu != 0))
		return -XEN_EINVAL;
	if (a->vcpu >= xen_domain.vcpus)
		return -XEN_ENOENT;
	bound = &xen_vcpus[a->vcpu]->virq_port[a->virq];
	if (*bound)
		return -XEN_EEXIST;
	a->port = port_take(EVTCHNSTAT_virq, a->vcpu, (uint16_t)a->virq);
	if (!a->port)
		return -XEN_ENOSPC;
	__atomic_store_n(bound, a->port, __ATOMIC_RELEASE);
	return 0;
}

static long event_bind_ipi(union event_args *args)
{
	struct evtchn_bind_ipi *a = &args->bind_ipi;

	if (a->vcpu >= xen_domain.vcpus)
		return -XEN_ENOENT;
	a->port = port_take(EVTCHNSTAT_ipi, a->vcpu, 0);
	return a->port ? 0 : -XEN_ENOSPC;
}

static long event_bind_vcpu(union event_args *args)
{
	const struct evtchn_bind_vcpu *a = &args->bind_vcpu;
	union port p;

	if (a->vcpu >= xen_domain.vcpus)
		return -XEN_ENOENT;
	if (a->port >= XEN_PORTS)
		return -XEN_EINVAL;
	p = ports[a->port];
	if (p.state != EVTCHNSTAT_unbound && p.state != EVTCHNSTAT_interdomain &&
	    !(p.state == EVTCHNSTAT_virq && !virq_is_per_vcpu(p.detail)))
		return -XEN_EINVAL;
	port_set(a->port, p.state, (uint8_t)a->vcpu, p.detail);
	event_recheck(a->port, xen_vcpus[a->vcpu], tw_cpu());
	return 0;
}

static long port_close(uint32_t port)
{
	union port p;

	if (port >= XEN_PORTS)
		return -XEN_EINVAL;
	p = ports[port];
	switch (p.state) {
	case EVTCHNSTAT_closed:
		return -XEN_EINVAL;
	case EVTCHNSTAT_virq:
		__atomic_store_n(&xen_vcpus[p.vcpu]->virq_port[p.detail], 0, __ATOMIC_RELEASE);
		break;
	}
	port_set(port, EVTCHNSTAT_closed, 0, 0);
	bit_clear(xen_domain.shared->evtchn_pending, port);
	return 0;
}

static long event_close(union event_args *args)
{
	return port_close(args->close.port);
}

static long event_status(union event_args *args)
{
	struct evtchn_status *a = &args->status;
	long rc = xen_self_check(a->dom);
	union port p;

	if (rc)
		return rc;
	if (a->port >= XEN_PORTS)
		return -XEN_EINVAL;
	p = ports[a->port];
	a->status = p.state;
	a->vcpu = p.vcpu;
	switch (p.state) {
	case EVTCHNSTAT_unbound:
		a->u.unbound.dom = p.detail;
		break;
	case EVTCHNSTAT_interdomain:
		a->u.interdomain.dom = 0;
		a->u.interdomain.port = a->port; /* the shim's end has no number of its own */
		break;
	case EVTCHNSTAT_virq:
		a->u.virq = p.detail;
		break;
	}
	return 0;
}

static long event_reset(union event_args *args)
{
	long rc = xen_self_check(args->reset.dom);
	uint32_t port;

	if (rc)
		return rc;
	for (port = 1; port < XEN_PORTS; port++)
		port_close(port);
	return 0;
}

static const struct event_op {
	long (*serve)(union event_args *args); /* NULL: not served */
	uint8_t size;			       /* of the arguments */
	bool out;			       /* they carry results */
	uint8_t count;			       /* enum xen_call_index */
} event_ops[] = {
#define OP(name, out, index)                                                                       \
	[EVTCHNOP_##                                                                               \
	    name] = {event_##name, sizeof(struct evtchn_##name), out, XEN_CALL_EVENT_##index}
    OP(alloc_unbound, true, ALLOC),  OP(bind_virq, true, BIND_VIRQ), OP(bind_ipi, true, BIND_IPI),
    OP(bind_vcpu, false, BIND_VCPU), OP(close, false, CLOSE),	     OP(status, true, STATUS),
    OP(reset, false, RESET),
#undef OP
};

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
		backends[p.detail]();
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
		event_recheck(unmask.port, xen_vcpus[port_get(unmask.port).vcpu], v->id);
	return 0;
}

long xen_event_channel_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			  struct xen_vcpu *v)
{
	uint32_t cmd = (uint32_t)a1;
	const struct event_op *op;
	union event_args args;
	long rc;

	if (tw_likely(cmd == EVTCHNOP_send))
		return event_send(a2, v);
	if (cmd == EVTCHNOP_unmask)
		return event_unmask(a2, v);

	if (cmd >= TW_ARRAY_SIZE(event_ops) || !event_ops[cmd].serve)
		return xen_missing("event_channel_op", __HYPERVISOR_event_channel_op, cmd);
	op = &event_ops[cmd];
	xen_count(v, op->count);
	if (tw_copy_from_guest(&args, a2, op->size))
		return -XEN_EFAULT;
	tw_lock(&lock);
	rc = op->serve(&args);
	tw_unlock(&lock);
	if (rc == 0 && op->out && tw_copy_to_guest(a2, &args, op->size))
		rc = -XEN_EFAULT;
	return rc;
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

TW_INIT void xen_event_init(void)
{
	__builtin_memset(ports, 0, sizeof(ports));
	__builtin_memset(backends, 0, sizeof(backends));
}
