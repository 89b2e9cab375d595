/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vcpu_op: starting other vCPUs with the registers that the guest gave, stopping, asking. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

static struct xen_vcpu *v, *other;
static uint64_t arg;
static vcpu_guest_context_t *c; /* behind arg */

/* vCPU 0 runs, vCPU 1 was never started. */
static void setup(void)
{
	mock_xen_reset(2);
	v = xen_vcpus[0];
	other = xen_vcpus[1];
	other->up = other->initialised = false;
	xen_runstate_offline(other);
	arg = mock_guest_alloc(sizeof(*c));
	c = mock_guest_at(arg);
	c->user_regs.rip = 0xffffffff81000000;
	c->user_regs.rsp = 0xffffc90000008000;
	c->user_regs.rsi = 11;
	c->user_regs.rdi = 12;
	c->kernel_ss = 0xe02b;
	c->kernel_sp = 0xffffc90000009000;
	c->ctrlreg[3] = (MOCK_MFN + 40) << 12;
	c->gdt_ents = 600;
	c->gdt_frames[0] = MOCK_MFN + 50;
	c->gdt_frames[1] = MOCK_MFN + 51;
	c->fs_base = 1;
	c->gs_base_kernel = 2;
	c->gs_base_user = 3;
	c->event_callback_eip = 0x100;
	c->failsafe_callback_eip = 0x200;
	c->syscall_callback_eip = 0x300;
}

static long op(uint64_t cmd, uint64_t vcpu)
{
	return xen_vcpu_op(cmd, vcpu, arg, 0, 0, xen_vcpus[mock_cpu]);
}

/* --- initialise --- */

START_TEST(initialise)
{
	const struct resident_start *s = &other->start;

	c->trap_ctxt[0] = (struct trap_info){.vector = 14, .flags = 4, .address = 0xe};
	c->trap_ctxt[255] = (struct trap_info){.vector = 3, .flags = 3, .address = 0x3};
	c->trap_ctxt[7] = (struct trap_info){.vector = TW_VEC_FIRST, .address = 0x7};
	c->flags = VGCF_syscall_disables_events;
	other->info->evtchn_upcall_mask = 0;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), 0);
	ck_assert(other->initialised);
	ck_assert(!other->up);
	ck_assert_uint_eq(mock_resident.runs, 0);
	ck_assert_uint_eq(other->info->evtchn_upcall_mask, 1);
	ck_assert_uint_eq(s->rip, 0xffffffff81000000);
	ck_assert_uint_eq(s->rsp, 0xffffc90000008000);
	ck_assert_uint_eq(s->rsi, 11);
	ck_assert_uint_eq(s->rdi, 12);
	ck_assert_uint_eq(s->cr3_mfn, MOCK_MFN + 40);
	ck_assert_uint_eq(s->user_cr3_mfn, 0);
	ck_assert_uint_eq(s->fs_base, 1);
	ck_assert_uint_eq(s->gs_base_kernel, 2);
	ck_assert_uint_eq(s->gs_base_user, 3);
	ck_assert_uint_eq(other->hw->kernel_ss, 0xe02b);
	ck_assert_uint_eq(other->hw->kernel_sp, 0xffffc90000009000);
	ck_assert_uint_eq(*other->hw->tss_rsp0, 0xffffc90000009000);
	ck_assert_uint_eq(mock_resident.gdt_cpu, 1);
	ck_assert_uint_eq(mock_resident.gdt_count, 2);
	ck_assert_uint_eq(mock_resident.gdt_frames[1], MOCK_MFN + 51);
	ck_assert_uint_eq(mock_resident.traps[1][14].address, 0xe);
	ck_assert(mock_resident.traps[1][14].mask);
	ck_assert_uint_eq(mock_resident.traps[1][3].address, 0x3);
	ck_assert_uint_eq(mock_resident.traps[1][3].dpl, 3);
	ck_assert_uint_eq(mock_resident.traps[1][TW_VEC_FIRST].address, 0);
	ck_assert_uint_eq(other->hw->callback[TW_CB_EVENT].address, 0x100);
	ck_assert_uint_eq(other->hw->callback[TW_CB_EVENT].mask, 1);
	ck_assert_uint_eq(other->hw->callback[TW_CB_FAILSAFE].address, 0x200);
	ck_assert_uint_eq(other->hw->callback[TW_CB_FAILSAFE].mask, 0);
	ck_assert_uint_eq(other->hw->callback[TW_CB_SYSCALL].address, 0x300);
	ck_assert_uint_eq(other->hw->callback[TW_CB_SYSCALL].mask, 1);
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EEXIST);
	ck_assert_uint_eq(v->calls[XEN_CALL_VCPU_INITIALISE], 2);
}
END_TEST

