/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* twoway probe on CPUs that the test makes up: what is found, preferred, and possible. */
#include <string.h>
#include <unistd.h>

#include "test_tool.h"

static struct leaf {
	uint32_t leaf;
	struct hw_cpuid value;
} leaves[32];
static unsigned int count;

struct hw_cpuid tool_cpuid(uint32_t leaf, uint32_t subleaf)
{
	for (unsigned int i = count; i-- > 0;)
		if (leaves[i].leaf == leaf)
			return leaves[i].value;
	return (struct hw_cpuid){ 0 };
}

static void set(uint32_t leaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	leaves[count++] = (struct leaf){ leaf, { eax, ebx, ecx, edx } };
}

static void signature(uint32_t leaf, uint32_t last, const char text[12])
{
	uint32_t r[3];

	memcpy(r, text, 12);
	set(leaf, last, r[0], r[1], r[2]);
}

static void setup(void)
{
	count = 0;
	set(0, 0x10, 0x68747541, 0x444d4163, 0x69746e65); /* AuthenticAMD */
	set(1, 0, 0, 1u << 31, 0);
	set(0x80000000, 0x80000001, 0, 0, 0);
}

static bool text_is(const json_t *object, const char *name, const char *wanted)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s && !strcmp(s, wanted);
}

static bool has_feature(const json_t *interface, const char *name)
{
	size_t i;
	json_t *feature;

	json_array_foreach(json_object_get(interface, "features"), i, feature)
		if (!strcmp(json_string_value(feature), name))
			return true;
	return false;
}

static json_t *interface(const json_t *all, size_t n)
{
	return json_array_get(json_object_get(all, "interfaces"), n);
}

/* KVM behind Hyper-V's look-alike: both are listed, KVM is what would be used. */
START_TEST(two_interfaces)
{
	json_t *all;

	signature(0x40000000, 0x40000005, "Microsoft Hv");
	set(0x40000001, 0x31237648, 0, 0, 0);
	set(0x40000003, 1u << 9 | 1u << 3, 0, 0, 1u << 19);
	set(0x40000004, 1u << 10, 0, 0, 0);
	signature(0x40000100, 0x40000101, "KVMKVMKVM\0\0\0");
	set(0x40000101, 1u << 3 | 1u << 6, 0, 0, 1);
	all = probe();
	ck_assert(text_is(all, "cpu", "AuthenticAMD") && text_is(all, "host", "kvm"));
	ck_assert_uint_eq(json_array_size(json_object_get(all, "interfaces")), 2);
	ck_assert(text_is(interface(all, 0), "name", "hyperv"));
	ck_assert(has_feature(interface(all, 0), "reference TSC page"));
	ck_assert(has_feature(interface(all, 0), "direct synthetic timers"));
	ck_assert(has_feature(interface(all, 0), "IPI hypercalls"));
	ck_assert(!has_feature(interface(all, 0), "TLB flush hypercalls"));
	ck_assert(has_feature(interface(all, 1), "kvmclock"));
	ck_assert(has_feature(interface(all, 1), "PV EOI"));
	ck_assert(has_feature(interface(all, 1), "CPUs are never preempted"));
	ck_assert(!has_feature(interface(all, 1), "steal time"));
}
END_TEST

START_TEST(xen)
{
	json_t *all;

	signature(0x40000000, 0x40000004, "XenVMMXenVMM");
	set(0x40000001, 4u << 16 | 17, 0, 0, 0);
	set(0x40000004, 1u << 3, 0, 0, 0);
	all = probe();
	ck_assert(has_feature(interface(all, 0), "version 4.17"));
	ck_assert(has_feature(interface(all, 0), "vCPU id"));
	ck_assert(text_is(all, "host", "xen"));
	ck_assert(json_is_true(json_object_get(interface(all, 0), "used")));
}
END_TEST

/* What libxenctrl told of a hypervisor, made readable. */
START_TEST(xen_control)
{
	struct xenctrl_facts facts = { .version = 4u << 16 | 17, .extra = ".7", .capabilities = 0x0b };
	json_t *control = xenctrl_json(&facts), *can = json_object_get(control, "domains");

	ck_assert(text_is(control, "version", "4.17.7"));
	ck_assert_uint_eq(json_array_size(can), 3);
	ck_assert_str_eq(json_string_value(json_array_get(can, 0)), "PV");
	ck_assert_str_eq(json_string_value(json_array_get(can, 1)), "HVM and PVH");
	ck_assert_str_eq(json_string_value(json_array_get(can, 2)), "nested paging");
	ck_assert(json_is_null(json_object_get(control, "nested"))); /* no feature set: not known */
	facts.features_count = 4;
	ck_assert(text_is(xenctrl_json(&facts), "nested", "no"));
	facts.features[1] = 1u << 5;
	ck_assert(text_is(xenctrl_json(&facts), "nested", "VMX"));
	facts.features[3] = 1u << 2;
	ck_assert(text_is(xenctrl_json(&facts), "nested", "SVM"));
	facts.features_count = 3;
	ck_assert(json_is_null(json_object_get(xenctrl_json(&facts), "nested")));
}
END_TEST

/* Where nothing can be asked, one line says why. */
START_TEST(no_control)
{
	if (!access("/dev/xen/privcmd", F_OK) || !access("/proc/xen/privcmd", F_OK))
		return; /* a Xen dom0: it can */
	ck_assert(text_is(xenctrl_probe(), "why", "the kernel's xen-privcmd module is not loaded"));
}
END_TEST

/* Without the hypervisor bit the leaves mean nothing. */
START_TEST(real_machine)
{
	json_t *all;

	signature(0x40000000, 0x40000001, "KVMKVMKVM\0\0\0");
	set(1, 0, 0, 0, 0);
	all = probe();
	ck_assert_uint_eq(json_array_size(json_object_get(all, "interfaces")), 0);
	ck_assert(text_is(all, "host", "bare"));
}
END_TEST

/* SVM, VMX, neither, and a leaf beyond the maximum. */
static const struct {
	uint32_t last, svm, vmx;
	bool possible;
	const char *why;
} cases[] = {
	{ 0x80000001, 1, 0, true, NULL },
	{ 0x80000001, 0, 1, false, "VMX" },
	{ 0x80000001, 0, 0, false, "no SVM" },
	{ 0x80000000, 1, 0, false, "no SVM" },
};

START_TEST(nested)
{
	const char *why;
	size_t i, nested = 0, resident = 0;
	json_t *all, *row;

	set(1, 0, 0, cases[_i].vmx << 5, 0);
	set(0x80000000, cases[_i].last, 0, 0, 0);
	set(0x80000001, 0, 0, cases[_i].svm << 2, 0);
	all = probe();
	json_array_foreach(json_object_get(all, "modes"), i, row)
	{
		if (text_is(row, "mode", "resident")) {
			resident++;
			ck_assert(json_is_true(json_object_get(row, "possible")));
			continue;
		}
		nested++;
		ck_assert_int_eq(json_is_true(json_object_get(row, "possible")), cases[_i].possible);
		why = json_string_value(json_object_get(row, "why"));
		ck_assert(cases[_i].possible ? !why : why && strstr(why, cases[_i].why));
	}
	ck_assert(nested && resident);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("probe");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, two_interfaces);
	tcase_add_test(t, xen);
	tcase_add_test(t, xen_control);
	tcase_add_test(t, no_control);
	tcase_add_test(t, real_machine);
	tcase_add_loop_test(t, nested, 0, 4);
	return run_case("tool: probe", t);
}
