/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bzImages by the Linux boot protocol: where kernel and initrd go, the zero page, both entry
 * states, and headers that lie. With TW_KERNELS naming a directory, real vmlinuz files are loaded
 * too.
 */
#include <asm/bootparam.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "nested_machine.h"

#define SETUP_SIZE 0x600
#define KERNEL	   0x5000 /* bytes of protected-mode kernel, rounded to paragraphs */
#define FILE_SIZE  (SETUP_SIZE + KERNEL)
#define PREF	   0x1000000
#define INIT_SIZE  0x800000
#define IMAGE_AT   0x200000
#define CMDLINE	   "console=ttyS0 quiet"

static struct setup_header header;
static uint8_t file[FILE_SIZE];
static size_t file_size;

static void setup(void)
{
	machine_reset();
	memset(&header, 0, sizeof(header));
	header.setup_sects = 2;
	header.syssize = KERNEL / 16;
	header.boot_flag = 0xaa55;
	header.jump = 0x6aeb; /* EB 6A: the header ends at 0x202 + 0x6a */
	header.header = 0x53726448;
	header.version = 0x020f;
	header.loadflags = LOADED_HIGH;
	header.code32_start = 0x100000;
	header.ramdisk_image = 0x1234;
	header.ramdisk_size = 0x5678;
	header.initrd_addr_max = 0x7fffffff;
	header.kernel_alignment = 0x200000;
	header.relocatable_kernel = 1;
	header.xloadflags = XLF_KERNEL_64;
	header.cmdline_size = 2047;
	header.setup_data = 0x666;
	header.pref_address = PREF;
	header.init_size = INIT_SIZE;

	file_size = FILE_SIZE;
}

static void put_kernel(uint64_t at)
{
	for (size_t i = 0; i < FILE_SIZE; i++)
		file[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(file + 0x1f1, &header, sizeof(header));
	machine_module(at, file, file_size, CMDLINE);
}

/* Load with the header as it is now. */
static int load(void)
{
	machine.modules_count = 0;
	put_kernel(IMAGE_AT);
	return machine_load();
}

#define ck_header_refused(error, text)                                                             \
	do {                                                                                       \
		ck_assert_int_eq(load(), error);                                                   \
		ck_assert_msg(strstr(machine_why, text), "%s", machine_why);                       \
		setup();                                                                           \
	} while (0)

static const struct boot_params *zero_page(void)
{
	const struct boot_params *params = machine_memory(started.rsi, sizeof(*params));

	ck_assert_ptr_nonnull(params);
	ck_assert(machine_apart(started.rsi, sizeof(*params)));
	return params;
}

static void check_kernel_at(uint64_t base)
{
	ck_assert_uint_eq(started.image_low, base);
	ck_assert_uint_eq(started.image_high, base + INIT_SIZE);
	ck_assert_int_eq(memcmp(hw_phys(base), file + SETUP_SIZE, KERNEL), 0);
}

START_TEST(entry_64)
{
	const uint64_t *table;

	put_kernel(IMAGE_AT);
	ck_loaded();
	check_kernel_at(PREF);
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX64);
	ck_assert(started.long_mode);
	ck_assert_uint_eq(started.rip, PREF + 0x200);
	ck_assert_uint_eq(started.cr0, 0x80000011);
	ck_assert_uint_eq(started.cr4, 0x20);
	ck_assert_uint_eq(started.efer, 0x500);
	ck_assert_uint_eq(started.cs.attr, 0xa9b);
	ck_segments(0x00af9b000000ffffull);
	ck_assert(machine_apart(started.cr3, 0x6000));
	table = machine_memory(started.cr3, 0x6000);
	ck_assert_uint_eq(table[0], started.cr3 + 0x1003);
	ck_assert_uint_eq(table[1], 0);
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_uint_eq(table[512 + i], (started.cr3 + 0x2000 + i * 0x1000) | 3);
	ck_assert_uint_eq(table[516], 0);
	for (uint64_t i = 0; i < 2048; i++)
		ck_assert_uint_eq(table[1024 + i], i << 21 | 0x83);
}
END_TEST

