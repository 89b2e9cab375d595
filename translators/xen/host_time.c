/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Time on Xen. vcpu_time_info gives the TSC's frequency as Xen itself uses it, so nothing is calibrated
 * (on PVH there is nothing to calibrate by), and the neutral clock is the TSC by that scale. Wall
 * clock: shared_info has UTC at system time 0. Steal time: what a vCPU's runstate says it was runnable
 * without running, or offline.
 *
 * shared_info takes the place of a page of ours (XENMEM_add_to_physmap): what was there is lost.
 */
#include "host.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/memory.h>

#define LEAF_TIME      (XEN_CPUID_LEAF(3) - XEN_CPUID_LEAF(0))
#define TSC_EMULATED   (1u << 0)
#define TSC_RELIABLE   (1u << 1) /* the host's TSCs are one line */
#define TSC_HZ_MIN     1000000

static TW_INIT struct shared_info *shared_map(void)
{
	struct xen_add_to_physmap map = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info };
	uint64_t pa;
	void *page = tw_host_overlay_page(&pa);

	map.gpfn = pa >> TW_PAGE_SHIFT;
	return xen_host_call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map) ? NULL : page;
}

static const struct tw_pvclock *clock_of(const struct vcpu_info *info)
{
	return (const struct tw_pvclock *)&info->time;
}

TW_INIT uint64_t xen_host_clock_hz(uint32_t leaf)
{
	struct tw_pvclock now;
	uint64_t hz = 0;

	if (xen_host_call_init(leaf) && !xen_host.shared)
		xen_host.shared = shared_map();
	if (xen_host.shared) {
		now = tw_pvclock_read(clock_of(&xen_host.shared->vcpu_info[0]));
		hz = tw_pvclock_hz(&now);
	}
	if (hz >= TSC_HZ_MIN || hw_cpuid(leaf, 0).eax < leaf + LEAF_TIME)
		return hz >= TSC_HZ_MIN ? hz : 0;
	hz = hw_cpuid(leaf + LEAF_TIME, 0).ecx * 1000ull;
	return hz >= TSC_HZ_MIN ? hz : 0;
}

/* UTC is "UTC at system time 0" plus system time; Xen corrects the first when its clock is set. */
static uint64_t wallclock_ns(void)
{
	const volatile struct shared_info *s = xen_host.shared;
	struct tw_pvclock clock;
	uint32_t version;
	uint64_t zero;

	xen_host_count(XEN_HOST_NATIVE_WALL);
	do {
		version = s->wc_version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		zero = ((uint64_t)s->xen_wc_sec_hi << 32 | s->wc_sec) * TW_NS_PER_S + s->wc_nsec;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != s->wc_version);
	clock = tw_pvclock_read(clock_of(xen_host.cpu[0].current));
	return zero + tw_pvclock_ns(&clock, hw_rdtsc());
}

/* Xen writes the area while it switches the vCPU, marked in the entry time's top bit. */
static uint64_t steal_ns(unsigned int cpu)
{
	const volatile struct vcpu_runstate_info *r = &xen_host.cpu[cpu].runstate;
	uint64_t since, ns;

	do {
		since = r->state_entry_time;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		ns = r->time[RUNSTATE_runnable] + r->time[RUNSTATE_offline];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (since & XEN_RUNSTATE_UPDATE || since != r->state_entry_time);
	return ns;
}

void xen_host_time_cpu(unsigned int cpu)
{
	struct xen_host_cpu *c = &xen_host.cpu[cpu];
	struct vcpu_register_runstate_memory_area area = { .addr.v = &c->runstate };
	uint32_t vcpu = xen_host.vcpu[cpu];

	if (xen_host.shared && vcpu < XEN_LEGACY_MAX_VCPUS)
		c->current = &xen_host.shared->vcpu_info[vcpu];
	if (!hw_xen_call(xen_host.page, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area,
			 vcpu, (uintptr_t)&area))
		xen_host_count(XEN_HOST_NATIVE_STEAL);
}

TW_INIT void xen_host_time_init(uint32_t leaf)
{
	struct tw_host *host = xen_host.host;
	uint32_t tsc = 0;

	/* Without the mark a reader could see half a change; the times are then a little wrong. */
	xen_host_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable, (void *)VMASST_TYPE_runstate_update_flag);
	host->steal_ns = steal_ns;
	tw_serves(host, TW_OP_STEAL, "xen runstate");
	if (!xen_host.shared)
		return;
	xen_host_count(XEN_HOST_NATIVE_CLOCK);
	if (hw_cpuid(leaf, 0).eax >= leaf + LEAF_TIME) {
		xen_host.time_leaf = leaf + LEAF_TIME;
		tsc = hw_cpuid(xen_host.time_leaf, 0).eax;
		host->clock_told = xen_host_clock_told;
	}
	host->clock.stable = host->cpus == 1 || tsc & (TSC_EMULATED | TSC_RELIABLE) ||
			     clock_of(&xen_host.shared->vcpu_info[0])->flags & TW_PVCLOCK_STABLE;
	tw_serves(host, TW_OP_TIME, "xen vcpu_time_info");
	host->wallclock_ns = wallclock_ns;
	tw_serves(host, TW_OP_WALLCLOCK, "xen shared_info");
}
