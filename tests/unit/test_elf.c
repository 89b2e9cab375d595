/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * loader/out/elf*.c: what is accepted, and that each way in which a file can lie is refused with
 * its own line. Most tests run for both classes (the loop index is is64).
 */
#include <check.h>
#include <errno.h>

#include "image_builder.h"

static struct image_builder ib;
static struct tw_bytes file;
static struct tw_elf elf;
static const char *why;

#define VA(is64) ((is64) ? 0xffffffff81000000ull : 0xc1000000ull)

/* Two segments, given high one first, and an entry in the low one. */
static void build_good(bool is64)
{
	ib_start(&ib, is64);
	ib_segment(&ib, PT_LOAD, VA(is64) + 0x2000, 0x1002000, 0x300, 0x5000)->p_flags =
	    PF_R | PF_W;
	ib_segment(&ib, PT_LOAD, VA(is64), 0x1000000, 0x800, 0x2000);
	ib.e.e_entry = VA(is64) + 0x10;
}

static int parse(void)
{
	free((void *)file.data);
	file = ib_finish(&ib);
	why = NULL;
	return tw_elf_parse(file, &elf, &why);
}

static void assert_refused(int error, const char *part)
{
	ck_assert_int_eq(parse(), error);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
}

static void teardown(void)
{
	free((void *)file.data);
	file.data = NULL;
}

START_TEST(good_file)
{
	build_good(_i);
	ck_assert_int_eq(parse(), 0);
	ck_assert_int_eq(elf.is64, _i);
	ck_assert_uint_eq(elf.machine, _i ? EM_X86_64 : EM_386);
	ck_assert_uint_eq(elf.type, ET_EXEC);
	ck_assert_uint_eq(elf.entry, VA(_i) + 0x10);
	ck_assert_uint_eq(elf.paddr_low, 0x1000000);
	ck_assert_uint_eq(elf.paddr_high, 0x1007000);
	ck_assert_uint_eq(elf.segments_count, 2);
	ck_assert_uint_eq(elf.notes_count, 0);
}
END_TEST

START_TEST(segments_sorted_by_paddr)
{
	build_good(_i);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.segments[0].paddr, 0x1000000);
	ck_assert_uint_eq(elf.segments[0].vaddr, VA(_i));
	ck_assert_uint_eq(elf.segments[0].filesz, 0x800);
	ck_assert_uint_eq(elf.segments[0].memsz, 0x2000);
	ck_assert_uint_eq(elf.segments[0].offset, IB_BODY_AT + 0x300);
	ck_assert_uint_eq(elf.segments[0].flags, PF_R | PF_X);
	ck_assert_uint_eq(elf.segments[1].paddr, 0x1002000);
	ck_assert_uint_eq(elf.segments[1].flags, PF_R | PF_W);
}
END_TEST

START_TEST(empty_segments_are_skipped)
{
	build_good(_i);
	ib_segment(&ib, PT_LOAD, 0, 0x1000000, 0, 0);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.segments_count, 2);
}
END_TEST

START_TEST(dyn_is_accepted)
{
	build_good(_i);
	ib.e.e_type = ET_DYN;
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.type, ET_DYN);
}
END_TEST

START_TEST(entry_may_be_physical_or_none)
{
	build_good(_i);
	ib.e.e_entry = 0x1006fff;
	ck_assert_int_eq(parse(), 0);
	ib.e.e_entry = 0;
	ck_assert_int_eq(parse(), 0);
}
END_TEST

START_TEST(entry_outside)
{
	build_good(_i);
	ib.e.e_entry = 0x1007000;
	assert_refused(-EINVAL, "entry point");
	ib.e.e_entry = VA(_i) - 1;
	assert_refused(-EINVAL, "entry point");
}
END_TEST

START_TEST(not_elf)
{
	build_good(_i);
	ib.e.e_ident[1] = 'e';
	assert_refused(-ENOEXEC, "not an ELF");
	ck_assert_int_eq(tw_elf_parse((struct tw_bytes){NULL, 0}, &elf, &why), -ENOEXEC);
}
END_TEST

