/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMI ROM as the loader places it: behind other option ROMs, grown, with a right checksum, through write
 * protection; what is refused; and the memory map with its place reserved.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/vmi.h"
#include "twoway/attr.h"
#include "twoway/vmi_rom.h"

#define AREA  (VMI_SCAN_TO - VMI_SCAN_FROM)
#define FILE_BYTES 4096
#define MORE  5 /* blocks */
#define GROWN (FILE_BYTES + MORE * 512)

static uint8_t *area, file[FILE_BYTES];
static uint32_t unlocked_from, unlocked_to;
static bool unreachable;
static const char *why;
static struct vmi_rom_place place;

static void *memory(uint64_t pa, uint64_t bytes)
{
	ck_assert(pa == VMI_SCAN_FROM && bytes == AREA);
	return unreachable ? NULL : area;
}

static void unlock(uint32_t pa, uint32_t end)
{
	unlocked_from = pa;
	unlocked_to = end;
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

static void setup(void)
{
	struct vmi_rom *rom = (struct vmi_rom *)file;

	area = realloc(area, AREA); /* its own block: the sanitizer sees what is written behind it */
	memset(area, 0xff, AREA);
	memset(file, 0x5a, sizeof(file));
	rom->rom_signature = VMI_ROM_SIGNATURE;
	rom->blocks = FILE_BYTES / 512;
	rom->signature = VMI_SIGNATURE;
	rom->api_major = VMI_API_MAJOR;
	file[VMI_ROM_MORE] = MORE;
	file[VMI_ROM_CHECKSUM] = 0;
	file[VMI_ROM_CHECKSUM] = (uint8_t)-sum(file, sizeof(file));
	unlocked_from = unlocked_to = 0;
	unreachable = false;
	why = NULL;
}

static int put(void)
{
	const struct vmi_rom_request request = {
		.rom = { file, sizeof(file) }, .memory = memory, .unlock = unlock
	};

	return vmi_rom_place(&request, &place, &why);
}

static void other_rom(uint32_t pa, uint8_t blocks)
{
	uint8_t *p = area + (pa - VMI_SCAN_FROM);

	p[0] = 0x55;
	p[1] = 0xaa;
	p[2] = blocks;
}

static void check_placed(uint32_t base)
{
	const uint8_t *rom = area + (base - VMI_SCAN_FROM);

	ck_assert_int_eq(put(), 0);
	ck_assert_uint_eq(place.base, base);
	ck_assert_uint_eq(place.size, GROWN);
	ck_assert(!place.found);
	ck_assert_uint_eq(rom[2], GROWN / 512);
	ck_assert_uint_eq(sum(rom, GROWN), 0);
	ck_assert_int_eq(memcmp(rom + 40, file + 40, FILE_BYTES - 40), 0);
	for (uint32_t i = FILE_BYTES; i < GROWN; i++)
		ck_assert_uint_eq(rom[i], 0);
	ck_assert(base + GROWN == VMI_SCAN_TO || rom[GROWN] == 0xff);
	ck_assert_uint_eq(unlocked_to, 0);
}

START_TEST(behind_others)
{
	check_placed(0xc0000);
	setup();
	other_rom(0xc0000, 79); /* 39.5 KB: the next one begins at 2 KB */
	check_placed(0xca000);
	setup();
	other_rom(0xc0000, 16);
	other_rom(0xd0000, 4); /* a gap before it */
	check_placed(0xd0800);
	setup();
	other_rom(0xc8000, 0); /* a length of nothing is no ROM */
	check_placed(0xc0000);
	setup();
	other_rom(VMI_SCAN_TO - TW_ALIGN_UP(GROWN, 2048) - 2048, 4);
	check_placed(VMI_SCAN_TO - TW_ALIGN_UP(GROWN, 2048));
}
END_TEST

START_TEST(one_is_there)
{
	setup();
	other_rom(0xc0000, 4);
	memcpy(area + 0x4000, file, FILE_BYTES);
	ck_assert_int_eq(put(), 0);
	ck_assert(place.found);
	ck_assert_uint_eq(place.base, 0xc4000);
	ck_assert_uint_eq(place.size, FILE_BYTES);
	ck_assert_uint_eq(area[0x800], 0xff); /* nothing was put */
	/* Of another version: no guest takes it, so ours comes behind it. */
	((struct vmi_rom *)(area + 0x4000))->api_major = 2;
	check_placed(0xc5000);
}
END_TEST

START_TEST(no_room)
{
	other_rom(VMI_SCAN_TO - 6 * 2048, 4);
	ck_assert_int_eq(put(), 0);
	setup();
	other_rom(VMI_SCAN_TO - 5 * 2048, 8);
	ck_assert_int_eq(put(), -ENOSPC);
	setup();
	other_rom(VMI_SCAN_TO - 2048, 255); /* says that it reaches beyond the end */
	ck_assert_int_eq(put(), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(why, "no room"));
	setup();
	file[VMI_ROM_MORE] = 250; /* no header can say this length */
	ck_assert_int_eq(put(), -ENOSPC);
}
END_TEST

START_TEST(damaged)
{
	file[8]++;
	ck_assert_int_eq(put(), -EINVAL);
	setup();
	file[2]--;
	ck_assert_int_eq(put(), -EINVAL);
	setup();
	unreachable = true;
	ck_assert_int_eq(put(), -EACCES);
}
END_TEST

static struct tw_boot boot;

static void map(unsigned int count, const struct tw_region *r)
{
	boot.regions_count = count;
	memcpy(boot.regions, r, count * sizeof(*r));
}

static void check_region(unsigned int i, uint64_t base, uint64_t end, uint32_t type)
{
	ck_assert_uint_lt(i, boot.regions_count);
	ck_assert_uint_eq(boot.regions[i].base, base);
	ck_assert_uint_eq(boot.regions[i].size, end - base);
	ck_assert_uint_eq(boot.regions[i].type, type);
}

START_TEST(map_with_a_hole)
{
	map(3, (struct tw_region[]){ { 0x100000, 0x100000, 1 }, { 0, 0xa0000, 1 }, { 0xf0000, 0x10000, 2 } });
	tw_map_sort(&boot);
	ck_assert(tw_map_reserve(&boot, 0xc8000, 0x5000));
	ck_assert_uint_eq(boot.regions_count, 4);
	check_region(0, 0, 0xa0000, 1);
	check_region(1, 0xc8000, 0xcd000, 2);
	check_region(2, 0xf0000, 0x100000, 2);
	check_region(3, 0x100000, 0x200000, 1);
	/* Behind everything. */
	ck_assert(tw_map_reserve(&boot, 0x300000, 0x1000));
	check_region(4, 0x300000, 0x301000, 2);
}
END_TEST

START_TEST(map_with_ram_there)
{
	map(1, (struct tw_region[]){ { 0, 0x1000000, 1 } });
	ck_assert(tw_map_reserve(&boot, 0xc8000, 0x5000));
	ck_assert_uint_eq(boot.regions_count, 3);
	check_region(0, 0, 0xc8000, 1);
	check_region(1, 0xc8000, 0xcd000, 2);
	check_region(2, 0xcd000, 0x1000000, 1);
	/* Over several pieces, and over itself. */
	ck_assert(tw_map_reserve(&boot, 0xc7000, 0x7000));
	ck_assert_uint_eq(boot.regions_count, 3);
	check_region(0, 0, 0xc7000, 1);
	check_region(1, 0xc7000, 0xce000, 2);
	check_region(2, 0xce000, 0x1000000, 1);
}
END_TEST

START_TEST(map_is_full)
{
	boot.regions_count = TW_MAX_REGIONS;
	for (unsigned int i = 0; i < TW_MAX_REGIONS; i++)
		boot.regions[i] = (struct tw_region){ i * 0x2000, 0x1000, 1 };
	ck_assert(!tw_map_reserve(&boot, 0x1800, 0x100));
	ck_assert_uint_eq(boot.regions_count, TW_MAX_REGIONS);
	check_region(1, 0x2000, 0x3000, 1);
	boot.regions_count--;
	ck_assert(tw_map_reserve(&boot, 0x1800, 0x100));
	check_region(1, 0x1800, 0x1900, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("VMI ROM");
	TCase *t = tcase_create("place");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, behind_others);
	tcase_add_test(t, one_is_there);
	tcase_add_test(t, no_room);
	tcase_add_test(t, damaged);
	suite_add_tcase(s, t);
	t = tcase_create("map");
	tcase_add_test(t, map_with_a_hole);
	tcase_add_test(t, map_with_ram_there);
	tcase_add_test(t, map_is_full);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
