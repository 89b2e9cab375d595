/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUID: who we are and what the profile offers (TLFS 2). A bit is set only for what is served; the
 * root partition's privileges never are (with CpuManagement Linux believes to be the root).
 */
#include "guest.h"

#define LEAF_1_HYPERVISOR    (1u << 31) /* ECX */
#define LEAF_POWER	     0x80000007u
#define LEAF_POWER_INVARIANT (1u << 8) /* EDX */
#define LEAF_ADDRESS	     0x80000008u

/* Windows Server 2016: new enough for everything that is offered. */
#define VERSION_BUILD 14393
#define VERSION_MAJOR 10

#define HARDWARE_MSR_BITMAPS (1u << 1)
#define HARDWARE_SLAT	     (1u << 3)

struct feature_bits {
	uint8_t feature;
	uint32_t eax, ebx, edx, hints;
};

static const struct feature_bits feature_bits[] = {
	{ HV_F_REF_COUNT, HV_EAX_TIME_REF_COUNT, 0, 0, 0 },
	{ HV_F_TSC_PAGE, HV_EAX_REFERENCE_TSC, 0, 0, 0 },
	{ HV_F_FREQUENCY, HV_EAX_FREQUENCY, 0, HV_EDX_FREQUENCY, 0 },
	{ HV_F_INVARIANT, HV_EAX_TSC_INVARIANT, 0, 0, 0 },
	{ HV_F_RESET, HV_EAX_RESET, 0, 0, HV_HINT_RESET_MSR },
	{ HV_F_CRASH, 0, 0, HV_EDX_CRASH, 0 },
	{ HV_F_RUNTIME, HV_EAX_VP_RUNTIME, 0, 0, 0 },
	{ HV_F_APIC, HV_EAX_APIC, 0, 0, HV_HINT_APIC_MSRS },
	{ HV_F_SYNIC, HV_EAX_SYNIC, 0, 0, 0 },
	{ HV_F_POLLING, 0, 0, HV_EDX_SINT_POLLING, 0 },
	{ HV_F_STIMER, HV_EAX_STIMER, 0, 0, 0 },
	{ HV_F_DIRECT, 0, 0, HV_EDX_DIRECT_STIMER, 0 },
	{ HV_F_IDLE, HV_EAX_GUEST_IDLE, 0, HV_EDX_GUEST_IDLE, 0 },
	{ HV_F_TLB, 0, 0, 0, HV_HINT_REMOTE_FLUSH },
	{ HV_F_IPI, 0, 0, 0, HV_HINT_CLUSTER_IPI },
	{ HV_F_EX, 0, 0, 0, HV_HINT_EX_MASKS },
	{ HV_F_MESSAGE, 0, HV_EBX_POST_MESSAGES | HV_EBX_SIGNAL_EVENTS, 0, 0 },
	{ HV_F_XMM, 0, 0, HV_EDX_XMM_INPUT, 0 },
	{ HV_F_EXT, 0, HV_EBX_EXTENDED, 0, 0 },
};

static struct hw_cpuid features, hints; /* what hv_cpuid_init() made of the profile */

TW_INIT void hv_cpuid_init(void)
{
	struct feature_bits all = { 0, HV_EAX_HYPERCALL | HV_EAX_VP_INDEX, 0, HV_EDX_HYPERCALL_LOCK,
				    HV_HINT_RELAXED_TIMING | HV_HINT_NO_AUTO_EOI };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(feature_bits); i++) {
		const struct feature_bits *f = &feature_bits[i];

		if (!hv_has((enum hv_feature)f->feature))
			continue;
		all.eax |= f->eax;
		all.ebx |= f->ebx;
		all.edx |= f->edx;
		all.hints |= f->hints;
	}
	features = (struct hw_cpuid){ all.eax, all.ebx, 0, all.edx };
	hints = (struct hw_cpuid){ all.hints, hv_has(HV_F_SPIN) ? 0xfff : HV_SPIN_NEVER, 36, 0 };
	if (hw_cpuid(0x80000000, 0).eax >= LEAF_ADDRESS)
		hints.ecx = hw_cpuid(LEAF_ADDRESS, 0).eax & 0x7f;
}

static void hypervisor_leaf(uint32_t leaf, struct hw_cpuid *r)
{
	*r = (struct hw_cpuid){ 0, 0, 0, 0 };
	switch (leaf) {
	case HV_LEAF_VENDOR:
		*r = (struct hw_cpuid){ HV_LEAF_HARDWARE, HV_VENDOR_EBX, HV_VENDOR_ECX,
					HV_VENDOR_EDX };
		break;
	case HV_LEAF_INTERFACE:
		r->eax = HV_INTERFACE;
		break;
	case HV_LEAF_VERSION:
		r->eax = VERSION_BUILD;
		r->ebx = VERSION_MAJOR << 16;
		break;
	case HV_LEAF_FEATURES:
		*r = features;
		break;
	case HV_LEAF_HINTS:
		*r = hints;
		break;
	case HV_LEAF_LIMITS:
		r->eax = r->ebx = TW_MAX_CPUS;
		break;
	case HV_LEAF_HARDWARE:
		r->eax = HARDWARE_MSR_BITMAPS | HARDWARE_SLAT;
		break;
	}
}

void hv_cpuid(struct nested_vcpu *v, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r)
{
	hv_count(hv_vp(v), HV_COUNT_CPUID);
	if (leaf == 1)
		r->ecx |= LEAF_1_HYPERVISOR;
	else if (leaf >= HV_LEAF_VENDOR && leaf <= HV_LEAF_LAST_OF_BASE)
		hypervisor_leaf(leaf, r);
	else if (leaf == LEAF_POWER && hv_has(HV_F_INVARIANT) && !hv.invariant)
		r->edx &= ~LEAF_POWER_INVARIANT; /* shown when the guest has asked for it
						    (TLFS 12.8) */
}