START_TEST(wrong_ident)
{
	build_good(_i);
	ib.e.e_ident[EI_CLASS] = 3;
	assert_refused(-EINVAL, "class");
	build_good(_i);
	ib.e.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_refused(-EINVAL, "big-endian");
	build_good(_i);
	ib.e.e_ident[EI_VERSION] = 2;
	assert_refused(-EINVAL, "version");
}
END_TEST

START_TEST(wrong_machine)
{
	static const uint16_t machines[] = {EM_AARCH64, EM_NONE};

	for (unsigned int i = 0; i < 2; i++) {
		build_good(_i);
		ib.e.e_machine = machines[i];
		assert_refused(-EINVAL, "x86-64 or i386");
	}
	build_good(_i);
	ib.e.e_machine = _i ? EM_386 : EM_X86_64;
	assert_refused(-EINVAL, "x86-64 or i386");
}
END_TEST

START_TEST(wrong_type)
{
	build_good(_i);
	ib.e.e_type = ET_REL;
	assert_refused(-EINVAL, "no executable");
}
END_TEST

START_TEST(no_program_headers)
{
	build_good(_i);
	ib.e.e_phnum = 0;
	assert_refused(-EINVAL, "program headers");
	ib.e.e_phnum = PN_XNUM;
	assert_refused(-EINVAL, "no usable program headers");
}
END_TEST

START_TEST(program_headers_outside)
{
	build_good(_i);
	ib.e.e_phoff = 0xfffffff0;
	assert_refused(-EINVAL, "program headers lie outside");
	ib.e.e_phoff = UINT64_MAX - 8; /* wraps when the size is added */
	assert_refused(-EINVAL, "program headers lie outside");
	build_good(_i);
	ib.e.e_phentsize = 8;
	assert_refused(-EINVAL, "program headers lie outside");
	build_good(_i);
	ib.e.e_phentsize = 0xffff;
	assert_refused(-EINVAL, "program headers lie outside");
}
END_TEST

START_TEST(section_headers_outside)
{
	build_good(_i);
	ib.e.e_shnum = 1;
	ib.e.e_shoff = 0xfffffff0;
	assert_refused(-EINVAL, "section headers lie outside");
	build_good(_i);
	ib.e.e_shnum = 1;
	ib.e.e_shentsize = 1;
	assert_refused(-EINVAL, "section headers lie outside");
}
END_TEST

START_TEST(segment_outside_file)
{
	build_good(_i);
	ib.p[1].p_offset = IB_BODY_AT + 0x301; /* one byte too far */
	assert_refused(-EINVAL, "segment lies outside");
	ib.p[1].p_offset = 0xfffffc00;
	assert_refused(-EINVAL, "segment lies outside");
	ib.p[1].p_offset = UINT64_MAX - 0x7ff + 1; /* offset + filesz == 0 in 64 bits */
	assert_refused(-EINVAL, "segment lies outside");
	build_good(_i);
	ib.p[1].p_filesz = ib.p[1].p_memsz = UINT64_MAX - ib.p[1].p_offset + 1; /* likewise */
	assert_refused(-EINVAL, "segment lies outside");
}
END_TEST

START_TEST(segment_larger_in_file)
{
	build_good(_i);
	ib.p[1].p_memsz = 0x7ff;
	assert_refused(-EINVAL, "larger in the file");
}
END_TEST

START_TEST(segment_wraps)
{
	build_good(1);
	ib.p[1].p_paddr = UINT64_MAX - 0x1fff + 1;
	assert_refused(-EINVAL, "wraps");
	build_good(1);
	ib.p[0].p_vaddr = UINT64_MAX - 0x10;
	assert_refused(-EINVAL, "wraps");
}
END_TEST

START_TEST(segments_overlap)
{
	build_good(_i);
	ib.p[1].p_memsz = 0x2001; /* into the next */
	assert_refused(-EINVAL, "overlap");
	build_good(_i);
	ib.p[0].p_paddr = 0x1001fff; /* added first, below the end of the second */
	assert_refused(-EINVAL, "overlap");
	build_good(_i);
	ib.p[0].p_paddr = ib.p[1].p_paddr;
	assert_refused(-EINVAL, "overlap");
	build_good(_i);
	ib_segment(&ib, PT_LOAD, 0, 0x1003000, 0, 0x10); /* within another */
	assert_refused(-EINVAL, "overlap");
	build_good(_i);
	ib_segment(&ib, PT_LOAD, 0, 0xfff000, 0, 0x10000); /* around all others */
	assert_refused(-EINVAL, "overlap");
}
END_TEST

