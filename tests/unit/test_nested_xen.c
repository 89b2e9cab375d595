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

/* Nothing can be done about lazy switching of FPU registers but to say so: where Xen can be lazy. */
START_TEST(lazy_fpu)
{
	static const struct {
		uint32_t version;
		unsigned int warnings;
	} xen[] = { { 0x00040011, 1 }, { 0x00040015, 1 }, { 0x00040016, 0 }, { 0x00050000, 0 } };

	machine_reset(1);
	tw_host.svm_of_xen = true;
	mock_set_cpuid(1, 0, 0x00a20f10, 0x00020800, 1u << 31 | 1u << 27, 1u << 9);
	mock_set_cpuid(0x40000000, 0, 0x40000005, 0x566e6558, 0x65584d4d, 0x4d4d566e);
	mock_set_cpuid(0x40000001, 0, xen[_i].version, 0, 0, 0);
	mock_log_lines[TW_LOG_WARN] = 0;
	machine_boot(&plain_abi, "");
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], xen[_i].warnings);
}
END_TEST

#define CODE 0xffffffff98c06ffdull /* three bytes before the end of a page */

/* That code at CODE, in 4 KB pages or a large one, and the guest there in 64-bit mode; the page behind it is absent. */
static struct vmcb *at_code(const uint8_t code[4], bool large)
{
	uint64_t tables = MACHINE_RAM, page = large ? MACHINE_HIGH : MACHINE_RAM + 0x10000;
	struct vmcb *b;

	boot_on(true);
	for (unsigned int level = 4, i = 0; level > (large ? 1 : 0); level--, i++) {
		uint64_t next = level == 1 || (large && level == 2) ? page : tables + (i + 1) * 0x1000;
		uint64_t *entry = (uint64_t *)machine_at(tables + i * 0x1000) + (CODE >> (3 + 9 * level) & 511);

		*entry = next | 1 | (large && level == 2 ? 0x80 : 0);
	}
	memcpy(machine_at(page + (CODE & (large ? 0x1fffff : 0xfff))), code, large ? 4 : 3);
	b = machine_vmcb(0);
	b->cr3 = tables;
	b->cr4 = 0;
	b->cs.attributes |= SVM_SEG_L;
	b->rip = CODE;
	return b;
}

/* The plain forms are done without the guest: nothing is left open. */
START_TEST(debug_register_done)
{
	static const struct {
		uint8_t code[4];
		unsigned int exit;
	} forms[] = {
		{ { 0x0f, 0x23, 0xd2 }, 0x12 },	      /* mov %rdx, %dr2 */
		{ { 0x41, 0x0f, 0x23, 0xf8 }, 0x17 }, /* mov %r8, %dr7 */
		{ { 0x0f, 0x23, 0xf3 }, 0x16 },	      /* mov %rbx, %dr6 */
		{ { 0x0f, 0x21, 0xf0 }, 0x06 },	      /* mov %dr6, %rax */
		{ { 0x41, 0x0f, 0x21, 0xd9 }, 0x03 }, /* mov %dr3, %r9 */
	};
	struct nested_regs *r;
	struct vmcb *b = at_code(forms[_i].code, forms[_i].code[0] == 0x41);

	r = machine_regs(0);
	r->rdx = 0x123456789abcull;
	r->r8 = 0x155;
	r->rbx = 0xffff4001;
	b->dr6 = 0xffff0ff1;
	machine_debug[3] = 0x777;
	machine_exit(0, SVM_EXIT_DEBUG + forms[_i].exit, 0, 0);
	ck_assert_uint_eq(b->rip, CODE + (forms[_i].code[0] == 0x41 ? 4 : 3));
	ck_assert_uint_eq(b->intercept_dr, 0xffffffff);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_NONE);
	ck_assert_uint_eq(machine_debug[2], _i == 0 ? 0x123456789abcull : 0);
	ck_assert_uint_eq(b->dr7, _i == 1 ? 0x555 : 0x400);
	ck_assert_uint_eq(b->dr6, _i == 2 ? 0xffff4ff1 : 0xffff0ff1);
	ck_assert_uint_eq(b->rax, _i == 3 ? 0xffff0ff1 : r->rax);
	ck_assert_uint_eq(r->r9, _i == 4 ? 0x777 : 0);
}
END_TEST

/* What faults, or is not plain, the CPU shall decide. */
START_TEST(debug_register_left)
{
	static const uint8_t codes[][4] = { { 0x0f, 0x23, 0xf8 }, { 0x66, 0x0f, 0x23 }, { 0x0f, 0x23, 0xc0 },
					    { 0x0f, 0x23, 0xfc }, { 0x0f, 0x23, 0xfb }, { 0x0f, 0x23, 0xfb } };
	struct vmcb *b = at_code(codes[_i], false);

	machine_regs(0)->rax = b->rax = 1ull << 32; /* #GP in DR7 */
	if (_i == 4)
		b->dr7 |= 1u << 13; /* #DB */
	if (_i == 5)
		b->cr3 = MACHINE_LOW_END; /* no tables */
	machine_exit(0, SVM_EXIT_DEBUG + 0x17, 0, 0);
	ck_assert_uint_eq(b->rip, CODE);
	ck_assert_uint_eq(b->intercept_dr, 0);
	ck_assert_int_eq(nested_cpu_of[0]->stepping, NESTED_STEP_DEBUG);
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
	tcase_add_loop_test(t, lazy_fpu, 0, 4);
	tcase_add_loop_test(t, debug_register_done, 0, 5);
	tcase_add_loop_test(t, debug_register_left, 0, 6);
	tcase_add_test(t, elsewhere);
	return run_suite("nested-xen", t);
}