START_TEST(entry_32)
{
	header.xloadflags = 0;
	put_kernel(IMAGE_AT);
	ck_loaded();
	check_kernel_at(PREF);
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX32);
	ck_assert_uint_eq(started.rip, PREF);
	ck_flat_state();
	/* The flag is younger than the protocol: before 2.12 the bits mean nothing. */
	header.xloadflags = XLF_KERNEL_64;
	header.version = 0x020b;
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX32);
	ck_assert_uint_eq(started.rbx | started.rax, 0);
}
END_TEST

/* Before 2.10 the header ends earlier: what lies behind is code, and the memory needed is guessed. */
START_TEST(old_protocols)
{
	setup();
	header.version = 0x0206;
	header.jump = 0x38eb; /* the header ends at 0x23a + 2 */
	header.pref_address = 0xccccccccccccccccull;
	header.init_size = 0xcccccccc;
	header.relocatable_kernel = 0;
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX32);
	ck_assert_uint_eq(started.rip, 0x100000);
	ck_assert_uint_eq(started.image_high, 0x100000 + 8 * KERNEL + (16 << 20));
	ck_assert_uint_eq(zero_page()->hdr.pref_address, 0);
	ck_assert_uint_eq(zero_page()->hdr.cmdline_size, 2047);
	header.version = 0x0205;
	header.cmdline_size = 0;
	ck_assert_int_eq(load(), 0); /* a length that nobody gave */
	header.version = 0x0206;
	ck_header_refused(-E2BIG, "command line is longer");
}
END_TEST

START_TEST(entry_32_by_wish)
{
	machine.entry32 = true;
	put_kernel(IMAGE_AT);
	ck_loaded();
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX32);
	ck_assert_uint_eq(started.rip, PREF);
	ck_flat_state();
}
END_TEST

START_TEST(zero_page_is_filled)
{
	const struct boot_params *params;

	put_kernel(IMAGE_AT);
	machine_filled(0x2000000, 0x77, 0x12345, "");
	ck_loaded();
	params = zero_page();
	ck_assert_uint_eq(params->hdr.header, 0x53726448);
	ck_assert_uint_eq(params->hdr.type_of_loader, 0xff);
	ck_assert_uint_eq(params->hdr.code32_start, PREF);
	ck_assert_uint_eq(params->hdr.init_size, INIT_SIZE);
	ck_assert_uint_eq(params->hdr.setup_data, 0);
	ck_assert_uint_eq(params->hdr.ramdisk_image, 0x2000000);
	ck_assert_uint_eq(params->hdr.ramdisk_size, 0x12345);
	ck_assert_str_eq(hw_phys(params->hdr.cmd_line_ptr), CMDLINE);
	ck_assert_uint_eq(params->acpi_rsdp_addr, MACHINE_RSDP);
	ck_assert_uint_eq(params->sentinel, 0);
	ck_assert_uint_eq(params->e820_entries, machine.map_count);
	for (unsigned int i = 0; i < machine.map_count; i++) {
		ck_assert_uint_eq(params->e820_table[i].addr, machine_map[i].base);
		ck_assert_uint_eq(params->e820_table[i].size, machine_map[i].size);
		ck_assert_uint_eq(params->e820_table[i].type, machine_map[i].type);
	}
	ck_assert_uint_eq(started.initrd, 0x2000000);
	ck_assert_uint_eq(started.initrd_size, 0x12345);
}
END_TEST

START_TEST(no_initrd)
{
	put_kernel(IMAGE_AT);
	ck_loaded();
	ck_assert_uint_eq(zero_page()->hdr.ramdisk_image, 0);
	ck_assert_uint_eq(zero_page()->hdr.ramdisk_size, 0);
	machine_module(0x2000000, NULL, 0, ""); /* an empty one is none */
	ck_loaded();
	ck_assert_uint_eq(zero_page()->hdr.ramdisk_image, 0);
}
END_TEST

