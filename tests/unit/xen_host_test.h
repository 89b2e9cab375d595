/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A mock of Xen for the tests of its host side: the hypercalls that this side makes, answered as Xen does
 * for a PVH domain of four vCPUs whose numbers are three times the CPU's index (H-11), with switches to
 * refuse single ones.
 */
#ifndef TESTS_UNIT_XEN_HOST_TEST_H
#define TESTS_UNIT_XEN_HOST_TEST_H

#include <check.h>
#include <string.h>

#include "../../translators/xen/host.h"
#include "mock_hw.h"

#include <xen/features.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/version.h>

#define LEAF	 0x40000100u
#define CALL_MSR 0x40000200u
#define HZ	 2000000000ull
#define TSC0	 1000ull  /* of vcpu_time_info */
#define SYSTEM0	 70000ull /* system time then */
#define VCPUS	 64

#define CONSOLE_PA   0xfeffe000ull
#define CONSOLE_PORT 2
#define STORE_PA     0xfeffd000ull
#define STORE_PORT   1

#define BIT(vector) (1u << ((vector) - TW_VEC_FIRST))

static struct {
	long version;
	uint32_t features;
	bool refuse_map, refuse_info, refuse_bind, refuse_send, refuse_flush;
	uint8_t stable;

	struct shared_info *shared;
	struct vcpu_runstate_info *runstate[VCPUS * 3];
	uint64_t callback;
	uint8_t upcall_vector[VCPUS * 3];
	uint32_t timer_port[VCPUS * 3], ipi_port[VCPUS * 3], next_port;
	uint64_t timer;
	unsigned int sends, multicalls, flushes, yields;
	uint32_t sent_port;
	int reason;
	uint64_t param[HVM_NR_PARAMS];
	struct vcpu_info *info[VCPUS * 3]; /* where Xen sets what is pending */
	void (*on_send)(uint32_t port);	   /* the daemon at the other end */
	void (*on_yield)(void);
} xen;

static struct tw_host host;
static const struct tw_console *console;
static unsigned int current_cpu;
static uint64_t now_ns;
static unsigned int bare_ipis, bare_eois, bare_ends, bare_timers;

unsigned int tw_cpu(void)
{
	return current_cpu;
}

uint64_t tw_time_ns(void)
{
	return now_ns;
}

/* What Xen does when a port becomes pending. */
static inline void raise(struct xen_host_cpu *c, uint32_t port)
{
	xen.shared->evtchn_pending[port / 64] |= 1ull << port % 64;
	if (xen.shared->evtchn_mask[port / 64] >> port % 64 & 1)
		return;
	c->current->evtchn_pending_sel |= 1ull << port / 64;
	c->current->evtchn_upcall_pending = 1;
}

static inline void fill_time(struct vcpu_time_info *t)
{
	t->version = 2;
	t->tsc_timestamp = TSC0;
	t->system_time = SYSTEM0;
	t->tsc_to_system_mul = 1u << 31; /* half a ns a tick: 2 GHz */
	t->tsc_shift = 0;
	t->flags = xen.stable;
}

static inline long event_call(uint64_t cmd, void *arg)
{
	struct evtchn_bind_virq *virq = arg;
	struct evtchn_bind_ipi *ipi = arg;
	struct evtchn_unmask *unmask = arg;
	struct evtchn_send *send = arg;

	switch (cmd) {
	case EVTCHNOP_bind_virq:
		ck_assert_uint_eq(virq->virq, VIRQ_TIMER);
		xen.timer_port[virq->vcpu] = virq->port = ++xen.next_port;
		return xen.refuse_bind ? -22 : 0;
	case EVTCHNOP_bind_ipi:
		xen.ipi_port[ipi->vcpu] = ipi->port = ++xen.next_port;
		return xen.refuse_bind ? -22 : 0;
	case EVTCHNOP_unmask:
		xen.shared->evtchn_mask[unmask->port / 64] &= ~(1ull << unmask->port % 64);
		return 0;
	case EVTCHNOP_send:
		if (xen.refuse_send)
			return -22;
		xen.sends++;
		xen.sent_port = send->port;
		for (unsigned int cpu = 0; cpu < host.cpus; cpu++)
			if (send->port > STORE_PORT + 1 && send->port == xen.ipi_port[cpu * 3])
				raise(&xen_host.cpu[cpu], send->port);
		if (xen.on_send)
			xen.on_send(send->port);
		return 0;
	}
	ck_abort_msg("event channel operation %lu", (unsigned long)cmd);
}

static inline long hvm_call(uint64_t cmd, void *arg)
{
	struct xen_hvm_param *p = arg;
	struct xen_hvm_evtchn_upcall_vector *v = arg;

	switch (cmd) {
	case HVMOP_get_param:
		p->value = xen.param[p->index];
		return 0;
	case HVMOP_set_param:
		ck_assert_uint_eq(p->index, HVM_PARAM_CALLBACK_IRQ);
		xen.callback = p->value;
		return 0;
	case HVMOP_set_evtchn_upcall_vector:
		xen.upcall_vector[v->vcpu] = v->vector;
		return 0;
	case HVMOP_flush_tlbs:
		xen.flushes += !xen.refuse_flush;
		return xen.refuse_flush ? -38 : 0;
	}
	ck_abort_msg("hvm_op %lu", (unsigned long)cmd);
}

