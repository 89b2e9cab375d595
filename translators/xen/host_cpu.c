/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * IPIs, waiting and TLBs on Xen. An IPI by event channel costs an exit as a write to the ICR does, but
 * no end of interrupt; several targets are one multicall. Where the hardware has virtualised the local
 * APIC (leaf +4 says so) neither costs an exit, and the APIC stays.
 *
 * A TLB flush of all vCPUs is one call that interrupts physical CPUs only and waits for none that does
 * not run; it is used when at least half of the others are meant. NMIs, and interrupts to oneself,
 * stay with the local APIC: an NMI handler may be what sends them.
 */
#include "host.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>

#define BIT(vector) (1u << ((vector) - TW_VEC_FIRST))
#define BATCH	    8 /* sends in a multicall: 512 bytes of stack */

/* True when the CPU must be sent an event; else one is under way, whose sender has not been served. */
static bool add_vector(struct xen_host_cpu *c, uint8_t vector)
{
	return !__atomic_fetch_or(&c->vectors, BIT(vector), __ATOMIC_SEQ_CST);
}

static void ipi(unsigned int cpu, uint8_t vector)
{
	struct xen_host_cpu *c = &xen_host.cpu[cpu];

	if (!__atomic_load_n(&c->ipi.port, __ATOMIC_ACQUIRE)) {
		xen_host.bare.ipi(cpu, vector); /* it is not up yet */
		return;
	}
	if (!add_vector(c, vector))
		return;
	xen_host_count(XEN_HOST_NATIVE_SEND);
	if (!xen_host_call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &c->ipi))
		return;
	__atomic_store_n(&c->vectors, 0, __ATOMIC_SEQ_CST); /* refused: nothing is under way */
	xen_host.bare.ipi(cpu, vector);
}

static void send_batch(struct multicall_entry *calls, unsigned int count)
{
	xen_host_count(XEN_HOST_NATIVE_SEND_MANY);
	xen_host_call(__HYPERVISOR_multicall, (uintptr_t)calls, (void *)(uintptr_t)count);
}

static void ipi_many(uint64_t cpus, uint8_t vector)
{
	struct multicall_entry calls[BATCH];
	unsigned int count = 0;

	if (!(cpus & (cpus - 1))) {
		if (cpus)
			ipi((unsigned int)__builtin_ctzll(cpus), vector);
		return;
	}
	for (; cpus; cpus &= cpus - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(cpus);
		struct xen_host_cpu *c = &xen_host.cpu[cpu];

		if (!__atomic_load_n(&c->ipi.port, __ATOMIC_ACQUIRE)) {
			xen_host.bare.ipi(cpu, vector);
			continue;
		}
		if (!add_vector(c, vector))
			continue;
		calls[count++] = (struct multicall_entry){
			.op = __HYPERVISOR_event_channel_op,
			.args = { EVTCHNOP_send, (uintptr_t)&c->ipi },
		};
		if (count == BATCH) {
			send_batch(calls, count);
			count = 0;
		}
	}
	if (count)
		send_batch(calls, count);
}

static void yield(void)
{
	xen_host_count(XEN_HOST_NATIVE_YIELD);
	xen_host_call(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
}

static void yield_to(unsigned int cpu)
{
	yield();
}

static uint64_t tlb_flush(uint64_t cpus)
{
	unsigned int others = xen_host.host->cpus - 1, meant = 0;

	for (uint64_t left = cpus; left; left &= left - 1)
		meant++;
	if (meant * 2 < others ||
	    xen_host_call(__HYPERVISOR_hvm_op, HVMOP_flush_tlbs, NULL))
		return cpus;
	xen_host_count(XEN_HOST_NATIVE_FLUSH);
	return 0;
}

TW_INIT void xen_host_cpu_init(bool events)
{
	struct tw_host *host = xen_host.host;

	host->yield = yield;
	host->yield_to = yield_to;
	tw_serves(host, TW_OP_YIELD, "xen sched_op");
	host->tlb_flush = tlb_flush;
	tw_serves(host, TW_OP_TLB, "xen flush_tlbs");
	if (!events || xen_host.leaf4 & XEN_HVM_CPUID_X2APIC_VIRT)
		return;
	host->ipi = ipi;
	host->ipi_many = ipi_many;
	tw_serves(host, TW_OP_IPI, "xen evtchn");
	tw_serves(host, TW_OP_EVENT, "xen evtchn");
	tw_serves(host, TW_OP_TLB, "xen flush_tlbs, evtchn");
}
