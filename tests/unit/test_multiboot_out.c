/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Multiboot 1 guests: the header, ELF files of both classes and files with address fields, the
 * information that the guest finds, and headers that lie.
 */
#include <errno.h>

#define IB_PHDRS 4
#define IB_SHDRS 4
#include "image_builder.h"
#include "nested_machine.h"

#define IMAGE_AT 0x400000
#define LINK_AT	 0x200000
#define ENTRY	 (LINK_AT + 0x10)
#define FLAGS	 0x3u
#define KLUDGE	 (1u << 16)
#define CODE	 0x800
#define MEMORY	 0x3000

static uint32_t header[8]; /* magic, flags, checksum, then the address fields */
static uint64_t entry, link_at, virtual_at;

static void setup(void)
{
	machine_reset();
	memset(header, 0, sizeof(header));
	header[0] = 0x1badb002;
	header[1] = FLAGS;
	entry = ENTRY;
	link_at = virtual_at = LINK_AT;
}

static void checksum(void)
{
	header[2] = -(header[0] + header[1]);
}

/* An ELF kernel: one segment whose first bytes are the header, the rest 0xc3. */
static void put_elf(bool is64)
{
	struct image_builder ib;
	struct tw_bytes file;
	uint64_t at;

	checksum();
	ib_start(&ib, is64);
	ib.e.e_entry = entry;
	at = ib.body_size;
	ib_segment(&ib, PT_LOAD, virtual_at, link_at, CODE, MEMORY);
	memset(ib.body + at, 0xc3, CODE);
	memcpy(ib.body + at, header, sizeof(header));
	file = ib_finish(&ib);
	machine_module(IMAGE_AT, file.data, file.size, "kernel options");
	free((void *)file.data);
}

/* A flat kernel: the header at offset at, 0xc3 around it. */
static void put_flat(size_t at, size_t size)
{
	uint8_t *file = malloc(size);

	checksum();
	memset(file, 0xc3, size);
	memcpy(file + at, header, size - at < sizeof(header) ? size - at : sizeof(header));
	machine_module(IMAGE_AT, file, size, "kernel options");
	free(file);
}

/* Address fields for a flat file of size bytes whose header lies at offset at. */
static void address_fields(size_t at)
{
	header[1] |= KLUDGE;
	header[3] = LINK_AT + (uint32_t)at;
	header[4] = LINK_AT;
	header[5] = LINK_AT + CODE;
	header[6] = LINK_AT + MEMORY;
	header[7] = ENTRY;
}

static const uint32_t *info(void)
{
	const uint32_t *words = machine_memory(started.rbx, 88);

	ck_assert_ptr_nonnull(words);
	ck_assert(machine_apart(started.rbx, 88));
	return words;
}

static void check_started(void)
{
	ck_assert_int_eq(started.kind, NESTED_IMAGE_MULTIBOOT);
	ck_assert_uint_eq(started.rip, ENTRY);
	ck_assert_uint_eq(started.rax, 0x2badb002);
	ck_assert_uint_eq(started.image_low, LINK_AT);
	ck_assert_uint_eq(started.image_high, LINK_AT + MEMORY);
	ck_flat_state();
	ck_assert_int_eq(memcmp(hw_phys(LINK_AT), header, 32), 0);
	ck_assert(machine_holds(LINK_AT + 32, 0xc3, CODE - 32));
	ck_assert(machine_holds(LINK_AT + CODE, 0, MEMORY - CODE));
}

START_TEST(elf_of_both_classes)
{
	memset(hw_phys(LINK_AT), 0xff, MEMORY);
	put_elf(_i);
	ck_loaded();
	check_started();
}
END_TEST

START_TEST(elf_with_a_virtual_entry)
{
	virtual_at = 0xc0000000 + LINK_AT;
	entry = 0xc0000000 + ENTRY;
	put_elf(_i);
	ck_loaded();
	check_started();
	machine.modules_count = 0;
	entry = ENTRY; /* physical in spite of virtual segments */
	put_elf(_i);
	ck_loaded();
	check_started();
}
END_TEST

START_TEST(address_fields_are_obeyed)
{
	memset(hw_phys(LINK_AT), 0xff, MEMORY);
	address_fields(0);
	put_flat(0, CODE + 0x100);
	ck_loaded();
	check_started();
}
END_TEST

