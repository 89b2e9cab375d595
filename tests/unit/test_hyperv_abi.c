/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Our TLFS header against the kernel's, number by number. The kernel's is no header for programs,
 * and where it lies depends on the kernel's version: so its text is read, wherever a package
 * linux-headers-*-common is installed; without one the test says so and is skipped.
 */
#include <check.h>
#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/hyperv.h"

struct pair {
	const char *kernel;
	uint64_t ours;
};

static const struct pair pairs[] = {
	{ "HYPERV_CPUID_VENDOR_AND_MAX_FUNCTIONS", HV_LEAF_VENDOR },
	{ "HYPERV_CPUID_INTERFACE", HV_LEAF_INTERFACE },
	{ "HYPERV_CPUID_VERSION", HV_LEAF_VERSION },
	{ "HYPERV_CPUID_FEATURES", HV_LEAF_FEATURES },
	{ "HYPERV_CPUID_ENLIGHTMENT_INFO", HV_LEAF_HINTS },
	{ "HYPERV_CPUID_IMPLEMENT_LIMITS", HV_LEAF_LIMITS },
	{ "HYPERV_VS_INTERFACE_EAX_SIGNATURE", 0 }, /* not ours: never equal, see below */
	{ "HV_MSR_VP_RUNTIME_AVAILABLE", HV_EAX_VP_RUNTIME },
	{ "HV_MSR_TIME_REF_COUNT_AVAILABLE", HV_EAX_TIME_REF_COUNT },
	{ "HV_MSR_SYNIC_AVAILABLE", HV_EAX_SYNIC },
	{ "HV_MSR_SYNTIMER_AVAILABLE", HV_EAX_STIMER },
	{ "HV_MSR_APIC_ACCESS_AVAILABLE", HV_EAX_APIC },
	{ "HV_MSR_HYPERCALL_AVAILABLE", HV_EAX_HYPERCALL },
	{ "HV_MSR_VP_INDEX_AVAILABLE", HV_EAX_VP_INDEX },
	{ "HV_MSR_RESET_AVAILABLE", HV_EAX_RESET },
	{ "HV_MSR_REFERENCE_TSC_AVAILABLE", HV_EAX_REFERENCE_TSC },
	{ "HV_MSR_GUEST_IDLE_AVAILABLE", HV_EAX_GUEST_IDLE },
	{ "HV_ACCESS_FREQUENCY_MSRS", HV_EAX_FREQUENCY },
	{ "HV_ACCESS_TSC_INVARIANT", HV_EAX_TSC_INVARIANT },
	{ "HV_POST_MESSAGES", HV_EBX_POST_MESSAGES },
	{ "HV_SIGNAL_EVENTS", HV_EBX_SIGNAL_EVENTS },
	{ "HV_ENABLE_EXTENDED_HYPERCALLS", HV_EBX_EXTENDED },
	{ "HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE", HV_EDX_XMM_INPUT },
	{ "HV_X64_GUEST_IDLE_STATE_AVAILABLE", HV_EDX_GUEST_IDLE },
	{ "HV_FEATURE_FREQUENCY_MSRS_AVAILABLE", HV_EDX_FREQUENCY },
	{ "HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE", HV_EDX_CRASH },
	{ "HV_STIMER_DIRECT_MODE_AVAILABLE", HV_EDX_DIRECT_STIMER },
	{ "HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED", HV_HINT_REMOTE_FLUSH },
	{ "HV_X64_APIC_ACCESS_RECOMMENDED", HV_HINT_APIC_MSRS },
	{ "HV_X64_SYSTEM_RESET_RECOMMENDED", HV_HINT_RESET_MSR },
	{ "HV_X64_RELAXED_TIMING_RECOMMENDED", HV_HINT_RELAXED_TIMING },
	{ "HV_DEPRECATING_AEOI_RECOMMENDED", HV_HINT_NO_AUTO_EOI },
	{ "HV_X64_CLUSTER_IPI_RECOMMENDED", HV_HINT_CLUSTER_IPI },
	{ "HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED", HV_HINT_EX_MASKS },
	{ "HV_X64_MSR_GUEST_OS_ID", HV_MSR_GUEST_OS_ID },
	{ "HV_X64_MSR_HYPERCALL", HV_MSR_HYPERCALL },
	{ "HV_REGISTER_VP_INDEX", HV_MSR_VP_INDEX },
	{ "HV_X64_MSR_RESET", HV_MSR_RESET },
	{ "HV_X64_MSR_VP_RUNTIME", HV_MSR_VP_RUNTIME },
	{ "HV_REGISTER_TIME_REF_COUNT", HV_MSR_TIME_REF_COUNT },
	{ "HV_REGISTER_REFERENCE_TSC", HV_MSR_REFERENCE_TSC },
	{ "HV_X64_MSR_TSC_FREQUENCY", HV_MSR_TSC_FREQUENCY },
	{ "HV_X64_MSR_APIC_FREQUENCY", HV_MSR_APIC_FREQUENCY },
	{ "HV_X64_MSR_EOI", HV_MSR_EOI },
	{ "HV_X64_MSR_ICR", HV_MSR_ICR },
	{ "HV_X64_MSR_TPR", HV_MSR_TPR },
	{ "HV_X64_MSR_VP_ASSIST_PAGE", HV_MSR_VP_ASSIST_PAGE },
	{ "HV_REGISTER_SCONTROL", HV_MSR_SCONTROL },
	{ "HV_REGISTER_SVERSION", HV_MSR_SVERSION },
	{ "HV_REGISTER_SIEFP", HV_MSR_SIEFP },
	{ "HV_REGISTER_SIMP", HV_MSR_SIMP },
	{ "HV_REGISTER_EOM", HV_MSR_EOM },
	{ "HV_REGISTER_SINT0", HV_MSR_SINT0 },
	{ "HV_REGISTER_SINT15", HV_MSR_SINT15 },
	{ "HV_REGISTER_STIMER0_CONFIG", HV_MSR_STIMER0_CONFIG },
	{ "HV_REGISTER_STIMER0_COUNT", HV_MSR_STIMER0_COUNT },
	{ "HV_REGISTER_STIMER3_COUNT", HV_MSR_STIMER3_COUNT },
	{ "HV_X64_MSR_GUEST_IDLE", HV_MSR_GUEST_IDLE },
	{ "HV_REGISTER_CRASH_P0", HV_MSR_CRASH_P0 },
	{ "HV_REGISTER_CRASH_P4", HV_MSR_CRASH_P4 },
	{ "HV_REGISTER_CRASH_CTL", HV_MSR_CRASH_CTL },
	{ "HV_X64_MSR_TSC_INVARIANT_CONTROL", HV_MSR_TSC_INVARIANT },
	{ "HV_CRASH_CTL_CRASH_NOTIFY", HV_CRASH_NOTIFY },
	{ "HV_CRASH_CTL_CRASH_NOTIFY_MSG", HV_CRASH_MESSAGE },
	{ "HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE", HV_CALL_FLUSH_SPACE },
	{ "HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST", HV_CALL_FLUSH_LIST },
	{ "HVCALL_NOTIFY_LONG_SPIN_WAIT", HV_CALL_LONG_SPIN_WAIT },
	{ "HVCALL_SEND_IPI", HV_CALL_SEND_IPI },
	{ "HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX", HV_CALL_FLUSH_SPACE_EX },
	{ "HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX", HV_CALL_FLUSH_LIST_EX },
	{ "HVCALL_SEND_IPI_EX", HV_CALL_SEND_IPI_EX },
	{ "HVCALL_GET_PARTITION_ID", HV_CALL_GET_PARTITION_ID },
	{ "HVCALL_DEPOSIT_MEMORY", HV_CALL_DEPOSIT_MEMORY },
	{ "HVCALL_CREATE_VP", HV_CALL_CREATE_VP },
	{ "HVCALL_GET_VP_REGISTERS", HV_CALL_GET_VP_REGISTERS },
	{ "HVCALL_SET_VP_REGISTERS", HV_CALL_SET_VP_REGISTERS },
	{ "HVCALL_POST_MESSAGE", HV_CALL_POST_MESSAGE },
	{ "HVCALL_SIGNAL_EVENT", HV_CALL_SIGNAL_EVENT },
	{ "HVCALL_ADD_LOGICAL_PROCESSOR", HV_CALL_ADD_LOGICAL_PROCESSOR },
	{ "HV_EXT_CALL_QUERY_CAPABILITIES", HV_CALL_EXT_QUERY_CAPABILITIES },
	{ "HV_FLUSH_ALL_PROCESSORS", HV_FLUSH_ALL_PROCESSORS },
	{ "HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES", HV_FLUSH_ALL_SPACES },
	{ "HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY", HV_FLUSH_NON_GLOBAL },
	{ "HV_STATUS_INVALID_HYPERCALL_CODE", HV_INVALID_HYPERCALL_CODE },
	{ "HV_STATUS_INVALID_HYPERCALL_INPUT", HV_INVALID_HYPERCALL_INPUT },
	{ "HV_STATUS_INVALID_ALIGNMENT", HV_INVALID_ALIGNMENT },
	{ "HV_STATUS_INVALID_PARAMETER", HV_INVALID_PARAMETER },
	{ "HV_STATUS_ACCESS_DENIED", HV_ACCESS_DENIED },
	{ "HV_STATUS_OPERATION_DENIED", HV_OPERATION_DENIED },
	{ "HV_STATUS_INVALID_VP_INDEX", HV_INVALID_VP_INDEX },
	{ "HV_STATUS_INVALID_PORT_ID", HV_INVALID_PORT_ID },
	{ "HV_STATUS_INVALID_CONNECTION_ID", HV_INVALID_CONNECTION_ID },
	{ "HV_STATUS_INSUFFICIENT_BUFFERS", HV_INSUFFICIENT_BUFFERS },
	{ "HV_HYPERCALL_FAST_BIT", HV_CONTROL_FAST },
	{ "HV_HYPERCALL_VARHEAD_OFFSET", HV_CONTROL_VAR_SHIFT },
	{ "HV_HYPERCALL_REP_COMP_OFFSET", HV_CONTROL_COUNT_SHIFT },
	{ "HV_HYPERCALL_REP_START_OFFSET", HV_CONTROL_START_SHIFT },
	{ "HV_SYNIC_SINT_MASKED", HV_SINT_MASKED },
	{ "HV_SYNIC_SINT_AUTO_EOI", HV_SINT_AUTO_EOI },
	{ "HV_SYNIC_SINT_VECTOR_MASK", HV_SINT_VECTOR },
	{ "HV_SYNIC_FIRST_VALID_VECTOR", HV_VECTOR_FIRST },
	{ "HV_SYNIC_SINT_COUNT", HV_SINTS },
	{ "HV_SYNIC_STIMER_COUNT", HV_STIMERS },
	{ "HV_MESSAGE_PAYLOAD_BYTE_COUNT", HV_MESSAGE_PAYLOAD },
};
#define PAIRS	 (sizeof(pairs) / sizeof(pairs[0]))
#define NOT_OURS "HYPERV_VS_INTERFACE_EAX_SIGNATURE"

