/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Time on KVM. kvmclock's page gives the TSC's frequency as KVM itself uses it, so nothing is
 * calibrated, and says whether the CPUs' TSCs are one line; the neutral clock is then the TSC by
 * that scale, and reading the time needs no page. The wall clock page saves the RTC's ports (an
 * exit each, and a second's precision); steal time nobody else knows.
 *
 * Only one page of time is registered, on the boot CPU: there the scale is read.
 */
#include "host.h"
#include "twoway/lock.h"

#define LEAF_FREQUENCIES 0x10 /* EAX kHz of the TSC, as VMware defined it */

/* What KVM writes for the whole machine. */
struct shared {
	struct tw_pvclock clock;
	struct tw_pvclock_wall wall __attribute__((aligned(64)));
};

static struct shared *shared;
static uint64_t shared_pa;
static struct tw_lock wall_lock;

TW_INIT uint64_t kvm_clock_hz(uint32_t leaf)
{
	struct tw_pvclock now;
	uint64_t hz = 0;

	shared = NULL;
	if (kvm_has(KVM_FEATURE_CLOCKSOURCE2)) {
		shared = tw_host_pages(1, &shared_pa);
		hw_wrmsr(MSR_KVM_SYSTEM_TIME_NEW, shared_pa | KVM_MSR_ENABLED);
		now = tw_pvclock_read(&shared->clock);
		hz = tw_pvclock_hz(&now);
	}
	/* A scale that makes no sense means that this page is not to be trusted at all. */
	if (hz >= 1000000)
		return hz;
	shared = NULL;
	if (hw_cpuid(leaf, 0).eax < leaf + LEAF_FREQUENCIES)
		return 0;
	return hw_cpuid(leaf + LEAF_FREQUENCIES, 0).eax * 1000ull;
}

/*
 * UTC is "UTC at system time 0" plus system time. KVM fills the page anew at each write of the MSR,
 * so that a host clock that was set meanwhile is seen. The page is one for all CPUs, hence the lock.
 */
static uint64_t wallclock_ns(void)
{
	struct tw_pvclock clock;
	uint64_t zero;

	tw_lock(&wall_lock);
	kvm_count(KVM_NATIVE_WALL);
	hw_wrmsr(MSR_KVM_WALL_CLOCK_NEW, shared_pa + offsetof(struct shared, wall));
	do
		zero = *(volatile uint32_t *)&shared->wall.sec * TW_NS_PER_S +
		       *(volatile uint32_t *)&shared->wall.nsec;
	while (*(volatile uint32_t *)&shared->wall.version & 1);
	tw_unlock(&wall_lock);
	clock = tw_pvclock_read(&shared->clock);
	return zero + tw_pvclock_ns(&clock, hw_rdtsc());
}

static uint64_t steal_ns(unsigned int cpu)
{
	const struct kvm_steal_time *area = &kvm.cpu[cpu].steal;
	uint32_t version;
	uint64_t ns;

	do {
		version = __atomic_load_n(&area->version, __ATOMIC_ACQUIRE);
		ns = *(const volatile uint64_t *)&area->steal;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != __atomic_load_n(&area->version, __ATOMIC_RELAXED));
	return ns;
}

bool kvm_preempted(unsigned int cpu)
{
	return __atomic_load_n(&kvm.cpu[cpu].steal.preempted, __ATOMIC_RELAXED) & KVM_VCPU_PREEMPTED;
}

void kvm_time_cpu(unsigned int cpu)
{
	if (!kvm_has(KVM_FEATURE_STEAL_TIME))
		return;
	hw_wrmsr(MSR_KVM_STEAL_TIME, (kvm.cpu_pa + cpu * sizeof(*kvm.cpu)) | KVM_MSR_ENABLED);
	kvm_count(KVM_NATIVE_STEAL);
}

TW_INIT void kvm_time_init(void)
{
	struct tw_host *host = kvm.host;

	wall_lock = (struct tw_lock){ 0 };
	if (shared) {
		kvm_count(KVM_NATIVE_CLOCK);
		host->clock.stable = host->cpus == 1 ||
				     (kvm_has(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT) &&
				      shared->clock.flags & TW_PVCLOCK_STABLE);
		kvm.page = &shared->clock;
#ifndef TW_CLOCK_FIXED
		host->clock_told = kvm_clock_told;
#endif
		host->wallclock_ns = wallclock_ns;
		tw_serves(host, TW_OP_TIME, "kvmclock");
		tw_serves(host, TW_OP_WALLCLOCK, "kvm wall clock");
	}
	if (kvm_has(KVM_FEATURE_STEAL_TIME)) {
		host->steal_ns = steal_ns;
		tw_serves(host, TW_OP_STEAL, "kvm steal time");
	}
}