START_TEST(address_fields_with_a_header_further_on)
{
	address_fields(0x40);
	put_flat(0x80, 0x80 + CODE); /* 0x40 bytes of the file lie before the kernel */
	ck_loaded();
	ck_assert_int_eq(memcmp(hw_phys(LINK_AT + 0x40), header, 32), 0);
	ck_assert(machine_holds(LINK_AT, 0xc3, 0x40));
	ck_assert_uint_eq(started.image_high, LINK_AT + MEMORY);
}
END_TEST

START_TEST(address_fields_of_zero)
{
	address_fields(0);
	header[5] = header[6] = 0; /* to the end of the file, and no bss */
	put_flat(0, CODE);
	ck_loaded();
	ck_assert_uint_eq(started.image_high, LINK_AT + CODE);
	ck_assert(machine_holds(LINK_AT + 32, 0xc3, CODE - 32));
}
END_TEST

/* The specification: the address fields win even in an ELF file. */
START_TEST(address_fields_win)
{
	address_fields(0);
	header[6] = LINK_AT + 0x2000;
	header[3] = LINK_AT + IB_BODY_AT;
	put_elf(false);
	ck_loaded();
	ck_assert_uint_eq(started.image_high, LINK_AT + 0x2000);
	ck_assert_int_eq(memcmp(hw_phys(LINK_AT), ELFMAG, SELFMAG), 0);
}
END_TEST

START_TEST(information)
{
	const uint32_t *words, *modules;
	const uint8_t *map;

	put_elf(false);
	machine_filled(0x500000, 0x11, 0x1234, "first module");
	machine_filled(0x600001, 0x22, 0x10, "");
	ck_loaded();
	words = info();
	ck_assert_uint_eq(words[0], 0x24d);
	ck_assert_uint_eq(words[1], MACHINE_LOW >> 10);
	ck_assert_uint_eq(words[2], (MACHINE_SHIM - 0x100000) >> 10);
	ck_assert_str_eq(hw_phys(words[4]), "kernel options");
	ck_assert_str_eq(hw_phys(words[16]), "twoway");
	ck_assert_uint_eq(words[5], 2);
	modules = machine_memory(words[6], 32);
	ck_assert_uint_eq(modules[0], 0x500000);
	ck_assert_uint_eq(modules[1], 0x501234);
	ck_assert_str_eq(hw_phys(modules[2]), "first module");
	ck_assert_uint_eq(modules[4] % 4096, 0);
	ck_assert_uint_eq(modules[5], modules[4] + 0x10);
	ck_assert(machine_holds(modules[4], 0x22, 0x10));
	ck_assert_str_eq(hw_phys(modules[6]), "");
	ck_assert_uint_eq(words[11], machine.map_count * 24);
	map = machine_memory(words[12], words[11]);
	for (unsigned int i = 0; i < machine.map_count; i++, map += 24) {
		ck_assert_uint_eq(*(const uint32_t *)map, 20);
		ck_assert_int_eq(memcmp(map + 4, &machine_map[i].base, 8), 0);
		ck_assert_int_eq(memcmp(map + 12, &machine_map[i].size, 8), 0);
		ck_assert_int_eq(memcmp(map + 20, &machine_map[i].type, 4), 0);
	}
}
END_TEST

START_TEST(no_modules)
{
	put_elf(false);
	ck_loaded();
	ck_assert_uint_eq(info()[5], 0);
	ck_assert_uint_eq(info()[0], 0x24d);
}
END_TEST

/* Image and modules all where the kernel goes. */
START_TEST(moves_out_of_the_kernels_way)
{
	link_at = virtual_at = IMAGE_AT;
	entry = IMAGE_AT + 0x10;
	put_elf(true);
	machine_filled(IMAGE_AT + 0x2000, 0x11, 0x8000, "");
	ck_loaded();
	ck_assert_uint_eq(started.image_low, IMAGE_AT);
	ck_assert(machine_holds(IMAGE_AT + 32, 0xc3, CODE - 32));
	ck_assert(machine_apart(started.initrd, 0x8000));
	ck_assert(machine_holds(started.initrd, 0x11, 0x8000));
	machine.modules_count = 0;
	setup();
	address_fields(0);
	for (unsigned int i = 3; i < 8; i++)
		header[i] += IMAGE_AT - LINK_AT;
	put_flat(0, CODE);
	ck_loaded();
	ck_assert_int_eq(memcmp(hw_phys(IMAGE_AT), header, 32), 0);
	ck_assert(machine_holds(IMAGE_AT + CODE, 0, MEMORY - CODE));
}
END_TEST

