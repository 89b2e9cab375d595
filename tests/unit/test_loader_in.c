/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Boot information of Multiboot 1 and PVH: what a sane loader says arrives in struct tw_boot, what
 * a broken or hostile one says is refused or cut with a clear line, never followed.
 */
#include <asm-generic/errno.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../loader/in/in.h"
#include "../../loader/in/multiboot.h"
#include "mock_hw.h"

#define INFO	0x9000
#define STRINGS 0x20000
#define MODS	0x30000
#define MAP	0x40000

static struct tw_boot boot;
static const char *why;
static uint8_t *info, *strings, *mods, *map;
static uint32_t strings_used, map_used;

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static uint32_t string(const char *s)
{
	uint32_t at = strings_used;

	strcpy((char *)strings + at, s);
	strings_used += (uint32_t)strlen(s) + 1;
	return STRINGS + at;
}

static void setup(void)
{
	mock_reset();
	memset(&boot, 0xa5, sizeof(boot));
	why = NULL;
	strings_used = map_used = 0;
	info = mock_ram(INFO, MB_INFO_SIZE);
	strings = mock_ram(STRINGS, 8192);
	mods = mock_ram(MODS, 32 * TW_MAX_MODULES + 32);
	map = mock_ram(MAP, 24 * (TW_MAX_REGIONS + 2));
}

/* --- Multiboot -----------------------------------------------------------------------------------
 */

static void mb_flag(uint32_t flag)
{
	uint32_t flags;

	memcpy(&flags, info, 4);
	put32(info, flags | flag);
}

static void mb_map(uint64_t base, uint64_t size, uint32_t type)
{
	uint8_t *e = map + map_used;

	put32(e, 20);
	put64(e + 4, base);
	put64(e + 12, size);
	put32(e + 20, type);
	map_used += 24;
	mb_flag(MB_HAS_MMAP);
	put32(info + MB_MMAP_LENGTH, map_used);
	put32(info + MB_MMAP_ADDR, MAP);
}

static void mb_cmdline(const char *s)
{
	mb_flag(MB_HAS_CMDLINE);
	put32(info + MB_CMDLINE, string(s));
}

static void mb_loader(const char *s)
{
	mb_flag(MB_HAS_LOADER);
	put32(info + MB_LOADER_NAME, string(s));
}

static void mb_module(unsigned int n, uint32_t start, uint32_t end, const char *s)
{
	mb_flag(MB_HAS_MODS);
	put32(info + MB_MODS_COUNT, n + 1);
	put32(info + MB_MODS_ADDR, MODS);
	put32(mods + 16 * n, start);
	put32(mods + 16 * n + 4, end);
	put32(mods + 16 * n + 8, s ? string(s) : 0);
}

static void mb_ok(void)
{
	ck_assert_msg(!multiboot_read(INFO, &boot, &why), "%s", why);
}

