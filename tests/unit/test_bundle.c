/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Bundles: what GNU cpio makes of a few files arrives as modules with their command lines, kernel
 * first; a damaged or hostile archive is refused with a clear line, and nothing outside it is read.
 */
#include <asm-generic/errno.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loader/in/in.h"
#include "mock_hw.h"
#include "twoway/attr.h"

#define BASE 0x400000
#define ROOM 65536
#define FILE_MODE 0100644

static struct tw_boot boot;
static const char *why;
static uint8_t archive[ROOM];
static size_t used;

static void setup(void)
{
	mock_reset();
	memset(&boot, 0xa5, sizeof(boot));
	memset(archive, 0, sizeof(archive));
	why = NULL;
	used = 0;
}

/* A member as cpio -H newc writes it; returns where its header is. */
static size_t add(const char *name, unsigned int mode, const char *data, size_t size)
{
	size_t at = used;

	used += (size_t)snprintf((char *)archive + used, ROOM - used,
				 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 7, mode,
				 0, 0, 1, 0, (unsigned int)size, 0, 0, 0, 0,
				 (unsigned int)strlen(name) + 1, 0);
	strcpy((char *)archive + used, name);
	used = (used + strlen(name) + 1 + 3) & ~(size_t)3;
	memcpy(archive + used, data, size);
	used = (used + size + 3) & ~(size_t)3;
	return at;
}

static void put(const char *name, const char *data)
{
	add(name, FILE_MODE, data, strlen(data));
}

/* The archive lies in a block of exactly its size, so that the sanitizer sees reads beyond it. */
static int open_size(size_t size)
{
	memcpy(mock_ram(BASE, size), archive, size);
	boot.modules_count = 1;
	boot.modules[0].base = BASE;
	boot.modules[0].size = size;
	strcpy(boot.modules[0].cmdline, "outer");
	return bundle_open(&boot, &why);
}

static int open_it(void)
{
	add("TRAILER!!!", 0, "", 0);
	return open_size(used);
}

static void refused(int err, const char *word)
{
	int rc = open_it();

	ck_assert_int_eq(rc, err);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

static void module(unsigned int i, const char *data, const char *cmdline)
{
	const struct tw_module *m = &boot.modules[i];

	ck_assert_uint_eq(m->size, strlen(data));
	ck_assert_uint_ge(m->base, BASE);
	ck_assert_int_eq(memcmp(hw_phys(m->base), data, m->size), 0);
	ck_assert_str_eq(m->cmdline, cmdline);
}

START_TEST(kernel_comes_first)
{
	add(".", 040755, "", 0);
	put("initrd.cmdline", "for the initrd");
	put("./initrd", "INITRD");
	put("kernel.cmdline", "console=hvc0 quiet\n");
	put("another", "M");
	put("./kernel", "KERNEL!");
	ck_assert_msg(!open_it(), "%s", why);
	ck_assert_uint_eq(boot.modules_count, 3);
	module(0, "KERNEL!", "console=hvc0 quiet");
	module(1, "INITRD", "for the initrd");
	module(2, "M", "");
}
END_TEST

START_TEST(kernel_alone)
{
	put("kernel", "K");
	ck_assert_msg(!open_it(), "%s", why);
	ck_assert_uint_eq(boot.modules_count, 1);
	module(0, "K", "");
}
END_TEST

/* The archive of a real cpio(1): blocks of 512 bytes, checksums, whatever its version writes. */
START_TEST(made_by_cpio)
{
	FILE *p = popen("d=$(mktemp -d) && cd $d && printf KK > kernel && printf 'a b\\n\\n' > kernel.cmdline && "
			"printf III > initrd && printf '%s\\n' kernel kernel.cmdline initrd | "
			"cpio -o -H crc 2> /dev/null; rm -rf $d",
			"r");
	size_t n;

	ck_assert_ptr_nonnull(p);
	n = fread(archive, 1, ROOM, p);
	ck_assert_int_eq(pclose(p), 0);
	ck_assert_msg(!open_size(n), "%s", why);
	ck_assert_uint_eq(boot.modules_count, 2);
	module(0, "KK", "a b");
	module(1, "III", "");
}
END_TEST

START_TEST(others_are_left_alone)
{
	put("kernel", "K");
	add("TRAILER!!!", 0, "", 0);
	memcpy(mock_ram(BASE, used), archive, used);
	boot.modules_count = 2; /* the loader can pass more than one: then they are what they are */
	boot.modules[0] = boot.modules[1] = (struct tw_module){.base = BASE, .size = used};
	ck_assert_int_eq(bundle_open(&boot, &why), 0);
	ck_assert_uint_eq(boot.modules[0].size, used);
	boot.modules_count = 0;
	ck_assert_int_eq(bundle_open(&boot, &why), 0);
	archive[5] = '7'; /* the old binary and character formats are no bundles */
	ck_assert_int_eq(open_size(used), 0);
	ck_assert_uint_eq(boot.modules[0].base, BASE);
	ck_assert_str_eq(boot.modules[0].cmdline, "outer");
	archive[5] = '1';
	ck_assert_int_eq(open_size(109), 0);
	ck_assert_uint_eq(boot.modules_count, 1);
}
END_TEST

START_TEST(command_lines)
{
	static char longest[TW_CMDLINE_MAX + 1];

	put("kernel", "K");
	put("kernel.cmdline", "two\nlines \n");
	put("a", "A");
	put("a.cmdline", "");
	ck_assert_msg(!open_it(), "%s", why);
	module(0, "K", "two lines");
	module(1, "A", "");
	setup();
	memset(longest, 'x', TW_CMDLINE_MAX - 1);
	put("kernel", "K");
	put("kernel.cmdline", longest);
	ck_assert_msg(!open_it(), "%s", why);
	ck_assert_str_eq(boot.modules[0].cmdline, longest);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 0);
	setup();
	longest[TW_CMDLINE_MAX - 1] = 'y';
	put("kernel", "K");
	put("kernel.cmdline", longest);
	ck_assert_msg(!open_it(), "%s", why);
	ck_assert_uint_eq(strlen(boot.modules[0].cmdline), TW_CMDLINE_MAX - 1);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
}
END_TEST

