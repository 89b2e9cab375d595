/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which pages of the image nested mode gives to the guest: those all of whose bytes are of no use on this
 * host, and no other. The linker script's symbols are places in an image made up here, one in which parts
 * end within pages. Each expectation is a string with one letter a page: K kept, . given away.
 */
#include <check.h>
#include <string.h>

#include "mock_hw.h"
#include "shim/shim.h"
#include "twoway/nested.h"

#define PAGES 19
#define BASE  0x7e00000ull /* where the image lies in memory */

extern char image[PAGES * TW_PAGE_SIZE];
__asm__(".pushsection .bss\n"
	".balign 4096\n"
	".globl image\n"
	"image: .zero 19 * 4096\n"
	".globl kept_start, resident_text_start, kvm_text_start, others_text_start, others_text_end\n"
	".set kept_start, image\n"
	".set resident_text_start, image\n"
	".set kvm_text_start, image + 0x2800\n"	   /* page 2: resident mode's and KVM's */
	".set others_text_start, image + 0x3400\n" /* page 3: KVM's and the others' */
	".set others_text_end, image + 0x6000\n"   /* then common code */
	".globl code_pages_start, code_pages_end\n"
	".set code_pages_start, image + 0x8000\n"
	".set code_pages_end, image + 0xa000\n"
	".globl resident_rodata_start, kvm_rodata_start, others_rodata_start, others_rodata_end\n"
	".set resident_rodata_start, image + 0xa000\n"
	".set kvm_rodata_start, image + 0xb800\n"   /* page 11 has some of all three, */
	".set others_rodata_start, image + 0xba00\n"
	".set others_rodata_end, image + 0xc400\n"  /* page 12 the others' and common ones, as 13 to 15 */
	".globl others_bss_start, kvm_bss_start, resident_bss_start, resident_bss_end, kept_end\n"
	".set others_bss_start, image + 0xf800\n"   /* page 15: common and the others' */
	".set kvm_bss_start, image + 0x10800\n"	    /* page 16: the others' and KVM's */
	".set resident_bss_start, image + 0x11000\n"
	".set resident_bss_end, image + 0x13000\n"
	".set kept_end, image + 0x13000\n"
	".popsection");

static unsigned int code_pages;

unsigned int host_code_pages_used(void)
{
	return code_pages;
}

uint64_t image_pa(const void *p)
{
	return (uint64_t)p - (uint64_t)image + BASE;
}

static void setup(void)
{
	mock_reset();
	nested_cpus = 2;
	code_pages = 0;
}

/* Both ways to ask say the same: page by page, and the pieces in their physical addresses. */
static void expect(const char *want)
{
	struct extent piece = { 0 };
	char by_page[PAGES + 1] = "", by_piece[PAGES + 1] = "";
	uint64_t last = BASE - 1;

	for (unsigned int i = 0; i < PAGES; i++)
		by_page[i] = image_unused((uint64_t)image + i * TW_PAGE_SIZE) ? '.' : 'K';
	ck_assert_str_eq(by_page, want);
	memset(by_piece, '.', PAGES);
	while (image_next_kept(&piece)) {
		ck_assert_uint_gt(piece.base, last); /* in order, with something in between */
		ck_assert_uint_eq((piece.base | piece.size) & ~TW_PAGE_MASK, 0);
		last = piece.base + piece.size;
		ck_assert_uint_le(last, BASE + sizeof(image));
		memset(by_piece + (piece.base - BASE) / TW_PAGE_SIZE, 'K', piece.size / TW_PAGE_SIZE);
	}
	ck_assert_str_eq(by_piece, want);
}

START_TEST(resident_mode_keeps_all)
{
	nested_cpus = 0;
	tw_host.name = "bare";
	expect("KKKKKKKKKKKKKKKKKKK");
}
END_TEST

START_TEST(without_a_hypervisor_only_what_is_common_is_kept)
{
	tw_host.name = "bare";
	expect("......KK....KKKK...");
}
END_TEST

START_TEST(on_kvm_its_host_side_is_kept_too)
{
	tw_host.name = "kvm";
	expect("..KK..KK...KKKKKK..");
}
END_TEST

/* Their calls go through a page of code, which they fill while booting. */
START_TEST(on_another_hypervisor_all_the_others_and_their_code_are_kept)
{
	tw_host.name = "xen";
	code_pages = 1;
	expect("...KKKKKKK.KKKKKK..");
}
END_TEST

START_TEST(code_pages_that_nobody_uses_are_given)
{
	tw_host.name = "vmware";
	expect("...KKKKK...KKKKKK..");
}
END_TEST

/* KVM that also speaks another hypervisor's ABI: whoever took a page of code may be called. */
START_TEST(who_uses_code_pages_is_kept_whatever_the_host_is_called)
{
	code_pages = 2;
	tw_host.name = "kvm";
	expect("..KKKKKKKK.KKKKKK..");
	tw_host.name = "bare";
	expect("...KKKKKKK.KKKKKK..");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image");
	TCase *tc = tcase_create("kept");
	SRunner *sr = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, resident_mode_keeps_all);
	tcase_add_test(tc, without_a_hypervisor_only_what_is_common_is_kept);
	tcase_add_test(tc, on_kvm_its_host_side_is_kept_too);
	tcase_add_test(tc, on_another_hypervisor_all_the_others_and_their_code_are_kept);
	tcase_add_test(tc, code_pages_that_nobody_uses_are_given);
	tcase_add_test(tc, who_uses_code_pages_is_kept_whatever_the_host_is_called);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
