/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Discovery (TLFS 2.4): the CPUID leaves, and that they tell the truth: every MSR of a feature that is
 * offered is there, and is #GP where the feature is not (TLFS 2.4.4). What the layer itself stands on
 * must not show. This guest is started by PVH; all others by Multiboot.
 */
#include "hv.h"

#define GP 13

struct claim {
	uint32_t msr;
	uint32_t eax, edx; /* bits of leaf 0x40000003 that offer it */
	const char *name;
};

static const struct claim claims[] = {
	{ HV_MSR_GUEST_OS_ID, HV_EAX_HYPERCALL, 0, "GUEST_OS_ID" },
	{ HV_MSR_HYPERCALL, HV_EAX_HYPERCALL, 0, "HYPERCALL" },
	{ HV_MSR_VP_INDEX, HV_EAX_VP_INDEX, 0, "VP_INDEX" },
	{ HV_MSR_RESET, HV_EAX_RESET, 0, "RESET" },
	{ HV_MSR_VP_RUNTIME, HV_EAX_VP_RUNTIME, 0, "VP_RUNTIME" },
	{ HV_MSR_TIME_REF_COUNT, HV_EAX_TIME_REF_COUNT, 0, "TIME_REF_COUNT" },
	{ HV_MSR_REFERENCE_TSC, HV_EAX_REFERENCE_TSC, 0, "REFERENCE_TSC" },
	{ HV_MSR_TSC_FREQUENCY, HV_EAX_FREQUENCY, HV_EDX_FREQUENCY, "TSC_FREQUENCY" },
	{ HV_MSR_APIC_FREQUENCY, HV_EAX_FREQUENCY, HV_EDX_FREQUENCY, "APIC_FREQUENCY" },
	{ HV_MSR_ICR, HV_EAX_APIC, 0, "ICR" },
	{ HV_MSR_TPR, HV_EAX_APIC, 0, "TPR" },
	{ HV_MSR_SCONTROL, HV_EAX_SYNIC, 0, "SCONTROL" },
	{ HV_MSR_SVERSION, HV_EAX_SYNIC, 0, "SVERSION" },
	{ HV_MSR_SIEFP, HV_EAX_SYNIC, 0, "SIEFP" },
	{ HV_MSR_SIMP, HV_EAX_SYNIC, 0, "SIMP" },
	{ HV_MSR_EOM, HV_EAX_SYNIC, 0, "EOM" },
	{ HV_MSR_SINT0, HV_EAX_SYNIC, 0, "SINT0" },
	{ HV_MSR_SINT15, HV_EAX_SYNIC, 0, "SINT15" },
	{ HV_MSR_STIMER0_CONFIG, HV_EAX_STIMER, 0, "STIMER0_CONFIG" },
	{ HV_MSR_STIMER3_COUNT, HV_EAX_STIMER, 0, "STIMER3_COUNT" },
	{ HV_MSR_CRASH_P0, 0, HV_EDX_CRASH, "CRASH_P0" },
	{ HV_MSR_CRASH_CTL, 0, HV_EDX_CRASH, "CRASH_CTL" },
	{ HV_MSR_TSC_INVARIANT, HV_EAX_TSC_INVARIANT, 0, "TSC_INVARIANT_CONTROL" },
};

CASE(leaves, "leaves")
{
	struct cpuid vendor = cpuid(HV_LEAF_VENDOR, 0), limits = cpuid(HV_LEAF_LIMITS, 0);

	if (!(cpuid(1, 0).ecx >> 31))
		fail("leaf 1 does not say that there is a hypervisor");
	if (vendor.eax < HV_LEAF_LIMITS || vendor.eax > HV_LEAF_LAST_OF_BASE)
		fail("highest leaf 0x%x", vendor.eax);
	expect(vendor.ebx, HV_VENDOR_EBX, "vendor EBX");
	expect(vendor.ecx, HV_VENDOR_ECX, "vendor ECX");
	expect(vendor.edx, HV_VENDOR_EDX, "vendor EDX");
	expect(cpuid(HV_LEAF_INTERFACE, 0).eax, HV_INTERFACE, "interface");
	if (!hv_offers(HV_EAX_HYPERCALL | HV_EAX_VP_INDEX))
		fail("hypercalls and VP_INDEX are not offered: Linux refuses to use the rest");
	if (limits.eax < cpus)
		fail("at most %u VPs, but %u CPUs", limits.eax, cpus);
	/* The host's own leaves, of whatever kind, would outrank ours. */
	for (uint32_t leaf = 0x40000100; leaf <= 0x40010000; leaf += 0x100)
		if (cpuid(leaf, 0).ebx || cpuid(leaf, 0).eax)
			fail("another hypervisor at leaf 0x%x", leaf);
}

