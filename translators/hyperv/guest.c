/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Hyper-V guest side: profile hyperv@1 as the core of nested mode sees it, and the partition's
 * start.
 */
#include "guest.h"

struct hv_partition hv;
struct hv_vp *hv_vps;

static const struct tw_call ledger_calls[] = {
#define X(id, name, op, status) { name, TW_OP_##op, TW_##status },
	HV_CALLS(X)
#undef X
		{ NULL, 0, 0 }
};
_Static_assert(HV_COUNT_COUNT <= TW_LEDGER_CALLS, "the ledger has too few counters");

struct hv_vp *hv_vp_by_index(uint64_t index)
{
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		if (hv_vps[cpu].index == index)
			return &hv_vps[cpu];
	return NULL;
}

uint64_t hv_cpus_of_vps(uint64_t vps)
{
	uint64_t cpus = 0;

	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		cpus |= (vps >> hv_vps[cpu].index & 1) << cpu;
	return cpus;
}

/* INIT: the VP is as it was at first, and its pages are the guest's again. */
static void reset(struct nested_vcpu *v)
{
	struct hv_vp *vp = hv_vp(v);

	hv_overlay_write(&vp->assist, 0);
	vp->assisted = false;
	__builtin_memset(vp->auto_eoi, 0, sizeof(vp->auto_eoi));
	hv_stimer_reset(vp);
	hv_synic_reset(vp);
}

static void timer(struct nested_vcpu *v)
{
	hv_stimer_fired(hv_vp(v));
}

static void kicked(struct nested_vcpu *v)
{
	hv_interrupt_kicked(hv_vp(v));
}

static void eoi(struct nested_vcpu *v)
{
	hv_message_rescan(hv_vp(v));
}

/* VP index: how many CPUs of the guest have a lower APIC id. */
static TW_INIT uint32_t rank(unsigned int cpu)
{
	uint32_t index = 0;

	for (unsigned int other = 0; other < nested_cpus; other++)
		index += tw_host.apic_id[other] < tw_host.apic_id[cpu];
	return index;
}

static TW_INIT void create_vp(unsigned int cpu)
{
	struct hv_vp *vp = &hv_vps[cpu];

	vp->v = &nested_vcpus[cpu];
	vp->index = rank(cpu);
	if (hv_has(HV_F_APIC))
		vp->assist.page = nested_overlay_pages(1);
	if (hv_has(HV_F_SYNIC)) {
		vp->synic.messages.page = nested_overlay_pages(1);
		vp->synic.events.page = nested_overlay_pages(1);
	}
	reset(vp->v);
}

TW_INIT bool hyperv_start(const char *profile, const char **why)
{
	size_t bytes = nested_cpus * sizeof(struct hv_vp);

	hv = (struct hv_partition){ .os_id = 0 };
	if (!hv_profile_choose(profile, why))
		return false;
	hv.hypercall.page = nested_overlay_pages(1);
	hv.tsc.page = nested_overlay_pages(1);
	hv_vps = nested_pages((unsigned int)((bytes + TW_PAGE_SIZE - 1) >> TW_PAGE_SHIFT));
	hv_cpuid_init();
	hv_hypercall_init();
	hv_page_init();
	hv_time_init();
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		create_vp(cpu);
	if (nested_test_device)
		nested_trap_port(HV_TESTDEV_PORT);
	return true;
}

const struct nested_guest hyperv_nested = {
	.cpuid = hv_cpuid,
	.rdmsr = hv_rdmsr,
	.wrmsr = hv_wrmsr,
	.hypercall = hv_hypercall,
	.port = hv_testdev_port,
	.timer = timer,
	.kicked = kicked,
	.eoi = eoi,
	.reset = reset,
};

const struct tw_guest hyperv_guest = {
	.name = "hyperv",
	.version = 1,
	.mode = "nested",
	.title = "Hyper-V guest",
	.calls = ledger_calls,
};

const struct nested_abi hyperv_abi = { "hyperv", &hyperv_guest, &hyperv_nested, hyperv_start };
NESTED_ABI(hyperv_abi);
