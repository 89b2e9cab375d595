/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * tw_snprintf against the C library's snprintf for everything that both know, and by itself for
 * what must not go wrong: small buffers, and conversions that it does not know.
 */
#include <check.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twoway/log.h"

/* Both must print the same and return the same. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[128], libc[128];                                                         \
		ck_assert_int_eq(tw_snprintf(ours, sizeof(ours), __VA_ARGS__),                     \
				 snprintf(libc, sizeof(libc), __VA_ARGS__));                       \
		ck_assert_str_eq(ours, libc);                                                      \
	} while (0)

START_TEST(numbers)
{
	static const long values[] = {
	    0, 1, -1, 9, 10, INT_MAX, INT_MIN, 42, 0x7fffffffffffffff, LONG_MIN, 1000000};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long v = values[i];

		SAME("%d|%u|%x", (int)v, (unsigned int)v, (unsigned int)v);
		SAME("%ld|%lu|%lx", v, (unsigned long)v, (unsigned long)v);
		SAME("%lld|%llu|%llx", (long long)v, (unsigned long long)v, (unsigned long long)v);
		SAME("%zu|%zx", (size_t)v, (size_t)v);
		SAME("%1d|%5d|%25ld", (int)v, (int)v, v);
		SAME("%05d|%08x|%016lx|%025ld", (int)v, (unsigned int)v, (unsigned long)v, v);
	}
}
END_TEST

START_TEST(text)
{
	SAME("plain");
	SAME("%s", "");
	SAME("<%s> and <%10s> and <%2s>", "abc", "abc", "abc");
	SAME("%.2s|%.0s|%.9s|%6.2s", "abc", "abc", "abc", "abc");
	SAME("%.*s|%.*s", 2, "abc", -1, "abc");
	SAME("%c%c%3c", 'a', 'b', 'c');
	SAME("100%%");
	SAME("%p", (void *)0x1234);
}
END_TEST

/* Text without its NUL: a read too far is one behind the heap block. */
START_TEST(precision_stops_the_reading)
{
	char *text = malloc(3), out[8];

	memcpy(text, "abc", 3);
	ck_assert_int_eq(tw_snprintf(out, sizeof(out), "%.*s", 3, text), 3);
	ck_assert_str_eq(out, "abc");
	free(text);
}
END_TEST

START_TEST(null_string)
{
	const char *volatile none = NULL;
	char out[16];

	ck_assert_int_eq(tw_snprintf(out, sizeof(out), "%s", none), 6);
	ck_assert_str_eq(out, "(null)");
}
END_TEST

START_TEST(small_buffers)
{
	for (size_t size = 1; size < 12; size++) {
		char *out = malloc(size), expected[12] = "";

		strncat(expected, "abc 000123", size - 1);
		ck_assert_int_eq(tw_snprintf(out, size, "%s %06d", "abc", 123), 10);
		ck_assert_str_eq(out, expected);
		free(out);
	}
	ck_assert_int_eq(tw_snprintf(NULL, 0, "%s", "abc"), 3);
}
END_TEST

/* The format is no literal here, or the compiler would refuse it. */
START_TEST(unknown_conversions_stand)
{
	static const char *const formats[] = {"%f", "%", "50% off", "%-5d", "%5", "%l", "%#x"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const char *volatile format = formats[i];
		char out[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		tw_snprintf(out, sizeof(out), format);
#pragma GCC diagnostic pop
		ck_assert_str_eq(out, format);
	}
}
END_TEST

START_TEST(huge_width)
{
	char out[8];

	ck_assert_int_gt(tw_snprintf(out, sizeof(out), "%9999d", 1), 7);
	ck_assert_str_eq(out, "       ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format");
	TCase *tc = tcase_create("snprintf");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, text);
	tcase_add_test(tc, precision_stops_the_reading);
	tcase_add_test(tc, null_string);
	tcase_add_test(tc, small_buffers);
	tcase_add_test(tc, unknown_conversions_stand);
	tcase_add_test(tc, huge_width);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
