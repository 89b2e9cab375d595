/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The virtual CPU's descriptors and entries: what reaches the machinery, what is refused. */
#include <check.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

#include <xen/callback.h>
#include <xen/physdev.h>

static struct xen_vcpu *v;
static uint64_t arg;

static void setup(void)
{
	mock_xen_reset(2);
	v = xen_vcpus[1];
	mock_cpu = 1;
	arg = mock_guest_alloc(8192);
}

/* --- set_trap_table --- */

static long set_traps(uint64_t va)
{
	return xen_set_trap_table(va, 0, 0, 0, 0, v);
}

START_TEST(trap_table)
{
	struct trap_info *t = mock_guest_at(arg);

	t[0] = (struct trap_info){.vector = 3, .flags = 3, .address = 0xffffffff81000003};
	t[1] = (struct trap_info){.vector = 14, .flags = 4, .address = 0xffffffff8100000e};
	t[2] = (struct trap_info){.vector = 5};
	t[3] = (struct trap_info){.vector = 6, .address = 6}; /* behind the end */
	ck_assert_int_eq(set_traps(arg), 0);
	ck_assert_uint_eq(mock_resident.traps[1][3].address, 0xffffffff81000003);
	ck_assert_uint_eq(mock_resident.traps[1][3].dpl, 3);
	ck_assert(!mock_resident.traps[1][3].mask);
	ck_assert_uint_eq(mock_resident.traps[1][14].address, 0xffffffff8100000e);
	ck_assert_uint_eq(mock_resident.traps[1][14].dpl, 0);
	ck_assert(mock_resident.traps[1][14].mask);
	ck_assert_uint_eq(mock_resident.traps[1][6].address, 0);
	ck_assert_uint_eq(mock_resident.traps[0][3].address, 0); /* the caller's own only */
	ck_assert_int_eq(set_traps(0), 0);			 /* takes all back */
	ck_assert_uint_eq(mock_resident.traps[1][3].address, 0);
	ck_assert_uint_eq(mock_resident.traps[1][14].address, 0);
	ck_assert(!mock_resident.traps[1][14].mask);
	ck_assert_uint_eq(v->calls[XEN_CALL_SET_TRAP_TABLE], 2);
}
END_TEST

START_TEST(trap_table_errors)
{
	struct trap_info *t = mock_guest_at(arg);

	/* The shim's own vectors. */
	t[0] = (struct trap_info){.vector = TW_VEC_FIRST - 1, .address = 1};
	t[1] = (struct trap_info){.vector = TW_VEC_FIRST, .address = 2};
	ck_assert_int_eq(set_traps(arg), -XEN_EINVAL);
	ck_assert_uint_eq(mock_resident.traps[1][TW_VEC_FIRST - 1].address, 1);
	ck_assert_uint_eq(mock_resident.traps[1][TW_VEC_FIRST].address, 0);
	/* A table without an end is read as far as a table can go. */
	for (unsigned int i = 0; i < 300; i++)
		t[i] = (struct trap_info){.vector = i < 256 ? 7 : 8, .address = i + 1};
	ck_assert_int_eq(set_traps(arg), 0);
	ck_assert_uint_eq(mock_resident.traps[1][7].address, 256);
	ck_assert_uint_eq(mock_resident.traps[1][8].address, 0);
	mock_mapped = arg - MOCK_VA + sizeof(*t) + 8;
	ck_assert_int_eq(set_traps(arg), -XEN_EFAULT);
	ck_assert_int_eq(set_traps(~0ull), -XEN_EFAULT);
}
END_TEST

/* --- set_gdt, update_descriptor --- */

static long set_gdt(uint64_t entries)
{
	return xen_set_gdt(arg, entries, 0, 0, 0, v);
}