/* A number as the kernel writes it: 0x10, (0xFF), BIT(3), BIT_ULL(63). */
static bool number(const char *s, uint64_t *value)
{
	unsigned int bit;
	char *end;

	s += strspn(s, " \t(");
	if (sscanf(s, "BIT(%u)", &bit) == 1 || sscanf(s, "BIT_ULL(%u)", &bit) == 1) {
		*value = 1ull << bit;
		return true;
	}
	*value = strtoull(s, &end, 0);
	if (end == s)
		return false;
	end += strspn(end, "ULul");
	if (sscanf(end, " << %u", &bit) == 1)
		*value <<= bit;
	return true;
}

/* How many of the pairs a header defines; each must be equal. */
static unsigned int compare(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], name[128];
	unsigned int seen = 0;
	int behind;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		uint64_t value;

		if (sscanf(line, "#define %127s%n", name, &behind) != 1 ||
		    !number(line + behind, &value))
			continue;
		for (unsigned int i = 0; i < PAIRS; i++) {
			if (strcmp(pairs[i].kernel, name))
				continue;
			if (!strcmp(name, NOT_OURS))
				ck_assert_uint_ne(pairs[i].ours,
						  value); /* the comparison does compare */
			else
				ck_assert_msg(pairs[i].ours == value,
					      "%s: 0x%llx, the kernel's is 0x%llx", name,
					      (unsigned long long)pairs[i].ours,
					      (unsigned long long)value);
			seen++;
		}
	}
	fclose(f);
	return seen;
}