START_TEST(initialise_masks)
{
	c->flags = VGCF_failsafe_disables_events;
	c->ctrlreg[1] = (MOCK_MFN + 41) << 12 | 1; /* bit 0: there is a root for user mode */
	ck_assert_int_eq(op(VCPUOP_initialise, 1), 0);
	ck_assert_uint_eq(other->hw->callback[TW_CB_FAILSAFE].mask, 1);
	ck_assert_uint_eq(other->hw->callback[TW_CB_SYSCALL].mask, 0);
	ck_assert_uint_eq(other->start.user_cr3_mfn, MOCK_MFN + 41);
}
END_TEST

/* Frames that are not the guest's: the vCPU stays as it was and may be tried again. */
START_TEST(initialise_errors)
{
	const struct tw_vcpu before = *other->hw;
	uint64_t good = c->ctrlreg[3];

	c->ctrlreg[3] = (MOCK_MFN + MOCK_PAGES) << 12;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	c->ctrlreg[3] = 0;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	c->ctrlreg[3] = good;
	c->ctrlreg[1] = (MOCK_MFN - 1) << 12 | 1;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	c->ctrlreg[1] = (MOCK_MFN - 1) << 12; /* not valid: not looked at */
	c->gdt_frames[1] = MOCK_MFN - 1;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	c->gdt_frames[1] = MOCK_MFN;
	c->gdt_ents = 7169;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	c->gdt_ents = ~0ul;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EINVAL);
	mock_mapped = arg + sizeof(*c) - 1 - MOCK_VA;
	ck_assert_int_eq(op(VCPUOP_initialise, 1), -XEN_EFAULT);
	mock_mapped = MOCK_PAGES * TW_PAGE_SIZE;
	ck_assert(!other->initialised);
	ck_assert_mem_eq(&before, other->hw, sizeof(before));
	ck_assert_uint_eq(mock_resident.gdt_calls, 0);
	ck_assert_int_eq(op(VCPUOP_up, 1), -XEN_EINVAL);
	ck_assert_int_eq(op(VCPUOP_initialise, 0), -XEN_EEXIST);
	c->gdt_ents = 7168;
	for (unsigned int i = 0; i < 14; i++)
		c->gdt_frames[i] = MOCK_MFN + i;
	c->gdt_frames[14] = c->gdt_frames[15] = 0; /* the shim's own: not the guest's to give */
	ck_assert_int_eq(op(VCPUOP_initialise, 1), 0);
	ck_assert_uint_eq(mock_resident.gdt_count, 14);
}
END_TEST

/* --- up, down, is_up --- */

START_TEST(first_start)
{
	ck_assert_int_eq(op(VCPUOP_up, 1), -XEN_EINVAL); /* not initialised */
	ck_assert_int_eq(op(VCPUOP_is_up, 1), 0);
	ck_assert_int_eq(op(VCPUOP_initialise, 1), 0);
	mock_tsc = 700;
	ck_assert_int_eq(op(VCPUOP_up, 1), 0);
	ck_assert_int_eq(op(VCPUOP_is_up, 1), 1);
	ck_assert_uint_eq(mock_resident.runs, 1);
	ck_assert_uint_eq(mock_resident.run_cpu, 1);
	ck_assert_uint_eq(mock_resident.run_start.rip, 0xffffffff81000000);
	ck_assert_uint_eq(other->runstate.state, RUNSTATE_running);
	ck_assert_uint_eq(other->runstate.time[RUNSTATE_offline], 700);
	ck_assert_int_eq(op(VCPUOP_up, 1), 0); /* it is */
	ck_assert_uint_eq(mock_resident.runs, 1);
	ck_assert_uint_eq(mock_kicks_total(), 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_VCPU_UP], 3);
	ck_assert_uint_eq(v->calls[XEN_CALL_VCPU_IS_UP], 2);
}
END_TEST

/* vCPU 0 brings vCPU 1 back while that waits in its own "down". */
static void bring_back(void)
{
	ck_assert(!other->up);
	ck_assert_int_eq(other->runstate.state, RUNSTATE_offline);
	mock_tsc += 50;
	if (mock_host_halts < 3)
		return; /* an interrupt alone does not end it */
	mock_cpu = 0;
	ck_assert_int_eq(op(VCPUOP_is_up, 1), 0);
	ck_assert_int_eq(op(VCPUOP_up, 1), 0);
	mock_cpu = 1;
}

