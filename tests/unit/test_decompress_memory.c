/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Boot memory that runs out while gzip or zstd is set up. The libraries' own allocations cannot be
 * made to fail here, so the two files are compiled in once more, over set-up functions that do.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "twoway/image.h"

static int no_inflate_init(z_stream *stream, int bits, const char *version, int size)
{
	return Z_MEM_ERROR;
}

static ZSTD_DCtx *no_context(void)
{
	return NULL;
}

#define tw_gunzip	gunzip_without_memory
#define tw_unzstd	unzstd_without_memory
#define inflateInit2_	no_inflate_init
#define ZSTD_createDCtx no_context
#include "loader/out/decompress_gzip.c"
#include "loader/out/decompress_zstd.c"

static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
static uint8_t room[16];
static struct tw_unpacked out = {room, sizeof(room), 0};
static const struct tw_bytes in = {zstd_magic, sizeof(zstd_magic)};

START_TEST(gzip)
{
	const char *why = NULL;

	ck_assert_int_eq(gunzip_without_memory(in, &out, &why), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(why, "more memory"));
	ck_assert_uint_eq(out.used, 0);
}
END_TEST

START_TEST(zstd)
{
	const char *why = NULL;

	ck_assert_int_eq(unzstd_without_memory(in, &out, &why), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(why, "more memory"));
	ck_assert_uint_eq(out.used, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decompress without memory");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, gzip);
	tcase_add_test(tc, zstd);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
