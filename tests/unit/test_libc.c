/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The free-standing shim's own memory functions and boot heap. This program has a C library, so the
 * two files are compiled in here under other names and compared with it, or with plain loops.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "twoway/image.h"

#define memcpy	shim_memcpy
#define memmove shim_memmove
#define memset	shim_memset
#define memcmp	shim_memcmp
#define strlen	shim_strlen
#define strcmp	shim_strcmp
#define strncmp shim_strncmp
#define malloc	shim_malloc
#define calloc	shim_calloc
#define free	shim_free
void *shim_memcpy(void *restrict to, const void *restrict from, size_t n);
void *shim_memmove(void *to, const void *from, size_t n);
void *shim_memset(void *to, int byte, size_t n);
int shim_memcmp(const void *a, const void *b, size_t n);
size_t shim_strlen(const char *s);
int shim_strcmp(const char *a, const char *b);
int shim_strncmp(const char *a, const char *b, size_t n);
void *shim_malloc(size_t size);
void *shim_calloc(size_t count, size_t size);
void shim_free(void *p);
#include "shim/string.c"
#include "loader/libc/heap.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef malloc
#undef calloc
#undef free

#define ROOM	 160 /* around blocks of up to 100 bytes */
#define LONGEST	 100
#define FIRST_AT 24

static uint8_t before[ROOM], ours[ROOM], expected[ROOM];

static void setup(void)
{
	for (unsigned int i = 0; i < ROOM; i++)
		before[i] = (uint8_t)(i * 7 + 1);
}

static void reset(void)
{
	for (unsigned int i = 0; i < ROOM; i++)
		ours[i] = expected[i] = before[i];
}

static void assert_same(unsigned int n)
{
	for (unsigned int i = 0; i < ROOM; i++)
		if (ours[i] != expected[i]) /* an assertion for each would take seconds */
			ck_abort_msg("byte %u differs at length %u", i, n);
}

/* Every length and several alignments; nothing around the block may change. */
START_TEST(copy)
{
	for (unsigned int n = 0; n <= LONGEST; n++) {
		for (unsigned int at = FIRST_AT; at < FIRST_AT + 9; at++) {
			reset();
			ck_assert_ptr_eq(shim_memcpy(ours + at, before + 3, n), ours + at);
			for (unsigned int i = 0; i < n; i++)
				expected[at + i] = before[3 + i];
			assert_same(n);
		}
	}
}
END_TEST

START_TEST(move)
{
	for (unsigned int n = 0; n <= LONGEST; n++) {
		for (unsigned int to = 0; to < 2 * FIRST_AT; to++) {
			reset();
			ck_assert_ptr_eq(shim_memmove(ours + to, ours + FIRST_AT, n), ours + to);
			for (unsigned int i = 0; i < n; i++)
				expected[to + i] = before[FIRST_AT + i];
			assert_same(n);
		}
	}
}
END_TEST

START_TEST(fill)
{
	for (unsigned int n = 0; n <= LONGEST; n++) {
		reset();
		ck_assert_ptr_eq(shim_memset(ours + FIRST_AT + 1, 0x1a5, n), ours + FIRST_AT + 1);
		for (unsigned int i = 0; i < n; i++)
			expected[FIRST_AT + 1 + i] = 0xa5;
		assert_same(n);
	}
}
END_TEST

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

START_TEST(compare)
{
	for (unsigned int n = 0; n <= LONGEST; n++) {
		reset();
		ck_assert_int_eq(shim_memcmp(ours, expected, n), 0);
		for (unsigned int i = 0; i < n; i++) {
			ours[i] ^= 0x80;
			ck_assert_int_eq(sign(shim_memcmp(ours, expected, n)),
					 sign(memcmp(ours, expected, n)));
			ours[i] ^= 0x80;
		}
		ours[n] ^= 1; /* behind the end */
		ck_assert_int_eq(shim_memcmp(ours, expected, n), 0);
	}
}
END_TEST

