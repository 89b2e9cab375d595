/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Xen ELF notes, the FEATURES string and the old __xen_guest section: values, defaults, and refusal
 * of what cannot be. Expected values come from xen/elfnote.h and from Debian's 6.1 kernel.
 */
#include <check.h>
#include <errno.h>
#include <xen/elfnote.h>
#include <xen/features.h>

#include "image_builder.h"
#include "loader/out/notes.h"

#define BASE  0xffffffff80000000ull
#define LOW   0x1000000ull /* physical */
#define SIZE  0x8000ull
#define START (BASE + LOW) /* first VA of the image */

static struct image_builder ib;
static struct tw_bytes file;
static struct tw_elf elf;
static struct tw_xen_notes notes;
static const char *why;

static void setup(void)
{
	ib_start(&ib, true);
	ib_segment(&ib, PT_LOAD, START, LOW, 0x100, SIZE);
	ib.e.e_entry = LOW + 0x20;
	ib_notes_begin(&ib);
}

static void teardown(void)
{
	free((void *)file.data);
	file.data = NULL;
}

static void load(void)
{
	teardown();
	file = ib_finish(&ib);
	ck_assert_msg(tw_elf_parse(file, &elf, &why) == 0, "%s", why);
	why = NULL;
}

static int parse(void)
{
	if (!ib.e.e_shnum) /* guest_section() has done it otherwise */
		ib_notes_end(&ib);
	load();
	return tw_xen_notes_parse(&elf, &notes, &why);
}

static void assert_good(void)
{
	int rc = parse();

	ck_assert_msg(rc == 0, "refused: %s", why);
}

static void assert_refused(const char *part)
{
	ck_assert_int_eq(parse(), -EINVAL);
	ck_assert_msg(why && strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
}

/* What Debian's 6.1 kernel carries. */
static void linux_notes(void)
{
	ib_note_text(&ib, XEN_ELFNOTE_GUEST_OS, "linux");
	ib_note_text(&ib, XEN_ELFNOTE_GUEST_VERSION, "2.6");
	ib_note_text(&ib, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, BASE);
	ib_note_u64(&ib, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	ib_note_u64(&ib, XEN_ELFNOTE_ENTRY, START + 0x1c0);
	ib_note_text(&ib, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
	ib_note_u32(&ib, XEN_ELFNOTE_SUPPORTED_FEATURES, 0x8801);
	ib_note_text(&ib, XEN_ELFNOTE_LOADER, "generic");
	ib_note_u32(&ib, XEN_ELFNOTE_MOD_START_PFN, 1);
	ib_note_u64(&ib, XEN_ELFNOTE_HV_START_LOW, 0xffff800000000000);
	ib_note_u64(&ib, XEN_ELFNOTE_PADDR_OFFSET, 0);
	ib_note_u64(&ib, XEN_ELFNOTE_PHYS32_ENTRY, LOW + 0x850);
}

START_TEST(linux_kernel)
{
	linux_notes();
	assert_good();
	ck_assert(notes.present && !notes.legacy && notes.has_entry && !notes.has_hypercall_page);
	ck_assert_uint_eq(notes.entry, START + 0x1c0);
	ck_assert_uint_eq(notes.virt_base, BASE);
	ck_assert_uint_eq(notes.paddr_offset, 0);
	ck_assert_uint_eq(notes.virt_low, START);
	ck_assert_uint_eq(notes.virt_high, START + SIZE);
	ck_assert(notes.has_init_p2m && notes.mod_start_pfn && notes.has_phys32_entry);
	ck_assert_uint_eq(notes.init_p2m, 0x8000000000);
	ck_assert_uint_eq(notes.phys32_entry, LOW + 0x850);
	ck_assert_uint_eq(notes.features, 0x8811);
	ck_assert_uint_eq(notes.required, 1);
	ck_assert_uint_eq(notes.hv_start_low, 0xffff800000000000);
	ck_assert_str_eq(notes.guest_os, "linux");
	ck_assert_str_eq(notes.guest_version, "2.6");
	ck_assert_str_eq(notes.xen_version, "xen-3.0");
	ck_assert_str_eq(notes.loader, "generic");
	ck_assert_str_eq(notes.unknown_feature, "");
}
END_TEST

START_TEST(no_notes)
{
	ib_note(&ib, 3, "GNU", "build-id", 8);
	ib_note(&ib, XEN_ELFNOTE_ENTRY, "XenX", "12345678", 8);
	assert_good();
	ck_assert(!notes.present && !notes.has_entry && !notes.mod_start_pfn);
	ck_assert_uint_eq(notes.entry, LOW + 0x20);
}
END_TEST

START_TEST(defaults)
{
	ib_note_text(&ib, XEN_ELFNOTE_GUEST_OS, "x");
	assert_good();
	ck_assert(notes.present && !notes.has_entry && !notes.has_init_p2m);
	ck_assert_uint_eq(notes.entry, LOW + 0x20);
	ck_assert_uint_eq(notes.virt_base, 0);
	ck_assert_uint_eq(notes.paddr_offset, 0);
	ck_assert_uint_eq(notes.virt_low, LOW);
	ck_assert_uint_eq(notes.hv_start_low, 0);
	ck_assert_uint_eq(notes.features, 0);
}
END_TEST

START_TEST(last_of_two_counts)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_ENTRY, START + 0x40);
	ib_note_text(&ib, XEN_ELFNOTE_GUEST_OS, "bsd");
	ib_note_u32(&ib, XEN_ELFNOTE_SUPPORTED_FEATURES, 0x20);
	assert_good();
	ck_assert_uint_eq(notes.entry, START + 0x40);
	ck_assert_str_eq(notes.guest_os, "bsd");
	ck_assert_uint_eq(notes.features, 0x8831); /* these add up */
}
END_TEST

START_TEST(four_byte_numbers)
{
	ib_note_u32(&ib, XEN_ELFNOTE_VIRT_BASE, 0xc0000000);
	ib_note_u32(&ib, XEN_ELFNOTE_ENTRY, 0xc1000000);
	assert_good();
	ck_assert_uint_eq(notes.virt_base, 0xc0000000);
	ck_assert_uint_eq(notes.entry, 0xc1000000);
}
END_TEST

START_TEST(paddr_offset_moves_the_image)
{
	/* Old kernels write virtual addresses into p_paddr. */
	ib.p[0].p_paddr = 0xc1000000;
	ib.e.e_entry = 0;
	ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, 0xc0000000);
	ib_note_u64(&ib, XEN_ELFNOTE_PADDR_OFFSET, 0xc0000000);
	ib_note_u64(&ib, XEN_ELFNOTE_ENTRY, 0xc1000000);
	assert_good();
	ck_assert_uint_eq(notes.virt_low, 0xc1000000);
	ck_assert_uint_eq(notes.virt_high, 0xc1008000);
}
END_TEST

