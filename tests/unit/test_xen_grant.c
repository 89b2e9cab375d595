/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Grant tables, version 1: the guest's own table is served, grants of others are refused. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

#include <xen/grant_table.h>

static uint64_t arg, list;

static void setup(void)
{
	mock_xen_reset(1);
	arg = mock_guest_alloc(4096);
	list = mock_guest_alloc(64);
	xen_grant_init(0x77, 4);
}

static long op(uint32_t cmd, uint64_t a, uint64_t count)
{
	return xen_grant_table_op(cmd, a, count, 0, 0, xen_vcpus[0]);
}

static int16_t setup_table(domid_t dom, uint32_t frames, uint64_t to)
{
	struct gnttab_setup_table *s = mock_guest_at(arg);

	*s = (struct gnttab_setup_table){.dom = dom, .nr_frames = frames, .status = 99};
	s->frame_list.p = (xen_pfn_t *)to;
	ck_assert_int_eq(op(GNTTABOP_setup_table, arg, 1), 0);
	return s->status;
}

START_TEST(table)
{
	struct gnttab_query_size *q = mock_guest_at(arg);
	uint64_t *frames = mock_guest_at(list);

	*q = (struct gnttab_query_size){.dom = DOMID_SELF};
	ck_assert_int_eq(op(GNTTABOP_query_size, arg, 1), 0);
	ck_assert_int_eq(q->status, GNTST_okay);
	ck_assert_uint_eq(q->nr_frames, 1);
	ck_assert_uint_eq(q->max_nr_frames, 4);

	ck_assert_int_eq(setup_table(DOMID_SELF, 3, list), GNTST_okay);
	ck_assert_uint_eq(frames[0], 0x77);
	ck_assert_uint_eq(frames[2], 0x79);
	ck_assert_uint_eq(frames[3], 0);
	ck_assert_int_eq(setup_table(XEN_GUEST_DOMID, 0, 0), GNTST_okay);
	ck_assert_int_eq(setup_table(DOMID_SELF, 5, list), GNTST_general_error);
	ck_assert_int_eq(setup_table(DOMID_SELF, ~0u, list), GNTST_general_error);
	ck_assert_int_eq(setup_table(0, 1, list), GNTST_permission_denied);
	ck_assert_int_eq(setup_table(9, 1, list), GNTST_bad_domain);
	ck_assert_uint_eq(frames[3], 0);

	*q = (struct gnttab_query_size){.dom = DOMID_SELF};
	ck_assert_int_eq(op(GNTTABOP_query_size, arg, 1), 0);
	ck_assert_uint_eq(q->nr_frames, 3);
	*q = (struct gnttab_query_size){.dom = 9};
	ck_assert_int_eq(op(GNTTABOP_query_size, arg, 1), 0);
	ck_assert_int_eq(q->status, GNTST_bad_domain);
}
END_TEST

START_TEST(versions)
{
	struct gnttab_set_version *s = mock_guest_at(arg);
	struct gnttab_get_version *g = mock_guest_at(arg);

	s->version = 1;
	ck_assert_int_eq(op(GNTTABOP_set_version, arg, 1), 0);
	s->version = 2;
	ck_assert_int_eq(op(GNTTABOP_set_version, arg, 1), -XEN_ENOSYS);
	s->version = 0;
	ck_assert_int_eq(op(GNTTABOP_set_version, arg, 1), -XEN_EINVAL);
	*g = (struct gnttab_get_version){.dom = DOMID_SELF};
	ck_assert_int_eq(op(GNTTABOP_get_version, arg, 1), 0);
	ck_assert_uint_eq(g->version, 1);
	*g = (struct gnttab_get_version){.dom = 5};
	ck_assert_int_eq(op(GNTTABOP_get_version, arg, 1), -XEN_ESRCH);
}
END_TEST

/* Each operation of an array gets its status, nothing else changes, and the call succeeds. */
START_TEST(refusals)
{
	struct gnttab_map_grant_ref *map = mock_guest_at(arg);
	struct gnttab_copy *copy = mock_guest_at(arg);
	unsigned int i;

	memset(map, 0x55, 4 * sizeof(*map));
	ck_assert_int_eq(op(GNTTABOP_map_grant_ref, arg, 3), 0);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(map[i].status, GNTST_general_error);
		ck_assert_uint_eq(map[i].handle, 0x55555555);
		ck_assert_uint_eq(map[i].dom, 0x5555);
	}
	ck_assert_int_eq(map[3].status, 0x5555);
	memset(copy, 0x55, 2 * sizeof(*copy));
	ck_assert_int_eq(op(GNTTABOP_copy, arg, 1), 0);
	ck_assert_int_eq(copy[0].status, GNTST_general_error);
	ck_assert_uint_eq(copy[0].flags, 0x5555);
	ck_assert_int_eq(copy[1].status, 0x5555);
	ck_assert_int_eq(op(GNTTABOP_transfer, arg, 1), 0);
	ck_assert_int_eq(((struct gnttab_transfer *)mock_guest_at(arg))->status,
			 GNTST_permission_denied);
	ck_assert_int_eq(op(GNTTABOP_unmap_grant_ref, arg, 1), 0);
	ck_assert_int_eq(((struct gnttab_unmap_grant_ref *)mock_guest_at(arg))->status,
			 GNTST_bad_handle);
	ck_assert_uint_eq(mock_missing, 4); /* the ledger shows them */
	ck_assert_int_eq(op(GNTTABOP_map_grant_ref, arg, 0), 0);
}
END_TEST

START_TEST(errors)
{
	static const uint32_t single[] = {GNTTABOP_setup_table, GNTTABOP_query_size,
					  GNTTABOP_set_version, GNTTABOP_get_version};
	unsigned int i;

	for (i = 0; i < TW_ARRAY_SIZE(single); i++) {
		ck_assert_int_eq(op(single[i], arg, 0), -XEN_EINVAL);
		ck_assert_int_eq(op(single[i], arg, 2), -XEN_EINVAL);
		ck_assert_int_eq(op(single[i], 0, 1), -XEN_EFAULT);
	}
	ck_assert_int_eq(op(GNTTABOP_map_grant_ref, 0, 1), -XEN_EFAULT);
	ck_assert_int_eq(op(GNTTABOP_map_grant_ref, arg, 4097), -XEN_EINVAL);
	ck_assert_int_eq(op(GNTTABOP_map_grant_ref, ~0ull, ~0u), -XEN_EINVAL);
	ck_assert_int_eq(op(GNTTABOP_dump_table, arg, 1), -XEN_EPERM);
	ck_assert_int_eq(op(GNTTABOP_cache_flush, arg, 1), -XEN_ENOSYS);
	ck_assert_int_eq(op(13, arg, 1), -XEN_ENOSYS);
	/* The list of frames may fault, too. */
	((struct gnttab_setup_table *)mock_guest_at(arg))->dom = DOMID_SELF;
	((struct gnttab_setup_table *)mock_guest_at(arg))->nr_frames = 1;
	((struct gnttab_setup_table *)mock_guest_at(arg))->frame_list.p = NULL;
	ck_assert_int_eq(op(GNTTABOP_setup_table, arg, 1), -XEN_EFAULT);
}
END_TEST

START_TEST(no_table)
{
	xen_grant_init(0, 0);
	ck_assert_int_eq(setup_table(DOMID_SELF, 1, list), GNTST_general_error);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-grant");
	TCase *tc = tcase_create("grant");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, table);
	tcase_add_test(tc, versions);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, errors);
	tcase_add_test(tc, no_table);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
