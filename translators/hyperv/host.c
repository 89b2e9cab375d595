/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Hyper-V host side: bare, with what the hypervisor does better (TLFS 6). The same interface is
 * spoken by Hyper-V, by KVM with enlightenments and by Xen's viridian; each offers a choice of
 * features, so every piece hangs on its own bits, and falls back by itself.
 *
 * What is told to the hypervisor: GUEST_OS_ID "open source, no known type". On KVM that switches all
 * hypercalls to Hyper-V's; a host that also shows KVM's own signature is served by that side.
 */
#include "host.h"

#define OS_OPEN_SOURCE (1ull << 63)
#define OS_VERSION     1ull

struct hyperv_machine hyperv;

static TW_INIT void features_read(uint32_t leaf)
{
	struct hw_cpuid r = hw_cpuid(leaf + (HV_LEAF_FEATURES - HV_LEAF_VENDOR), 0);

	hyperv.eax = r.eax;
	hyperv.edx = r.edx;
	r = hw_cpuid(leaf + (HV_LEAF_HINTS - HV_LEAF_VENDOR), 0);
	hyperv.hints = r.eax;
	hyperv.spin_limit = r.ebx;
}

static TW_INIT uint64_t tsc_hz(uint32_t leaf)
{
	features_read(leaf);
	return hyperv_tsc_hz();
}

/* The boot CPU's first call comes after init(), the others' when they have been started. */
static void cpu_init(unsigned int cpu)
{
	hyperv.bare.cpu_init(cpu);
	hyperv.vp[cpu] = cpu;
	if (hyperv.eax & HV_EAX_VP_INDEX)
		hyperv.vp[cpu] = (uint32_t)hw_rdmsr(HV_MSR_VP_INDEX);
	if (!hyperv.host->owns_apic)
		return;
	hyperv_apic_cpu(cpu);
	hyperv_timer_cpu(cpu);
}

static TW_INIT void init(struct tw_host *host, uint32_t leaf)
{
	static const char *const names[HYPERV_NATIVES] TW_INITDATA = {
		[HYPERV_NATIVE_FREQUENCY] = "hyperv frequency",
		[HYPERV_NATIVE_TSC_PAGE] = "hyperv tsc page",
		[HYPERV_NATIVE_COUNTER] = "hyperv reference counter",
		[HYPERV_NATIVE_STIMER] = "hyperv stimer",
		[HYPERV_NATIVE_IPI] = "hyperv send_ipi",
		[HYPERV_NATIVE_FLUSH] = "hyperv flush",
		[HYPERV_NATIVE_SPIN] = "hyperv spin wait",
		[HYPERV_NATIVE_EOI_SAVED] = "hyperv eoi saved",
		[HYPERV_NATIVE_APIC] = "hyperv apic msr",
	};
	unsigned int inputs = host->cpus * (unsigned int)sizeof(*hyperv.input);
	unsigned int pages = host->cpus * (unsigned int)(sizeof(*hyperv.cpu) / TW_PAGE_SIZE);

	hyperv.host = host;
	hyperv.bare = *host;
	for (unsigned int i = 0; i < HYPERV_NATIVES; i++)
		tw_native_name(host, i, names[i], 0);
	hyperv.cpu = host->owns_apic ? tw_host_pages(pages, &hyperv.cpu_pa) : NULL;
	hyperv.input = tw_host_pages((inputs + TW_PAGE_SIZE - 1) / TW_PAGE_SIZE, &hyperv.input_pa);
	host->cpu_init = cpu_init;
	if (host->tsc_told)
		hyperv_count(HYPERV_NATIVE_FREQUENCY);
	/* Before anything else: Xen shows its hints only to who has a name. */
	hw_wrmsr(HV_MSR_GUEST_OS_ID, OS_OPEN_SOURCE | OS_VERSION);
	features_read(leaf);
	hyperv_time_init();
	if (hyperv_call_init())
		hyperv_ipi_init();
	if (host->owns_apic) {
		hyperv_apic_init();
		hyperv_timer_init();
	}
	hyperv_power_init();
}

const struct tw_host_driver hyperv_host_driver = {
	.name = "hyperv",
	.title = "Hyper-V",
	.signature = "Microsoft Hv",
	.interface = HV_INTERFACE,
	.tsc_hz = tsc_hz,
	.init = init,
};