/* Privileges of parent and root partitions: with CpuManagement Linux believes to be the root. */
CASE(privileges, "no privileges of a parent")
{
	struct cpuid f = cpuid(HV_LEAF_FEATURES, 0), hints = cpuid(HV_LEAF_HINTS, 0);

	if (f.ebx & ~(HV_EBX_POST_MESSAGES | HV_EBX_SIGNAL_EVENTS | HV_EBX_EXTENDED))
		fail("privileges 0x%x", f.ebx);
	if (hints.eax & 3)
		fail("address space switches and local flushes by hypercall are recommended");
	if (!(hints.eax & HV_HINT_NO_AUTO_EOI))
		fail("AutoEOI is not deprecated, but ignores the task priority");
	if (hints.eax & HV_HINT_APIC_MSRS && !hv_offers(HV_EAX_APIC))
		fail("APIC MSRs are recommended, but not offered");
}

static void check_claims(void *unused)
{
	struct cpuid f = cpuid(HV_LEAF_FEATURES, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(claims); i++) {
		const struct claim *c = &claims[i];
		bool offered = (f.eax & c->eax) == c->eax && (f.edx & c->edx) == c->edx;
		uint64_t value;
		unsigned int fault = rdmsr_try(c->msr, &value);

		if (fault != (offered ? NO_FAULT : GP))
			fail("CPU %u: %s is %s, reading it is exception %u", this_cpu()->index, c->name,
			     offered ? "offered" : "not offered", fault);
	}
}

CASE(truth, "offered or #GP, on all VPs")
{
	smp_all(check_claims, NULL);
}

CASE(read_only, "read-only, write-only and unknown MSRs")
{
	static const uint32_t read_only[] = { HV_MSR_VP_INDEX,	     HV_MSR_VP_RUNTIME,
					      HV_MSR_TIME_REF_COUNT, HV_MSR_TSC_FREQUENCY,
					      HV_MSR_APIC_FREQUENCY, HV_MSR_SVERSION };
	static const uint32_t unknown[] = { 0x40000004, 0x4000000f, 0x40000024, 0x40000085,
					    0x400000a0, 0x400000b8, 0x40000106, 0x400001ff,
					    0x40000fff };
	uint64_t value;

	for (unsigned int i = 0; i < ARRAY_SIZE(read_only); i++)
		if (wrmsr_try(read_only[i], 0) != GP)
			fail("MSR 0x%x can be written", read_only[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++) {
		if (rdmsr_try(unknown[i], &value) != GP)
			fail("unknown MSR 0x%x can be read", unknown[i]);
		if (wrmsr_try(unknown[i], 0) != GP)
			fail("unknown MSR 0x%x can be written", unknown[i]);
	}
	if (rdmsr_try(HV_MSR_EOI, &value) != GP)
		fail("EOI can be read");
	/* Linux writes it on every CPU without asking. */
	if (wrmsr_try(HV_MSR_VP_ASSIST_PAGE, 0) != NO_FAULT)
		fail("VP_ASSIST_PAGE cannot be written");
}

static uint64_t indexes[MAX_CPUS];

static void read_index(void *unused)
{
	indexes[this_cpu()->index] = rdmsr(HV_MSR_VP_INDEX);
}

CASE(vp_index, "VP indexes are the ranks of the APIC ids")
{
	smp_all(read_index, NULL);
	for (unsigned int a = 0; a < cpus; a++) {
		unsigned int rank = 0;

		for (unsigned int b = 0; b < cpus; b++)
			rank += cpu_at(b)->apic_id < cpu_at(a)->apic_id;
		expect(indexes[a], rank, "VP index");
	}
}

/* SVM and VMX are in use below and are not for us. */
CASE(hidden, "the CPU's own virtualisation is hidden")
{
	uint64_t value;

	if (cpuid(0x80000000, 0).eax >= 0x80000001 && cpuid(0x80000001, 0).ecx & 4)
		fail("SVM shows in CPUID");
	if (cpuid(1, 0).ecx & 1u << 5)
		fail("VMX shows in CPUID");
	if (rdmsr(0xc0000080) & 1u << 12)
		fail("EFER.SVME shows");
	if (wrmsr_try(0xc0000080, rdmsr(0xc0000080) | 1u << 12) != GP)
		fail("EFER.SVME can be set");
	if (rdmsr_try(0xc0010117, &value) == NO_FAULT && value)
		fail("VM_HSAVE_PA shows 0x%lx", value);
}
