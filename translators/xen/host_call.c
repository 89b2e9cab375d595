/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hypercalls of an HVM or PVH guest. They go through the hypercall page, since only Xen knows the right
 * instruction: CPUID's vendor may be another than the one that virtualises. The page lies in the shim's
 * text; Xen writes its code there by physical address.
 *
 * Writing the MSR also tells Xen our word size (H-33), so it must come first.
 */
#include "host.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/features.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/version.h>

#define LEAF_CALLS (XEN_CPUID_LEAF(2) - XEN_CPUID_LEAF(0))
#define LEAF_HVM   (XEN_CPUID_LEAF(4) - XEN_CPUID_LEAF(0))

TW_INIT bool xen_host_call_init(uint32_t leaf)
{
	struct xen_feature_info features = { .submap_idx = 0 };
	struct hw_cpuid r = hw_cpuid(leaf + LEAF_CALLS, 0);
	uint64_t pa;

	if (xen_host.page)
		return true;
	if (hw_cpuid(leaf, 0).eax < leaf + LEAF_CALLS || !r.eax)
		return false;
	xen_host.page = tw_host_code_page(&pa);
	hw_wrmsr(r.ebx, pa);
	if (xen_host_call(__HYPERVISOR_xen_version, XENVER_version, NULL) < 3 << 16) {
		xen_host.page = NULL; /* nobody filled it */
		return false;
	}
	if (!xen_host_call(__HYPERVISOR_xen_version, XENVER_get_features, &features))
		xen_host.features = features.submap;
	return true;
}

uint64_t xen_host_param(uint32_t index)
{
	struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index };

	return xen_host_call(__HYPERVISOR_hvm_op, HVMOP_get_param, &param) ? 0 : param.value;
}

bool xen_host_param_set(uint32_t index, uint64_t value)
{
	struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index, .value = value };

	return !xen_host_call(__HYPERVISOR_hvm_op, HVMOP_set_param, &param);
}

struct hw_cpuid xen_host_hvm_leaf(uint32_t leaf)
{
	if (hw_cpuid(leaf, 0).eax < leaf + LEAF_HVM)
		return (struct hw_cpuid){ 0 };
	return hw_cpuid(leaf + LEAF_HVM, 0);
}