START_TEST(hypercall_page)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_HYPERCALL_PAGE, START + SIZE - 0x1000);
	assert_good();
	ck_assert(notes.has_hypercall_page);
	ck_assert_uint_eq(notes.hypercall_page, START + SIZE - 0x1000);
}
END_TEST

static const uint64_t bad_pages[] = {START + SIZE, START - 0x1000, START + 0x10, 0};
START_TEST(hypercall_page_outside)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_HYPERCALL_PAGE, bad_pages[_i]);
	assert_refused("hypercall page");
}
END_TEST

/* The page starts inside and ends behind the image. */
START_TEST(hypercall_page_half_outside)
{
	linux_notes();
	ib.p[0].p_memsz = SIZE - 1;
	ib_note_u64(&ib, XEN_ELFNOTE_HYPERCALL_PAGE, START + SIZE - 0x1000);
	assert_refused("hypercall page");
}
END_TEST

static const uint64_t bad_entries[] = {START + SIZE, START - 1, 0};
START_TEST(entry_outside)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_ENTRY, bad_entries[_i]);
	assert_refused("Xen entry point");
}
END_TEST

/* Without PV entry and PVH entry, the ELF entry counts, and here it is no PV address. */
START_TEST(default_entry_outside)
{
	ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, BASE);
	assert_refused("Xen entry point");
}
END_TEST

START_TEST(pvh_only)
{
	ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, BASE);
	ib_note_u32(&ib, XEN_ELFNOTE_PHYS32_ENTRY, (uint32_t)LOW);
	assert_good();
	ck_assert(!notes.has_entry && notes.has_phys32_entry);
}
END_TEST

static const uint64_t bad_phys[] = {LOW - 1, LOW + SIZE};
START_TEST(pvh_entry_outside)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_PHYS32_ENTRY, bad_phys[_i]);
	assert_refused("PVH entry point lies outside");
}
END_TEST

START_TEST(pvh_entry_too_high)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_PHYS32_ENTRY, (1ull << 32) + LOW);
	assert_refused("above 4 GB");
}
END_TEST

START_TEST(p2m_inside_image)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_INIT_P2M, START + 0x1000);
	assert_refused("P2M");
}
END_TEST

START_TEST(image_outside_address_space)
{
	ib_note_u64(&ib, XEN_ELFNOTE_PADDR_OFFSET, LOW + 2 * SIZE); /* the image below physical 0 */
	assert_refused("outside the address space");
}
END_TEST

START_TEST(virt_base_wraps)
{
	/* With _i == 0 the start wraps, with 1 only the end. */
	ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, UINT64_MAX - LOW - (_i ? 0x100 : 0) + !_i);
	assert_refused("outside the address space");
}
END_TEST

