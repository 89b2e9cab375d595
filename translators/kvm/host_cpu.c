/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Interrupts, waiting and TLBs on KVM. The rule is fewer exits: one hypercall instead of an ICR write
 * per target when an IPI has several; none at all for the end of an interrupt that KVM delivered
 * alone (PV EOI), nor for the TLB of a CPU that does not run. A single IPI stays with the ICR: one
 * exit either way, and none where the hardware sends it (AVIC, IPI virtualisation).
 */
#include "host.h"
#include "twoway/hw_call.h"

#define WINDOW	(2 * 8 * sizeof(long)) /* APIC ids that one call reaches: 128, or 64 for i386 */
#define LONG_BITS (8 * sizeof(long))

static bool send_ipi_works;

/* Take the CPUs out of *cpus that lie in one window of APIC ids, from the lowest on, and send. */
static long send_window(uint64_t *cpus, uint64_t *sent, uint8_t vector)
{
	const uint32_t *ids = kvm.host->apic_id;
	unsigned long map[2] = { 0, 0 };
	uint32_t low = UINT32_MAX;

	for (uint64_t left = *cpus; left; left &= left - 1)
		if (ids[__builtin_ctzll(left)] < low)
			low = ids[__builtin_ctzll(left)];
	*sent = 0;
	for (uint64_t left = *cpus; left; left &= left - 1) {
		uint32_t bit = ids[__builtin_ctzll(left)] - low;

		if (bit >= WINDOW)
			continue;
		map[bit / LONG_BITS] |= 1ul << bit % LONG_BITS;
		*sent |= left & -left;
	}
	*cpus &= ~*sent;
	kvm_count(KVM_NATIVE_SEND_IPI);
	return hw_kvm_call(kvm.amd, KVM_HC_SEND_IPI, map[0], map[1], low, vector);
}

static void ipi_many(uint64_t cpus, uint8_t vector)
{
	uint64_t sent;

	while (cpus & (cpus - 1) && send_ipi_works) {
		if (send_window(&cpus, &sent, vector) >= 0)
			continue;
		send_ipi_works = false; /* offered and refused: never again */
		cpus |= sent;
	}
	if (cpus)
		kvm.bare.ipi_many(cpus, vector);
}

/* One exit here and none there: no interrupt to take and to end. */
static void wake(unsigned int cpu)
{
	kvm_count(KVM_NATIVE_KICK);
	if (hw_kvm_call(kvm.amd, KVM_HC_KICK_CPU, 0, kvm.host->apic_id[cpu], 0, 0) < 0)
		kvm.bare.wake(cpu);
}

static void yield_to(unsigned int cpu)
{
	if (!kvm_preempted(cpu)) {
		hw_pause();
		return;
	}
	kvm_count(KVM_NATIVE_YIELD);
	hw_kvm_call(kvm.amd, KVM_HC_SCHED_YIELD, kvm.host->apic_id[cpu], 0, 0, 0);
}

/*
 * Mark the CPUs that KVM has put aside: it flushes a marked one before it runs again. The exchange
 * decides: it fails when the CPU has come back meanwhile. It is also the barrier between the
 * caller's change of the page tables and the question.
 */
static uint64_t tlb_flush(uint64_t cpus)
{
	uint64_t left = cpus;

	for (uint64_t rest = cpus; rest; rest &= rest - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(rest);
		uint8_t *flags = &kvm.cpu[cpu].steal.preempted;
		uint8_t seen = __atomic_load_n(flags, __ATOMIC_SEQ_CST);

		if (!(seen & KVM_VCPU_PREEMPTED))
			continue;
		if (__atomic_compare_exchange_n(flags, &seen, seen | KVM_VCPU_FLUSH_TLB, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			left &= ~(1ull << cpu);
			kvm_count(KVM_NATIVE_FLUSH);
		}
	}
	return left;
}

/*
 * KVM sets the bit when it delivers an interrupt that nothing waits behind, and looks at it before
 * the next one. It does both on this CPU, so that test and clear only have to be one instruction.
 */
static void eoi(void)
{
	uint32_t *word = &kvm.cpu[tw_cpu()].eoi;
	bool saved;

	__asm__ volatile("btrl $0, %0" : "+m"(*word), "=@ccc"(saved) : : "memory");
	if (saved)
		kvm_count(KVM_NATIVE_EOI);
	else
		kvm.bare.eoi();
}

static bool uses_pv_eoi(void)
{
	return kvm_has(KVM_FEATURE_PV_EOI) && (kvm.host->owns_apic || kvm.host->keeps_interrupts);
}

void kvm_cpu_enable(unsigned int cpu)
{
	uint64_t pa = kvm.cpu_pa + cpu * sizeof(*kvm.cpu) + offsetof(struct kvm_cpu, eoi);

	if (uses_pv_eoi())
		hw_wrmsr(MSR_KVM_PV_EOI_EN, pa | KVM_MSR_ENABLED);
}

TW_INIT void kvm_cpu_init(void)
{
	struct tw_host *host = kvm.host;
	bool steal = kvm_has(KVM_FEATURE_STEAL_TIME) && !kvm.realtime;

	send_ipi_works = kvm_has(KVM_FEATURE_PV_SEND_IPI);
	if (send_ipi_works) {
		host->ipi_many = ipi_many;
		tw_serves(host, TW_OP_TLB, "kvm send_ipi");
	}
	if (kvm_has(KVM_FEATURE_PV_UNHALT))
		host->wake = wake;
	if (kvm_has(KVM_FEATURE_PV_SCHED_YIELD) && steal)
		host->yield_to = yield_to;
	if (kvm_has(KVM_FEATURE_PV_TLB_FLUSH) && steal) {
		host->tlb_flush = tlb_flush;
		tw_serves(host, TW_OP_TLB, send_ipi_works ? "kvm flush hint, send_ipi" : "kvm flush hint");
	}
	if (uses_pv_eoi())
		host->eoi = eoi;
}