/* Of the file only the header may reach the zero page, and it ends where the image says. */
START_TEST(header_ends_where_the_image_says)
{
	header.jump = 0x32eb; /* at 0x234: before relocatable_kernel */
	put_kernel(IMAGE_AT);
	ck_loaded();
	ck_assert_uint_eq(zero_page()->hdr.kernel_alignment, 0x200000);
	ck_assert_uint_eq(zero_page()->hdr.relocatable_kernel, 0);
	machine.modules_count = 0;
	header.jump = 0xffeb; /* beyond what the zero page has room for */
	put_kernel(IMAGE_AT);
	ck_loaded();
	ck_assert_uint_eq(zero_page()->edd_mbr_sig_buffer[0], 0);
	ck_assert_uint_eq(((const uint8_t *)zero_page())[0x28f], file[0x28f]);
	ck_assert_uint_eq(((const uint8_t *)zero_page())[0x1f0], 0);
}
END_TEST

START_TEST(moves_out_of_the_kernels_way)
{
	put_kernel(PREF + 0x1000);
	machine_filled(PREF + 0x400000, 0x77, 0x100000, "");
	ck_loaded();
	check_kernel_at(PREF);
	ck_assert(machine_apart(started.initrd, 0x100000));
	ck_assert(machine_holds(started.initrd, 0x77, 0x100000));
	ck_assert_uint_eq(zero_page()->hdr.ramdisk_image, started.initrd);
}
END_TEST

START_TEST(initrd_below_its_limit)
{
	header.initrd_addr_max = 0x27fffff;
	put_kernel(IMAGE_AT);
	machine_filled(0x2700000, 0x77, 0x100001, "");
	ck_loaded();
	ck_assert_uint_le(started.initrd + 0x100001, 0x2800000);
	ck_assert(machine_holds(started.initrd, 0x77, 0x100001));
	/* Exactly up to the limit is allowed. */
	machine_modules[1].base = 0x2700000;
	machine_modules[1].size = 0x100000;
	machine_modules[0].base = IMAGE_AT;
	ck_loaded();
	ck_assert_uint_eq(started.initrd, 0x2700000);
}
END_TEST

START_TEST(relocatable_kernel_evades)
{
	machine_keep_out[0] = (struct tw_region){PREF + 0x123000, 0x1000, 0};
	machine.keep_out_count = 1;
	put_kernel(IMAGE_AT);
	ck_loaded();
	check_kernel_at(PREF + 0x200000);
	ck_assert_uint_eq(started.rip, PREF + 0x200200);
	ck_assert_uint_eq(zero_page()->hdr.code32_start, PREF + 0x200000);
	/* Never below its own address: from there it would move itself. */
	machine_keep_out[0].size = MACHINE_SIZE;
	ck_refused(-ENOMEM, "too little memory for this kernel");
	machine_keep_out[0].size = 0x1000;
	header.relocatable_kernel = 0;
	ck_assert_int_eq(load(), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(machine_why, "load address"));
}
END_TEST

START_TEST(more_in_the_file_than_said)
{
	header.init_size = 0x1000; /* smaller than the kernel itself */
	put_kernel(IMAGE_AT);
	ck_loaded();
	ck_assert_uint_eq(started.image_high, PREF + KERNEL);
	ck_assert_int_eq(memcmp(hw_phys(PREF), file + SETUP_SIZE, KERNEL), 0);
}
END_TEST

START_TEST(command_line_length)
{
	header.cmdline_size = sizeof(CMDLINE) - 1;
	ck_assert_int_eq(load(), 0);
	header.cmdline_size--;
	ck_header_refused(-E2BIG, "command line is longer");
}
END_TEST

