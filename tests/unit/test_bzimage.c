/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Linux boot header: fields by protocol version, payload bounds, and (when TW_KERNELS names a
 * directory with vmlinuz files) the whole way from real kernels to their Xen notes.
 */
#include <asm/bootparam.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twoway/image.h"

#define SETUP_SECTS 2
#define SETUP_SIZE  ((SETUP_SECTS + 1) * 512)
#define PAYLOAD_AT  0x40 /* behind the setup part */
#define PAYLOAD	    64
#define FILE_SIZE   (SETUP_SIZE + PAYLOAD_AT + PAYLOAD)
#define VERSION	    "6.1.0-56-amd64 (someone) #1"

static struct setup_header header;
static struct tw_bytes file;
static struct tw_bzimage image;
static const char *why;

static void setup(void)
{
	memset(&header, 0, sizeof(header));
	header.setup_sects = SETUP_SECTS;
	header.boot_flag = 0xaa55;
	header.header = 0x53726448;
	header.version = 0x020f;
	header.kernel_version = 0x300;
	header.xloadflags = 0x7f;
	header.payload_offset = PAYLOAD_AT;
	header.payload_length = PAYLOAD;
	header.pref_address = 0x1000000;
	header.init_size = 0x3000000;
}

static void teardown(void)
{
	free((void *)file.data);
	file.data = NULL;
}

static int parse(void)
{
	static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	uint8_t *data = calloc(1, FILE_SIZE);

	teardown();
	memcpy(data + 0x500, VERSION, sizeof(VERSION)); /* 0x200 + kernel_version */
	memcpy(data + SETUP_SIZE + PAYLOAD_AT, magic, sizeof(magic));
	memcpy(data + FILE_SIZE - 4, "\x78\x56\x34\x12", 4);
	memcpy(data + 0x1f1, &header, sizeof(header));
	file = (struct tw_bytes){data, FILE_SIZE};
	why = NULL;
	return tw_bzimage_parse(file, &image, &why);
}

static void assert_refused(int error, const char *part)
{
	ck_assert_int_eq(parse(), error);
	ck_assert_msg(why && strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
}

START_TEST(good)
{
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.protocol, 0x020f);
	ck_assert_uint_eq(image.xloadflags, 0x7f);
	ck_assert_uint_eq(image.init_size, 0x3000000);
	ck_assert_uint_eq(image.pref_address, 0x1000000);
	ck_assert_ptr_eq(image.payload.data, file.data + SETUP_SIZE + PAYLOAD_AT);
	ck_assert_uint_eq(image.payload.size, PAYLOAD);
	ck_assert_int_eq(image.comp, TW_COMP_ZSTD);
	ck_assert_uint_eq(image.unpacked_size, 0x12345678);
	ck_assert_str_eq(image.version, VERSION);
}
END_TEST

START_TEST(fields_by_protocol)
{
	header.version = 0x020b;
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.xloadflags, 0);
	ck_assert_uint_eq(image.init_size, 0x3000000);
	header.version = 0x0209;
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.init_size, 0);
	ck_assert_uint_eq(image.pref_address, 0);
	header.version = 0x0208;
	ck_assert_int_eq(parse(), 0);
	header.version = 0x0207;
	assert_refused(-EINVAL, "2.08");
	ck_assert_uint_eq(image.protocol, 0x0207);
	ck_assert_str_eq(image.version, VERSION);
	ck_assert_ptr_null(image.payload.data);
}
END_TEST

START_TEST(no_setup_sects_means_four)
{
	header.setup_sects = 0;
	assert_refused(-EINVAL, "setup part is cut off"); /* 5 * 512 is more than the file */
}
END_TEST

START_TEST(setup_cut)
{
	header.setup_sects = 200;
	assert_refused(-EINVAL, "setup part is cut off");
}
END_TEST

START_TEST(not_a_bzimage)
{
	header.boot_flag = 0;
	assert_refused(-ENOEXEC, "not a bzImage");
	setup();
	header.header = 0;
	assert_refused(-ENOEXEC, "not a bzImage");
}
END_TEST

START_TEST(short_files)
{
	ck_assert_int_eq(parse(), 0);
	for (size_t size = 0; size < FILE_SIZE; size++) {
		uint8_t *part = malloc(size);

		memcpy(part, file.data, size);
		why = NULL;
		ck_assert_int_lt(tw_bzimage_parse((struct tw_bytes){part, size}, &image, &why), 0);
		ck_assert_ptr_nonnull(why);
		free(part);
	}
}
END_TEST

