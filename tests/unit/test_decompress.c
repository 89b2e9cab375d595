/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Unpacking kernels: what the libraries themselves packed comes back, an output buffer that is too
 * small, truncation and damage are refused, and memory stays bounded whatever a header asks for.
 * Buffers have their exact size and end at a guard page.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "guarded.h"
#include "packer.h"

#define SIZE 100000

/* No allocation above 64 MB succeeds: what asks for more by a hostile header's word is seen. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=64:allocator_may_return_null=1";
}

static const enum tw_compression all[] = {TW_COMP_GZIP, TW_COMP_XZ, TW_COMP_LZ4, TW_COMP_ZSTD};
static uint8_t original[SIZE];
static struct packed packed;
static uint8_t *unpacked;
static size_t length, unpacked_room;
static const char *why;

/* Half noise and half text, with runs and some x86 calls for the filter. */
static void setup(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		original[i] =
		    i / 1000 % 2 ? (uint8_t)(x >> 24) : (uint8_t)("call \xe8\0\0\0"[i % 9]);
	}
	packed = (struct packed){0};
	unpacked = NULL;
}

static void teardown(void)
{
	free(packed.data);
	guarded_free(unpacked, unpacked_room);
}

static int unpack_part(enum tw_compression comp, size_t in_size, size_t room)
{
	uint8_t *in = guarded_alloc(in_size);
	int rc;

	memcpy(in, packed.data, in_size);
	guarded_free(unpacked, unpacked_room);
	unpacked = guarded_alloc(room);
	unpacked_room = room;
	why = NULL;
	rc = tw_decompress(comp, (struct tw_bytes){in, in_size}, unpacked, room, &length, &why);
	guarded_free(in, in_size);
	ck_assert_uint_le(length, room);
	ck_assert_int_eq(rc != 0, why != NULL);
	return rc;
}

static int unpack(enum tw_compression comp, size_t room)
{
	return unpack_part(comp, packed.size, room);
}

static void assert_original(int rc)
{
	ck_assert_msg(rc == 0, "refused: %s", why);
	ck_assert_uint_eq(length, SIZE);
	ck_assert_mem_eq(unpacked, original, SIZE);
}

