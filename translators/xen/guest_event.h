/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Inside of the event channels: the table of ports, which raising (guest_event.c) reads without a lock
 * and binding (guest_event_bind.c) changes under one.
 */
#ifndef TRANSLATORS_XEN_GUEST_EVENT_H
#define TRANSLATORS_XEN_GUEST_EVENT_H

#include "guest.h"

#define XEN_PORTS     EVTCHN_2L_NR_CHANNELS
#define XEN_BACKENDS  16
#define BITS_PER_LONG 64

/* One port; a single word so that it is read whole. */
union port {
	struct {
		uint8_t state; /* EVTCHNSTAT_* */
		uint8_t vcpu;  /* who is notified */
		uint16_t detail; /* unbound: remote domain; interdomain: backend; virq: its number */
	};
	uint32_t word;
};

extern union port xen_ports[XEN_PORTS];
/* Whom the guest's send on an interdomain port calls: the shim's own end of it. */
extern void (*xen_event_backends[XEN_BACKENDS])(void);

static inline union port port_get(uint32_t port)
{
	union port p = { .word = __atomic_load_n(&xen_ports[port].word, __ATOMIC_ACQUIRE) };

	return p;
}

static inline void port_set(uint32_t port, uint8_t state, uint8_t vcpu, uint16_t detail)
{
	union port p = { { .state = state, .vcpu = vcpu, .detail = detail } };

	__atomic_store_n(&xen_ports[port].word, p.word, __ATOMIC_SEQ_CST);
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

/* A port may be pending already without its (new) vCPU knowing: tell it. cpu is the caller's. */
void xen_event_recheck(uint32_t port, struct xen_vcpu *target, unsigned int cpu);

/* All calls of EVTCHNOP_* but send and unmask. Same results as xen_event_channel_op(). */
long xen_event_bind_op(uint32_t cmd, uint64_t arg, struct xen_vcpu *v);

#endif /* TRANSLATORS_XEN_GUEST_EVENT_H */