START_TEST(where_the_header_may_lie)
{
	address_fields(8192 - 32);
	header[5] = 0;
	header[6] = 0;
	put_flat(8192 - 32, 8192);
	ck_loaded();
	machine.modules_count = 0;
	put_flat(8192 - 8, 8192 + 64); /* not all of it in the first 8 KB */
	ck_refused(-ENOEXEC, "neither a bzImage nor");
	machine.modules_count = 0;
	put_flat(0x42, 8192); /* not aligned */
	ck_refused(-ENOEXEC, "neither a bzImage nor");
	machine.modules_count = 0;
	put_flat(8192 - 32, 8192 - 20); /* the address fields are cut off */
	ck_refused(-ENOEXEC, "cut off");
}
END_TEST

START_TEST(checksum_decides)
{
	put_elf(false);
	((uint32_t *)hw_phys(IMAGE_AT + IB_BODY_AT))[2]++;
	ck_refused(-ENOEXEC, "neither a bzImage nor");
}
END_TEST

START_TEST(flags)
{
	header[1] |= 4; /* a wish for a video mode */
	put_elf(false);
	ck_loaded();
	machine.modules_count = 0;
	header[1] |= 8;
	put_elf(false);
	ck_refused(-ENOEXEC, "requires a feature");
	machine.modules_count = 0;
	header[1] = FLAGS;
	put_flat(0, CODE);
	ck_refused(-ENOEXEC, "no ELF file");
}
END_TEST

static void ck_fields_refused(unsigned int field, uint32_t value, const char *text)
{
	machine.modules_count = 0;
	address_fields(0);
	header[field] = value;
	put_flat(0, CODE);
	ck_refused(-ENOEXEC, text);
}

START_TEST(lying_address_fields)
{
	ck_fields_refused(3, LINK_AT - 1, "contradict");
	ck_fields_refused(3, LINK_AT + 4, "contradict"); /* before the file's start */
	ck_fields_refused(5, LINK_AT - 1, "contradict");
	ck_fields_refused(5, LINK_AT + CODE + 1, "contradict");
	ck_fields_refused(5, UINT32_MAX, "contradict");
	ck_fields_refused(7, LINK_AT - 1, "entry lies outside");
	ck_fields_refused(7, LINK_AT + MEMORY, "entry lies outside");
	ck_fields_refused(7, UINT32_MAX, "entry lies outside");
	machine.modules_count = 0;
	address_fields(0);
	header[6] = UINT32_MAX;
	put_flat(0, CODE);
	ck_refused(-ENOMEM, "load address");
	machine.modules_count = 0;
	address_fields(0);
	header[6] = LINK_AT + 4; /* bss ends before the data: no bss */
	put_flat(0, CODE);
	ck_loaded();
	ck_assert_uint_eq(started.image_high, LINK_AT + CODE);
}
END_TEST

START_TEST(lying_elf)
{
	link_at = MACHINE_SHIM - 0x1000;
	virtual_at = LINK_AT;
	put_elf(true);
	ck_refused(-ENOMEM, "load address");
	machine.modules_count = 0;
	link_at = 0x100000000ull - 0x1000;
	entry = LINK_AT + 0x1800; /* beyond 4 GB */
	put_elf(true);
	ck_refused(-ENOEXEC, "entry lies outside");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("multiboot_out");
	TCase *tc = tcase_create("multiboot_out");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, mock_reset);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, elf_of_both_classes, 0, 2);
	tcase_add_loop_test(tc, elf_with_a_virtual_entry, 0, 2);
	tcase_add_test(tc, address_fields_are_obeyed);
	tcase_add_test(tc, address_fields_with_a_header_further_on);
	tcase_add_test(tc, address_fields_of_zero);
	tcase_add_test(tc, address_fields_win);
	tcase_add_test(tc, information);
	tcase_add_test(tc, no_modules);
	tcase_add_test(tc, moves_out_of_the_kernels_way);
	tcase_add_test(tc, where_the_header_may_lie);
	tcase_add_test(tc, checksum_decides);
	tcase_add_test(tc, flags);
	tcase_add_test(tc, lying_address_fields);
	tcase_add_test(tc, lying_elf);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
