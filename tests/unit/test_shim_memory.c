/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Memory before the guest starts: the shim's image and the modules are kept out, what is taken comes
 * zeroed from the top of the largest piece below 4 GB, and no byte is ever given twice.
 */
#include <check.h>
#include <string.h>

#include "mock_hw.h"
#include "shim/shim.h"

#define MB 0x100000ull

/* The linker script's: 1 MB of image from SHIM_LOAD on, its second half kept. */
char init_start[1], kept_start[1], kept_end[1], shim_end[1];

uint64_t image_pa(const void *p)
{
	if (p == kept_start)
		return SHIM_LOAD + MB / 2;
	return SHIM_LOAD + MB;
}

static struct tw_boot boot;

static void setup(void)
{
	mock_reset();
	memset(&boot, 0, sizeof(boot));
	boot.regions_count = 2;
	boot.regions[0] = (struct tw_region){0, 0x9f000, TW_MEM_RAM};
	boot.regions[1] = (struct tw_region){MB, 15 * MB, TW_MEM_RAM};
	memset(mock_ram(MB, 15 * MB), 0xee, 15 * MB);
	memory_free_count = memory_taken_count = 0;
	memory_top = memory_total = memory_resident = 0;
}

static void add_region(uint64_t base, uint64_t size, uint32_t type)
{
	boot.regions[boot.regions_count++] = (struct tw_region){base, size, type};
}

static void add_module(uint64_t base, uint64_t size)
{
	boot.modules[boot.modules_count].base = base;
	boot.modules[boot.modules_count++].size = size;
}

static void expect(unsigned int i, uint64_t base, uint64_t end)
{
	ck_assert_uint_lt(i, memory_free_count);
	ck_assert_uint_eq(memory_free[i].base, base);
	ck_assert_uint_eq(memory_free[i].base + memory_free[i].size, end);
}

START_TEST(image_and_modules_are_kept_out)
{
	add_module(4 * MB + 5, 100); /* parts of pages count as pages */
	add_module(6 * MB, MB);
	add_module(9 * MB, 0);
	memory_init(&boot);
	ck_assert_uint_eq(memory_free_count, 3);
	expect(0, 2 * MB, 4 * MB);
	expect(1, 4 * MB + 4096, 6 * MB);
	expect(2, 7 * MB, 16 * MB);
	ck_assert_uint_eq(memory_top, 16 * MB);
	ck_assert_uint_eq(memory_total, 15 * MB + 0x9f000);
	ck_assert_uint_eq(memory_resident, MB / 2);
	memory_release(6 * MB, MB); /* back again: joined on both sides */
	ck_assert_uint_eq(memory_free_count, 2);
	expect(1, 4 * MB + 4096, 16 * MB);
}
END_TEST

START_TEST(other_memory_is_not_used)
{
	add_region(16 * MB, MB, TW_MEM_ACPI);
	add_region(17 * MB, MB, TW_MEM_NVS);
	add_region(18 * MB, MB, TW_MEM_RESERVED);
	add_region(SHIM_DIRECT_MAX - MB, 2 * MB, TW_MEM_RAM); /* the direct map ends in it */
	memory_init(&boot);
	ck_assert_uint_eq(memory_free_count, 1);
	expect(0, 2 * MB, 16 * MB);
	ck_assert_uint_eq(memory_top, 16 * MB);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
}
END_TEST

START_TEST(taken_from_the_top)
{
	const uint8_t *p;
	uint64_t pa;

	memory_init(&boot);
	pa = memory_take(3);
	ck_assert_uint_eq(pa, 16 * MB - 3 * 4096);
	p = hw_phys(pa);
	for (unsigned int i = 0; i < 3 * 4096; i++)
		ck_assert_uint_eq(p[i], 0);
	ck_assert_uint_eq(p[-1], 0xee);
	ck_assert_uint_eq(memory_take(1), pa - 4096);
	expect(0, 2 * MB, pa - 4096);
	ck_assert_uint_eq(memory_taken_count, 1); /* one piece for both */
	ck_assert_uint_eq(memory_taken[0].base, pa - 4096);
	ck_assert_uint_eq(memory_taken[0].size, 4 * 4096);
	ck_assert_uint_eq(memory_resident, MB / 2 + 4 * 4096);
}
END_TEST

/* A larger piece above 4 GB does not count; one that crosses counts by its lower part. */
START_TEST(only_below_4_gb)
{
	add_region(0x100000000 - 8 * MB, 64 * MB, TW_MEM_RAM);
	memory_init(&boot);
	ck_assert_uint_eq(memory_take(1), 16 * MB - 4096);
	setup();
	boot.regions[1].size = 4 * MB;
	add_region(0x100000000 - 8 * MB, 64 * MB, TW_MEM_RAM);
	mock_ram(0x100000000 - 8 * MB, 8 * MB);
	memory_init(&boot);
	ck_assert_uint_eq(memory_take(2), 0x100000000 - 2 * 4096);
	ck_assert_uint_eq(memory_free_count, 3);
	expect(1, 0x100000000 - 8 * MB, 0x100000000 - 2 * 4096);
	expect(2, 0x100000000, 0x100000000 + 56 * MB);
}
END_TEST

START_TEST(scratch_is_not_taken)
{
	memory_init(&boot);
	ck_assert_uint_eq(memory_scratch(10 * MB - 1), 6 * MB);
	expect(0, 2 * MB, 16 * MB);
	ck_assert_uint_eq(memory_scratch(4 * MB), 2 * MB);
	ck_assert_uint_eq(memory_scratch(1), 0); /* no more */
}
END_TEST

static bool dies(void (*what)(void))
{
	mock_log_last[0] = '\0';
	if (!mock_stops()) {
		what();
		return false;
	}
	return mock_log_last[0];
}

static void init(void)
{
	memory_init(&boot);
}

static void take_too_much(void)
{
	memory_take(14 * MB / 4096 + 1);
}

START_TEST(errors_are_named)
{
	memory_init(&boot);
	ck_assert(dies(take_too_much));
	ck_assert_ptr_nonnull(strstr(mock_log_last, "too little memory"));
	setup();
	boot.regions[1].size = MB; /* just the image */
	ck_assert(dies(init));
	ck_assert_ptr_nonnull(strstr(mock_log_last, "too little memory"));
	setup();
	add_module(0x100000000, 1);
	ck_assert(dies(init));
	ck_assert_ptr_nonnull(strstr(mock_log_last, "beyond all memory"));
	setup();
	add_module(~0ull - 10, 100);
	ck_assert(dies(init));
	setup();
	add_module(2 * MB - 1, 100);
	ck_assert(dies(init));
	ck_assert_ptr_nonnull(strstr(mock_log_last, "over twoway itself"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shim-memory");
	TCase *tc = tcase_create("memory");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, image_and_modules_are_kept_out);
	tcase_add_test(tc, other_memory_is_not_used);
	tcase_add_test(tc, taken_from_the_top);
	tcase_add_test(tc, only_below_4_gb);
	tcase_add_test(tc, scratch_is_not_taken);
	tcase_add_test(tc, errors_are_named);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