START_TEST(bad_headers)
{
	header.version = 0x0204;
	ck_header_refused(-ENOEXEC, "2.05");
	header.loadflags = 0;
	ck_header_refused(-ENOEXEC, "zImage");
	header.setup_sects = 0xff;
	ck_header_refused(-ENOEXEC, "setup part is cut off");
	header.syssize = KERNEL / 16 + 1;
	ck_header_refused(-ENOEXEC, "cut off");
	header.syssize = UINT32_MAX;
	ck_header_refused(-ENOEXEC, "cut off");
	header.kernel_alignment = 0;
	ck_header_refused(-ENOEXEC, "power of two");
	header.kernel_alignment = 0x300000;
	ck_header_refused(-ENOEXEC, "power of two");
	header.kernel_alignment = 0x80000000;
	ck_header_refused(-ENOEXEC, "power of two");
	header.pref_address = UINT64_MAX - 0x1000;
	ck_header_refused(-ENOMEM, "too little memory");
	header.init_size = UINT32_MAX;
	ck_header_refused(-ENOMEM, "too little memory");
	file_size = SETUP_SIZE + 0x200;
	header.syssize = 0;
	ck_header_refused(-ENOEXEC, "too short for its own header");
	header.header = 0;
	ck_header_refused(-ENOEXEC, "neither a bzImage nor");
}
END_TEST

START_TEST(every_truncation_is_refused_or_harmless)
{
	for (file_size = 0; file_size < FILE_SIZE; file_size += file_size < 0x700 ? 1 : 111)
		ck_assert_int_lt(load(), 0);
}
END_TEST

START_TEST(only_one_initrd)
{
	put_kernel(IMAGE_AT);
	machine_filled(0x2000000, 1, 1, "");
	machine_filled(0x2001000, 2, 1, "");
	ck_refused(-EINVAL, "one initrd");
}
END_TEST

static void check_kernel(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(32 << 20);
	size_t size;

	ck_assert_ptr_nonnull(f);
	size = fread(data, 1, 32 << 20, f);
	fclose(f);
	machine_reset();
	mock_reset();
	mock_ram(0, 8 * MACHINE_SIZE);
	machine_map[2].size = 8 * MACHINE_SIZE - 0x100000;
	machine.map_count = 3;
	machine_module(IMAGE_AT, data, size, "console=ttyS0");
	free(data);
	ck_loaded();
	ck_assert_int_eq(started.kind, NESTED_IMAGE_LINUX64);
	ck_assert_uint_eq(started.image_low, PREF);
	ck_assert_uint_gt(started.image_high, PREF + size);
}

START_TEST(real_kernels)
{
	const char *where = getenv("TW_KERNELS");
	struct dirent *entry;
	DIR *dir = opendir(where);
	char path[4096];

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vmlinuz", 7))
			continue;
		snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
		check_kernel(path);
	}
	closedir(dir);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linux_boot");
	TCase *tc = tcase_create("linux_boot");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, mock_reset);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, entry_64);
	tcase_add_test(tc, entry_32);
	tcase_add_test(tc, entry_32_by_wish);
	tcase_add_test(tc, old_protocols);
	tcase_add_test(tc, zero_page_is_filled);
	tcase_add_test(tc, no_initrd);
	tcase_add_test(tc, header_ends_where_the_image_says);
	tcase_add_test(tc, moves_out_of_the_kernels_way);
	tcase_add_test(tc, initrd_below_its_limit);
	tcase_add_test(tc, relocatable_kernel_evades);
	tcase_add_test(tc, more_in_the_file_than_said);
	tcase_add_test(tc, command_line_length);
	tcase_add_test(tc, bad_headers);
	tcase_add_test(tc, every_truncation_is_refused_or_harmless);
	tcase_add_test(tc, only_one_initrd);
	if (getenv("TW_KERNELS"))
		tcase_add_test(tc, real_kernels);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
