/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The shim's messages, with the console of the bare host: one that comes while another is being written
 * by the same CPU (an exception in there) still comes out. log.c is included, since libraries have weak stand-ins for it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "shim/log.c"

#define DEBUG_PORT 0xe9

static char out[4096];
static size_t out_len;
static unsigned int crash_at; /* characters until the next one crashes; 0: none does */

void end_machine(const char *reason, const char *detail)
{
	exit(1);
}

static uint32_t debug_in(uint16_t port, unsigned int bytes)
{
	return DEBUG_PORT;
}

static void debug_out(uint16_t port, uint32_t value, unsigned int bytes)
{
	if (out_len < sizeof(out) - 1)
		out[out_len++] = (char)value;
	if (crash_at && !--crash_at)
		tw_error("exception in the shim");
}

static void setup(void)
{
	mock_reset();
	mock_hook_port(DEBUG_PORT, DEBUG_PORT, debug_in, debug_out);
	memset(out, 0, sizeof(out));
	out_len = 0;
	crash_at = 0;
	mock_tsc_step = 1ull << 32;
	bare_console_early("debugcon");
}

START_TEST(one_line_each)
{
	uint64_t before = mock_tsc;

	tw_error("first %d", 1);
	tw_error("second");
	ck_assert_str_eq(out, "twoway: first 1\ntwoway: second\n");
	ck_assert_uint_lt(mock_tsc - before, 1ull << 35); /* nobody waited */
}
END_TEST

START_TEST(a_crash_in_here_is_told)
{
	crash_at = 11;
	tw_error("long line");
	ck_assert_ptr_nonnull(strstr(out, "twoway: exception in the shim\n"));
	out_len = 0;
	memset(out, 0, sizeof(out));
	tw_error("after");
	ck_assert_str_eq(out, "twoway: after\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shim_log");
	TCase *t = tcase_create("shim_log");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, one_line_each);
	tcase_add_test(t, a_crash_in_here_is_told);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
