/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the files of the Xen host side share; nobody else includes this. Numbers and layouts come from
 * Xen's public headers (libxen-dev). "Upcall" is Xen's word for the interrupt that says "some of your
 * event channels are pending".
 */
#ifndef TRANSLATORS_XEN_HOST_H
#define TRANSLATORS_XEN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without this Xen's headers show the layouts of long ago. */
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#endif
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/vcpu.h>

#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/hw_call.h"
#include "twoway/pvclock.h"

_Static_assert(sizeof(struct vcpu_time_info) == sizeof(struct tw_pvclock), "one layout");

/* Calls that the ledger counts; the order of tw_host.native[]. */
enum xen_host_native {
	XEN_HOST_NATIVE_CLOCK,
	XEN_HOST_NATIVE_WALL,
	XEN_HOST_NATIVE_STEAL,
	XEN_HOST_NATIVE_TIMER,
	XEN_HOST_NATIVE_UPCALL,
	XEN_HOST_NATIVE_SEND,
	XEN_HOST_NATIVE_SEND_MANY,
	XEN_HOST_NATIVE_FLUSH,
	XEN_HOST_NATIVE_YIELD,
	XEN_HOST_NATIVE_CONSOLE,
	XEN_HOST_NATIVE_STORE,
	XEN_HOST_NATIVES
};
_Static_assert(XEN_HOST_NATIVES < TW_NATIVE_MAX, "the table ends with an empty name");

/* Ports beyond this stay unused: the toolstack's are small, and a CPU needs two. */
#define XEN_HOST_PORTS 512

/* One CPU's memory, aligned so that nothing in it crosses a page. */
struct xen_host_cpu {
	struct vcpu_info info; /* registered with Xen; see *current */
	struct vcpu_runstate_info runstate; /* written by Xen */
	struct evtchn_send ipi;		    /* argument of the call that interrupts this CPU; port 0: none */
	uint32_t vectors;		    /* what that call is about, as tw_host.events() returns it */
	uint64_t expiry_ns;		    /* of the one-shot */
	struct vcpu_info *current;	    /* the one that Xen uses: info, or shared_info's */
	bool has_timer;			    /* the one-shot is Xen's */
} __attribute__((aligned(256)));
_Static_assert(sizeof(struct xen_host_cpu) == 256, "a power of two");

struct xen_host_machine {
	struct tw_host *host;
	struct tw_host bare;	/* the host as bare left it: what we fall back to */
	void *page;		/* the hypercall page; NULL: no hypercalls */
	uint32_t features;	/* XENFEAT_* of submap 0 */
	uint32_t leaf4;		/* EAX of the HVM leaf: XEN_HVM_CPUID_* */
	uint32_t time_leaf;	/* of CPUID: what is known of the TSC; 0: nothing */
	struct shared_info *shared; /* NULL: could not be mapped */
	struct xen_host_cpu *cpu;   /* by CPU index */
	uint64_t cpu_pa;
	uint32_t vcpu[TW_MAX_CPUS]; /* Xen's number of each CPU, known once it is up (H-11) */
};
extern struct xen_host_machine xen_host;

static inline void xen_host_count(enum xen_host_native call)
{
	if (xen_host.host)
		tw_native_count(xen_host.host, call);
}

static inline long xen_host_call(unsigned int nr, uint64_t a1, const void *a2)
{
	return hw_xen_call(xen_host.page, nr, a1, (uintptr_t)a2, 0);
}

static inline bool xen_host_has(unsigned int feature)
{
	return xen_host.features >> feature & 1;
}

/* host_call.c */

/* Make hypercalls possible; false where they are not offered. Once, however often it is called. */
bool xen_host_call_init(uint32_t leaf);
/* An HVM parameter of this domain, 0 when there is none. */
uint64_t xen_host_param(uint32_t index);
bool xen_host_param_set(uint32_t index, uint64_t value);
/* Leaf +4: how interrupts are delivered here, and the calling CPU's number. */
struct hw_cpuid xen_host_hvm_leaf(uint32_t leaf);

/* host_time.c */

/* The TSC's frequency by Xen's clock, Hz, 0: there is none. Maps shared_info. */
uint64_t xen_host_clock_hz(uint32_t leaf);
/* The time members of xen_host.host. */
void xen_host_time_init(uint32_t leaf);
/* The calling CPU's vcpu_info, shared_info's until it is registered elsewhere; have its steal time told. */
void xen_host_time_cpu(unsigned int cpu);

/* host_follow.c: tw_host.clock_told. */
bool xen_host_clock_told(struct tw_clock *line);

/* host_timer.c */

void xen_host_timer_init(void);

/* host_event.c */

/* Have Xen's events delivered; false: the local APIC serves all. */
bool xen_host_event_init(void);
/* The calling CPU's vcpu_info, one-shot and IPI port. */
void xen_host_event_cpu(unsigned int cpu);
/* Let a port that the toolstack has made raise vector on CPU 0. False: it cannot be used. */
bool xen_host_event_listen(uint32_t port, uint8_t vector);
/* Tell the other end of a port. Works before xen_host_event_init(). */
void xen_host_event_send(uint32_t port);

/* host_cpu.c */

/* IPIs, waiting and TLB members of xen_host.host. events: event channels work. */
void xen_host_cpu_init(bool events);

/* host_services.c */

/* Event channels, and what goes by them; all that a VMI ROM leaves alone. */
void xen_host_services_init(void);

/* host_console.c */

const struct tw_console *xen_host_console(uint32_t leaf);
/* Have its input interrupt. */
void xen_host_console_init(bool events);

/* host_store.c */

/* Connect, and watch for what the domain's owner asks for. Events must work. */
void xen_host_store_init(void);
/* A key of ours, absolute or relative to the domain's home. False: it could not be done. */
bool xen_host_store_read(const char *key, char *value, size_t size);
bool xen_host_store_write(const char *key, const char *value);

/* host_power.c */

void xen_host_power_init(void);

#endif /* TRANSLATORS_XEN_HOST_H */
