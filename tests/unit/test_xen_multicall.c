/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The table of hypercalls as entry code uses it (no holes, all else -ENOSYS and in the ledger),
 * multicall and vm_assist.
 */
#include <check.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

static struct xen_vcpu *v;

static void setup(void)
{
	mock_xen_reset(2);
	v = xen_vcpus[0];
}

/* As entry code does it: by number from the table. */
static long call(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	if (nr >= resident_guest->calls_count)
		return ((long (*)(uint64_t))(uintptr_t)resident_guest->unknown)(nr);
	return ((xen_call_fn *)(uintptr_t)resident_guest->calls[nr])(a1, a2, a3, a4, 0, v);
}

START_TEST(no_holes)
{
	ck_assert_uint_eq(resident_guest->calls_count, __HYPERVISOR_dm_op + 1);
	for (uint64_t nr = 0; nr < resident_guest->calls_count; nr++)
		ck_assert_uint_ne(resident_guest->calls[nr], 0);
	ck_assert_ptr_nonnull(resident_guest->cpuid);
	ck_assert_ptr_nonnull(resident_guest->write_fault);
}
END_TEST

START_TEST(numbers_beyond_the_table)
{
	static const uint64_t numbers[] = {__HYPERVISOR_dm_op + 1, __HYPERVISOR_arch_0, 63,
					   0xfffffffful, ~0ul};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(numbers); i++) {
		ck_assert_int_eq(call(numbers[i], 1, 2, 3, 4), -XEN_ENOSYS);
		ck_assert_uint_eq(mock_missing, i + 1);
		ck_assert_uint_eq(mock_missing_nr, (uint32_t)numbers[i]);
		ck_assert_uint_eq(mock_missing_sub, 0);
	}
}
END_TEST

START_TEST(known_but_not_served)
{
	static const uint8_t numbers[] = {
	    __HYPERVISOR_sched_op_compat,
	    __HYPERVISOR_platform_op,
	    __HYPERVISOR_event_channel_op_compat,
	    __HYPERVISOR_physdev_op_compat,
	    __HYPERVISOR_update_va_mapping_otherdomain,
	    __HYPERVISOR_xsm_op,
	    __HYPERVISOR_nmi_op,
	    __HYPERVISOR_xenoprof_op,
	    __HYPERVISOR_hvm_op,
	    __HYPERVISOR_sysctl,
	    __HYPERVISOR_domctl,
	    __HYPERVISOR_kexec_op,
	    __HYPERVISOR_tmem_op,
	    __HYPERVISOR_argo_op,
	    __HYPERVISOR_xenpmu_op,
	    __HYPERVISOR_dm_op,
	};

	for (unsigned int i = 0; i < sizeof(numbers); i++) {
		ck_assert_int_eq(call(numbers[i], 70 + i, 0, 0, 0), -XEN_ENOSYS);
		ck_assert_uint_eq(mock_missing, i + 1);
		ck_assert_uint_eq(mock_missing_nr, numbers[i]);
		ck_assert_uint_eq(mock_missing_sub, 70 + i); /* its sub-operation */
	}
}
END_TEST

/* Entry code serves iret itself; number 11 was never given out. */
START_TEST(spare_numbers)
{
	ck_assert_int_eq(call(11, 5, 0, 0, 0), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing_nr, 11);
	ck_assert_int_eq(call(__HYPERVISOR_iret, 5, 0, 0, 0), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_iret);
	ck_assert_uint_eq(mock_missing, 2);
}
END_TEST

START_TEST(sub_operations_that_nobody_knows)
{
	static const uint8_t numbers[] = {
	    __HYPERVISOR_memory_op,	   __HYPERVISOR_xen_version, __HYPERVISOR_console_io,
	    __HYPERVISOR_grant_table_op,   __HYPERVISOR_vm_assist,   __HYPERVISOR_vcpu_op,
	    __HYPERVISOR_sched_op,	   __HYPERVISOR_callback_op, __HYPERVISOR_physdev_op,
	    __HYPERVISOR_event_channel_op,
	};

	for (unsigned int i = 0; i < sizeof(numbers); i++) {
		ck_assert_int_eq(call(numbers[i], 62, 0, 0, 0), -XEN_ENOSYS);
		ck_assert_uint_eq(mock_missing, i + 1);
		ck_assert_uint_eq(mock_missing_nr, numbers[i]);
		ck_assert_uint_eq(mock_missing_sub, 62);
	}
}
END_TEST

