/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The ways round the faults of Xen's SVM (shim/nested/svm_xen.c); elsewhere nothing of it is done. */
#include "nested_test.h"

#define WRITES_DR0 (SVM_EXIT_DEBUG + 0x10)
#define STEPPED	   (SVM_EXIT_EXCEPTION + 1)

static void boot_on(bool xen)
{
	machine_reset(1);
	tw_host.svm_of_xen = xen;
	machine_boot(&plain_abi, "");
	machine_debug_touched = 0;
}

/* Xen's own request for a window, with vector 0, came out with an exit. */
START_TEST(window_of_xen)
{
	struct vmcb *b;

	boot_on(true);
	b = machine_vmcb(0);
	b->rflags &= ~FLAG_IF;
	b->int_control |= SVM_V_IRQ;
	b->int_vector = 0;
	machine_cpuid(0, 0, 0);
	ck_assert(!(b->int_control & SVM_V_IRQ));
}
END_TEST

/* A window of the shim's stays, and so does an interrupt that it offers. */
START_TEST(window_of_ours)
{
	struct vmcb *b;

	boot_on(true);
	b = machine_vmcb(0);
	b->rflags &= ~FLAG_IF;
	b->int_control |= SVM_V_IRQ;
	b->int_vector = _i ? 0x61 : 0;
	if (!_i)
		b->intercept_misc1 |= SVM_I_VINTR;
	svm_xen_exit(b);
	ck_assert(b->int_control & SVM_V_IRQ);
}
END_TEST

/* One access, with Xen's registers loaded before; then it exits again. */
START_TEST(debug_register)
{
	struct vmcb *b;

	boot_on(true);
	b = machine_vmcb(0);
	b->rflags |= FLAG_IF;
	ck_assert_uint_eq(b->intercept_dr, 0xffffffff);
	machine_exit(0, WRITES_DR0, 0, 0);
	ck_assert_uint_eq(machine_debug_touched, 1);
	ck_assert_uint_eq(b->intercept_dr, 0);
	ck_assert_uint_eq(b->rflags & (FLAG_TF | FLAG_IF), FLAG_TF);
	machine_exit(0, STEPPED, 0, 0);
	ck_assert_uint_eq(b->intercept_dr, 0xffffffff);
	ck_assert_uint_eq(b->rflags & (FLAG_TF | FLAG_IF), FLAG_IF);
	ck_assert_uint_eq(event(0), 0);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_NONE);
}
END_TEST

/* With an event to deliver first nothing can be stepped: its handler's first exit closes the access. */
START_TEST(debug_register_and_event)
{
	struct vmcb *b;

	boot_on(true);
	b = machine_vmcb(0);
	b->exit_int_info = EVENT_INTR(0x30);
	machine_exit(0, WRITES_DR0, 0, 0);
	ck_assert_uint_eq(event(0), EVENT_INTR(0x30));
	ck_assert_uint_eq(b->intercept_dr, 0);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_NONE);
	machine_cpuid(0, 0, 0);
	ck_assert_uint_eq(b->intercept_dr, 0xffffffff);
}
END_TEST

START_TEST(elsewhere)
{
	boot_on(false);
	ck_assert_uint_eq(machine_vmcb(0)->intercept_dr, 0);
	machine_vmcb(0)->rflags &= ~FLAG_IF;
	machine_vmcb(0)->int_control |= SVM_V_IRQ;
	machine_cpuid(0, 0, 0);
	ck_assert(machine_vmcb(0)->int_control & SVM_V_IRQ);
	ck_assert_uint_eq(machine_vmcb(0)->intercept_dr, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("xen");

	tcase_add_test(t, window_of_xen);
	tcase_add_loop_test(t, window_of_ours, 0, 2);
	tcase_add_test(t, debug_register);
	tcase_add_test(t, debug_register_and_event);
	tcase_add_test(t, elsewhere);
	return run_suite("nested-xen", t);
}