START_TEST(odd_number_size)
{
	linux_notes();
	ib_note(&ib, XEN_ELFNOTE_VIRT_BASE, "Xen", "123456", (uint32_t[]){0, 2, 5, 6}[_i]);
	assert_refused("neither 4 nor 8");
}
END_TEST

/* GRUB's i386 Xen image ends like this and boots under Xen. */
START_TEST(last_text_runs_over)
{
	linux_notes();
	ib_note_text(&ib, XEN_ELFNOTE_GUEST_OS, "grb");
	ib.body[ib.body_size - 12 - 8 + 4] = 12; /* its descsz */
	assert_good();
	ck_assert_str_eq(notes.guest_os, "grb");
}
END_TEST

START_TEST(last_number_runs_over)
{
	linux_notes();
	ib_note_u64(&ib, XEN_ELFNOTE_HV_START_LOW, 1);
	ib.body_size -= 4;
	assert_refused("numeric Xen note runs over");
}
END_TEST

START_TEST(name_runs_over)
{
	static const uint32_t headers[][3] = {
	    {5, 0, 0},		/* one more than the 4 bytes behind it */
	    {0xffffffff, 0, 0}, /* padded to 4 it is 0 in 32 bits */
	    {0xfffffff4, 0, 0}, /* plus the header it is 0 in 32 bits */
	};

	linux_notes();
	ib_data(&ib, headers[_i], 12);
	ib_data(&ib, "Xen", 4);
	assert_refused("name of an ELF note");
}
END_TEST

/* A description of nearly 4 GB: the note is the last one, and its type needs no number. */
START_TEST(huge_description)
{
	static const uint32_t header[3] = {4, 0xfffffffc, XEN_ELFNOTE_GUEST_OS};

	linux_notes();
	ib_data(&ib, header, 12);
	ib_data(&ib, "Xen", 4);
	ib_data(&ib, "big", 3);
	assert_good();
	ck_assert_str_eq(notes.guest_os, "big");
}
END_TEST

START_TEST(header_cut)
{
	linux_notes();
	ib_data(&ib, "\4\0\0\0\4\0\0\0\1\0\0", 11);
	assert_refused("cut off");
}
END_TEST

START_TEST(zero_padding_at_the_end)
{
	linux_notes();
	ib_data(&ib, NULL, 8);
	assert_good();
}
END_TEST

START_TEST(long_and_unterminated_text)
{
	ib_note(&ib, XEN_ELFNOTE_GUEST_OS, "Xen", "0123456789012345678901234567890123456789", 40);
	ib_note(&ib, XEN_ELFNOTE_LOADER, "Xen", "abcd", 4);
	assert_good();
	ck_assert_str_eq(notes.guest_os, "0123456789012345678901234567890");
	ck_assert_str_eq(notes.loader, "abcd");
}
END_TEST

static void features(const char *text, size_t size)
{
	memset(&notes, 0, sizeof(notes));
	tw_xen_features_parse((struct tw_bytes){(const uint8_t *)text, size}, &notes);
}

START_TEST(feature_names)
{
	features("dom0|!hvm_pirqs|nobody_knows", 28);
	ck_assert_uint_eq(notes.features, 1u << XENFEAT_dom0 | 1u << XENFEAT_hvm_pirqs);
	ck_assert_uint_eq(notes.required, 1u << XENFEAT_hvm_pirqs);
	ck_assert_str_eq(notes.unknown_feature, "");
	features("dom", 3);
	ck_assert_uint_eq(notes.features, 0);
	features("dom00", 5);
	ck_assert_uint_eq(notes.features, 0);
	features("||!|", 4);
	ck_assert_uint_eq(notes.features | notes.required, 0);
	ck_assert_str_eq(notes.unknown_feature, "");
	features("", 0);
	features("dom0\0|hvm_pirqs", 15);
	ck_assert_uint_eq(notes.features, 1u << XENFEAT_dom0);
}
END_TEST

START_TEST(unknown_required_feature)
{
	features("!first_unknown|dom0|!second", 27);
	ck_assert_str_eq(notes.unknown_feature, "first_unknown");
	ck_assert_uint_eq(notes.features, 1u << XENFEAT_dom0);
	ck_assert_uint_eq(notes.required, 0);
	features("!0123456789012345678901234567890123456789", 41);
	ck_assert_str_eq(notes.unknown_feature, "0123456789012345678901234567890");
}
END_TEST

static void guest_section(const char *text, size_t size)
{
	static const char names[] = "\0__xen_guest";

	ib_notes_end(&ib);
	ib_section(&ib, SHT_STRTAB, 0, names, sizeof(names));
	ib_section(&ib, SHT_PROGBITS, 1, text, size);
	ib.e.e_shstrndx = 0;
}