/* Counters are found by index: names and enum must run side by side. */
START_TEST(ledger_table)
{
	unsigned int n = 0;

	ck_assert_str_eq(tw_guest->name, "xen-pv");
	ck_assert_str_eq(tw_guest->mode, "resident");
	for (; tw_guest->calls[n].guest; n++)
		for (unsigned int i = 0; i < n; i++)
			ck_assert_str_ne(tw_guest->calls[n].guest, tw_guest->calls[i].guest);
	ck_assert_uint_eq(n, XEN_CALL_COUNT);
	ck_assert_str_eq(tw_guest->calls[TW_CALL_IRET].guest, "iret");
	ck_assert_str_eq(tw_guest->calls[XEN_CALL_MULTICALL].guest, "multicall");
	ck_assert_str_eq(tw_guest->calls[XEN_CALL_EVENT_RESET].guest, "event_channel_op/reset");
	ck_assert_uint_eq(tw_guest->calls[XEN_CALL_SCHED_BLOCK].op, TW_OP_HALT);
	ck_assert_uint_eq(tw_guest->calls[XEN_CALL_VM_ASSIST].status, TW_CONSTANT);
}
END_TEST

/* --- multicall --- */

static uint64_t list;
static struct multicall_entry *entries;

static void make_list(unsigned int n)
{
	list = mock_guest_alloc(n * sizeof(*entries));
	entries = mock_guest_at(list);
	for (unsigned int i = 0; i < n; i++) {
		memset(&entries[i], 0, sizeof(entries[i]));
		entries[i].result = 0x5555;
	}
}

static void segment(struct multicall_entry *e, uint64_t which, uint64_t base)
{
	e->op = __HYPERVISOR_set_segment_base;
	e->args[0] = which;
	e->args[1] = base;
}

/* One after another, each with its own arguments; a failure ends nothing. */
START_TEST(multicall_runs_all)
{
	make_list(4);
	segment(&entries[0], SEGBASE_FS, 0x1000);
	segment(&entries[1], 99, 0x1111); /* no such base */
	entries[2].op = __HYPERVISOR_set_callbacks;
	entries[2].args[0] = 0xa0;
	entries[2].args[1] = 0xa1;
	entries[2].args[2] = 0xa2;
	segment(&entries[3], SEGBASE_FS, 0x2000);
	ck_assert_int_eq(call(__HYPERVISOR_multicall, list, 3, 0, 0), 0);
	ck_assert_uint_eq(mock_get_msr(MSR_FS_BASE), 0x1000); /* not the fourth */
	ck_assert_uint_eq(entries[0].result, 0);
	ck_assert_int_eq((long)entries[1].result, -XEN_EINVAL);
	ck_assert_uint_eq(entries[2].result, 0);
	ck_assert_uint_eq(entries[3].result, 0x5555);
	ck_assert_uint_eq(v->hw->callback[TW_CB_EVENT].address, 0xa0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_FAILSAFE].address, 0xa1);
	ck_assert_uint_eq(v->hw->callback[TW_CB_SYSCALL].address, 0xa2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MULTICALL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_SET_SEGMENT_BASE], 2);
}
END_TEST

/* All four argument registers arrive where the call takes them (mmu_update uses four). */
START_TEST(multicall_passes_four_arguments)
{
	uint64_t page = TW_ALIGN_UP(mock_guest_alloc(8192), TW_PAGE_SIZE), updates, done;

	updates = mock_guest_alloc(16);
	done = mock_guest_alloc(16);
	((uint64_t *)mock_guest_at(updates))[0] = (MOCK_MFN_OF(page) << 12) + 8;
	((uint64_t *)mock_guest_at(updates))[1] = 0x1234567;
	make_list(1);
	entries[0] = (struct multicall_entry){.op = __HYPERVISOR_mmu_update,
					      .args = {updates, 1, done, DOMID_SELF}};
	ck_assert_int_eq(call(__HYPERVISOR_multicall, list, 1, 0, 0), 0);
	ck_assert_uint_eq(entries[0].result, 0);
	ck_assert_uint_eq(((uint64_t *)mock_guest_at(page))[1], 0x1234567);
	ck_assert_uint_eq(*(uint32_t *)mock_guest_at(done), 1);
}
END_TEST

