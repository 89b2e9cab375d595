/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the hypervisor under this system offers, by CPUID alone: that needs no privilege. All
 * signatures count, since hypervisors show several (Xen and KVM also Hyper-V's).
 */
#include <linux/kvm_para.h>
#include <stdlib.h>
#include <string.h>
#include <xen/arch-x86/cpuid.h>

#include "abi/hyperv.h"
#include "abi/vmware.h"
#include "tool.h"

#define LEAVES_FIRST 0x40000000u
#define LEAVES_LAST  0x40010000u
#define LEAVES_STEP  0x100u

/* A bit and the name of what it promises; ends with name == NULL. */
struct bit {
	uint32_t mask;
	const char *name;
};

static const struct bit kvm_bits[] = {
	{ 1u << KVM_FEATURE_CLOCKSOURCE2, "kvmclock" },
	{ 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT, "stable clock" },
	{ 1u << KVM_FEATURE_STEAL_TIME, "steal time" },
	{ 1u << KVM_FEATURE_PV_EOI, "PV EOI" },
	{ 1u << KVM_FEATURE_PV_UNHALT, "kick" },
	{ 1u << KVM_FEATURE_PV_TLB_FLUSH, "PV TLB flush" },
	{ 1u << KVM_FEATURE_PV_SEND_IPI, "PV IPI" },
	{ 1u << KVM_FEATURE_PV_SCHED_YIELD, "yield" },
	{ 1u << KVM_FEATURE_ASYNC_PF_INT, "async page faults" },
	{ 1u << KVM_FEATURE_MSI_EXT_DEST_ID, "extended MSI destinations" },
	{ 0 },
};

static const struct bit hyperv_eax[] = {
	{ HV_EAX_HYPERCALL, "hypercalls" },
	{ HV_EAX_VP_INDEX, "VP index" },
	{ HV_EAX_TIME_REF_COUNT, "reference counter" },
	{ HV_EAX_REFERENCE_TSC, "reference TSC page" },
	{ HV_EAX_FREQUENCY, "frequency MSRs" },
	{ HV_EAX_SYNIC, "SynIC" },
	{ HV_EAX_STIMER, "synthetic timers" },
	{ HV_EAX_APIC, "VP assist page" },
	{ HV_EAX_VP_RUNTIME, "VP run time" },
	{ HV_EAX_RESET, "reset MSR" },
	{ 0 },
};
static const struct bit hyperv_edx[] = {
	{ HV_EDX_DIRECT_STIMER, "direct synthetic timers" },
	{ HV_EDX_CRASH, "crash MSRs" },
	{ HV_EDX_XMM_INPUT, "XMM hypercall input" },
	{ 0 },
};
static const struct bit hyperv_hints[] = {
	{ HV_HINT_REMOTE_FLUSH, "TLB flush hypercalls" },
	{ HV_HINT_CLUSTER_IPI, "IPI hypercalls" },
	{ HV_HINT_EX_MASKS, "more than 64 VPs" },
	{ HV_HINT_APIC_MSRS, "APIC MSRs" },
	{ 0 },
};

static const struct bit xen_bits[] = {
	{ XEN_HVM_CPUID_APIC_ACCESS_VIRT, "virtual APIC registers" },
	{ XEN_HVM_CPUID_X2APIC_VIRT, "virtual x2APIC" },
	{ XEN_HVM_CPUID_VCPU_ID_PRESENT, "vCPU id" },
	{ XEN_HVM_CPUID_DOMID_PRESENT, "domain id" },
	{ XEN_HVM_CPUID_EXT_DEST_ID, "extended MSI destinations" },
	{ XEN_HVM_CPUID_UPCALL_VECTOR, "upcall vector without binding" },
	{ 0 },
};

static void add_bits(json_t *features, const struct bit *bits, uint32_t value)
{
	for (; bits->name; bits++)
		if (value & bits->mask)
			json_array_append_new(features, must(json_string(bits->name)));
}

static void kvm_features(uint32_t leaf, json_t *features)
{
	struct hw_cpuid r = tool_cpuid(leaf + 1, 0);

	add_bits(features, kvm_bits, r.eax);
	if (r.edx & 1u << KVM_HINTS_REALTIME)
		json_array_append_new(features, must(json_string("CPUs are never preempted")));
}

static void hyperv_features(uint32_t leaf, json_t *features)
{
	struct hw_cpuid r = tool_cpuid(leaf + 3, 0);

	if (tool_cpuid(leaf + 1, 0).eax != HV_INTERFACE) {
		json_array_append_new(features, must(json_string("not Hyper-V's own interface")));
		return;
	}
	add_bits(features, hyperv_eax, r.eax);
	add_bits(features, hyperv_edx, r.edx);
	add_bits(features, hyperv_hints, tool_cpuid(leaf + 4, 0).eax);
}

static void xen_features(uint32_t leaf, json_t *features)
{
	uint32_t version = tool_cpuid(leaf + 1, 0).eax;
	char *text_version = text("version %u.%u", version >> 16, version & 0xffff);

	json_array_append_new(features, must(json_string(text_version)));
	free(text_version);
	if (tool_cpuid(leaf, 0).eax >= leaf + 4)
		add_bits(features, xen_bits, tool_cpuid(leaf + 4, 0).eax);
}

static void vmware_features(uint32_t leaf, json_t *features)
{
	if (tool_cpuid(leaf, 0).eax >= leaf + VMWARE_LEAF_FREQUENCIES)
		json_array_append_new(features, must(json_string("frequency leaf")));
}

/* In the order of preference, which is the shim's (shim/host.c). */
static const struct {
	const char *name, *title, *signature;
	void (*features)(uint32_t leaf, json_t *features);
	bool used; /* the shim has a host side for it */
} known[] = {
	{ "xen", "Xen", "XenVMMXenVMM", xen_features, true },
	{ "kvm", "KVM", "KVMKVMKVM\0\0", kvm_features, true },
	{ "hyperv", "Hyper-V", "Microsoft Hv", hyperv_features, true },
	{ "vmware", "VMware", "VMwareVMware", vmware_features, true },
	{ "tcg", "QEMU TCG", "TCGTCGTCGTCG", NULL, false },
	{ "bhyve", "bhyve", "bhyve bhyve ", NULL, false },
	{ "virtualbox", "VirtualBox", "VBoxVBoxVBox", NULL, false },
};
#define KNOWN (sizeof(known) / sizeof(*known))

static json_t *interface_new(unsigned int i, uint32_t leaf)
{
	json_t *features = must(json_array());

	if (known[i].features)
		known[i].features(leaf, features);
	return must(json_pack("{s:s, s:s, s:i, s:b, s:o}", "name", known[i].name, "title", known[i].title,
			      "leaf", (int)leaf, "used", known[i].used, "features", features));
}

static json_t *interfaces(const char **host)
{
	json_t *found = must(json_array());
	unsigned int best = KNOWN;

	for (uint32_t leaf = LEAVES_FIRST; leaf < LEAVES_LAST; leaf += LEAVES_STEP) {
		struct hw_cpuid r = tool_cpuid(leaf, 0);
		char signature[12];

		memcpy(signature, &r.ebx, 4);
		memcpy(signature + 4, &r.ecx, 4);
		memcpy(signature + 8, &r.edx, 4);
		for (unsigned int i = 0; i < KNOWN; i++) {
			if (memcmp(signature, known[i].signature, 12))
				continue;
			json_array_append_new(found, interface_new(i, leaf));
			if (known[i].used && i < best)
				best = i;
		}
	}
	*host = best < KNOWN ? known[best].name : "bare";
	return found;
}

/* Why this system cannot have nested mode under the shim; NULL: it can. */
static const char *nested_why(bool svm, bool vmx)
{
	if (svm)
		return NULL;
	return vmx ? "it needs SVM; the CPU offers VMX, which this version does not use"
		   : "the CPU shows no SVM: the host does not offer nested virtualisation, or firmware "
		     "switched it off";
}

json_t *probe(void)
{
	struct hw_cpuid vendor = tool_cpuid(0, 0), leaf1 = tool_cpuid(1, 0);
	bool hypervisor = leaf1.ecx >> 31, vmx = leaf1.ecx >> 5 & 1, svm = false;
	const char *host = "bare", *why;
	char name[13] = "";
	json_t *found, *modes = must(json_array());

	memcpy(name, &vendor.ebx, 4);
	memcpy(name + 4, &vendor.edx, 4);
	memcpy(name + 8, &vendor.ecx, 4);
	if (tool_cpuid(0x80000000u, 0).eax >= 0x80000001u)
		svm = tool_cpuid(0x80000001u, 0).ecx >> 2 & 1;
	/* Real CPUs answer unknown leaves with anything. */
	found = hypervisor ? interfaces(&host) : must(json_array());
	why = nested_why(svm, vmx);
	for (const struct abi *abi = abis; abi->name; abi++) {
		char *profile;

		if (!abi->version || !strcmp(abi->name, "native"))
			continue;
		profile = text("%s@%u", abi->name, abi->version);
		json_array_append_new(modes, must(json_pack("{s:s, s:s, s:s, s:b, s:s?}", "abi", profile,
							    "title", abi->title, "mode",
							    abi->nested ? "nested" : "resident",
							    "possible", !abi->nested || !why, "why",
							    abi->nested ? why : NULL)));
		free(profile);
	}
	return must(json_pack("{s:s, s:b, s:b, s:b, s:s, s:o, s:o}", "cpu", name, "hypervisor", hypervisor,
			      "svm", svm, "vmx", vmx, "host", host, "interfaces", found, "modes", modes));
}