START_TEST(gdt)
{
	uint64_t *frames = mock_guest_at(arg);

	for (unsigned int i = 0; i < 15; i++)
		frames[i] = MOCK_MFN + 20 + i;
	ck_assert_int_eq(set_gdt(1), 0);
	ck_assert_uint_eq(mock_resident.gdt_cpu, 1);
	ck_assert_uint_eq(mock_resident.gdt_count, 1);
	ck_assert_uint_eq(mock_resident.gdt_frames[0], MOCK_MFN + 20);
	ck_assert_int_eq(set_gdt(513), 0);
	ck_assert_uint_eq(mock_resident.gdt_count, 2);
	ck_assert_uint_eq(mock_resident.gdt_frames[1], MOCK_MFN + 21);
	ck_assert_int_eq(set_gdt(7168), 0); /* the most: behind it is the shim's part */
	ck_assert_uint_eq(mock_resident.gdt_count, 14);
	ck_assert_uint_eq(mock_resident.gdt_frames[13], MOCK_MFN + 33);
	ck_assert_int_eq(set_gdt(0), 0);
	ck_assert_uint_eq(mock_resident.gdt_count, 0);
	ck_assert_uint_eq(mock_resident.gdt_calls, 4);
	ck_assert_int_eq(set_gdt(7169), -XEN_EINVAL);
	ck_assert_int_eq(set_gdt(~0ull), -XEN_EINVAL);
	ck_assert_int_eq(set_gdt(~0ull - 511), -XEN_EINVAL);
	frames[1] = MOCK_MFN + MOCK_PAGES;
	ck_assert_int_eq(set_gdt(512), 0);
	ck_assert_int_eq(set_gdt(513), -XEN_EINVAL);
	mock_mapped = arg - MOCK_VA + 8;
	ck_assert_int_eq(set_gdt(513), -XEN_EFAULT);
	ck_assert_uint_eq(mock_resident.gdt_calls, 5);
	ck_assert_uint_eq(v->calls[XEN_CALL_SET_GDT], 10);
}
END_TEST

static long descriptor(uint64_t address, uint64_t value)
{
	return xen_update_descriptor(address, value, 0, 0, 0, v);
}

START_TEST(descriptors)
{
	const uint64_t code = 0x00affa000000ffffull, base = (MOCK_MFN + 20) << 12;
	uint64_t *page = tw_guest_frame(MOCK_MFN + 20);

	ck_assert_int_eq(descriptor(base, code), 0);
	ck_assert_uint_eq(page[0], code);
	ck_assert_int_eq(descriptor(base + 0xff8, code), 0);
	ck_assert_uint_eq(page[511], code);
	ck_assert_int_eq(descriptor(base, 0), 0); /* taken away */
	ck_assert_uint_eq(page[0], 0);
	/* A call gate, a TSS, an LDT: ways to ring 0. Not present they are only data. */
	ck_assert_int_eq(descriptor(base, 0x0000ec0000080000), -XEN_EINVAL);
	ck_assert_int_eq(descriptor(base, 0x0000890000000067), -XEN_EINVAL);
	ck_assert_int_eq(descriptor(base, 0x0000e20000000067), -XEN_EINVAL);
	ck_assert_uint_eq(page[0], 0);
	ck_assert_int_eq(descriptor(base, 0x00006c0000080000), 0);
	ck_assert_int_eq(descriptor(base + 4, code), -XEN_EINVAL);
	ck_assert_int_eq(descriptor(base + 1, code), -XEN_EINVAL);
	ck_assert_int_eq(descriptor((MOCK_MFN + MOCK_PAGES) << 12, code), -XEN_EINVAL);
	ck_assert_int_eq(descriptor(0, code), -XEN_EINVAL);
	ck_assert_int_eq(descriptor(~7ull, code), -XEN_EINVAL);
	ck_assert_uint_eq(page[1], 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_UPDATE_DESCRIPTOR], 12);
}
END_TEST

/* --- stacks and callbacks --- */

START_TEST(kernel_stack)
{
	ck_assert_int_eq(xen_stack_switch(0xe02b, 0xffffc90000004000, 0, 0, 0, v), 0);
	ck_assert_uint_eq(v->hw->kernel_ss, 0xe02b);
	ck_assert_uint_eq(v->hw->kernel_sp, 0xffffc90000004000);
	ck_assert_uint_eq(*v->hw->tss_rsp0, 0xffffc90000004000); /* where the CPU looks */
	ck_assert_uint_eq(v->calls[XEN_CALL_STACK_SWITCH], 1);
}
END_TEST

static long reg(uint16_t type, uint16_t flags, uint64_t address)
{
	*(struct callback_register *)mock_guest_at(arg) =
	    (struct callback_register){.type = type, .flags = flags, .address = address};
	return xen_callback_op(CALLBACKOP_register, arg, 0, 0, 0, v);
}

