/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The domain before its first instruction: shared pages, vCPUs, ports. Boot only. */
#include "guest.h"
#include "guest_start.h"

static struct xen_vcpu vcpus[TW_MAX_CPUS];

static TW_INIT void create_vcpu(unsigned int id, struct tw_vcpu *hw)
{
	struct xen_vcpu *v = &vcpus[id];

	v->id = id;
	v->hw = hw;
	v->calls = tw_ledger_calls(id);
	v->info = id < XEN_LEGACY_MAX_VCPUS ? &xen_domain.shared->vcpu_info[id] : xen_spare_info(id);
	v->info->evtchn_upcall_mask = 1;
	if (id)
		xen_runstate_offline(v);
	hw->guest = (uint64_t)v;
	hw->upcall = (struct tw_upcall *)v->info;
	hw->cr2 = (uint64_t *)&v->info->arch.cr2;
	xen_vcpus[id] = v;
}

/* vCPUs beyond the 32 of shared_info have no place there until they register one. */
struct vcpu_info *xen_spare_info(unsigned int id)
{
	static struct vcpu_info spare[TW_MAX_CPUS - XEN_LEGACY_MAX_VCPUS];

	return &spare[id - XEN_LEGACY_MAX_VCPUS];
}

TW_INIT void xen_domain_create(const struct xen_domain_plan *plan)
{
	xen_domain.shared = hw_phys(plan->shared_info_pa);
	xen_domain.shared_pa = plan->shared_info_pa;
	xen_domain.max_pages = plan->pages;
	xen_domain.max_mfn = plan->max_mfn;
	xen_domain.vcpus = tw_host.cpus;
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		xen_domain.shared->vcpu_info[i].evtchn_upcall_mask = 1;
	for (unsigned int id = 0; id < xen_domain.vcpus; id++) {
		create_vcpu(id, plan->hw[id]);
		xen_time_publish(xen_vcpus[id]);
	}
	xen_vcpus[0]->initialised = xen_vcpus[0]->up = xen_vcpus[0]->started = true;
	xen_event_init();
	xen_wallclock_publish();
	xen_grant_init(plan->grant_mfn, XEN_GRANT_FRAMES);
	xen_console_init(hw_phys(plan->console_mfn << TW_PAGE_SHIFT));
	xen_store_init(hw_phys(plan->store_mfn << TW_PAGE_SHIFT));
}