static void mb_refused(int err, const char *word)
{
	ck_assert_int_eq(multiboot_read(INFO, &boot, &why), err);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

static void region(unsigned int i, uint64_t base, uint64_t size, uint32_t type)
{
	ck_assert_uint_lt(i, boot.regions_count);
	ck_assert_uint_eq(boot.regions[i].base, base);
	ck_assert_uint_eq(boot.regions[i].size, size);
	ck_assert_uint_eq(boot.regions[i].type, type);
}

START_TEST(mb_like_qemu)
{
	mb_map(0x100000, 0x700000, 1);
	mb_map(0, 0x9f000, 1);
	mb_loader("qemu");
	mb_cmdline("/path/twoway.elf  abi=xen-pv ledger");
	mb_module(0, 0x200000, 0x201000, "vmlinuz console=hvc0 quiet");
	mb_module(1, 0x300000, 0x300000, "initrd");
	mb_ok();
	ck_assert_str_eq(boot.protocol, "multiboot");
	ck_assert_str_eq(boot.cmdline, "abi=xen-pv ledger");
	ck_assert_uint_eq(boot.rsdp, 0);
	ck_assert_uint_eq(boot.modules_count, 2);
	ck_assert_uint_eq(boot.modules[0].base, 0x200000);
	ck_assert_uint_eq(boot.modules[0].size, 0x1000);
	ck_assert_str_eq(boot.modules[0].cmdline, "console=hvc0 quiet");
	ck_assert_uint_eq(boot.modules[1].size, 0);
	ck_assert_str_eq(boot.modules[1].cmdline, "");
	ck_assert_uint_eq(boot.regions_count, 2);
	region(0, 0, 0x9f000, 1);
	region(1, 0x100000, 0x700000, 1);
}
END_TEST

START_TEST(mb_grub2_has_no_first_word)
{
	mb_map(0, 0x9f000, 1);
	mb_loader("GRUB 2.06-13+deb12u1");
	mb_cmdline("ledger");
	mb_module(0, 0x200000, 0x201000, "root=/dev/xvda");
	mb_ok();
	ck_assert_str_eq(boot.cmdline, "ledger");
	ck_assert_str_eq(boot.modules[0].cmdline, "root=/dev/xvda");
}
END_TEST

START_TEST(mb_grub_legacy_has_one)
{
	mb_map(0, 0x9f000, 1);
	mb_loader("GNU GRUB 0.97");
	mb_cmdline("  /boot/twoway a");
	mb_ok();
	ck_assert_str_eq(boot.cmdline, "a");
}
END_TEST

START_TEST(mb_without_map)
{
	mb_flag(MB_HAS_MEM);
	put32(info + MB_MEM_LOWER, 639);
	put32(info + MB_MEM_UPPER, 64 << 10);
	mb_ok();
	ck_assert_uint_eq(boot.regions_count, 2);
	region(0, 0, 636 << 10, 1); /* 639 KB is no whole page */
	region(1, 1 << 20, 64 << 20, 1);
	ck_assert_uint_eq(boot.modules_count, 0);
	ck_assert_str_eq(boot.cmdline, "");
}
END_TEST

START_TEST(mb_strings_are_cut)
{
	char *longest = (char *)strings + 1000;

	mb_map(0, 0x9f000, 1);
	mb_loader("GRUB 2");
	mb_flag(MB_HAS_CMDLINE);
	put32(info + MB_CMDLINE, STRINGS + 1000);
	memset(longest, 'x', TW_CMDLINE_MAX - 1);
	mb_ok();
	ck_assert_uint_eq(strlen(boot.cmdline), TW_CMDLINE_MAX - 1);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 0);
	longest[TW_CMDLINE_MAX - 1] = 'y';
	mb_ok();
	ck_assert_uint_eq(strlen(boot.cmdline), TW_CMDLINE_MAX - 1);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
}
END_TEST

START_TEST(mb_refusals)
{
	mb_refused(-EINVAL, "no RAM");
	mb_map(0, 0x9f000, 1);
	mb_module(0, 0x2000, 0x1fff, NULL);
	mb_refused(-EINVAL, "ends before");
	mb_module(0, 0x2000, 0x2fff, NULL);
	put32(mods + 8, 0x66660000);
	mb_refused(-EINVAL, "string");
	put32(mods + 8, 0);
	mb_ok();
	put32(info + MB_MODS_ADDR, 0xfffffff8);
	mb_refused(-EINVAL, "module list");
	put32(info + MB_MODS_ADDR, MODS);
	put32(info + MB_MODS_COUNT, 0x10000001); /* times 16 wraps 32 bits */
	mb_refused(-EINVAL, "module list");
	put32(info + MB_MODS_COUNT, 1);
	put32(map, 19);
	mb_refused(-EINVAL, "impossible size");
	put32(map, 21); /* reaches beyond the map */
	mb_refused(-EINVAL, "impossible size");
	put32(map, 0xfffffffc);
	mb_refused(-EINVAL, "impossible size");
	put32(map, 20);
	mb_flag(MB_HAS_CMDLINE);
	put32(info + MB_CMDLINE, 0x66660000);
	mb_refused(-EINVAL, "command line");
	put32(info + MB_CMDLINE, 0);
	put32(info + MB_MMAP_LENGTH, 0xffffffff);
	mb_refused(-EINVAL, "memory map");
	ck_assert_int_eq(multiboot_read(0, &boot, &why), -EINVAL);
	ck_assert_int_eq(multiboot_read(0x66660000, &boot, &why), -EINVAL);
}
END_TEST