START_TEST(legacy_section)
{
	static const char text[] =
	    "GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,HYPERCALL_PAGE=0x2,"
	    "VIRT_BASE=0xC0000000,ELF_PADDR_OFFSET=0x0,VIRT_ENTRY=3238002944,"
	    "PAE=yes,FEATURES=!writable_page_tables|dom0,LOADER=generic";

	ib.p[0].p_vaddr = 0xc1000000;
	ib.p[0].p_paddr = 0;
	ib.e.e_entry = 0;
	ib.p[0].p_memsz = 0x2000000;
	guest_section(text, sizeof(text));
	assert_good();
	ck_assert(notes.present && notes.legacy && notes.has_entry && notes.has_hypercall_page);
	ck_assert_str_eq(notes.guest_os, "linux");
	ck_assert_str_eq(notes.guest_version, "2.6");
	ck_assert_str_eq(notes.xen_version, "xen-3.0");
	ck_assert_str_eq(notes.loader, "generic");
	ck_assert_uint_eq(notes.virt_base, 0xc0000000);
	ck_assert_uint_eq(notes.hypercall_page, 0xc0002000);
	ck_assert_uint_eq(notes.paddr_offset, 0);
	ck_assert_uint_eq(notes.entry, 3238002944);
	ck_assert_uint_eq(notes.features, 1u << XENFEAT_dom0 | 1);
	ck_assert_uint_eq(notes.required, 1);
}
END_TEST

START_TEST(legacy_paddr_offset_default)
{
	static const char text[] = "VIRT_BASE=0xc0000000";

	ib.p[0].p_vaddr = ib.p[0].p_paddr = 0xc1000000;
	ib.e.e_entry = 0xc1000000;
	guest_section(text, sizeof(text) - 1); /* without a NUL: the file's last byte */
	assert_good();
	ck_assert_uint_eq(notes.paddr_offset, 0xc0000000);
	ck_assert_uint_eq(notes.virt_low, 0xc1000000);
}
END_TEST

START_TEST(notes_outrank_the_section)
{
	linux_notes();
	guest_section("GUEST_OS=old", 13);
	assert_good();
	ck_assert(!notes.legacy);
	ck_assert_str_eq(notes.guest_os, "linux");
}
END_TEST

START_TEST(legacy_odd_strings)
{
	static const char *const texts[] = {"",
					    ",",
					    "=",
					    ",,=,",
					    "GUEST_OS",
					    "GUEST_OS=",
					    "=x",
					    "GUEST_OS=\xff,VIRT_BASE=",
					    "VIRT_BASE=0x",
					    "VIRT_BASE=zz",
					    "FEATURES=",
					    "UNKNOWN=1"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool given = false;
		char *exact = malloc(strlen(texts[i]));

		memcpy(exact, texts[i], strlen(texts[i]));
		memset(&notes, 0, sizeof(notes));
		tw_xen_guest_section_parse((struct tw_bytes){(uint8_t *)exact, strlen(texts[i])},
					   &notes, &given);
		ck_assert_uint_eq(notes.virt_base, 0);
		ck_assert_uint_eq(notes.features, 0);
		ck_assert(!given && !notes.has_entry);
		free(exact);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notes");
	TCase *tc = tcase_create("xen");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, linux_kernel);
	tcase_add_test(tc, no_notes);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, last_of_two_counts);
	tcase_add_test(tc, four_byte_numbers);
	tcase_add_test(tc, paddr_offset_moves_the_image);
	tcase_add_test(tc, hypercall_page);
	tcase_add_loop_test(tc, hypercall_page_outside, 0, 4);
	tcase_add_test(tc, hypercall_page_half_outside);
	tcase_add_loop_test(tc, entry_outside, 0, 3);
	tcase_add_test(tc, default_entry_outside);
	tcase_add_test(tc, pvh_only);
	tcase_add_loop_test(tc, pvh_entry_outside, 0, 2);
	tcase_add_test(tc, pvh_entry_too_high);
	tcase_add_test(tc, p2m_inside_image);
	tcase_add_test(tc, image_outside_address_space);
	tcase_add_loop_test(tc, virt_base_wraps, 0, 2);
	tcase_add_loop_test(tc, odd_number_size, 0, 4);
	tcase_add_test(tc, last_text_runs_over);
	tcase_add_test(tc, last_number_runs_over);
	tcase_add_loop_test(tc, name_runs_over, 0, 3);
	tcase_add_test(tc, huge_description);
	tcase_add_test(tc, header_cut);
	tcase_add_test(tc, zero_padding_at_the_end);
	tcase_add_test(tc, long_and_unterminated_text);
	tcase_add_test(tc, feature_names);
	tcase_add_test(tc, unknown_required_feature);
	tcase_add_test(tc, legacy_section);
	tcase_add_test(tc, legacy_paddr_offset_default);
	tcase_add_test(tc, notes_outrank_the_section);
	tcase_add_test(tc, legacy_odd_strings);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
