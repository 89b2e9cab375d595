/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim's command line: every option, its limits, and that nonsense is named and ignored. */
#include <check.h>
#include <string.h>

#include "mock_hw.h"
#include "shim/shim.h"
#include "twoway/nested.h"

enum tw_log_level log_level; /* log.c's */

static void setup(void)
{
	mock_reset();
	log_level = TW_LOG_INFO;
}

static unsigned int warnings(void)
{
	return mock_log_lines[TW_LOG_WARN];
}

START_TEST(defaults)
{
	options_parse("");
	options_parse(" \t ");
	ck_assert_str_eq(options.abi, "auto");
	ck_assert_str_eq(options.console, "auto");
	ck_assert_str_eq(options.host, "");
	ck_assert(!options.ledger && !options.pti && !options.no_pti && !nested_test_device);
	ck_assert_uint_eq(options.cpus_max | options.mem_max | options.mem_keep, 0);
	ck_assert_uint_eq(warnings(), 0);
}
END_TEST

START_TEST(all_options)
{
	options_parse("abi=xen-pv@1 ledger\tlog=debug  console=com1 cpus=64 guestmem=300M mem=8K "
		      "force=pti force=no-pti force=hv-testdev force=host:bare ");
	ck_assert_str_eq(options.abi, "xen-pv@1");
	ck_assert(options.ledger && options.pti && options.no_pti && nested_test_device);
	ck_assert_int_eq(log_level, TW_LOG_DEBUG);
	ck_assert_str_eq(options.console, "com1");
	ck_assert_str_eq(options.host, "bare");
	ck_assert_uint_eq(options.cpus_max, 64);
	ck_assert_uint_eq(options.mem_max, 300 << 20);
	ck_assert_uint_eq(options.mem_keep, 8 << 10);
	ck_assert_uint_eq(warnings(), 0);
}
END_TEST

START_TEST(sizes)
{
	options_parse("guestmem=4096");
	ck_assert_uint_eq(options.mem_max, 4096);
	options_parse("guestmem=17179869183G"); /* the most that 64 bits hold */
	ck_assert_uint_eq(options.mem_max, 17179869183ull << 30);
	ck_assert_uint_eq(warnings(), 0);
	options_parse("guestmem=17179869184G guestmem= guestmem=K guestmem=1T guestmem=-1 "
		      "guestmem=0x10 guestmem=1000000000000000 guestmem=1MM");
	ck_assert_uint_eq(options.mem_max, 17179869183ull << 30);
	ck_assert_uint_eq(warnings(), 8);
}
END_TEST

/* What is not understood is named; the value before it stays. */
START_TEST(values_that_are_not_understood)
{
	static const char *const bad[] = {"cpus=0",	 "cpus=65", "cpus=1K",	   "log=loud",
					  "log=",	 "log",	    "console=com", "console=com11",
					  "force=",	 "force",   "force=ptix",  "ledgers",
					  "ledger=1",	 "=",	    "=abi",	   "abi",
					  "abix=xen-pv", "cpus",    "LEDGER"};

	options_parse("cpus=3 console=none log=warn");
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		options_parse(bad[i]);
		ck_assert_msg(warnings() == i + 1, "%s", bad[i]);
		ck_assert_ptr_nonnull(strstr(mock_log_last, bad[i]));
	}
	ck_assert_uint_eq(options.cpus_max, 3);
	ck_assert_str_eq(options.console, "none");
	ck_assert_int_eq(log_level, TW_LOG_WARN);
	ck_assert_str_eq(options.abi, "auto");
	ck_assert(!options.ledger && !options.pti);
}
END_TEST

START_TEST(long_values_are_cut)
{
	char line[200] = "abi=";

	memset(line + 4, 'x', 150);
	options_parse(line);
	ck_assert_uint_eq(strlen(options.abi), sizeof(options.abi) - 1);
	ck_assert_uint_eq(warnings(), 1);
	line[4 + sizeof(options.abi) - 1] = '\0'; /* just fits */
	options_parse(line);
	ck_assert_uint_eq(strlen(options.abi), sizeof(options.abi) - 1);
	ck_assert_uint_eq(warnings(), 1);
	options_parse("force=host:0123456789abcdefgh");
	ck_assert_str_eq(options.host, "0123456789abcde");
	ck_assert_uint_eq(warnings(), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shim-options");
	TCase *tc = tcase_create("options");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, all_options);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, values_that_are_not_understood);
	tcase_add_test(tc, long_values_are_cut);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
