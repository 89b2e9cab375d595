/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Where a Xen PV guest's pieces lie, and addresses in hostile notes that no guest may have. */
#include <check.h>
#include <elf.h>
#include <errno.h>

#include "loader/out/xen_pv.h"

#define MB (1ull << 20)
#define GB (1ull << 30)

static struct xen_pv x;

/* As Linux asks for it: 64 MB at -2 GB, 512 MB of memory in two pieces. */
static void setup(void)
{
	x = (struct xen_pv){
	    .elf = {.is64 = true, .machine = EM_X86_64, .paddr_low = 16 * MB, .paddr_high = 64 * MB},
	    .notes = {.present = true, .virt_base = 0xffffffff80000000ull,
		      .has_init_p2m = true, .init_p2m = 0x8000000000ull},
	    .runs_count = 2,
	    .runs = {{0x1000, 384 * MB >> 12}, {0x100000, 128 * MB >> 12}},
	};
}

static int layout(const char **why)
{
	*why = "";
	return xen_pv_layout(&x, why);
}

START_TEST(pieces_follow_each_other)
{
	const char *why;

	ck_assert_int_eq(layout(&why), 0);
	ck_assert_uint_eq(x.pages, 512 * MB >> 12);
	ck_assert_uint_eq(x.kernel_end, 64 * MB >> 12);
	ck_assert_uint_eq(x.start_info_pfn, x.kernel_end);
	ck_assert_uint_eq(x.pt_pfn, x.console_pfn + 1);
	ck_assert_uint_eq(x.stack_pfn, x.pt_pfn + x.pt_frames);
	ck_assert_uint_ge((x.mapped_end - x.stack_pfn - 1) << 12, 512 << 10);
	ck_assert_uint_eq(x.p2m_va, 0x8000000000ull);
	ck_assert_uint_eq(xen_pv_mfn(&x, 384 * MB >> 12), 0x100000);
	ck_assert_uint_eq(xen_pv_mfn(&x, 512 * MB >> 12), ~0ull);
}
END_TEST

START_TEST(too_little_memory)
{
	const char *why;

	x.runs[0].count = 64 * MB >> 12;
	ck_assert_int_eq(layout(&why), -ENOMEM);
}
END_TEST

/* Its mappings would lie in the hypervisor's slots, wrap, or be no addresses at all. */
START_TEST(bases_that_no_guest_may_have)
{
	static const uint64_t bases[] = {
	    0xffff800000000000ull,	0xffff828000000000ull,
	    0xffff880000000000ull - MB, 0xffff800000000000ull - MB,
	    0x0000800000000000ull,	0x00007fffffff0000ull,
	    0x1234567800000000ull,
	};
	const char *why;

	for (unsigned int i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		setup();
		x.notes.virt_base = bases[i];
		ck_assert_msg(layout(&why) == -EINVAL, "VIRT_BASE %#lx", bases[i]);
		setup();
		x.notes.init_p2m = bases[i];
		ck_assert_msg(layout(&why) == -EINVAL, "INIT_P2M %#lx", bases[i]);
	}
	setup();
	x.notes.virt_base = 0xfffffffffff00000ull; /* the image fits, what follows it does not */
	ck_assert_int_eq(layout(&why), -EINVAL);
	setup();
	x.notes.virt_base = 0xffff880000000000ull;
	ck_assert_int_eq(layout(&why), 0);
	setup();
	x.notes.virt_base = 0;
	ck_assert_int_eq(layout(&why), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xen-pv-layout");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, pieces_follow_each_other);
	tcase_add_test(tc, too_little_memory);
	tcase_add_test(tc, bases_that_no_guest_may_have);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
