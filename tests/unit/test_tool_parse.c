/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What users type: sizes, seconds, counts, and the options of `twoway run`. */

#include "test_tool.h"

START_TEST(sizes)
{
	static const struct {
		const char *s;
		uint64_t bytes;
	} good[] = {
		{ "256M", 256ull << 20 },
		{ "2G", 2ull << 30 },
		{ "524288K", 512ull << 20 },
		{ "1t", 1ull << 40 },
		{ "512", 512ull << 20 },
		{ "0", 0 },
		{ "16777215T", 16777215ull << 40 },
	};
	static const char *const bad[] = { "",
					   "M",
					   "-1M",
					   "+1M",
					   " 1M",
					   "1M ",
					   "1MB",
					   "1.5G",
					   "0x10M",
					   "16777216T",
					   "99999999999999999999",
					   "1P" };
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ck_assert_msg(parse_size(good[i].s, &bytes), "%s", good[i].s);
		ck_assert_uint_eq(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!parse_size(bad[i], &bytes), "%s", bad[i]);
}
END_TEST

START_TEST(times)
{
	static const char *const bad[] = { "",	".",   "1.",	 "-1", "1s",	     "1e3",
					   "0", "0.0", "0.0001", " 1", "1000000001", "1.5.1" };
	int64_t ms;

	ck_assert(parse_seconds("60", &ms) && ms == 60000);
	ck_assert(parse_seconds("2.5", &ms) && ms == 2500);
	ck_assert(parse_seconds(".25", &ms) && ms == 250);
	ck_assert(parse_seconds("1.0019", &ms) && ms == 1001);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!parse_seconds(bad[i], &ms), "%s", bad[i]);
}
END_TEST

START_TEST(counts)
{
	unsigned int n = 7;

	ck_assert(parse_count("1", 1, 64, &n) && n == 1);
	ck_assert(parse_count("64", 1, 64, &n) && n == 64);
	ck_assert(!parse_count("0", 1, 64, &n));
	ck_assert(!parse_count("65", 1, 64, &n));
	ck_assert(!parse_count("4294967297", 1, 64, &n));
	ck_assert(!parse_count("2 ", 1, 64, &n));
	ck_assert(!parse_count("", 0, 64, &n));
	ck_assert_uint_eq(n, 64);
}
END_TEST

/* Parse a NULL-terminated list of words behind "run". */
static int parse(struct run_options *o, const char *const *words)
{
	char *argv[24] = { "run" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return options_parse(argc, argv, o);
}
#define PARSE(o, ...) parse(o, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(defaults)
{
	struct run_options o;

	ck_assert_int_eq(PARSE(&o, "vmlinuz"), 0);
	ck_assert_str_eq(o.kernel, "vmlinuz");
	ck_assert_str_eq(o.abi, "auto");
	ck_assert_str_eq(o.host, "qemu");
	ck_assert_str_eq(o.machine, "q35");
	ck_assert_str_eq(o.net, "none");
	ck_assert_uint_eq(o.smp, 1);
	ck_assert_uint_eq(o.mem, 512ull << 20);
	ck_assert_int_eq(o.timeout_ms, 0);
	ck_assert(!o.dry_run && !o.json && !o.verbose && !o.help && !o.cpu && !o.disk && !o.initrd);
	ck_assert_uint_eq(o.qemu.count, 0);
}
END_TEST

START_TEST(all_options)
{
	struct run_options o;

	ck_assert_int_eq(PARSE(&o, "--abi", "xen-pv@1", "--host=qemu-kvm", "k", "--smp", "4",
			       "--mem=2G", "--timeout", "1.5", "--qemu", "-device", "--qemu", "x,y",
			       "--json", "-v", "--expect=^a+$", "--disk=d,ro"),
			 0);
	ck_assert_str_eq(o.kernel, "k");
	ck_assert_str_eq(o.abi, "xen-pv@1");
	ck_assert_str_eq(o.host, "qemu-kvm");
	ck_assert_uint_eq(o.smp, 4);
	ck_assert_uint_eq(o.mem, 2ull << 30);
	ck_assert_int_eq(o.timeout_ms, 1500);
	ck_assert_uint_eq(o.qemu.count, 2);
	ck_assert_str_eq(o.qemu.item[0], "-device");
	ck_assert_str_eq(o.qemu.item[1], "x,y");
	ck_assert(o.json && o.verbose && !o.dry_run);
	ck_assert_str_eq(o.expect, "^a+$");
	ck_assert_str_eq(o.disk, "d,ro");
}
END_TEST

START_TEST(usage_errors)
{
	struct run_options o;

	ck_assert_int_eq(parse(&o, (const char *const[]){ NULL }), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "b"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "--nonsense", "a"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--mem"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--mem", "much"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--mem", "31M"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--mem", "2T"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--mem", "65537K"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--smp", "0"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--smp", "65"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--timeout", "0"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--expect", "("), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--machine", "isapc"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--ledger", ""), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--net", "tap"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--net", "user,smb=/"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--net", "user,hostfwd="), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--net", "user,hostfwd=tcp::1-:2,smb=/"), EXIT_USAGE);
	ck_assert_int_eq(PARSE(&o, "a", "--net", "user,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4"), 0);
	ck_assert_int_eq(PARSE(&o, "--help"), 0);
	ck_assert(o.help);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("parse");

	tcase_add_test(t, sizes);
	tcase_add_test(t, times);
	tcase_add_test(t, counts);
	tcase_add_test(t, defaults);
	tcase_add_test(t, all_options);
	tcase_add_test(t, usage_errors);
	return run_case("tool parse", t);
}