START_TEST(strings)
{
	static const char *const s[] = {"", "a", "ab", "abc", "abd", "b", "\xff", "ab\0c"};

	for (unsigned int i = 0; i < 8; i++) {
		ck_assert_uint_eq(shim_strlen(s[i]), strlen(s[i]));
		for (unsigned int j = 0; j < 8; j++) {
			ck_assert_int_eq(sign(shim_strcmp(s[i], s[j])), sign(strcmp(s[i], s[j])));
			for (unsigned int n = 0; n < 5; n++)
				ck_assert_int_eq(sign(shim_strncmp(s[i], s[j], n)),
						 sign(strncmp(s[i], s[j], n)));
		}
	}
}
END_TEST

static uint8_t heap[4096 + 1];

START_TEST(heap_blocks)
{
	uint8_t *a, *b;

	tw_heap_init(heap + 1, 4096);
	a = shim_malloc(100);
	b = shim_malloc(1);
	ck_assert(a && b);
	ck_assert_uint_eq((uintptr_t)a % 16, 0);
	ck_assert_uint_eq((uintptr_t)b % 16, 0);
	ck_assert(a >= heap + 1 && b >= a + 100 && b < heap + 4097);
}
END_TEST

/* All is given back, in whatever order the blocks are freed. */
START_TEST(heap_order_of_freeing)
{
	static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	void *p[3];
	size_t left;

	tw_heap_init(heap, 4096);
	left = tw_heap_left();
	for (unsigned int i = 0; i < 3; i++)
		p[i] = shim_malloc(200);
	ck_assert_uint_lt(tw_heap_left(), left - 600);
	for (unsigned int i = 0; i < 3; i++)
		shim_free(p[orders[_i][i]]);
	ck_assert_uint_eq(tw_heap_left(), left);
	shim_free(NULL);
	ck_assert_uint_eq(tw_heap_left(), left);
}
END_TEST

START_TEST(heap_live_block_stays)
{
	void *low, *high;

	tw_heap_init(heap, 4096);
	low = shim_malloc(64);
	high = shim_malloc(64);
	shim_free(low);
	ck_assert_ptr_ne(shim_malloc(64), high);
}
END_TEST

START_TEST(heap_full)
{
	void *all;

	tw_heap_init(heap, 4096);
	ck_assert_ptr_null(shim_malloc(tw_heap_left()));
	ck_assert_ptr_null(shim_malloc(SIZE_MAX));
	ck_assert_ptr_null(shim_malloc(SIZE_MAX - 20)); /* rounding up wraps */
	ck_assert_ptr_null(shim_calloc(SIZE_MAX / 2, 3));
	all = shim_malloc((tw_heap_left() - 16) & ~15ul);
	ck_assert_ptr_nonnull(all);
	ck_assert_ptr_null(shim_malloc(1));
	ck_assert_ptr_null(shim_malloc(0));
	shim_free(all);
	ck_assert_ptr_nonnull(shim_malloc(1));
}
END_TEST

START_TEST(heap_none)
{
	tw_heap_init(NULL, 0);
	ck_assert_uint_eq(tw_heap_left(), 0);
	ck_assert_ptr_null(shim_malloc(1));
	tw_heap_init(heap + 1, 3); /* not even one aligned byte */
	ck_assert_uint_eq(tw_heap_left(), 0);
	ck_assert_ptr_null(shim_malloc(0));
}
END_TEST

START_TEST(heap_calloc_is_zero)
{
	uint8_t *p;

	memset(heap, 0xff, sizeof(heap));
	tw_heap_init(heap, 4096);
	p = shim_calloc(10, 10);
	for (unsigned int i = 0; i < 100; i++)
		ck_assert_uint_eq(p[i], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("libc");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, copy);
	tcase_add_test(tc, move);
	tcase_add_test(tc, fill);
	tcase_add_test(tc, compare);
	tcase_add_test(tc, strings);
	tcase_add_test(tc, heap_blocks);
	tcase_add_loop_test(tc, heap_order_of_freeing, 0, 6);
	tcase_add_test(tc, heap_live_block_stays);
	tcase_add_test(tc, heap_full);
	tcase_add_test(tc, heap_none);
	tcase_add_test(tc, heap_calloc_is_zero);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