START_TEST(numbers)
{
	glob_t g;
	unsigned int seen = 0;

	if (glob("/usr/src/linux-headers-*-common/include/asm-generic/hyperv-tlfs.h", 0, NULL,
		 &g) ||
	    glob("/usr/src/linux-headers-*-common/arch/x86/include/asm/hyperv-tlfs.h", GLOB_APPEND,
		 NULL, &g)) {
		printf("hyperv-abi: SKIP: no package linux-headers-*-common is installed\n");
		return;
	}
	for (size_t i = 0; i < g.gl_pathc; i++)
		seen += compare(g.gl_pathv[i]);
	globfree(&g);
	ck_assert_msg(seen >= 80, "only %u names found: has the kernel renamed them?", seen);
}
END_TEST

START_TEST(layout)
{
	ck_assert_uint_eq(offsetof(struct hv_message, payload), 16);
	ck_assert_uint_eq(offsetof(struct hv_post_message, payload), 16);
	ck_assert_uint_eq(offsetof(struct hv_tsc_page, scale), 8);
	ck_assert_uint_eq(offsetof(struct hv_tsc_page, offset), 16);
	ck_assert_uint_eq(offsetof(struct hv_send_ipi, processors), 8);
	ck_assert_uint_eq(offsetof(struct hv_send_ipi_ex, set), 8);
	ck_assert_uint_eq(offsetof(struct hv_flush_ex, set), 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv-abi");
	TCase *tc = tcase_create("abi");
	SRunner *r;
	int failed;

	tcase_add_test(tc, numbers);
	tcase_add_test(tc, layout);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