START_TEST(refusals)
{
	put("vmlinuz", "K");
	refused(-EINVAL, "no file named \"kernel\"");
	setup();
	put("kernel", "");
	refused(-EINVAL, "empty");
	setup();
	put("kernel", "K");
	put("kernel", "K");
	refused(-EINVAL, "same name");
	setup();
	put("kernel", "K");
	put("initrd", "K");
	put("./initrd", "K");
	refused(-EINVAL, "same name");
	setup();
	put("kernel", "K");
	put("initrd.cmdline", "x");
	refused(-EINVAL, ".cmdline");
	setup();
	add("kernel", 0120777, "boot/vmlinuz", 12);
	refused(-EINVAL, "symbolic link");
	setup();
	for (unsigned int i = 0; i < TW_MAX_MODULES; i++)
		put((const char[]){(char)('a' + i), 0}, "x");
	refused(-E2BIG, "too many");
}
END_TEST

START_TEST(as_many_as_fit)
{
	for (unsigned int i = 1; i < TW_MAX_MODULES; i++)
		put((const char[]){(char)('a' + i), 0}, "x");
	put("kernel", "K");
	ck_assert_msg(!open_it(), "%s", why);
	ck_assert_uint_eq(boot.modules_count, TW_MAX_MODULES);
	module(0, "K", "");
	module(TW_MAX_MODULES - 1, "x", "");
}
END_TEST

/* Cut anywhere, the archive is refused (or no longer taken for one), never read beyond its end. */
START_TEST(cut_anywhere)
{
	size_t whole;

	put("kernel", "KERNEL");
	put("kernel.cmdline", "quiet");
	put("initrd", "INITRD");
	add("TRAILER!!!", 0, "", 0);
	whole = used;
	for (size_t size = 0; size + 1 < whole; size++) {
		mock_reset();
		ck_assert_int_eq(open_size(size), size < 110 ? 0 : -EINVAL);
	}
}
END_TEST

/* Sizes that reach beyond the end or wrap 32 bits, digits that are none, names without an end. */
START_TEST(damaged_headers)
{
	static const struct {
		unsigned int at;
		const char *bytes;
	} damage[] = {
		{54, "00001000"}, {54, "FFFFFFFF"}, {54, "FFFFFF80"}, {54, "0000000G"}, {54, "-0000001"},
		{14, " 0000000"}, {94, "00000000"}, {94, "FFFFFFFF"}, {94, "00000FFF"}, {94, "00000003"},
		{94, "x0000007"}, {54, "00000000"},
	};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(damage); i++) {
		setup();
		add("kernel", FILE_MODE, "KERNEL", 6);
		memcpy(archive + damage[i].at, damage[i].bytes, 8);
		ck_assert_msg(open_it() == -EINVAL && why, "damage %u is not seen", i);
	}
}
END_TEST

START_TEST(out_of_reach)
{
	put("kernel", "K");
	add("TRAILER!!!", 0, "", 0);
	memcpy(mock_ram(BASE, used), archive, used);
	boot.modules_count = 1;
	boot.modules[0].base = BASE;
	boot.modules[0].size = used + 1;
	ck_assert_int_eq(bundle_open(&boot, &why), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "outside memory"));
	boot.modules[0].base = 0x100000000ull; /* not in the direct map: left to whoever takes it */
	ck_assert_int_eq(bundle_open(&boot, &why), 0);
	boot.modules[0].base = UINT64_MAX - 100;
	ck_assert_int_eq(bundle_open(&boot, &why), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bundle");
	TCase *t = tcase_create("bundle");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, kernel_comes_first);
	tcase_add_test(t, kernel_alone);
	tcase_add_test(t, made_by_cpio);
	tcase_add_test(t, others_are_left_alone);
	tcase_add_test(t, command_lines);
	tcase_add_test(t, refusals);
	tcase_add_test(t, as_many_as_fit);
	tcase_add_test(t, cut_anywhere);
	tcase_add_test(t, damaged_headers);
	tcase_add_test(t, out_of_reach);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