START_TEST(segment_limit)
{
	ib_start(&ib, _i);
	for (unsigned int i = 0; i < TW_ELF_MAX_SEGMENTS; i++)
		ib_segment(&ib, PT_LOAD, 0x1000 * i, 0x1000 * i, 0, 0x1000);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.segments_count, TW_ELF_MAX_SEGMENTS);
	ib_segment(&ib, PT_LOAD, 0x100000, 0x100000, 0, 0x1000);
	assert_refused(-E2BIG, "segments");
}
END_TEST

START_TEST(nothing_to_load)
{
	ib_start(&ib, _i);
	ib_segment(&ib, PT_NOTE, 0, 0, 0, 0);
	assert_refused(-EINVAL, "nothing to load");
}
END_TEST

START_TEST(notes_from_segment_and_section)
{
	build_good(_i);
	ib_notes_begin(&ib);
	ib_note_text(&ib, 6, "linux");
	ib_notes_end(&ib);
	/* A section within the segment is the same notes; another one is not. */
	ib_section(&ib, SHT_NOTE, 0, NULL, 0)->sh_offset = IB_BODY_AT + ib.notes_at;
	ib.s[0].sh_size = 0x10;
	ib_section(&ib, SHT_NOTE, 0, "12345678", 8);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.notes_count, 2);
	ck_assert_ptr_eq(elf.notes[0].data, file.data + IB_BODY_AT + ib.notes_at);
	ck_assert_uint_eq(elf.notes[0].size, 12 + 4 + 8);
	ck_assert_mem_eq(elf.notes[1].data, "12345678", 8);
	ck_assert_uint_eq(elf.notes[1].size, 8);
}
END_TEST

START_TEST(notes_outside)
{
	build_good(_i);
	ib_notes_begin(&ib);
	ib_note_text(&ib, 6, "linux");
	ib_notes_end(&ib)->p_filesz += 1;
	assert_refused(-EINVAL, "notes lie outside");
	build_good(_i);
	ib_section(&ib, SHT_NOTE, 0, NULL, 16)->sh_size = UINT32_MAX;
	assert_refused(-EINVAL, "notes lie outside");
}
END_TEST

START_TEST(notes_limit)
{
	build_good(_i);
	for (unsigned int i = 0; i < TW_ELF_MAX_NOTES; i++)
		ib_section(&ib, SHT_NOTE, 0, NULL, 4);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(elf.notes_count, TW_ELF_MAX_NOTES);
	ib_section(&ib, SHT_NOTE, 0, NULL, 4);
	assert_refused(-E2BIG, "notes");
}
END_TEST

/* Every shorter file is refused: the last byte belongs to a segment. */
START_TEST(truncated_anywhere)
{
	build_good(_i);
	ck_assert_int_eq(parse(), 0);
	for (size_t size = 0; size < file.size; size += size < 256 ? 1 : 61) {
		uint8_t *part = malloc(size);

		memcpy(part, file.data, size);
		why = NULL;
		ck_assert_int_lt(tw_elf_parse((struct tw_bytes){part, size}, &elf, &why), 0);
		ck_assert_ptr_nonnull(why);
		free(part);
	}
}
END_TEST

static const char names[] = "\0.shstrtab\0__xen_guest\0.bss\0.cut";

static void build_sections(bool is64)
{
	build_good(is64);
	ib_section(&ib, SHT_NULL, 0, NULL, 0);
	ib_section(&ib, SHT_STRTAB, 1, names, sizeof(names) - 1); /* without the last NUL */
	ib_section(&ib, SHT_PROGBITS, 11, "GUEST_OS=x", 10);
	ib_section(&ib, SHT_NOBITS, 23, NULL, 0)->sh_size = 64;
	ib_section(&ib, SHT_PROGBITS, 28, "cut", 3);
	ib.e.e_shstrndx = 1;
}

