/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The KVM host side: bare, with what KVM does better (Documentation/virt/kvm/x86, asm/kvm_para.h).
 * Every piece hangs on its own feature bit, since whoever starts the VM may switch single ones off.
 *
 * KVM may show Hyper-V's leaves as well. The two must not be mixed: once a guest has written
 * Hyper-V's GUEST_OS_ID, KVM takes its hypercalls for Hyper-V's. This side never writes it.
 */
#include "host.h"
#include "twoway/hw_call.h"

struct kvm_machine kvm;

/* KVM before 3.x reported no maximum: the features are there nevertheless. */
static TW_INIT void features_read(uint32_t leaf)
{
	struct hw_cpuid r = hw_cpuid(leaf + (KVM_CPUID_FEATURES - KVM_CPUID_SIGNATURE), 0);

	kvm.features = r.eax;
	kvm.realtime = r.edx >> KVM_HINTS_REALTIME & 1;
}

static TW_INIT uint64_t tsc_hz(uint32_t leaf)
{
	features_read(leaf);
	return kvm_clock_hz(leaf);
}

static void cpu_enable(unsigned int cpu)
{
	kvm.bare.cpu_init(cpu);
	if (!kvm.cpu)
		return;
	kvm_time_cpu(cpu);
	kvm_cpu_enable(cpu);
}

static TW_INIT void init(struct tw_host *host, uint32_t leaf)
{
	static const char *const names[KVM_NATIVES] TW_INITDATA = {
		[KVM_NATIVE_CLOCK] = "kvmclock page",	[KVM_NATIVE_WALL] = "kvm wall clock",
		[KVM_NATIVE_STEAL] = "kvm steal time",	[KVM_NATIVE_SEND_IPI] = "kvm send_ipi",
		[KVM_NATIVE_KICK] = "kvm kick_cpu",	[KVM_NATIVE_YIELD] = "kvm sched_yield",
		[KVM_NATIVE_FLUSH] = "kvm flush hint",	[KVM_NATIVE_EOI] = "kvm eoi saved",
	};

	features_read(leaf);
	kvm.host = host;
	kvm.bare = *host;
	kvm.amd = hw_call_is_amd();
	for (unsigned int i = 0; i < KVM_NATIVES; i++)
		tw_native_name(host, i, names[i], 0);
	kvm.cpu = NULL;
	if (kvm_has(KVM_FEATURE_STEAL_TIME) || kvm_has(KVM_FEATURE_PV_EOI))
		kvm.cpu = tw_host_pages((unsigned int)((host->cpus * sizeof(*kvm.cpu) + TW_PAGE_SIZE - 1) /
						       TW_PAGE_SIZE),
					&kvm.cpu_pa);
	host->cpu_init = cpu_enable;
	kvm_time_init();
	kvm_cpu_init();
}

const struct tw_host_driver kvm_host_driver = {
	.name = "kvm",
	.title = "KVM",
	.signature = "KVMKVMKVM\0\0",
	.tsc_hz = tsc_hz,
	.init = init,
};