START_TEST(multicall_of_what_cannot_be)
{
	make_list(5);
	entries[0].op = __HYPERVISOR_multicall; /* does not nest */
	entries[0].args[0] = list;
	entries[0].args[1] = 5;
	entries[1].op = __HYPERVISOR_dm_op + 1;
	entries[2].op = 1ul << 32; /* not mmu_update's cousin: all 64 bits count */
	entries[3].op = __HYPERVISOR_iret;
	segment(&entries[4], SEGBASE_FS, 0x3000);
	ck_assert_int_eq(call(__HYPERVISOR_multicall, list, 5, 0, 0), 0);
	ck_assert_int_eq((long)entries[0].result, -XEN_EINVAL);
	ck_assert_int_eq((long)entries[1].result, -XEN_ENOSYS);
	ck_assert_int_eq((long)entries[2].result, -XEN_ENOSYS);
	ck_assert_int_eq((long)entries[3].result, -XEN_ENOSYS);
	ck_assert_uint_eq(entries[4].result, 0);
	ck_assert_uint_eq(mock_get_msr(MSR_FS_BASE), 0x3000);
	ck_assert_uint_eq(mock_missing, 3);
	ck_assert_uint_eq(v->calls[XEN_CALL_MULTICALL], 1);
}
END_TEST

/* The list runs into unmapped memory: what came before stands, nothing behind is done. */
START_TEST(multicall_faults)
{
	ck_assert_int_eq(call(__HYPERVISOR_multicall, 0, 1, 0, 0), -XEN_EFAULT);
	ck_assert_int_eq(call(__HYPERVISOR_multicall, ~0ul - 7, ~0ul, 0, 0), -XEN_EFAULT);
	ck_assert_int_eq(call(__HYPERVISOR_multicall, 0, 0, 0, 0), 0);
	make_list(2);
	segment(&entries[0], SEGBASE_FS, 0x4000);
	segment(&entries[1], SEGBASE_FS, 0x5000);
	for (uint64_t cut = 0; cut < offsetof(struct multicall_entry, args[5]); cut += 4) {
		entries[0].result = 0x5555;
		mock_mapped = list + sizeof(*entries) + cut - MOCK_VA;
		ck_assert_int_eq(call(__HYPERVISOR_multicall, list, ~0ul, 0, 0), -XEN_EFAULT);
		ck_assert_uint_eq(entries[0].result, 0);
		ck_assert_uint_eq(entries[1].result, 0x5555);
		ck_assert_uint_eq(mock_get_msr(MSR_FS_BASE), 0x4000);
	}
}
END_TEST

/* --- vm_assist --- */

START_TEST(assists)
{
	ck_assert_int_eq(call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
			      VMASST_TYPE_writable_pagetables, 0, 0),
			 0);
	ck_assert_int_eq(
	    call(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3, 0, 0), 0);
	ck_assert_int_eq(
	    call(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict, 0, 0), 0);
	ck_assert_int_eq(
	    call(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_4gb_segments, 0, 0),
	    -XEN_EINVAL);
	ck_assert_int_eq(
	    call(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_architectural_iopl, 0, 0),
	    -XEN_EINVAL);
	ck_assert_int_eq(call(__HYPERVISOR_vm_assist, VMASST_CMD_enable, ~0ul, 0, 0), -XEN_EINVAL);
	ck_assert_uint_eq(v->calls[XEN_CALL_VM_ASSIST], 6);
	ck_assert_uint_eq(mock_missing, 0);
}
END_TEST

START_TEST(runstate_flag_assist)
{
	ck_assert(!xen_domain.runstate_update_flag);
	ck_assert_int_eq(call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
			      VMASST_TYPE_runstate_update_flag, 0, 0),
			 0);
	ck_assert(xen_domain.runstate_update_flag);
	/* A command that nobody knows changes nothing. */
	ck_assert_int_eq(
	    call(__HYPERVISOR_vm_assist, 2, VMASST_TYPE_runstate_update_flag, 0, 0), -XEN_ENOSYS);
	ck_assert(xen_domain.runstate_update_flag);
	ck_assert_int_eq(call(__HYPERVISOR_vm_assist, VMASST_CMD_disable,
			      VMASST_TYPE_runstate_update_flag, 0, 0),
			 0);
	ck_assert(!xen_domain.runstate_update_flag);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-multicall");
	TCase *tc = tcase_create("multicall");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, no_holes);
	tcase_add_test(tc, numbers_beyond_the_table);
	tcase_add_test(tc, known_but_not_served);
	tcase_add_test(tc, spare_numbers);
	tcase_add_test(tc, sub_operations_that_nobody_knows);
	tcase_add_test(tc, ledger_table);
	tcase_add_test(tc, multicall_runs_all);
	tcase_add_test(tc, multicall_passes_four_arguments);
	tcase_add_test(tc, multicall_of_what_cannot_be);
	tcase_add_test(tc, multicall_faults);
	tcase_add_test(tc, assists);
	tcase_add_test(tc, runstate_flag_assist);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
