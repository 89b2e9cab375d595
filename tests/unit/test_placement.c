/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Placing: the arithmetic of range lists against a plain bitmap, then what moves and what stays
 * when a kernel takes its place.
 */
#include <errno.h>

#include "loader/out/placement.h"
#include "nested_machine.h"

#define PAGES 64 /* the model's address space, in pages */

static struct placement p;
static struct placement_list list;
static bool model[PAGES];
static const char *why;

static void setup(void)
{
	machine_reset();
	memset(&list, 0, sizeof(list));
	memset(model, 0, sizeof(model));
	why = NULL;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static bool model_all(unsigned int base, unsigned int size, bool value)
{
	for (unsigned int i = base; i < base + size; i++)
		if (i >= PAGES ? value : model[i] != value)
			return false;
	return true;
}

/* Not an assertion for each question: Check's bookkeeping would take half a minute. */
static void check_against_model(void)
{
	for (unsigned int i = 0; i < list.count; i++) {
		ck_assert_uint_lt(list.r[i].base, list.r[i].end);
		if (i)
			ck_assert_uint_lt(list.r[i - 1].end, list.r[i].base);
	}
	for (unsigned int base = 0; base < PAGES; base++) {
		for (unsigned int size = 1; size < 5; size++) {
			if (placement_inside(&list, base, size) != model_all(base, size, true) ||
			    placement_touches(&list, base, size) == model_all(base, size, false))
				ck_abort_msg("pages %u + %u", base, size);
		}
	}
}

/* The first (last) place by trying all of them. */
static int model_place(unsigned int size, unsigned int align, unsigned int from, unsigned int limit,
		       bool lowest)
{
	int found = -1;

	for (unsigned int at = from; at + size <= limit; at++) {
		if (at % align || !model_all(at, size, true))
			continue;
		if (lowest)
			return (int)at;
		found = (int)at;
	}
	return found;
}

static void check_places(uint32_t *state)
{
	unsigned int size = 1 + next_random(state) % 6, align = 1u << next_random(state) % 4;
	unsigned int from = next_random(state) % PAGES, limit = next_random(state) % (PAGES + 1);
	int low = model_place(size, align, from, limit, true);
	int high = model_place(size, align, from, limit, false);
	uint64_t base;

	ck_assert(placement_lowest(&list, size, align, from, limit, &base) == (low >= 0));
	if (low >= 0)
		ck_assert_uint_eq(base, (unsigned int)low);
	ck_assert(placement_highest(&list, size, align, from, limit, &base) == (high >= 0));
	if (high >= 0)
		ck_assert_uint_eq(base, (unsigned int)high);
}

START_TEST(lists_behave_as_a_bitmap)
{
	uint32_t state = (uint32_t)_i;

	for (unsigned int step = 0; step < 60; step++) {
		unsigned int base = next_random(&state) % PAGES;
		unsigned int end = base + next_random(&state) % 12;
		bool add = next_random(&state) % 3;

		if (end > PAGES)
			end = PAGES;
		if (add)
			placement_add(&list, base, end);
		else
			placement_cut(&list, base, end);
		for (unsigned int i = base; i < end; i++)
			model[i] = add;
		check_against_model();
		check_places(&state);
	}
}
END_TEST

START_TEST(lists_at_the_end_of_the_address_space)
{
	uint64_t base;

	placement_add(&list, UINT64_MAX - 0xfff, UINT64_MAX);
	ck_assert(placement_inside(&list, UINT64_MAX - 0xfff, 0xfff));
	ck_assert(!placement_inside(&list, UINT64_MAX - 0xfff, 0x1000));
	ck_assert(placement_touches(&list, 5, UINT64_MAX));
	ck_assert(!placement_lowest(&list, 16, 1 << 20, 0, UINT64_MAX, &base));
	ck_assert(!placement_lowest(&list, UINT64_MAX, 1, 0, UINT64_MAX, &base));
	ck_assert(placement_highest(&list, 0xfff, 1, 0, UINT64_MAX, &base));
	ck_assert_uint_eq(base, UINT64_MAX - 0xfff);
}
END_TEST

START_TEST(a_full_list_loses_pieces_only)
{
	for (uint64_t i = 0; i < PLACEMENT_RANGES + 10; i++)
		placement_add(&list, i * 2, i * 2 + 1);
	ck_assert_uint_eq(list.count, PLACEMENT_RANGES);
	placement_cut(&list, 4, 5);
	placement_add(&list, 10, 19);
	ck_assert(placement_inside(&list, 10, 9));
}
END_TEST

static void begin(void)
{
	int rc = placement_start(&p, &machine, &why);

	ck_assert_msg(!rc, "%s", why);
}

START_TEST(what_is_in_the_way_moves)
{
	machine_filled(0x200000, 0x11, 0x5000, "");		/* the image */
	machine_filled(0x1000000, 0x22, 0x4567, "");		/* under the kernel */
	machine_filled(0x300000, 0x33, 0x1000, "");		/* nowhere near */
	machine_filled(0x340010, 0x44, 0x1000, "");		/* not on a page boundary */
	machine_filled(0x50000, 0x55, 0x1000, "");		/* low, but RAM */
	machine_filled(MACHINE_LOW + 0x1000, 0x66, 0x1000, ""); /* not RAM */
	begin();
	ck_assert_int_eq(placement_take(&p, 0xff0000, 0x20000, &why), 0);
	ck_assert_int_eq(placement_settle(&p, PLACEMENT_4G, &why), 0);
	ck_assert_uint_eq(p.modules[0].base, 0x200000);
	ck_assert_uint_eq(p.modules[1].base, MACHINE_SHIM - 0x5000);
	ck_assert_uint_eq(p.modules[2].base, 0x300000);
	ck_assert_uint_eq(p.modules[3].base, MACHINE_SHIM - 0x6000);
	ck_assert_uint_eq(p.modules[4].base, 0x50000);
	ck_assert_uint_eq(p.modules[5].base, MACHINE_SHIM - 0x7000);
	for (unsigned int i = 0; i < 6; i++)
		ck_assert(
		    machine_holds(p.modules[i].base, (uint8_t)(0x11 * (i + 1)), p.modules[i].size));
}
END_TEST

START_TEST(the_image_moves_only_off_its_own_place)
{
	machine_filled(0x200123, 0x11, 0x5000, "");
	begin();
	ck_assert_int_eq(placement_take(&p, 0x205000, 0x1000, &why), 0);
	ck_assert_int_eq(placement_settle(&p, PLACEMENT_4G, &why), 0);
	ck_assert_uint_eq(p.modules[0].base, MACHINE_SHIM - 0x5000);
	ck_assert(machine_holds(p.modules[0].base, 0x11, 0x5000));
}
END_TEST

START_TEST(nothing_is_put_over_a_source)
{
	/* The top of RAM holds a module that has to move: its old place is not used. */
	machine_filled(0x200000, 0x11, 0x1000, "");
	machine_filled(MACHINE_SHIM - 0x3000, 0x22, 0x2800, "");
	begin();
	ck_assert_int_eq(placement_take(&p, MACHINE_SHIM - 0x1000, 0x1000, &why), 0);
	ck_assert_int_eq(placement_settle(&p, PLACEMENT_4G, &why), 0);
	ck_assert_uint_eq(p.modules[1].base, MACHINE_SHIM - 0x6000);
	ck_assert(machine_holds(p.modules[1].base, 0x22, 0x2800));
	ck_assert(machine_holds(MACHINE_SHIM - 0x3000, 0x22, 0x2800));
}
END_TEST

START_TEST(limits_are_obeyed)
{
	machine_filled(0x200000, 0x11, 0x1000, "");
	machine_filled(0x3000000, 0x22, 0x2000, "");
	begin();
	ck_assert_int_eq(placement_settle(&p, 0x1000000, &why), 0);
	ck_assert_uint_eq(p.modules[1].base, 0x1000000 - 0x2000);
	begin();
	ck_assert_int_eq(placement_settle(&p, 0x101000, &why), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(why, "too little memory"));
}
END_TEST

START_TEST(keep_outs_are_not_touched)
{
	uint64_t pa;
	void *data;

	machine_filled(0x200000, 0x11, 0x1000, "");
	machine_keep_out[0] = (struct tw_region){0x100000, 0x80000, 0};
	machine_keep_out[1] = (struct tw_region){MACHINE_SHIM - 0x1000, UINT64_MAX, 0};
	machine.keep_out_count = 2;
	begin();
	ck_assert_int_eq(placement_take(&p, 0x17f000, 0x2000, &why), -ENOMEM);
	ck_assert_int_eq(placement_take(&p, 0x180000, 0x2000, &why), 0);
	ck_assert_int_eq(placement_settle(&p, PLACEMENT_4G, &why), 0);
	ck_assert_int_eq(placement_alloc(&p, 1, &pa, &data, &why), 0);
	ck_assert_uint_eq(pa, MACHINE_SHIM - 0x2000);
}
END_TEST

START_TEST(allocations_are_zero_and_apart)
{
	uint64_t first, second;
	void *data;

	memset(hw_phys(MACHINE_SHIM - 0x100000), 0xff, 0x100000);
	machine_filled(0x200000, 0x11, 0x1000, "");
	begin();
	ck_assert_int_eq(placement_settle(&p, PLACEMENT_4G, &why), 0);
	ck_assert_int_eq(placement_alloc(&p, 0x1001, &first, &data, &why), 0);
	ck_assert_int_eq(placement_string(&p, "text", &second, &why), 0);
	ck_assert(machine_holds(first, 0, 0x1001));
	ck_assert_uint_le(second + 0x1000, first);
	ck_assert_str_eq(hw_phys(second), "text");
	ck_assert_int_eq(placement_alloc(&p, MACHINE_SIZE, &first, &data, &why), -ENOMEM);
}
END_TEST

START_TEST(kernels_stay_below_4_gb_and_in_ram)
{
	machine_filled(0x200000, 0x11, 0x1000, "");
	begin();
	ck_assert_int_eq(placement_take(&p, MACHINE_SHIM - 0x1000, 0x1001, &why), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(why, "beyond the end of memory"));
	machine_map[4] = (struct tw_region){0xfffff000, 0x100000, TW_MEM_RAM};
	begin();
	ck_assert_int_eq(placement_take(&p, 0xfffff000, 0x1000, &why), 0);
	ck_assert_int_eq(placement_take(&p, 0xfffff000, 0x1001, &why), -ENOMEM);
	ck_assert_int_eq(placement_take(&p, MACHINE_SHIM - 0x1000, 0x1001, &why), -ENOMEM);
	ck_assert_int_eq(placement_take(&p, MACHINE_LOW, 1, &why), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(why, "no free memory"));
	ck_assert_int_eq(placement_take(&p, 0x7c00, UINT64_MAX, &why), -ENOMEM);
}
END_TEST

START_TEST(bad_requests)
{
	machine.modules_count = 0;
	ck_refused(-EINVAL, "no guest kernel");
	machine.modules_count = TW_MAX_MODULES + 1;
	ck_refused(-EINVAL, "too many modules");
	machine.modules_count = 1;
	machine_modules[0] = (struct tw_module){UINT64_MAX - 5, 6, ""};
	ck_refused(-EINVAL, "wraps");
	machine_modules[0] = (struct tw_module){0x200000, 0, ""};
	ck_refused(-ENOEXEC, "outside memory");
	machine_modules[0] = (struct tw_module){MACHINE_SIZE - 1, 2, ""};
	ck_refused(-ENOEXEC, "outside memory");
	machine_map[1].base = 0x1000;
	ck_refused(-EINVAL, "not in order");
	machine_map[1].base = UINT64_MAX - 5;
	ck_refused(-EINVAL, "not in order");
	machine.map_count = TW_MAX_REGIONS + 1;
	ck_refused(-E2BIG, "more than 128");
}
END_TEST

START_TEST(no_kind_of_image)
{
	machine_filled(0x200000, 0x90, 0x9000, "");
	ck_refused(-ENOEXEC, "neither a bzImage nor");
	ck_assert_str_eq(nested_image_kind_name(NESTED_IMAGE_LINUX64), "linux64");
	ck_assert_str_eq(nested_image_kind_name(NESTED_IMAGE_PVH), "pvh");
	ck_assert_str_eq(nested_image_kind_name(NESTED_IMAGE_KINDS), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("placement");
	TCase *tc = tcase_create("placement");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, mock_reset);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, lists_behave_as_a_bitmap, 0, 50);
	tcase_add_test(tc, lists_at_the_end_of_the_address_space);
	tcase_add_test(tc, a_full_list_loses_pieces_only);
	tcase_add_test(tc, what_is_in_the_way_moves);
	tcase_add_test(tc, the_image_moves_only_off_its_own_place);
	tcase_add_test(tc, nothing_is_put_over_a_source);
	tcase_add_test(tc, limits_are_obeyed);
	tcase_add_test(tc, keep_outs_are_not_touched);
	tcase_add_test(tc, allocations_are_zero_and_apart);
	tcase_add_test(tc, kernels_stay_below_4_gb_and_in_ram);
	tcase_add_test(tc, bad_requests);
	tcase_add_test(tc, no_kind_of_image);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
