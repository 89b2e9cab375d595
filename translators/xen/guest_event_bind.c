/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Event channels: binding ports, closing them and asking for their state. Rare, so under a lock.
 */
#include "guest_event.h"

union event_args {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_close close;
	struct evtchn_status status;
	struct evtchn_reset reset;
};

union port xen_ports[XEN_PORTS];
void (*xen_event_backends[XEN_BACKENDS])(void);
static struct tw_lock lock; /* for changes of the two above and of virq_port[] */

/* The lowest free port, or 0 if there is none. Port 0 is never given out. Needs the lock. */
static uint32_t port_free(void)
{
	uint32_t port;

	for (port = 1; port < XEN_PORTS; port++)
		if (xen_ports[port].state == EVTCHNSTAT_closed)
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
	for (i = 0; i < XEN_BACKENDS && xen_event_backends[i]; i++)
		;
	if (i < XEN_BACKENDS)
		port = port_take(EVTCHNSTAT_interdomain, 0, i);
	if (port)
		xen_event_backends[i] = notify;
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
	p = xen_ports[a->port];
	if (p.state != EVTCHNSTAT_unbound && p.state != EVTCHNSTAT_interdomain &&
	    !(p.state == EVTCHNSTAT_virq && !virq_is_per_vcpu(p.detail)))
		return -XEN_EINVAL;
	port_set(a->port, p.state, (uint8_t)a->vcpu, p.detail);
	xen_event_recheck(a->port, xen_vcpus[a->vcpu], tw_cpu());
	return 0;
}

static long port_close(uint32_t port)
{
	union port p;

	if (port >= XEN_PORTS)
		return -XEN_EINVAL;
	p = xen_ports[port];
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
	p = xen_ports[a->port];
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

long xen_event_bind_op(uint32_t cmd, uint64_t arg, struct xen_vcpu *v)
{
	const struct event_op *op;
	union event_args args;
	long rc;

	if (cmd >= TW_ARRAY_SIZE(event_ops) || !event_ops[cmd].serve)
		return xen_missing("event_channel_op", __HYPERVISOR_event_channel_op, cmd);
	op = &event_ops[cmd];
	xen_count(v, op->count);
	if (tw_copy_from_guest(&args, arg, op->size))
		return -XEN_EFAULT;
	tw_lock(&lock);
	rc = op->serve(&args);
	tw_unlock(&lock);
	if (rc == 0 && op->out && tw_copy_to_guest(arg, &args, op->size))
		rc = -XEN_EFAULT;
	return rc;
}

TW_INIT void xen_event_init(void)
{
	__builtin_memset(xen_ports, 0, sizeof(xen_ports));
	__builtin_memset(xen_event_backends, 0, sizeof(xen_event_backends));
}
