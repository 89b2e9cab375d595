/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * translators/xen, guest side: the one internal header. Each prototype stands under the file that
 * owns it. Numbers and layouts come from Xen's public headers (libxen-dev); file names in comments
 * such as "xen/vcpu.h" mean those.
 */
#ifndef TRANSLATORS_XEN_GUEST_H
#define TRANSLATORS_XEN_GUEST_H

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
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "twoway/attr.h"
#include "twoway/guest.h"
#include "twoway/guest_mem.h"
#include "twoway/host.h"
#include "twoway/ledger.h"
#include "twoway/lock.h"
#include "twoway/resident.h"
#include "twoway/vcpu.h"

/* Errors of Xen's ABI (xen/errno.h), returned negated in RAX. */
enum {
	XEN_EPERM = 1,
	XEN_ENOENT = 2,
	XEN_EFAULT = 14,
	XEN_EBUSY = 16,
	XEN_EEXIST = 17,
	XEN_EINVAL = 22,
	XEN_ENOSPC = 28,
	XEN_ENOSYS = 38,
	XEN_ETIME = 62,
	XEN_ENODATA = 61,
	XEN_EOPNOTSUPP = 95,
	XEN_ENOMEM = 12,
	XEN_ESRCH = 3,
};

/* The guest's own domain number: that of a first domU. The other end of everything is domain 0. */
#define XEN_GUEST_DOMID 1

/* 0 if a call's domain argument means the guest itself; else Xen's answer to an ordinary domU. */
static inline long xen_self_check(domid_t domid)
{
	if (domid == DOMID_SELF || domid == XEN_GUEST_DOMID)
		return 0;
	return domid == 0 ? -XEN_EPERM : -XEN_ESRCH;
}

/* A 48-bit address as the CPU wants it: loading another one into a base register faults. */
static inline bool xen_canonical(uint64_t va)
{
	return va >> 47 == 0 || va >> 47 == 0x1ffff;
}

/* One virtual CPU. vCPU n always runs on CPU n. */
struct xen_vcpu {
	struct tw_vcpu *hw; /* what the entry code sees: traps, callbacks, stack, upcall bytes */
	unsigned int id;
	bool initialised, up, started;
	struct resident_start start; /* first registers, from VCPUOP_initialise */
	bool info_registered;	/* VCPUOP_register_vcpu_info was used (once only) */
	struct vcpu_info *info; /* shared_info's, or the registered one; never NULL once created */
	uint64_t *calls;	/* this CPU's ledger counters */

	/* guest_timer.c */
	uint64_t timer_expiry;	    /* ns, 0 = off */
	uint64_t periodic_ns;	    /* period of the periodic timer, 0 = off */
	uint64_t periodic_next;	    /* its next expiry, ns */
	struct vcpu_time_info *time_area; /* registered secondary copy, or NULL */
	uint64_t runstate_va;	    /* registered runstate area, 0 = none */
	struct vcpu_runstate_info runstate; /* as of the last change of state */
	uint64_t steal_seen;	    /* host steal time that runstate already holds, ns */

	/* guest_event.c */
	uint32_t virq_port[NR_VIRQS]; /* 0 = not bound */

	/* guest_sched.c */
	bool polling; /* inside SCHEDOP_poll */
	uint64_t poll_expiry; /* ns: when SCHEDOP_poll gives up; 0 = never */
};

struct xen_domain {
	struct shared_info *shared; /* the guest's page */
	uint64_t shared_pa;
	uint64_t max_pages; /* frames that the guest owns */
	uint64_t max_mfn;   /* highest machine frame of RAM */
	unsigned int vcpus;

	struct xencons_interface *console; /* ring page */
	uint32_t console_port;
	struct xenstore_domain_interface *store; /* ring page */
	uint32_t store_port;

	bool runstate_update_flag; /* vm_assist VMASST_TYPE_runstate_update_flag is on */
};

extern struct xen_domain xen_domain;
extern struct xen_vcpu *xen_vcpus[TW_MAX_CPUS]; /* [0..xen_domain.vcpus-1] */

/*
 * A hypercall. Arguments come in the order and registers of Xen's ABI; the vCPU stands last so that
 * the entry code need not move them. Returns the value for RAX: >= 0 or a negated XEN_E*.
 */
typedef long xen_call_fn(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			 struct xen_vcpu *v);

/* --- guest.c: the table of calls and the profile --- */
/* Ledger indexes; order and names as in xen_calls[] (guest_calls.h lists them). */
#include "guest_calls.h"

static inline void xen_count(struct xen_vcpu *v, enum xen_call_index index)
{
	tw_count(v->calls, index);
}

/* Count an unknown (sub-)call and give the ABI's answer, -ENOSYS. */
long xen_missing(const char *name, uint32_t nr, uint32_t sub);

/* --- guest_start.c --- */
/* vcpu_info of a vCPU that has no place in shared_info (32 and up) until it registers one. */
struct vcpu_info *xen_spare_info(unsigned int id);

/* --- guest_cpuid.c --- */
void xen_cpuid(uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);