START_TEST(mb_many_modules)
{
	mb_map(0, 0x9f000, 1);
	for (unsigned int i = 0; i < TW_MAX_MODULES; i++)
		mb_module(i, 0x1000 * i, 0x1000 * i + 1, "x y");
	mb_ok();
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 0);
	mb_module(TW_MAX_MODULES, 0x1000, 0x1001, "x y");
	mb_ok();
	ck_assert_uint_eq(boot.modules_count, TW_MAX_MODULES);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
}
END_TEST

/* --- the memory map itself
 * ------------------------------------------------------------------------ */

START_TEST(map_ram_loses_overlaps)
{
	mb_map(0, 0x100000, 1);
	mb_map(0x9fc00, 0x400, 2); /* unaligned: RAM ends a page earlier */
	mb_map(0x80000, 0x1000, 3);
	mb_map(0x80800, 0x1000, 4);  /* NVS is stricter than ACPI */
	mb_map(0xa0000, 0x1000, 77); /* unknown is reserved */
	mb_ok();
	region(0, 0, 0x80000, 1);
	region(1, 0x80000, 0x800, 3);
	region(2, 0x80800, 0x1000, 4);
	region(3, 0x82000, 0x9f000 - 0x82000, 1);
	region(4, 0x9fc00, 0x400 + 0x1000, 2); /* merged with its neighbour of the same type */
	region(5, 0xa1000, 0x100000 - 0xa1000, 1);
	ck_assert_uint_eq(boot.regions_count, 6);
}
END_TEST

START_TEST(map_merges_and_drops)
{
	mb_map(0x3000, 0x1000, 1);
	mb_map(0x1000, 0x2000, 1);
	mb_map(0x8000, 0, 2);
	mb_map(0x8800, 0x900, 1); /* no whole page */
	mb_ok();
	ck_assert_uint_eq(boot.regions_count, 1);
	region(0, 0x1000, 0x3000, 1);
}
END_TEST

START_TEST(map_wrapping_entries)
{
	mb_map(0x1000, 0x1000, 1);
	mb_map(0xfffffffffffff000ull, 0x2000, 2);
	mb_ok();
	ck_assert_uint_eq(boot.regions_count, 2);
	region(1, 0xfffffffffffff000ull, 0xfff, 2);
	/* reserved from there to the end of everything: RAM inside is gone */
	mb_map(0x1000, UINT64_MAX, 2);
	mb_refused(-EINVAL, "no RAM");
}
END_TEST

START_TEST(map_limits)
{
	for (unsigned int i = 0; i < TW_MAX_REGIONS; i++)
		mb_map(0x10000ull * i, 0x1000, 1);
	mb_ok();
	ck_assert_uint_eq(boot.regions_count, TW_MAX_REGIONS);
	mb_map(0x10000000, 0x1000, 1);
	mb_refused(-E2BIG, "too many entries");
	/* one big entry under many small ones makes twice as many pieces */
	map_used = 0;
	mb_map(0, 0x10000000, 1);
	for (unsigned int i = 1; i < TW_MAX_REGIONS; i++)
		mb_map(0x10000ull * i, 0x1000, 2);
	mb_refused(-E2BIG, "too many overlaps");
}
END_TEST

/* --- PVH
 * ------------------------------------------------------------------------------------------- */

static void pvh_info(uint32_t version)
{
	put32(info, 0x336ec578);
	put32(info + 4, version);
	put64(info + 32, 0xf59d0);
	put64(info + 40, MAP);
}

static void pvh_map(unsigned int n, uint64_t base, uint64_t size, uint32_t type)
{
	put64(map + 24 * n, base);
	put64(map + 24 * n + 8, size);
	put32(map + 24 * n + 16, type);
	put32(info + 48, n + 1);
}

static void pvh_module(unsigned int n, uint64_t base, uint64_t size, uint64_t cmdline)
{
	put32(info + 12, n + 1);
	put64(info + 16, MODS);
	put64(mods + 32 * n, base);
	put64(mods + 32 * n + 8, size);
	put64(mods + 32 * n + 16, cmdline);
}