static long unreg(uint16_t type)
{
	*(struct callback_unregister *)mock_guest_at(arg) =
	    (struct callback_unregister){.type = type};
	return xen_callback_op(CALLBACKOP_unregister, arg, 0, 0, 0, v);
}

/* Every type has its own place, with its mask; entry code hears of those that concern SYSCALL. */
START_TEST(callbacks)
{
	static const struct {
		uint16_t type;
		enum tw_callback which;
		unsigned int told;
	} types[] = {
	    {CALLBACKTYPE_event, TW_CB_EVENT, 0},	{CALLBACKTYPE_failsafe, TW_CB_FAILSAFE, 0},
	    {CALLBACKTYPE_syscall, TW_CB_SYSCALL, 1},	{CALLBACKTYPE_syscall32, TW_CB_SYSCALL32, 0},
	    {CALLBACKTYPE_sysenter, TW_CB_SYSENTER, 1}, {CALLBACKTYPE_nmi, TW_CB_NMI, 0},
	};

	ck_assert_uint_eq(TW_ARRAY_SIZE(types), TW_CB_COUNT);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(types); i++) {
		const struct tw_gate *gate = &v->hw->callback[types[i].which];

		mock_resident.syscall_changes = 0;
		ck_assert_uint_eq(gate->address, 0);
		ck_assert_int_eq(reg(types[i].type, CALLBACKF_mask_events, 0x1000 + i), 0);
		ck_assert_uint_eq(gate->address, 0x1000 + i);
		ck_assert_uint_eq(gate->mask, 1);
		ck_assert_uint_eq(mock_resident.syscall_changes, types[i].told);
		if (types[i].told)
			ck_assert_uint_eq(mock_resident.syscall_cpu, 1);
		ck_assert_int_eq(reg(types[i].type, 0, 0x2000 + i), 0);
		ck_assert_uint_eq(gate->mask, 0);
	}
	/* All others kept what they had. */
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(types); i++)
		ck_assert_uint_eq(v->hw->callback[types[i].which].address, 0x2000 + i);
	ck_assert_uint_eq(xen_vcpus[0]->hw->callback[TW_CB_EVENT].address, 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_CALLBACK_OP], 12);
}
END_TEST

START_TEST(callbacks_taken_back)
{
	static const uint16_t types[] = {CALLBACKTYPE_event,	CALLBACKTYPE_failsafe,
					 CALLBACKTYPE_syscall,	CALLBACKTYPE_syscall32,
					 CALLBACKTYPE_sysenter, CALLBACKTYPE_nmi};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(types); i++)
		ck_assert_int_eq(reg(types[i], 0, 0x1000), 0);
	mock_resident.syscall_changes = 0;
	/* Without these three a guest could not go on. */
	ck_assert_int_eq(unreg(CALLBACKTYPE_event), -XEN_EINVAL);
	ck_assert_int_eq(unreg(CALLBACKTYPE_failsafe), -XEN_EINVAL);
	ck_assert_int_eq(unreg(CALLBACKTYPE_syscall), -XEN_EINVAL);
	ck_assert_uint_eq(v->hw->callback[TW_CB_EVENT].address, 0x1000);
	ck_assert_uint_eq(mock_resident.syscall_changes, 0);
	ck_assert_int_eq(unreg(CALLBACKTYPE_sysenter), 0);
	ck_assert_uint_eq(mock_resident.syscall_changes, 1);
	ck_assert_int_eq(unreg(CALLBACKTYPE_syscall32), 0);
	ck_assert_int_eq(unreg(CALLBACKTYPE_nmi), 0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_SYSENTER].address, 0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_SYSCALL32].address, 0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_NMI].address, 0);
}
END_TEST