static inline long vcpu_call(uint64_t cmd, uint64_t vcpu, void *arg)
{
	struct vcpu_register_vcpu_info *place = arg;
	struct vcpu_register_runstate_memory_area *area = arg;
	struct vcpu_info *info;

	if (cmd == VCPUOP_register_runstate_memory_area) {
		xen.runstate[vcpu] = (void *)area->addr.p;
		return 0;
	}
	ck_assert_uint_eq(cmd, VCPUOP_register_vcpu_info);
	if (xen.refuse_info)
		return -22;
	info = (void *)((char *)hw_phys(place->mfn << 12) + place->offset);
	fill_time((struct vcpu_time_info *)&info->time);
	return 0;
}

static inline long sched_call(uint64_t cmd, void *arg)
{
	if (cmd == SCHEDOP_shutdown) {
		xen.reason = (int)((struct sched_shutdown *)arg)->reason;
	} else {
		ck_assert_uint_eq(cmd, SCHEDOP_yield);
		xen.yields++;
		if (xen.on_yield)
			xen.on_yield();
	}
	return 0;
}

static inline long map_call(struct xen_add_to_physmap *map)
{
	ck_assert_uint_eq(map->space, XENMAPSPACE_shared_info);
	if (xen.refuse_map)
		return -22;
	xen.shared = hw_phys(map->gpfn << 12);
	fill_time(&xen.shared->vcpu_info[0].time);
	memset(xen.shared->evtchn_mask, 0xff, sizeof(xen.shared->evtchn_mask));
	return 0;
}

long hw_xen_call(void *page, unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
	void *arg = (void *)(uintptr_t)a2;
	struct multicall_entry *calls = (void *)(uintptr_t)a1;

	switch (nr) {
	case __HYPERVISOR_xen_version:
		if (a1 == XENVER_get_features)
			((struct xen_feature_info *)arg)->submap = xen.features;
		return a1 == XENVER_version ? xen.version : 0;
	case __HYPERVISOR_memory_op:
		return map_call(arg);
	case __HYPERVISOR_event_channel_op:
		return event_call(a1, arg);
	case __HYPERVISOR_hvm_op:
		return hvm_call(a1, arg);
	case __HYPERVISOR_vcpu_op:
		return vcpu_call(a1, a2, (void *)(uintptr_t)a3);
	case __HYPERVISOR_sched_op:
		return sched_call(a1, arg);
	case __HYPERVISOR_set_timer_op:
		xen.timer = a1;
		return 0;
	case __HYPERVISOR_vm_assist:
		return 0;
	case __HYPERVISOR_multicall:
		xen.multicalls++;
		for (uint64_t i = 0; i < a2; i++)
			calls[i].result = hw_xen_call(page, (unsigned int)calls[i].op, calls[i].args[0],
						      calls[i].args[1], calls[i].args[2]);
		return 0;
	}
	ck_abort_msg("hypercall %u", nr);
}

static void b_init(unsigned int cpu) { }
static void b_ipi(unsigned int cpu, uint8_t vector) { bare_ipis++; }
static void b_many(uint64_t cpus, uint8_t vector) { bare_ipis++; }
static void b_eoi(void) { bare_eois++; }
static void b_end(void) { bare_ends++; }
static void b_timer_set(uint64_t ns) { bare_timers++; }
static void b_timer_stop(void) { bare_timers++; }
static bool b_timer_ack(void) { bare_timers++; return true; }
static uint32_t b_events(void) { return 0; }
static uint64_t b_wall(void) { return 1; }
static uint64_t b_steal(unsigned int cpu) { return 0; }
static bool b_listen(void) { return false; }

static void setup(void)
{
	mock_reset();
	memset(&xen, 0, sizeof(xen));
	xen.version = 4 << 16 | 17;
	xen.features = 1u << XENFEAT_hvm_callback_vector;
	xen.stable = 1;
	xen.next_port = 10;
	xen.reason = -1;
	mock_tsc_step = 0;
	current_cpu = bare_ipis = bare_eois = bare_ends = bare_timers = 0;
	now_ns = 0;
	host = (struct tw_host){ .cpus = 4,
				 .owns_apic = true,
				 .cpu_init = b_init,
				 .ipi = b_ipi,
				 .ipi_many = b_many,
				 .eoi = b_eoi,
				 .poweroff = b_end,
				 .reboot = b_end,
				 .crash = b_end,
				 .timer_set = b_timer_set,
				 .timer_stop = b_timer_stop,
				 .timer_ack = b_timer_ack,
				 .events = b_events,
				 .wallclock_ns = b_wall,
				 .steal_ns = b_steal,
				 .console_listen = b_listen };
	tw_clock_scale(&host.clock, HZ);
	host.line = &host.clock;
	for (unsigned int cpu = 0; cpu < TW_MAX_CPUS; cpu++)
		host.apic_id[cpu] = cpu * 6; /* vCPU 3 * cpu */
	mock_set_cpuid(LEAF, 0, LEAF + 4, 0, 0, 0);
	mock_set_cpuid(LEAF + 2, 0, 1, CALL_MSR, 0, 0);
	mock_set_cpuid(LEAF + 3, 0, 2, 0, 1500000, 0);
}

/* As the shim does it; the boot CPU's cpu_init() is left to the test. */
static uint64_t start(void)
{
	uint64_t hz;

	console = xen_host_driver.console(LEAF);
	if (console) {
		bare_console_offer(console);
		bare_console_early("hypervisor");
	}
	hz = xen_host_driver.tsc_hz(LEAF);
	xen_host_driver.init(&host, LEAF);
	return hz;
}

#endif /* TESTS_UNIT_XEN_HOST_TEST_H */