static void pvh_refused(int err, const char *word)
{
	ck_assert_int_eq(pvh_read(INFO, &boot, &why), err);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

START_TEST(pvh_like_qemu)
{
	pvh_info(1);
	pvh_map(0, 0, 0x9fc00, 1);
	pvh_map(1, 0x9fc00, 0x400, 2);
	pvh_map(2, 0x100000000ull, 0x40000000, 1);
	put64(info + 24, string("abi=xen-pv ledger"));
	pvh_module(0, 0x7fd7000, 3000, string("keep all words"));
	ck_assert_msg(!pvh_read(INFO, &boot, &why), "%s", why);
	ck_assert_str_eq(boot.protocol, "pvh");
	ck_assert_str_eq(boot.cmdline, "abi=xen-pv ledger");
	ck_assert_uint_eq(boot.rsdp, 0xf59d0);
	ck_assert_uint_eq(boot.modules_count, 1);
	ck_assert_uint_eq(boot.modules[0].base, 0x7fd7000);
	ck_assert_uint_eq(boot.modules[0].size, 3000);
	ck_assert_str_eq(boot.modules[0].cmdline, "keep all words");
	ck_assert_uint_eq(boot.regions_count, 3);
	region(0, 0, 0x9f000, 1);
	region(2, 0x100000000ull, 0x40000000, 1);
}
END_TEST

START_TEST(pvh_refusals)
{
	pvh_refused(-EINVAL, "neither");
	pvh_info(0);
	pvh_refused(-EINVAL, "version 0");
	pvh_info(1);
	pvh_refused(-EINVAL, "no memory map");
	pvh_map(0, 0, 0x9f000, 2);
	pvh_refused(-EINVAL, "no RAM");
	pvh_map(0, 0, 0x9f000, 1);
	ck_assert_int_eq(pvh_read(INFO, &boot, &why), 0);
	pvh_module(0, UINT64_MAX - 10, 11, 0);
	pvh_refused(-EINVAL, "wraps");
	pvh_module(0, 0x1000, 1, 0x100000000ull);
	pvh_refused(-EINVAL, "string");
	pvh_module(0, 0x1000, 1, 0);
	put32(info + 12, 0x08000001); /* times 32 wraps 32 bits */
	pvh_refused(-EINVAL, "module list");
	put32(info + 12, 1);
	put64(info + 16, 0xffffffffffffffe0ull);
	pvh_refused(-EINVAL, "module list");
	put32(info + 12, 0);
	put32(info + 48, IN_ENTRIES_MAX + 1);
	pvh_refused(-EINVAL, "memory map");
	put32(info + 48, TW_MAX_REGIONS + 10); /* beyond the memory that is there */
	pvh_refused(-EINVAL, "memory map");
	put32(info + 48, 1);
	put64(info + 24, 0x66660000);
	pvh_refused(-EINVAL, "command line");
	ck_assert_int_eq(pvh_read(0x66660000, &boot, &why), -EINVAL);
}
END_TEST

START_TEST(pvh_many)
{
	pvh_info(1);
	pvh_map(0, 0, 0x9f000, 1);
	for (unsigned int i = 0; i <= TW_MAX_MODULES; i++)
		pvh_module(i, 0x1000, 1, 0);
	ck_assert_int_eq(pvh_read(INFO, &boot, &why), 0);
	ck_assert_uint_eq(boot.modules_count, TW_MAX_MODULES);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
	for (unsigned int i = 0; i <= TW_MAX_REGIONS; i++)
		pvh_map(i, 0x10000ull * i, 0x1000, 1);
	pvh_refused(-E2BIG, "too many entries");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loader/in");
	TCase *t = tcase_create("loader/in");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, mb_like_qemu);
	tcase_add_test(t, mb_grub2_has_no_first_word);
	tcase_add_test(t, mb_grub_legacy_has_one);
	tcase_add_test(t, mb_without_map);
	tcase_add_test(t, mb_strings_are_cut);
	tcase_add_test(t, mb_refusals);
	tcase_add_test(t, mb_many_modules);
	tcase_add_test(t, map_ram_loses_overlaps);
	tcase_add_test(t, map_merges_and_drops);
	tcase_add_test(t, map_wrapping_entries);
	tcase_add_test(t, map_limits);
	tcase_add_test(t, pvh_like_qemu);
	tcase_add_test(t, pvh_refusals);
	tcase_add_test(t, pvh_many);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
