/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the tool's unit tests share; included once per test program. */
#ifndef TESTS_UNIT_TEST_TOOL_H
#define TESTS_UNIT_TEST_TOOL_H

#include <check.h>
#include <stdlib.h>

#include "tool/tool.h"

/* The tool leaves what it allocated for one run to the system (tool.h): leaks are no findings here.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Run the suite with one test case; the exit status for main. */
static inline int run_case(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* TESTS_UNIT_TEST_TOOL_H */