START_TEST(down_and_up_again)
{
	op(VCPUOP_initialise, 1);
	op(VCPUOP_up, 1);
	ck_assert_int_eq(op(VCPUOP_down, 1), -XEN_EINVAL); /* only a vCPU itself goes down */
	mock_cpu = 1;
	mock_cr[3] = 0x123000;
	mock_on_halt = bring_back;
	ck_assert_int_eq(op(VCPUOP_down, 1), 0);
	ck_assert_uint_eq(mock_host_halts, 3);
	ck_assert(other->up);
	ck_assert(!mock_if);
	ck_assert_uint_eq(mock_kicks[1], 1);
	ck_assert_uint_eq(mock_resident.runs, 1); /* it goes on where it was */
	ck_assert_uint_eq(other->runstate.time[RUNSTATE_offline], 150);
	ck_assert_int_eq(other->runstate.state, RUNSTATE_running);
	/* Flushes that passed it by are made good, and its timer was stopped. */
	ck_assert_uint_eq(mock_cr3_writes, 1);
	ck_assert_uint_eq(mock_cr[3], 0x123000);
	ck_assert_uint_ge(mock_timer_calls, 1);
}
END_TEST

START_TEST(down_of_one_that_is)
{
	ck_assert_int_eq(op(VCPUOP_down, 1), 0);
	ck_assert_uint_eq(mock_host_halts, 0);
}
END_TEST

/* Linux asks for every id that could exist and stops at an error. */
START_TEST(vcpus_that_do_not_exist)
{
	static const uint64_t ids[] = {2, 63, 64, 0xffffffff, 1ull << 32, ~0ull};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(ids); i++)
		for (uint64_t cmd = 0; cmd < 16; cmd++)
			ck_assert_int_eq(op(cmd, ids[i]), -XEN_ENOENT);
	ck_assert_int_eq(op(VCPUOP_is_up, 0), 1);
	ck_assert_uint_eq(mock_missing, 0);
}
END_TEST

/* --- others --- */

START_TEST(nmi)
{
	ck_assert_int_eq(op(VCPUOP_send_nmi, 1), 0);
	ck_assert_uint_eq(mock_nmis[1], 1);
	ck_assert_uint_eq(mock_nmis[0], 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_VCPU_SEND_NMI], 1);
}
END_TEST

START_TEST(vcpu_info)
{
	struct vcpu_register_vcpu_info *info = mock_guest_at(arg);
	uint8_t *page = tw_guest_frame(MOCK_MFN + 30);

	*info = (struct vcpu_register_vcpu_info){.mfn = MOCK_MFN + 30, .offset = 64};
	ck_assert_int_eq(op(VCPUOP_register_vcpu_info, 1), 0); /* it is down: Linux does that */
	ck_assert_ptr_eq(other->info, page + 64);
	ck_assert_int_eq(op(VCPUOP_register_vcpu_info, 1), -XEN_EINVAL); /* once only */
	info->offset = 128;
	ck_assert_int_eq(op(VCPUOP_register_vcpu_info, 0), 0);
	ck_assert_ptr_eq(v->info, page + 128);
	/* One that runs on another CPU may be using its place at this moment. */
	setup();
	other->up = true;
	*info = (struct vcpu_register_vcpu_info){.mfn = MOCK_MFN + 30, .offset = 64};
	ck_assert_int_eq(op(VCPUOP_register_vcpu_info, 1), -XEN_EINVAL);
	ck_assert(!other->info_registered);
	arg = 0;
	ck_assert_int_eq(op(VCPUOP_register_vcpu_info, 0), -XEN_EFAULT);
	ck_assert_uint_eq(v->calls[XEN_CALL_VCPU_INFO], 2);
}
END_TEST

/* Timer, runstate and time calls are passed on with target and caller in the right order. */
START_TEST(timer_calls)
{
	struct vcpu_set_singleshot_timer *t = mock_guest_at(arg);
	struct vcpu_runstate_info *r = mock_guest_at(arg);

	*t = (struct vcpu_set_singleshot_timer){.timeout_abs_ns = 5000};
	ck_assert_int_eq(op(VCPUOP_set_singleshot_timer, 1), -XEN_EINVAL);
	ck_assert_int_eq(op(VCPUOP_set_singleshot_timer, 0), 0);
	ck_assert_uint_eq(mock_timer, 5000);
	ck_assert_int_eq(op(VCPUOP_stop_periodic_timer, 0), 0);
	mock_tsc = 300;
	ck_assert_int_eq(op(VCPUOP_get_runstate_info, 1), 0);
	ck_assert_int_eq(r->state, RUNSTATE_offline);
	ck_assert_uint_eq(r->time[RUNSTATE_offline], 300);
	ck_assert_int_eq(op(VCPUOP_get_physid, 0), -XEN_ENOSYS);
	ck_assert_int_eq(op(~0ull, 0), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 2);
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_vcpu_op);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-vcpu");
	TCase *tc = tcase_create("vcpu");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, initialise);
	tcase_add_test(tc, initialise_masks);
	tcase_add_test(tc, initialise_errors);
	tcase_add_test(tc, first_start);
	tcase_add_test(tc, down_and_up_again);
	tcase_add_test(tc, down_of_one_that_is);
	tcase_add_test(tc, vcpus_that_do_not_exist);
	tcase_add_test(tc, nmi);
	tcase_add_test(tc, vcpu_info);
	tcase_add_test(tc, timer_calls);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
