/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Streams cut anywhere: the --expect matcher and the line splitter must not notice where. */
#include <string.h>

#include "test_tool.h"

/* Feed text in chunks of a size; true when it matched at any time. */
static bool seen(const char *regex, const char *stream, size_t chunk)
{
	char *why;
	struct expect *expect = expect_new(regex, &why);
	size_t n = strlen(stream);
	bool met = false;

	ck_assert_ptr_nonnull(expect);
	for (size_t at = 0; at < n && !met; at += chunk)
		met = expect_feed(expect, stream + at, n - at < chunk ? n - at : chunk);
	expect_free(expect);
	return met;
}

START_TEST(across_chunks)
{
	static const char stream[] = "boot\r\nHello from Linux\r\nguest# ";

	for (size_t chunk = 1; chunk <= sizeof(stream); chunk++) {
		ck_assert(seen("Hello from [A-Z]", stream, chunk));
		ck_assert(seen("^Hello from Linux$", stream, chunk));
		ck_assert(seen("^boot$", stream, chunk));
		/* a prompt is a line that has not ended */
		ck_assert(seen("^guest# ", stream, chunk));
		/* a line is a line: neither joined nor found in pieces */
		ck_assert(!seen("^from", stream, chunk));
		ck_assert(!seen("boot.*Hello", stream, chunk));
		ck_assert(!seen("^Hello$", stream, chunk));
		ck_assert(!seen("guest# $", stream, chunk));
		ck_assert(!seen("absent", stream, chunk));
	}
}
END_TEST

START_TEST(wrong_expression)
{
	char *why = NULL;

	ck_assert_ptr_null(expect_new("a(", &why));
	ck_assert_ptr_nonnull(why);
	ck_assert(strlen(why) > 3);
	free(why);
}
END_TEST

START_TEST(endless_line)
{
	char *why, chunk[5000];
	struct expect *expect = expect_new("needle", &why);

	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 20; i++)
		ck_assert(!expect_feed(expect, chunk, sizeof(chunk)));
	ck_assert(!expect_feed(expect, "need", 4));
	ck_assert(expect_feed(expect, "le", 2));
	expect_free(expect);
}
END_TEST

START_TEST(zero_bytes)
{
	char *why;
	struct expect *expect = expect_new("after", &why);

	ck_assert(expect_feed(expect, "be\0fore after", 13));
	expect_free(expect);
}
END_TEST

static char collected[64];
static size_t count, longest;

static void collect(void *context, const char *line)
{
	ck_assert_ptr_eq(context, collected);
	count++;
	if (strlen(line) > longest)
		longest = strlen(line);
	if (strlen(collected) + strlen(line) + 2 < sizeof(collected)) {
		strcat(collected, line);
		strcat(collected, "|");
	}
}

START_TEST(line_splitter)
{
	static const char stream[] = "one\r\n\ntwo\nthree";

	for (size_t chunk = 1; chunk < sizeof(stream); chunk++) {
		struct lines lines = { .line = collect, .context = collected };

		collected[0] = 0;
		for (size_t at = 0; at < strlen(stream); at += chunk)
			lines_feed(&lines, stream + at,
				   strlen(stream) - at < chunk ? strlen(stream) - at : chunk);
		ck_assert_str_eq(collected, "one||two|");
		lines_end(&lines);
		ck_assert_str_eq(collected, "one||two|three|");
		lines_end(&lines);
		ck_assert_str_eq(collected, "one||two|three|");
		free(lines.pending.data);
	}
}
END_TEST

START_TEST(line_bound)
{
	struct lines lines = { .line = collect, .context = collected };
	char chunk[10000];

	memset(chunk, 'y', sizeof(chunk));
	count = longest = 0;
	for (size_t fed = 0; fed < 3 * LINES_MAX; fed += sizeof(chunk))
		lines_feed(&lines, chunk, sizeof(chunk));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(longest, LINES_MAX);
	ck_assert_uint_lt(lines.pending.length, LINES_MAX);
	free(lines.pending.data);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("expect");

	tcase_add_test(t, across_chunks);
	tcase_add_test(t, wrong_expression);
	tcase_add_test(t, endless_line);
	tcase_add_test(t, zero_bytes);
	tcase_add_test(t, line_splitter);
	tcase_add_test(t, line_bound);
	return run_case("tool expect", t);
}
