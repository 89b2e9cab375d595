/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* xen_version: the constants, their sizes, and the errors. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

#include <xen/version.h>

static uint64_t arg;

static void setup(void)
{
	mock_xen_reset(1);
	arg = mock_guest_alloc(2048);
	memset(mock_guest_at(arg), 0x55, 2048);
}

static long op(uint32_t cmd, uint64_t a)
{
	return xen_xen_version(cmd, a, 0, 0, 0, xen_vcpus[0]);
}

/* Exactly size bytes were written: text, then zeros. */
static void expect_text(uint32_t cmd, const char *text, size_t size)
{
	const char *at = mock_guest_at(arg);
	size_t i;

	ck_assert_int_eq(op(cmd, arg), 0);
	ck_assert_str_eq(at, text);
	for (i = strlen(text); i < size; i++)
		ck_assert_int_eq(at[i], 0);
	ck_assert_int_eq(at[size], 0x55);
}

START_TEST(version)
{
	ck_assert_int_eq(op(XENVER_version, 0), 0x40011);
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_VERSION], 1);
	ck_assert_int_eq(op(XENVER_pagesize, 0), 4096);
	ck_assert_int_eq(op(XENVER_pagesize, arg), -XEN_EINVAL);
	ck_assert_int_eq(op(XENVER_build_id, 0), -XEN_ENODATA);
	ck_assert_int_eq(op(11, arg), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 1);
	ck_assert_uint_eq(mock_missing_sub, 11);
}
END_TEST

START_TEST(texts)
{
	expect_text(XENVER_extraversion, "-twoway", 16);
	setup();
	expect_text(XENVER_capabilities, "xen-3.0-x86_64", 1024);
	setup();
	expect_text(XENVER_changeset, "twoway " TW_VERSION, 64);
	setup();
	expect_text(XENVER_commandline, "", 1024);
}
END_TEST

START_TEST(structures)
{
	struct xen_compile_info *info = mock_guest_at(arg);

	ck_assert_int_eq(op(XENVER_compile_info, arg), 0);
	ck_assert_int_eq(strncmp(info->compiler, "gcc ", 4), 0);
	ck_assert_str_eq(info->compile_by, "twoway");
	ck_assert_int_eq(((char *)mock_guest_at(arg))[144], 0x55);
	ck_assert_int_eq(op(XENVER_platform_parameters, arg), 0);
	ck_assert_uint_eq(*(uint64_t *)mock_guest_at(arg), 0xffff800000000000);
	ck_assert_int_eq(op(XENVER_guest_handle, arg), 0);
	ck_assert_mem_eq(mock_guest_at(arg), xen_guest_uuid, 16);
}
END_TEST

/* What Linux PV cannot do without, and what it must not see. */
START_TEST(features)
{
	struct xen_feature_info *info = mock_guest_at(arg);

	*info = (struct xen_feature_info){.submap_idx = 0};
	ck_assert_int_eq(op(XENVER_get_features, arg), 0);
	ck_assert_uint_eq(info->submap, 1u << 4 | 1u << 5 | 1u << 7);
	info->submap_idx = 1;
	ck_assert_int_eq(op(XENVER_get_features, arg), -XEN_EINVAL);
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_VERSION_FEATURES], 2);
}
END_TEST

START_TEST(faults)
{
	static const uint32_t cmds[] = {XENVER_extraversion,	    XENVER_compile_info,
					XENVER_capabilities,	    XENVER_changeset,
					XENVER_platform_parameters, XENVER_get_features,
					XENVER_guest_handle,	    XENVER_commandline};
	unsigned int i;

	for (i = 0; i < TW_ARRAY_SIZE(cmds); i++)
		ck_assert_int_eq(op(cmds[i], 0), -XEN_EFAULT);
	mock_mapped = arg - MOCK_VA + 1000; /* ends within the text */
	ck_assert_int_eq(op(XENVER_capabilities, arg), -XEN_EFAULT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-version");
	TCase *tc = tcase_create("version");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, version);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, structures);
	tcase_add_test(tc, features);
	tcase_add_test(tc, faults);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
