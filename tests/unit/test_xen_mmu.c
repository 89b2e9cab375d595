/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Page tables of the Xen guest side: write faults, whose TLBs are flushed, frames that are not ours. */
#include <check.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

#define P  0x1ull
#define W  0x2ull
#define U  0x4ull
#define VA 0xffff888000123000ull /* what the tables below map */

#define INDEX(level) ((VA >> (12 + 9 * (level))) & 511)

#define TABLE_MFN(level) (MOCK_MFN + 40 + (level))
#define TARGET_MFN	 (MOCK_MFN + 44)

static uint64_t *table[4]; /* by level: 0 = L1 */

static void setup(void)
{
	mock_xen_reset(3);
	for (unsigned int level = 0; level < 4; level++)
		table[level] = tw_guest_frame(TABLE_MFN(level));
	for (int level = 3; level > 0; level--)
		table[level][INDEX(level)] = TABLE_MFN(level - 1) << 12 | P | W | U;
	mock_cr[3] = TABLE_MFN(3) << 12;
	for (unsigned int i = 0; i < 3; i++)
		xen_vcpus[i]->hw->guest = (uint64_t)xen_vcpus[i];
}

static bool fault(uint64_t leaf)
{
	table[0][INDEX(0)] = leaf;
	mock_invlpg_va = 0;
	return xen_write_fault(VA, xen_vcpus[0]->hw);
}

START_TEST(a_page_table_is_made_writable)
{
	ck_assert(fault(TABLE_MFN(1) << 12 | P));
	ck_assert_uint_eq(table[0][INDEX(0)], TABLE_MFN(1) << 12 | P | W);
	ck_assert_uint_eq(mock_invlpg_va, VA);
	ck_assert(fault(TABLE_MFN(3) << 12 | P)); /* the root */
}
END_TEST

START_TEST(other_read_only_pages_are_the_guests_fault)
{
	ck_assert(!fault(TARGET_MFN << 12 | P));
	ck_assert_uint_eq(table[0][INDEX(0)], TARGET_MFN << 12 | P);
	ck_assert(!fault(0));
	table[2][INDEX(2)] &= ~W;
	ck_assert(!fault(TABLE_MFN(1) << 12 | P));
}
END_TEST

START_TEST(a_stale_entry_is_tried_again)
{
	ck_assert(fault(TARGET_MFN << 12 | P | W));
	ck_assert_uint_eq(mock_invlpg_va, VA);
}
END_TEST

/* A key or SMAP forbids what the entry permits: another try would never end. */
START_TEST(user_pages_are_never_tried_again)
{
	ck_assert(!fault(TARGET_MFN << 12 | P | W | U));
	ck_assert(!fault(TARGET_MFN << 12 | P | U));
	ck_assert(!fault(TABLE_MFN(1) << 12 | P | U));
}
END_TEST

static long mmuext(uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
	struct mmuext_op op = {.cmd = cmd, .arg1.linear_addr = arg1};

	memcpy(&op.arg2, &arg2, sizeof(arg2));
	return xen_mmuext_op(mock_guest_put(&op, sizeof(op)), 1, 0, DOMID_SELF, 0, xen_vcpus[0]);
}

START_TEST(flushes_go_to_vcpus_that_are_up)
{
	uint64_t mask = ~0ull, va = mock_guest_put(&mask, sizeof(mask));

	xen_vcpus[2]->up = false;
	ck_assert_int_eq(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, va), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 3);
	ck_assert(!mock_resident.flush_one);
	ck_assert_int_eq(mmuext(MMUEXT_INVLPG_ALL, VA, 0), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 3);
	ck_assert_uint_eq(mock_resident.flush_va, VA);
	ck_assert(mock_resident.flush_one);
	ck_assert_int_eq(mmuext(MMUEXT_INVLPG_MULTI, VA, 8), -XEN_EFAULT);
	ck_assert_uint_eq(mock_resident.flushes, 2);
}
END_TEST

START_TEST(update_va_mapping_flushes_as_asked)
{
	uint64_t mask = 1ull << 1 | 1ull << 63, va = mock_guest_put(&mask, sizeof(mask));
	struct xen_vcpu *v = xen_vcpus[0];

	ck_assert_int_eq(xen_update_va_mapping(VA, TARGET_MFN << 12 | P, UVMF_INVLPG, 0, 0, v), 0);
	ck_assert_uint_eq(mock_invlpg_va, VA);
	ck_assert_uint_eq(mock_resident.flushes, 0);
	ck_assert_int_eq(xen_update_va_mapping(VA, 0, UVMF_TLB_FLUSH | va, 0, 0, v), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 2);
	ck_assert_int_eq(xen_update_va_mapping(VA, 0, UVMF_TLB_FLUSH | UVMF_ALL, 0, 0, v), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 7);
	ck_assert_uint_eq(table[0][INDEX(0)], 0);
	ck_assert_int_eq(xen_update_va_mapping(1ull << 40, 0, 0, 0, 0, v), -XEN_EINVAL);
}
END_TEST

START_TEST(updates_reach_own_frames_only)
{
	uint64_t update[4] = {TARGET_MFN << 12 | 8, 0x1234, 0x7000, 0x5678};
	uint64_t va = mock_guest_put(update, sizeof(update)), done = mock_guest_alloc(16);

	ck_assert_int_eq(xen_mmu_update(va, 2, done, DOMID_SELF, 0, xen_vcpus[0]), -XEN_EINVAL);
	ck_assert_uint_eq(*(uint32_t *)mock_guest_at(done), 1);
	ck_assert_uint_eq(((uint64_t *)tw_guest_frame(TARGET_MFN))[1], 0x1234);
	ck_assert_int_eq(xen_mmu_update(va, 1, 0, 5, 0, xen_vcpus[0]), -XEN_ESRCH);
	ck_assert_int_eq(xen_mmu_update(8, 1, 0, DOMID_SELF, 0, xen_vcpus[0]), -XEN_EFAULT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xen-mmu");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_page_table_is_made_writable);
	tcase_add_test(tc, other_read_only_pages_are_the_guests_fault);
	tcase_add_test(tc, a_stale_entry_is_tried_again);
	tcase_add_test(tc, user_pages_are_never_tried_again);
	tcase_add_test(tc, flushes_go_to_vcpus_that_are_up);
	tcase_add_test(tc, update_va_mapping_flushes_as_asked);
	tcase_add_test(tc, updates_reach_own_frames_only);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
