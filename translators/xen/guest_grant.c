/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Grant tables, version 1 (xen/grant_table.h). The table is the guest's permission to others; the
 * shim sees all memory anyway, so a table is only a fixed set of frames that the guest may map.
 * Nobody grants anything to this guest: mapping, copying and transferring fail per operation, with
 * a code that drivers take as a failure of that one, and are shown in the ledger as missing.
 */
#include "guest.h"

#include <xen/grant_table.h>

/* The most operations that one call may carry; drivers send batches of tens. */
#define GRANT_OPS_MAX 4096u

static uint64_t table_mfn;	  /* first frame of the table */
static unsigned int table_frames; /* how many there are */
static unsigned int table_in_use; /* how many the guest has asked for */

TW_INIT void xen_grant_init(uint64_t first_mfn, unsigned int frames)
{
	table_mfn = first_mfn;
	table_frames = frames;
	table_in_use = frames ? 1 : 0;
}

/* Whose table is meant, as a status. */
static int16_t domain_status(domid_t dom)
{
	switch (xen_self_check(dom)) {
	case 0:
		return GNTST_okay;
	case -XEN_EPERM:
		return GNTST_permission_denied;
	default:
		return GNTST_bad_domain;
	}
}

static long grant_setup_table(uint64_t arg)
{
	struct gnttab_setup_table op;
	uint64_t list, mfn;
	unsigned int i;

	if (tw_copy_from_guest(&op, arg, sizeof(op)))
		return -XEN_EFAULT;
	list = (uint64_t)(uintptr_t)op.frame_list.p;
	op.status = domain_status(op.dom);
	if (op.status == GNTST_okay && op.nr_frames > table_frames)
		op.status = GNTST_general_error;
	if (op.status == GNTST_okay) {
		for (i = 0; i < op.nr_frames; i++) {
			mfn = table_mfn + i;
			if (tw_copy_to_guest(list + i * sizeof(mfn), &mfn, sizeof(mfn)))
				return -XEN_EFAULT;
		}
		if (op.nr_frames > table_in_use)
			table_in_use = op.nr_frames;
	}
	return tw_copy_to_guest(arg, &op, sizeof(op)) ? -XEN_EFAULT : 0;
}

static long grant_query_size(uint64_t arg)
{
	struct gnttab_query_size op;

	if (tw_copy_from_guest(&op, arg, sizeof(op)))
		return -XEN_EFAULT;
	op.status = domain_status(op.dom);
	if (op.status == GNTST_okay) {
		op.nr_frames = table_in_use;
		op.max_nr_frames = table_frames;
	}
	return tw_copy_to_guest(arg, &op, sizeof(op)) ? -XEN_EFAULT : 0;
}

static long grant_set_version(uint64_t arg)
{
	struct gnttab_set_version op;

	if (tw_copy_from_guest(&op, arg, sizeof(op)))
		return -XEN_EFAULT;
	if (op.version == 2)
		return -XEN_ENOSYS;
	return op.version == 1 ? 0 : -XEN_EINVAL;
}

static long grant_get_version(uint64_t arg)
{
	struct gnttab_get_version op;
	long rc;

	if (tw_copy_from_guest(&op, arg, sizeof(op)))
		return -XEN_EFAULT;
	rc = xen_self_check(op.dom);
	if (rc)
		return rc;
	op.version = 1;
	return tw_copy_to_guest(arg, &op, sizeof(op)) ? -XEN_EFAULT : 0;
}

/* Operations on other domains' grants: where the status of one lies and what it is. */
static const struct grant_refusal {
	uint8_t size;	/* of one operation; 0: not an operation of this kind */
	uint8_t offset; /* of its int16_t status */
	int8_t status;
} grant_refusals[] = {
#define REFUSE(cmd, type, status_code) \
	[cmd] = { sizeof(struct type), offsetof(struct type, status), status_code }
	REFUSE(GNTTABOP_map_grant_ref, gnttab_map_grant_ref, GNTST_general_error),
	REFUSE(GNTTABOP_unmap_grant_ref, gnttab_unmap_grant_ref, GNTST_bad_handle),
	REFUSE(GNTTABOP_unmap_and_replace, gnttab_unmap_and_replace, GNTST_bad_handle),
	REFUSE(GNTTABOP_copy, gnttab_copy, GNTST_general_error),
	REFUSE(GNTTABOP_transfer, gnttab_transfer, GNTST_permission_denied),
	REFUSE(GNTTABOP_get_status_frames, gnttab_get_status_frames, GNTST_general_error),
	REFUSE(GNTTABOP_swap_grant_ref, gnttab_swap_grant_ref, GNTST_general_error),
#undef REFUSE
};

static long grant_refuse(const struct grant_refusal *r, uint64_t array, uint32_t count)
{
	int16_t status = r->status;
	uint32_t i;

	for (i = 0; i < count; i++)
		if (tw_copy_to_guest(array + (uint64_t)i * r->size + r->offset, &status,
				     sizeof(status)))
			return -XEN_EFAULT;
	return 0;
}

long xen_grant_table_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			struct xen_vcpu *v)
{
	uint32_t cmd = (uint32_t)a1, count = (uint32_t)a3;

	if (count > GRANT_OPS_MAX)
		return -XEN_EINVAL;
	switch (cmd) {
	case GNTTABOP_setup_table:
		xen_count(v, XEN_CALL_GRANT_SETUP);
		return count == 1 ? grant_setup_table(a2) : -XEN_EINVAL;
	case GNTTABOP_query_size:
		xen_count(v, XEN_CALL_GRANT_QUERY);
		return count == 1 ? grant_query_size(a2) : -XEN_EINVAL;
	case GNTTABOP_set_version:
		xen_count(v, XEN_CALL_GRANT_QUERY);
		return count == 1 ? grant_set_version(a2) : -XEN_EINVAL;
	case GNTTABOP_get_version:
		xen_count(v, XEN_CALL_GRANT_QUERY);
		return count == 1 ? grant_get_version(a2) : -XEN_EINVAL;
	case GNTTABOP_dump_table: /* a debugging aid of the host's administrator */
		return -XEN_EPERM;
	}
	xen_missing("grant_table_op", __HYPERVISOR_grant_table_op, cmd);
	if (cmd < TW_ARRAY_SIZE(grant_refusals) && grant_refusals[cmd].size)
		return grant_refuse(&grant_refusals[cmd], a2, count);
	return -XEN_ENOSYS;
}
