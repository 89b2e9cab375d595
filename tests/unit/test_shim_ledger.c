/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The ledger's line: sums over CPUs, only what was called, missing calls each once. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "shim/shim.h"
#include "twoway/nested.h"

/* What the ledger asks of the rest of the shim. */
unsigned int nested_cpus;
static char line[65536];
static size_t line_size;
static uint64_t counters_pa;

void log_raw(const char *s, size_t n)
{
	ck_assert_uint_lt(line_size + n, sizeof(line));
	memcpy(line + line_size, s, n);
	line_size += n;
	line[line_size] = '\0';
}

uint64_t memory_take(uint64_t pages)
{
	mock_ram(counters_pa, pages << TW_PAGE_SHIFT);
	return counters_pa;
}

uint64_t resident_irets(unsigned int cpu)
{
	return 1000 * (cpu + 1);
}

const char *nested_exit_count(unsigned int n, uint64_t *count)
{
	*count = n == 1 ? 7 : 0;
	return n < 3 ? (n == 1 ? "hlt" : "never") : NULL;
}

static const struct tw_call calls[] = {
	{ "iret", TW_OP_CPU, TW_DONE },
	{ "yield", TW_OP_YIELD, TW_CONSTANT },
	{ "unused", TW_OP_NONE, TW_DONE },
	{ "slow", TW_OP_TLB, TW_FALLBACK },
	{ NULL, 0, 0 },
};
static const struct tw_guest guest = {
	.name = "test", .version = 3, .mode = "resident", .calls = calls
};
const struct tw_guest *tw_guest = &guest;

static void setup(void)
{
	mock_reset();
	counters_pa = 0x10000;
	line_size = 0;
	nested_cpus = 0;
	tw_host = (struct tw_host){ .name = "bare", .cpus = 64 };
	tw_host.served[TW_OP_TLB] = "ipi";
	ledger_init();
}

START_TEST(calls_are_summed)
{
	tw_count(tw_ledger_calls(0), 1);
	tw_count(tw_ledger_calls(63), 1);
	tw_count(tw_ledger_calls(1), 3);
	tw_ledger_print();
	ck_assert_ptr_nonnull(strstr(line, "{\"twoway\":1,\"abi\":\"test@3\",\"mode\":\"resident\","
					   "\"host\":\"bare\",\"cpus\":64,\"calls\":[{"));
	ck_assert_ptr_nonnull(strstr(line, "{\"guest\":\"iret\",\"op\":\"cpu\",\"host\":\"-\","
					   "\"count\":2080000,\"status\":\"done\"},"));
	ck_assert_ptr_nonnull(strstr(line, "{\"guest\":\"yield\",\"op\":\"yield\",\"host\":\"-\","
					   "\"count\":2,\"status\":\"constant\"},"));
	ck_assert_ptr_nonnull(strstr(line, "{\"guest\":\"slow\",\"op\":\"tlb\",\"host\":\"ipi\","
					   "\"count\":1,\"status\":\"fallback\"}],"));
	ck_assert_ptr_null(strstr(line, "unused"));
	ck_assert_ptr_nonnull(strstr(line, "\"missing\":[],"));
	ck_assert_ptr_nonnull(strstr(line, "\"exits\":[{\"reason\":\"hlt\",\"count\":7}]"));
	ck_assert_str_eq(line + line_size - 2, "}\n");
	ck_assert_ptr_eq(strchr(line, '\n'), line + line_size - 1); /* one line */
}
END_TEST

/* Counters of the last CPU end where the memory taken for them ends. */
START_TEST(room_for_all)
{
	for (unsigned int cpu = 0; cpu < 64; cpu++)
		for (unsigned int i = 0; i < TW_ARRAY_SIZE(calls); i++)
			ck_assert_uint_eq(tw_ledger_calls(cpu)[i]++, 0);
}
END_TEST

START_TEST(missing_calls)
{
	for (unsigned int i = 0; i < 3; i++)
		tw_ledger_missing("physdev_op", 33, 12);
	tw_ledger_missing("physdev_op", 33, 13);
	tw_ledger_missing(NULL, 99, 0);
	for (unsigned int i = 3; i < TW_LEDGER_MISSING + 4; i++)
		tw_ledger_missing("hypercall", 100 + i, 0);
	tw_ledger_missing("physdev_op", 33, 12); /* known: counted in its place */
	tw_ledger_print();
	ck_assert_ptr_nonnull(strstr(line, "\"missing\":[{\"guest\":\"physdev_op\",\"nr\":33,\"sub\":12,"
					   "\"count\":4,\"status\":\"missing\"},"));
	ck_assert_ptr_nonnull(strstr(line, "\"sub\":13,\"count\":1,"));
	ck_assert_ptr_nonnull(strstr(line, "\"nr\":99,\"sub\":0,\"count\":1,"));
	/* The table is full: the rest is one number. */
	ck_assert_ptr_nonnull(
		strstr(line, "{\"guest\":\"others\",\"count\":4,\"status\":\"missing\"}]"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shim-ledger");
	TCase *tc = tcase_create("ledger");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, calls_are_summed);
	tcase_add_test(tc, room_for_all);
	tcase_add_test(tc, missing_calls);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