static void assert_why(int rc, int error, const char *part)
{
	ck_assert_int_eq(rc, error);
	ck_assert_msg(strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
}

START_TEST(comes_back)
{
	pk_pack(&packed, all[_i], original, SIZE);
	ck_assert_int_eq(tw_compression_detect((struct tw_bytes){packed.data, packed.size}),
			 all[_i]);
	assert_original(unpack(all[_i], SIZE));
	assert_original(unpack(all[_i], SIZE + 1000));
}
END_TEST

/* As in a bzImage: the unpacked size stands behind the stream (for gzip it is part of it). */
START_TEST(appended_size_is_ignored)
{
	uint32_t size = SIZE;

	pk_pack(&packed, all[_i], original, SIZE);
	pk_append(&packed, &size, sizeof(size));
	assert_original(unpack(all[_i], SIZE));
}
END_TEST

START_TEST(no_room)
{
	pk_pack(&packed, all[_i], original, SIZE);
	assert_why(unpack(all[_i], SIZE - 1), -E2BIG, "larger than");
	assert_why(unpack(all[_i], SIZE / 2), -E2BIG, "larger than");
	assert_why(unpack(all[_i], 1), -E2BIG, "larger than");
	assert_why(unpack(all[_i], 0), -E2BIG, "larger than");
}
END_TEST

START_TEST(truncated)
{
	pk_pack(&packed, all[_i], original, SIZE);
	for (size_t size = 0; size < packed.size; size += size < 200 ? 1 : 997) {
		/* xz is done when the index begins, the blocks have their own checks */
		if (all[_i] == TW_COMP_XZ && size > packed.size - 40)
			break;
		ck_assert_msg(unpack_part(all[_i], size, SIZE) == -EINVAL, "%s at %zu",
			      tw_compression_name(all[_i]), size);
	}
}
END_TEST

/* Any changed byte is found out or changes nothing; lz4 has no checksum, so there it may. */
START_TEST(damaged)
{
	pk_pack(&packed, all[_i], original, SIZE);
	for (size_t at = 0; at < packed.size; at += at < 64 ? 1 : 499) {
		int rc;

		packed.data[at] ^= 0x55;
		rc = unpack(all[_i], SIZE);
		if (!rc && all[_i] != TW_COMP_LZ4)
			assert_original(rc);
		packed.data[at] ^= 0x55;
	}
}
END_TEST

START_TEST(checksum_is_looked_at)
{
	if (all[_i] == TW_COMP_LZ4)
		return;
	pk_pack(&packed, all[_i], original, SIZE);
	packed.data[packed.size / 2] ^= 1; /* noise: the structure stays valid for most */
	ck_assert_int_eq(unpack(all[_i], SIZE), -EINVAL);
}
END_TEST

START_TEST(other_format)
{
	pk_pack(&packed, all[(_i + 1) % 4], original, SIZE);
	ck_assert_int_eq(unpack(all[_i], SIZE), -EINVAL);
	ck_assert_uint_eq(length, 0);
}
END_TEST

START_TEST(xz_no_check)
{
	pk_xz(&packed, original, SIZE, 1 << 16, LZMA_CHECK_NONE);
	assert_original(unpack(TW_COMP_XZ, SIZE));
}
END_TEST

START_TEST(xz_other_checks)
{
	pk_xz(&packed, original, SIZE, 1 << 16, LZMA_CHECK_CRC64);
	assert_why(unpack(TW_COMP_XZ, SIZE), -ENOSYS, "check=crc32");
	free(packed.data);
	packed = (struct packed){0};
	pk_xz(&packed, original, SIZE, 1 << 16, LZMA_CHECK_SHA256);
	assert_why(unpack(TW_COMP_XZ, SIZE), -ENOSYS, "check=crc32");
}
END_TEST

/*
 * Set the dictionary size that the first block asks for. The header is: its size, flags, x86
 * filter (4, 0), LZMA2 filter (0x21, 1, dictionary), padding, CRC32 (xz file format 3.1).
 */
static void set_dictionary(uint8_t code)
{
	uint8_t *block = packed.data + LZMA_STREAM_HEADER_SIZE;
	size_t crc_at = (size_t)block[0] * 4;
	uint32_t crc;

	ck_assert_uint_eq(block[4], 0x21);
	block[6] = code;
	crc = lzma_crc32(block, crc_at, 0);
	memcpy(block + crc_at, &crc, sizeof(crc));
}

START_TEST(xz_dictionary_is_cut_to_the_output)
{
	pk_xz(&packed, original, SIZE, 1 << 20, LZMA_CHECK_CRC32);
	set_dictionary(36); /* 1 GB */
	assert_original(unpack(TW_COMP_XZ, SIZE));
	set_dictionary(40); /* 4 GB - 1 */
	assert_original(unpack(TW_COMP_XZ, SIZE));
	set_dictionary(41); /* not in the format */
	assert_why(unpack(TW_COMP_XZ, SIZE), -ENOSYS, "not supported");
}
END_TEST

START_TEST(xz_no_memory)
{
	size_t room = 100 << 20;
	uint8_t *out = guarded_alloc(room);
	struct tw_bytes in;

	pk_xz(&packed, original, SIZE, 1 << 20, LZMA_CHECK_CRC32);
	in = (struct tw_bytes){packed.data, packed.size};
	set_dictionary(29); /* 96 MB, and the output is larger */
	assert_why(tw_decompress(TW_COMP_XZ, in, out, room, &length, &why), -ENOMEM, "more memory");
	guarded_free(out, room);
}
END_TEST

START_TEST(lz4_two_blocks)
{
	size_t size = (8 << 20) + 5000;
	uint8_t *big = malloc(size);

	for (size_t i = 0; i < size; i++)
		big[i] = original[i % SIZE];
	pk_lz4(&packed, big, size);
	ck_assert_int_eq(unpack(TW_COMP_LZ4, size), 0);
	ck_assert_uint_eq(length, size);
	ck_assert(!memcmp(unpacked, big, size));
	assert_why(unpack(TW_COMP_LZ4, size - 1), -E2BIG, "larger than");
	assert_why(unpack(TW_COMP_LZ4, 8 << 20), -E2BIG, "larger than");
	free(big);
}
END_TEST

START_TEST(lz4_frames_follow_each_other)
{
	pk_lz4(&packed, original, SIZE / 4);
	pk_lz4_magic(&packed);
	pk_lz4(&packed, original + SIZE / 4, SIZE - SIZE / 4);
	assert_original(unpack(TW_COMP_LZ4, SIZE));
}
END_TEST

START_TEST(lz4_block_sizes)
{
	uint32_t size = 0;

	pk_lz4_magic(&packed);
	pk_append(&packed, &size, 4);
	pk_append(&packed, "12345", 5);
	assert_why(unpack(TW_COMP_LZ4, SIZE), -EINVAL, "impossible size");
	size = 6;
	memcpy(packed.data + 4, &size, 4);
	assert_why(unpack(TW_COMP_LZ4, SIZE), -EINVAL, "ends early");
	size = 0xffffffff;
	memcpy(packed.data + 4, &size, 4);
	assert_why(unpack(TW_COMP_LZ4, SIZE), -EINVAL, "ends early");
	size = LZ4_COMPRESSBOUND(8 << 20) + 1;
	memcpy(packed.data + 4, &size, 4);
	packed.data = realloc(packed.data, 8 + size);
	memset(packed.data + 8, 0, size);
	packed.size = 8 + size;
	assert_why(unpack(TW_COMP_LZ4, SIZE), -EINVAL, "impossible size");
}
END_TEST

START_TEST(lz4_damaged_block)
{
	/* A literal of 1 byte, then a match 0x1000 back: before the start. */
	static const uint8_t block[] = {0x10, 'x', 0x00, 0x10, 0x50, 1, 2, 3, 4, 5};
	uint32_t size = sizeof(block);

	pk_lz4_magic(&packed);
	pk_append(&packed, &size, 4);
	pk_append(&packed, block, sizeof(block));
	assert_why(unpack(TW_COMP_LZ4, SIZE), -EINVAL, "damaged");
}
END_TEST

START_TEST(zstd_frames_follow_each_other)
{
	pk_zstd(&packed, original, SIZE / 4, 20);
	pk_zstd(&packed, original + SIZE / 4, SIZE - SIZE / 4, 20);
	assert_original(unpack(TW_COMP_ZSTD, SIZE));
	assert_why(unpack(TW_COMP_ZSTD, SIZE - 1), -E2BIG, "larger than");
}
END_TEST

/* No content size, then the window's byte: 2^(10 + 17) (RFC 8878, 3.1.1.1). */
START_TEST(zstd_window_of_128_mb)
{
	pk_zstd(&packed, original, SIZE, 20);
	ck_assert_uint_eq(packed.data[5], 10 << 3);
	packed.data[5] = 17 << 3;
	assert_original(unpack(TW_COMP_ZSTD, SIZE));
}
END_TEST

/* The formats before 1.0, which the library would read and the shim leaves out. */
START_TEST(zstd_old_formats)
{
	pk_zstd(&packed, original, SIZE, 20);
	for (uint8_t version = 0x22; version < 0x28; version++) {
		packed.data[0] = version;
		assert_why(unpack(TW_COMP_ZSTD, SIZE), -EINVAL, "no zstd frame");
	}
}
END_TEST

START_TEST(not_compressed)
{
	pk_append(&packed, original, SIZE);
	assert_original(unpack(TW_COMP_NONE, SIZE));
	assert_why(unpack(TW_COMP_NONE, SIZE - 1), -E2BIG, "larger than");
}
END_TEST

START_TEST(not_supported)
{
	pk_append(&packed, original, SIZE);
	assert_why(unpack(TW_COMP_BZIP2, SIZE), -ENOSYS, "repack");
	assert_why(unpack(TW_COMP_LZMA, SIZE), -ENOSYS, "repack");
	assert_why(unpack(TW_COMP_LZO, SIZE), -ENOSYS, "repack");
	assert_why(unpack(TW_COMP_UNKNOWN, SIZE), -ENOSYS, "not known");
}
END_TEST

START_TEST(detect)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum tw_compression comp;
		const char *name;
	} cases[] = {
	    {"\x7f"
	     "ELF",
	     4, TW_COMP_NONE, "none"},
	    {"\x1f\x8b", 2, TW_COMP_GZIP, "gzip"},
	    {"\xfd"
	     "7zXZ\0",
	     6, TW_COMP_XZ, "xz"},
	    {"\x02\x21\x4c\x18", 4, TW_COMP_LZ4, "lz4"},
	    {"\x28\xb5\x2f\xfd", 4, TW_COMP_ZSTD, "zstd"},
	    {"BZh", 3, TW_COMP_BZIP2, "bzip2"},
	    {"\x5d\0\0", 3, TW_COMP_LZMA, "lzma"},
	    {"\x89LZO", 4, TW_COMP_LZO, "lzo"},
	    {"MZ", 2, TW_COMP_UNKNOWN, "unknown"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *exact = malloc(cases[i].size);
		struct tw_bytes in = {exact, cases[i].size};

		memcpy(exact, cases[i].bytes, in.size);
		ck_assert_int_eq(tw_compression_detect(in), cases[i].comp);
		ck_assert_str_eq(tw_compression_name(cases[i].comp), cases[i].name);
		in.size--; /* one byte short of the magic number */
		ck_assert_int_eq(tw_compression_detect(in), TW_COMP_UNKNOWN);
		free(exact);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decompress");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, comes_back, 0, 4);
	tcase_add_loop_test(tc, appended_size_is_ignored, 0, 4);
	tcase_add_loop_test(tc, no_room, 0, 4);
	tcase_add_loop_test(tc, truncated, 0, 4);
	tcase_add_loop_test(tc, damaged, 0, 4);
	tcase_add_loop_test(tc, checksum_is_looked_at, 0, 4);
	tcase_add_loop_test(tc, other_format, 0, 4);
	tcase_add_test(tc, xz_no_check);
	tcase_add_test(tc, xz_other_checks);
	tcase_add_test(tc, xz_dictionary_is_cut_to_the_output);
	tcase_add_test(tc, xz_no_memory);
	tcase_add_test(tc, lz4_two_blocks);
	tcase_add_test(tc, lz4_frames_follow_each_other);
	tcase_add_test(tc, lz4_block_sizes);
	tcase_add_test(tc, lz4_damaged_block);
	tcase_add_test(tc, zstd_frames_follow_each_other);
	tcase_add_test(tc, zstd_window_of_128_mb);
	tcase_add_test(tc, zstd_old_formats);
	tcase_add_test(tc, not_compressed);
	tcase_add_test(tc, not_supported);
	tcase_add_test(tc, detect);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