START_TEST(payload_outside)
{
	header.payload_length = PAYLOAD + 1;
	assert_refused(-EINVAL, "payload lies outside");
	header.payload_length = PAYLOAD;
	header.payload_offset = PAYLOAD_AT + 1;
	assert_refused(-EINVAL, "payload lies outside");
	header.payload_offset = UINT32_MAX - PAYLOAD + 1; /* the sum is 0 in 32 bits */
	assert_refused(-EINVAL, "payload lies outside");
	header.payload_offset = PAYLOAD_AT;
	header.payload_length = UINT32_MAX - PAYLOAD_AT + 1;
	assert_refused(-EINVAL, "payload lies outside");
}
END_TEST

START_TEST(payload_too_small)
{
	header.payload_length = 4;
	assert_refused(-EINVAL, "no payload");
	header.payload_length = 0;
	assert_refused(-EINVAL, "no payload");
}
END_TEST

START_TEST(version_string_is_bounded)
{
	header.kernel_version = 0;
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.version, "");
	header.kernel_version = 0xffff; /* outside the setup part */
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.version, "");
	header.kernel_version = 0x304;
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.version, VERSION + 4);
}
END_TEST

/* A version that runs to the end of the setup part without a NUL, longer than the field. */
START_TEST(version_string_too_long)
{
	uint8_t *data;

	ck_assert_int_eq(parse(), 0);
	data = (uint8_t *)file.data;
	memset(data + 0x500, 'v', SETUP_SIZE - 0x500);
	ck_assert_int_eq(tw_bzimage_parse(file, &image, &why), 0);
	ck_assert_uint_eq(strlen(image.version), sizeof(image.version) - 1);
	header.kernel_version = SETUP_SIZE - 0x200 - 8;
	memcpy(data + 0x1f1, &header, sizeof(header));
	memset(data + SETUP_SIZE, 'x', PAYLOAD_AT);
	ck_assert_int_eq(tw_bzimage_parse(file, &image, &why), 0);
	ck_assert_str_eq(image.version, "vvvvvvvv");
}
END_TEST

static struct tw_bytes read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	ck_assert_msg(f != NULL, "cannot open %s", path);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = malloc((size_t)size);
	ck_assert_uint_eq(fread(data, 1, (size_t)size, f), (size_t)size);
	fclose(f);
	return (struct tw_bytes){data, (size_t)size};
}

static void check_kernel(const char *path)
{
	struct tw_xen_notes notes;
	struct tw_elf elf;
	uint8_t *out;
	size_t size;

	teardown();
	file = read_file(path);
	ck_assert_msg(!tw_bzimage_parse(file, &image, &why), "%s: %s", path, why);
	ck_assert_msg(strstr(path, strtok(image.version, " ")), "%s is %s", path, image.version);
	out = malloc(image.unpacked_size);
	ck_assert_msg(
	    !tw_decompress(image.comp, image.payload, out, image.unpacked_size, &size, &why),
	    "%s: %s", path, why);
	ck_assert_uint_eq(size, image.unpacked_size);
	ck_assert_msg(!tw_elf_parse((struct tw_bytes){out, size}, &elf, &why), "%s: %s", path, why);
	ck_assert_msg(!tw_xen_notes_parse(&elf, &notes, &why), "%s: %s", path, why);
	ck_assert(notes.present && notes.has_entry && notes.has_phys32_entry);
	ck_assert_str_eq(notes.guest_os, "linux");
	ck_assert_str_eq(notes.unknown_feature, "");
	free(out);
}

/* Every vmlinuz of the directory, through bzImage, unpacking, ELF and notes. */
START_TEST(real_kernels)
{
	const char *where = getenv("TW_KERNELS");
	DIR *dir = opendir(where);
	struct dirent *entry;
	int found = 0;

	ck_assert_msg(dir != NULL, "TW_KERNELS: no directory %s", where);
	while ((entry = readdir(dir))) {
		char path[1024];

		if (strncmp(entry->d_name, "vmlinuz", 7))
			continue;
		snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
		check_kernel(path);
		found++;
	}
	closedir(dir);
	ck_assert_msg(found > 0, "TW_KERNELS: no vmlinuz* in %s", where);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bzimage");
	TCase *tc = tcase_create("header");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, good);
	tcase_add_test(tc, fields_by_protocol);
	tcase_add_test(tc, no_setup_sects_means_four);
	tcase_add_test(tc, setup_cut);
	tcase_add_test(tc, not_a_bzimage);
	tcase_add_test(tc, short_files);
	tcase_add_test(tc, payload_outside);
	tcase_add_test(tc, payload_too_small);
	tcase_add_test(tc, version_string_is_bounded);
	tcase_add_test(tc, version_string_too_long);
	if (getenv("TW_KERNELS"))
		tcase_add_test(tc, real_kernels);
	else
		puts("real kernels: skipped, TW_KERNELS names no directory with vmlinuz files");
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