/* --- guest_event.c: 2-level event channels (xen/event_channel.h) --- */
void xen_event_init(void);
xen_call_fn xen_event_channel_op;
/*
 * Raise a bound port: latch it pending and, unless masked, notify its vCPU. Safe from interrupt
 * handlers and from any CPU. A vCPU in SCHEDOP_poll is kicked even for a masked port (H-26): the
 * poller must set v->polling, then a full fence, then look at the pending bits.
 */
void xen_event_raise(uint32_t port);
/* Raise a virtual interrupt of one vCPU if it is bound. */
void xen_virq_raise(struct xen_vcpu *v, uint32_t virq);
/*
 * Make a port whose other end is the shim itself (console, xenstore): the guest's send calls
 * notify() on its own CPU. Returns the port, or 0 when none is left.
 */
uint32_t xen_event_backend(void (*notify)(void));
/* Is the port's pending bit set (masked or not)? For SCHEDOP_poll. */
bool xen_event_is_pending(uint32_t port);
/*
 * VCPUOP_register_vcpu_info: move v's vcpu_info to offset in frame mfn; no event is lost. v must be
 * the caller or down (the caller checks that). -EINVAL: bad place, or registered before.
 */
long xen_vcpu_info_register(struct xen_vcpu *v, uint64_t mfn, uint32_t offset);

/* --- guest_timer.c: pvclock, wallclock, one-shot timers, runstate --- */
/*
 * Fill the vcpu_time_info of v (and its registered copy) from tw_host.clock: when v is created and
 * whenever the clock's parameters change. On v's own CPU, or while v is down.
 */
void xen_time_publish(struct xen_vcpu *v);
void xen_wallclock_publish(void);
/* The neutral clock runs by another line: publish both anew, for all vCPUs. */
void xen_time_moved(void);
/* The CPU's one-shot fired: raise VIRQ_TIMER. */
void xen_timer_fired(unsigned int cpu);
xen_call_fn xen_set_timer_op;
/* Let the CPU's one-shot also wake SCHEDOP_poll at expiry (ns; 0 = no more). */
void xen_timer_poll(struct xen_vcpu *v, uint64_t expiry);
/* The timer, runstate and time-area sub-operations of vcpu_op; called by guest_vcpu.c. */
long xen_vcpu_timer_op(uint64_t cmd, struct xen_vcpu *target, uint64_t arg, struct xen_vcpu *v);
/*
 * Account v's time by state. block and run stand around a wait (SCHEDOP_block, poll), on v's CPU.
 * offline: v was created down, or goes down (VCPUOP_down); run also ends that (VCPUOP_up).
 */
void xen_runstate_block(struct xen_vcpu *v);
void xen_runstate_run(struct xen_vcpu *v);
void xen_runstate_offline(struct xen_vcpu *v);

/* --- guest_console.c: the console ring and console_io --- */
/* Take the ring page and make its port; call once before the guest starts. */
void xen_console_init(struct xencons_interface *ring);
/* Input may be waiting at the host's console: move what fits into the ring. */
void xen_console_input(void);
xen_call_fn xen_console_io;

/* --- guest_store.c: xenstore, served in place (xen/io/xs_wire.h) --- */
/* Build the tree from xen_domain and take the ring page; call once, after xen_domain.vcpus and
 * .max_pages are known and before the guest starts. */
void xen_store_init(struct xenstore_domain_interface *ring);
/*
 * Write a node from the shim's side and fire the guest's watches, e.g. ("control/shutdown",
 * "poweroff"). path is absolute or relative to the guest's home; value is a string. 0, or -ENOSPC
 * when the store is full, -EINVAL for a bad path.
 */
long xen_store_write(const char *path, const char *value);

/* --- guest_grant.c: grant tables, version 1 --- */
/* The frames that hold the guest's grant table: first_mfn.. are the guest's and zeroed. */
void xen_grant_init(uint64_t first_mfn, unsigned int frames);
xen_call_fn xen_grant_table_op;

/* --- guest_version.c --- */
extern const uint8_t xen_guest_uuid[16]; /* XENVER_guest_handle, and /vm/<uuid> of xenstore */
xen_call_fn xen_xen_version;

/* --- guest_vcpu.c --- */
xen_call_fn xen_vcpu_op;

/* --- guest_cpu.c: descriptors, traps, callbacks, segment bases, debug registers --- */
xen_call_fn xen_set_trap_table, xen_set_gdt, xen_stack_switch, xen_set_callbacks,
	xen_fpu_taskswitch, xen_set_debugreg, xen_get_debugreg, xen_update_descriptor,
	xen_callback_op, xen_set_segment_base, xen_vm_assist, xen_physdev_op;

/* --- guest_mmu.c: page tables --- */
xen_call_fn xen_mmu_update, xen_update_va_mapping, xen_mmuext_op;
/* A kernel store to a present read-only page: true if it was a page table and is writable now. */
bool xen_write_fault(uint64_t va, struct tw_vcpu *hw);

/* --- guest_memory.c --- */
xen_call_fn xen_memory_op;

/* --- guest_sched.c --- */
xen_call_fn xen_sched_op;

#endif /* TRANSLATORS_XEN_GUEST_H */
