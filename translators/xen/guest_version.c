/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * xen_version (xen/version.h): who we are and what we can do, all constants. The version is that of
 * the Xen whose interface was read for this guest side; "-twoway" says that it is not Xen itself.
 * Sub-operation 0 is Linux's way to let a pending event in after an unmask: the entry code does
 * that on the way back from any call, so it must only be quick.
 */
#include "guest.h"

#include <xen/version.h>

#define XEN_VERSION ((4 << 16) | 17)

/*
 * Root page tables may lie anywhere, MMU_PT_UPDATE_PRESERVE_AD and the available bits of grant
 * mappings are kept (Linux PV insists on both). Deliberately not set: writable_page_tables (no PV
 * Xen has it) and supervisor_mode_kernel (Linux would skip the syscall callback on other CPUs).
 */
#define XEN_FEATURES                                                                               \
	(1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad |             \
	 1u << XENFEAT_gnttab_map_avail_bits)

const uint8_t xen_guest_uuid[16] = {0x74, 0x77, 0x6f, 0x77, 0x61, 0x79, 0x40, 0x00,
				    0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01};

/* Copy text to a char[size] of the guest, the rest zero. size is a multiple of 16. */
static long put_text(uint64_t to, const char *text, size_t size)
{
	char chunk[16];
	size_t done, i;

	for (done = 0; done < size; done += sizeof(chunk)) {
		for (i = 0; i < sizeof(chunk); i++)
			chunk[i] = *text ? *text++ : '\0';
		if (tw_copy_to_guest(to + done, chunk, sizeof(chunk)))
			return -XEN_EFAULT;
	}
	return 0;
}

static long compile_info(uint64_t to)
{
	struct xen_compile_info info = {
	    .compiler = "gcc " __VERSION__,
	    .compile_by = "twoway",
	};

	return tw_copy_to_guest(to, &info, sizeof(info)) ? -XEN_EFAULT : 0;
}

static long get_features(uint64_t arg)
{
	struct xen_feature_info info;

	if (tw_copy_from_guest(&info, arg, sizeof(info)))
		return -XEN_EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -XEN_EINVAL;
	info.submap = XEN_FEATURES;
	return tw_copy_to_guest(arg, &info, sizeof(info)) ? -XEN_EFAULT : 0;
}

static long platform_parameters(uint64_t arg)
{
	struct xen_platform_parameters params = {.virt_start = HYPERVISOR_VIRT_START};

	return tw_copy_to_guest(arg, &params, sizeof(params)) ? -XEN_EFAULT : 0;
}

static long version_info(uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case XENVER_extraversion:
		return put_text(arg, "-twoway", XEN_EXTRAVERSION_LEN);
	case XENVER_compile_info:
		return compile_info(arg);
	case XENVER_capabilities:
		return put_text(arg, "xen-3.0-x86_64", XEN_CAPABILITIES_INFO_LEN);
	case XENVER_changeset:
		return put_text(arg, "twoway " TW_VERSION, XEN_CHANGESET_INFO_LEN);
	case XENVER_platform_parameters:
		return platform_parameters(arg);
	case XENVER_pagesize:
		return arg ? -XEN_EINVAL : (long)TW_PAGE_SIZE;
	case XENVER_guest_handle:
		return tw_copy_to_guest(arg, xen_guest_uuid, sizeof(xen_guest_uuid)) ? -XEN_EFAULT
										     : 0;
	case XENVER_commandline: /* the host's own: none of the guest's business */
		return put_text(arg, "", sizeof(xen_commandline_t));
	case XENVER_build_id:
		return -XEN_ENODATA;
	}
	return xen_missing("xen_version", __HYPERVISOR_xen_version, cmd);
}

long xen_xen_version(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		     struct xen_vcpu *v)
{
	uint32_t cmd = (uint32_t)a1;

	if (tw_likely(cmd == XENVER_version)) {
		xen_count(v, XEN_CALL_VERSION);
		return XEN_VERSION;
	}
	if (cmd == XENVER_get_features) {
		xen_count(v, XEN_CALL_VERSION_FEATURES);
		return get_features(a2);
	}
	xen_count(v, XEN_CALL_VERSION_INFO);
	return version_info(cmd, a2);
}