START_TEST(callback_errors)
{
	ck_assert_int_eq(reg(CALLBACKTYPE_sysenter_deprecated, 0, 0x1000), -XEN_ENOSYS);
	ck_assert_int_eq(reg(6, 0, 0x1000), -XEN_ENOSYS);
	ck_assert_int_eq(reg(0xffff, 0, 0x1000), -XEN_ENOSYS);
	ck_assert_int_eq(unreg(CALLBACKTYPE_sysenter_deprecated), -XEN_EINVAL);
	ck_assert_int_eq(unreg(0xffff), -XEN_EINVAL);
	ck_assert_int_eq(xen_callback_op(CALLBACKOP_register, 0, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert_int_eq(xen_callback_op(CALLBACKOP_unregister, 8, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert_int_eq(xen_callback_op(2, arg, 0, 0, 0, v), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 1);
	for (unsigned int i = 0; i < TW_CB_COUNT; i++)
		ck_assert_uint_eq(v->hw->callback[i].address, 0);
}
END_TEST

/* The old call for three at once: the event callback masks events, as in Xen. */
START_TEST(set_callbacks)
{
	ck_assert_int_eq(xen_set_callbacks(0x11, 0x22, 0x33, 0, 0, v), 0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_EVENT].address, 0x11);
	ck_assert_uint_eq(v->hw->callback[TW_CB_EVENT].mask, 1);
	ck_assert_uint_eq(v->hw->callback[TW_CB_FAILSAFE].address, 0x22);
	ck_assert_uint_eq(v->hw->callback[TW_CB_FAILSAFE].mask, 0);
	ck_assert_uint_eq(v->hw->callback[TW_CB_SYSCALL].address, 0x33);
	ck_assert_uint_eq(v->hw->callback[TW_CB_SYSCALL].mask, 0);
	ck_assert_uint_eq(mock_resident.syscall_changes, 1);
}
END_TEST

/* --- registers --- */

START_TEST(task_switched_flag)
{
	mock_cr[0] = 0x80050033;
	ck_assert_int_eq(xen_fpu_taskswitch(1, 0, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_cr[0], 0x8005003b);
	ck_assert_int_eq(xen_fpu_taskswitch(0, 0, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_cr[0], 0x80050033);
	ck_assert_uint_eq(v->calls[XEN_CALL_FPU_TASKSWITCH], 2);
}
END_TEST

static long set_dr(uint64_t n, uint64_t value)
{
	return xen_set_debugreg(n, value, 0, 0, 0, v);
}

static long get_dr(uint64_t n)
{
	return xen_get_debugreg(n, 0, 0, 0, 0, v);
}

START_TEST(breakpoint_addresses)
{
	for (uint64_t n = 0; n < 4; n++) {
		ck_assert_int_eq(set_dr(n, 0x400000 + n), 0);
		ck_assert_uint_eq(mock_dr[n], 0x400000 + n);
		ck_assert_int_eq(get_dr(n), (long)(0x400000 + n));
	}
	ck_assert_int_eq(set_dr(0, 0x00007fffffffffff), 0);
	ck_assert_int_eq(set_dr(1, 0xffff880000000000), 0); /* first address behind the shim */
	ck_assert_int_eq(set_dr(2, 0xffffffffffffffff), 0);
	/* Never on the shim, never where the CPU would fault. */
	ck_assert_int_eq(set_dr(0, 0xffff800000000000), -XEN_EPERM);
	ck_assert_int_eq(set_dr(0, 0xffff87ffffffffff), -XEN_EPERM);
	ck_assert_int_eq(set_dr(0, 0x0000800000000000), -XEN_EINVAL);
	ck_assert_int_eq(set_dr(0, 0xffff7fffffffffff), -XEN_EINVAL);
	ck_assert_uint_eq(mock_dr[0], 0x00007fffffffffff);
}
END_TEST

START_TEST(debug_control)
{
	/* General detect and reserved bits go; those that read as one stay one. */
	ck_assert_int_eq(set_dr(7, 0xffffffff00002401), 0);
	ck_assert_uint_eq(mock_dr[7], 0x401);
	ck_assert_int_eq(set_dr(7, 0xddddd7ff), 0);
	ck_assert_uint_eq(mock_dr[7], 0xdddd07ff);
	for (unsigned int i = 16; i < 32; i += 4)
		ck_assert_int_eq(set_dr(7, 2ull << i), -XEN_EPERM); /* breakpoints on ports */
	ck_assert_uint_eq(mock_dr[7], 0xdddd07ff);
	ck_assert_int_eq(set_dr(6, ~0ull), 0);
	ck_assert_uint_eq(mock_dr[6], 0xffffefff);
	ck_assert_int_eq(set_dr(6, 0), 0);
	ck_assert_uint_eq(mock_dr[6], 0xffff0ff0);
	ck_assert_int_eq(get_dr(6), 0xffff0ff0);
	ck_assert_int_eq(get_dr(7), 0xdddd07ff);
	for (uint64_t n = 4; n < 70; n++) {
		if (n == 6 || n == 7)
			continue;
		ck_assert_int_eq(set_dr(n, 0), -XEN_EINVAL);
		ck_assert_int_eq(get_dr(n), -XEN_EINVAL);
	}
	ck_assert_int_eq(set_dr(1ull << 32, 0), -XEN_EINVAL);
	ck_assert_int_eq(get_dr(7ull | 1ull << 32), -XEN_EINVAL);
}
END_TEST

START_TEST(segment_bases)
{
	ck_assert_int_eq(xen_set_segment_base(SEGBASE_FS, 0x7f0000001000, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_get_msr(MSR_FS_BASE), 0x7f0000001000);
	ck_assert_int_eq(xen_set_segment_base(SEGBASE_GS_KERNEL, 0xffff888000001000, 0, 0, 0, v),
			 0);
	ck_assert_uint_eq(mock_get_msr(MSR_GS_BASE), 0xffff888000001000);
	ck_assert_int_eq(xen_set_segment_base(SEGBASE_GS_USER, 0x1000, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_get_msr(MSR_KERNEL_GS_BASE), 0x1000);
	ck_assert_int_eq(xen_set_segment_base(SEGBASE_GS_USER_SEL, 0x2b, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_resident.user_gs, 0x2b);
	ck_assert_uint_eq(mock_writes_count, 3);
	/* WRMSR itself would fault on these. */
	for (unsigned int which = SEGBASE_FS; which <= SEGBASE_GS_KERNEL; which++) {
		ck_assert_int_eq(xen_set_segment_base(which, 1ull << 47, 0, 0, 0, v), -XEN_EINVAL);
		ck_assert_int_eq(xen_set_segment_base(which, ~0ull << 48, 0, 0, 0, v),
				 -XEN_EINVAL);
	}
	ck_assert_int_eq(xen_set_segment_base(4, 0, 0, 0, 0, v), -XEN_EINVAL);
	ck_assert_int_eq(xen_set_segment_base(1ull << 32, 0, 0, 0, 0, v), -XEN_EINVAL);
	ck_assert_uint_eq(mock_writes_count, 3);
}
END_TEST

/* --- physdev_op --- */

START_TEST(io_permissions)
{
	struct physdev_set_iobitmap *set = mock_guest_at(arg);

	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_set_iopl, arg, 0, 0, 0, v), 0);
	set->bitmap.p = (uint8_t *)0x12345;
	set->nr_ports = 65536;
	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_set_iobitmap, arg, 0, 0, 0, v), 0);
	ck_assert_uint_eq(mock_resident.iobitmap, 0x12345);
	ck_assert_uint_eq(mock_resident.iobitmap_ports, 65536);
	set->nr_ports = 65537;
	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_set_iobitmap, arg, 0, 0, 0, v), -XEN_EINVAL);
	ck_assert_uint_eq(mock_resident.iobitmap_ports, 65536);
	set->nr_ports = 8;
	mock_resident.iobitmap_unread = 1;
	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_set_iobitmap, arg, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_set_iobitmap, 0, 0, 0, 0, v), -XEN_EFAULT);
	ck_assert_int_eq(xen_physdev_op(PHYSDEVOP_eoi, arg, 0, 0, 0, v), -XEN_ENOSYS);
	ck_assert_int_eq(xen_physdev_op(~0ull, arg, 0, 0, 0, v), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 2);
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_physdev_op);
	ck_assert_uint_eq(v->calls[XEN_CALL_PHYSDEV_SET_IOPL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_PHYSDEV_SET_IOBITMAP], 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-cpu");
	TCase *tc = tcase_create("cpu");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, trap_table);
	tcase_add_test(tc, trap_table_errors);
	tcase_add_test(tc, gdt);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, kernel_stack);
	tcase_add_test(tc, callbacks);
	tcase_add_test(tc, callbacks_taken_back);
	tcase_add_test(tc, callback_errors);
	tcase_add_test(tc, set_callbacks);
	tcase_add_test(tc, task_switched_flag);
	tcase_add_test(tc, breakpoint_addresses);
	tcase_add_test(tc, debug_control);
	tcase_add_test(tc, segment_bases);
	tcase_add_test(tc, io_permissions);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