START_TEST(section_by_name)
{
	struct tw_bytes section;

	build_sections(_i);
	ck_assert_int_eq(parse(), 0);
	section = tw_elf_section(&elf, "__xen_guest");
	ck_assert_uint_eq(section.size, 10);
	ck_assert_mem_eq(section.data, "GUEST_OS=x", 10);
	ck_assert_ptr_null(tw_elf_section(&elf, "xen_guest_").data);
	ck_assert_ptr_null(tw_elf_section(&elf, ".bss").data);
	ck_assert_ptr_null(tw_elf_section(&elf, ".cut").data);
}
END_TEST

START_TEST(section_table_lies)
{
	build_sections(_i);
	ib.s[2].sh_size = UINT32_MAX;
	ck_assert_int_eq(parse(), 0);
	ck_assert_ptr_null(tw_elf_section(&elf, "__xen_guest").data);
	build_sections(_i);
	ib.s[2].sh_name = UINT32_MAX;
	ck_assert_int_eq(parse(), 0);
	ck_assert_ptr_null(tw_elf_section(&elf, "__xen_guest").data);
	build_sections(_i);
	ib.e.e_shstrndx = 77; /* not a section */
	ck_assert_int_eq(parse(), 0);
	ck_assert_ptr_null(tw_elf_section(&elf, "__xen_guest").data);
	build_sections(_i);
	ib.s[1].sh_offset = UINT32_MAX;
	ck_assert_int_eq(parse(), 0);
	ck_assert_ptr_null(tw_elf_section(&elf, "__xen_guest").data);
}
END_TEST

static void build_symbols(bool is64)
{
	static const char strings[] = "\0startup\0extern";
	Elf64_Sym s64[3] = {{0},
			    {.st_name = 1, .st_shndx = 1, .st_value = 0x12345},
			    {.st_name = 9, .st_shndx = SHN_UNDEF, .st_value = 7}};
	Elf32_Sym s32[3] = {{0},
			    {.st_name = 1, .st_shndx = 1, .st_value = 0x12345},
			    {.st_name = 9, .st_shndx = SHN_UNDEF, .st_value = 7}};

	build_good(is64);
	ib_section(&ib, SHT_STRTAB, 0, strings, sizeof(strings));
	ib_section(&ib, SHT_SYMTAB, 0, is64 ? (void *)s64 : (void *)s32,
		   is64 ? sizeof(s64) : sizeof(s32));
}

START_TEST(symbol_by_name)
{
	build_symbols(_i);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "startup"), 0x12345);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "start"), 0);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "extern"), 0);
	ib.s[1].sh_link = 9; /* no such section */
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "startup"), 0);
	build_good(_i);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "startup"), 0);
}
END_TEST

/* A table whose size is no multiple of an entry: the last part is not read. */
START_TEST(symbol_table_cut)
{
	build_symbols(_i);
	ib.s[1].sh_size = (_i ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym)) * 2 - 1;
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(tw_elf_symbol(&elf, "startup"), 0);
}
END_TEST

static void add(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, 0, 2);
}

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tc = tcase_create("file");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	suite_add_tcase(suite, tc);
	add(tc, good_file);
	add(tc, segments_sorted_by_paddr);
	add(tc, empty_segments_are_skipped);
	add(tc, dyn_is_accepted);
	add(tc, entry_may_be_physical_or_none);
	add(tc, entry_outside);
	add(tc, not_elf);
	add(tc, wrong_ident);
	add(tc, wrong_machine);
	add(tc, wrong_type);
	add(tc, no_program_headers);
	add(tc, program_headers_outside);
	add(tc, section_headers_outside);
	add(tc, segment_outside_file);
	add(tc, segment_larger_in_file);
	tcase_add_test(tc, segment_wraps);
	add(tc, segments_overlap);
	add(tc, segment_limit);
	add(tc, nothing_to_load);
	add(tc, notes_from_segment_and_section);
	add(tc, notes_outside);
	add(tc, notes_limit);
	add(tc, truncated_anywhere);
	add(tc, section_by_name);
	add(tc, section_table_lies);
	add(tc, symbol_by_name);
	add(tc, symbol_table_cut);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
