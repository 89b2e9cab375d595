/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Event channels: two-level, in shared_info (xen/event_channel.h). Each CPU has two ports of its own, one
 * for its one-shot and one for all IPIs; which vectors an IPI means is a word beside it, so that
 * several that meet need one call.
 *
 * Delivery: a vector for the whole domain that Xen injects as long as a CPU's upcall is pending. It
 * passes by the local APIC, so there is no end of interrupt to tell (an exit where the APIC is
 * emulated). Where Xen has only the newer form, a vector through each local APIC, that is used. Without
 * either nothing here is, and the local APIC serves all.
 *
 * vcpu_info is registered for each CPU: shared_info has room for 32, and a cache line for one CPU only
 * is better. It can be done once in a domain's life; whoever was here before us leaves shared_info's.
 */
#include "host.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/features.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define BIT(vector) (1u << ((vector) - TW_VEC_FIRST))
#define WORD_BITS   64
#define IPI	    0xffffffffu /* meaning[]: see the CPU's vectors */

static enum { NONE, BY_VECTOR, BY_APIC } how;

/* Ports that we listen to. A word of the pending bits has those of all CPUs: each takes its own only. */
static struct {
	uint32_t means;	  /* vectors as tw_host.events() returns them, or IPI; 0: not ours */
	unsigned int cpu; /* whom Xen tells */
} ports[XEN_HOST_PORTS];

static long event_op(unsigned int cmd, void *arg)
{
	return xen_host_call(__HYPERVISOR_event_channel_op, cmd, arg);
}

void xen_host_event_send(uint32_t port)
{
	struct evtchn_send send = { .port = port };

	event_op(EVTCHNOP_send, &send);
}

/* --- arrival -----------------------------------------------------------------------------------
 */

static void mask(uint32_t port)
{
	__atomic_fetch_or(&xen_host.shared->evtchn_mask[port / WORD_BITS], 1ull << port % WORD_BITS,
			  __ATOMIC_SEQ_CST);
}

/* What a pending port means for this CPU; a port that is nobody's is silenced. */
static uint32_t take(uint32_t port, unsigned int cpu)
{
	uint32_t means = port < XEN_HOST_PORTS ? __atomic_load_n(&ports[port].means, __ATOMIC_ACQUIRE) : 0;

	if (!means) {
		mask(port);
		return 0;
	}
	if (ports[port].cpu != cpu)
		return 0;
	__atomic_fetch_and(&xen_host.shared->evtchn_pending[port / WORD_BITS],
			   ~(1ull << port % WORD_BITS), __ATOMIC_SEQ_CST);
	return means == IPI ? __atomic_exchange_n(&xen_host.cpu[cpu].vectors, 0, __ATOMIC_SEQ_CST) : means;
}

/*
 * Xen sets the port's bit, then its word's in pending_sel, then upcall_pending: they are cleared in
 * reverse, so that nothing that arrives meanwhile is lost.
 */
static uint32_t events(void)
{
	unsigned int cpu = tw_cpu();
	struct vcpu_info *info = xen_host.cpu[cpu].current;
	struct shared_info *s = xen_host.shared;
	uint32_t raised = 0;
	uint64_t words;

	xen_host_count(XEN_HOST_NATIVE_UPCALL);
	if (how == BY_APIC)
		xen_host.bare.eoi();
	__atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
	words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1) {
		uint32_t w = (uint32_t)__builtin_ctzll(words);
		uint64_t bits = __atomic_load_n(&s->evtchn_pending[w], __ATOMIC_SEQ_CST) &
				~__atomic_load_n(&s->evtchn_mask[w], __ATOMIC_SEQ_CST);

		for (; bits; bits &= bits - 1)
			raised |= take(w * WORD_BITS + (uint32_t)__builtin_ctzll(bits), cpu);
	}
	return raised;
}

/* --- ports -------------------------------------------------------------------------------------
 */

static bool listen(uint32_t port, uint32_t means, unsigned int cpu)
{
	struct evtchn_unmask unmask = { .port = port };

	if (how == NONE || !port || port >= XEN_HOST_PORTS)
		return false;
	ports[port].cpu = cpu;
	__atomic_store_n(&ports[port].means, means, __ATOMIC_RELEASE);
	if (!event_op(EVTCHNOP_unmask, &unmask))
		return true;
	ports[port].means = 0;
	return false;
}

bool xen_host_event_listen(uint32_t port, uint8_t vector)
{
	return listen(port, BIT(vector), 0);
}

/* --- CPUs --------------------------------------------------------------------------------------
 */

/* Have the CPU's vcpu_info in its own memory from now on; false: it has none that we could see. */
static bool info_register(unsigned int cpu)
{
	struct xen_host_cpu *c = &xen_host.cpu[cpu];
	uint64_t pa = xen_host.cpu_pa + (uint64_t)((char *)&c->info - (char *)xen_host.cpu);
	struct vcpu_register_vcpu_info place = {
		.mfn = pa >> TW_PAGE_SHIFT,
		.offset = (uint32_t)(pa & (TW_PAGE_SIZE - 1)),
	};

	if (!hw_xen_call(xen_host.page, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info,
			 xen_host.vcpu[cpu], (uintptr_t)&place))
		c->current = &c->info;
	return c->current;
}

static bool upcall_by_apic(unsigned int cpu)
{
	struct xen_hvm_evtchn_upcall_vector arg = { .vcpu = xen_host.vcpu[cpu], .vector = TW_VEC_HOST };

	return !xen_host_call(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &arg);
}

void xen_host_event_cpu(unsigned int cpu)
{
	struct xen_host_cpu *c = &xen_host.cpu[cpu];
	struct evtchn_bind_virq timer = { .virq = VIRQ_TIMER, .vcpu = xen_host.vcpu[cpu] };
	struct evtchn_bind_ipi ipi = { .vcpu = xen_host.vcpu[cpu] };

	if (!info_register(cpu) || how == NONE || (how == BY_APIC && !upcall_by_apic(cpu)))
		return;
	c->has_timer = !event_op(EVTCHNOP_bind_virq, &timer) && listen(timer.port, BIT(TW_VEC_TIMER), cpu);
	if (!event_op(EVTCHNOP_bind_ipi, &ipi) && listen(ipi.port, IPI, cpu))
		__atomic_store_n(&c->ipi.port, ipi.port, __ATOMIC_RELEASE);
}

TW_INIT bool xen_host_event_init(void)
{
	uint64_t via = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | TW_VEC_HOST;

	how = NONE;
	for (unsigned int i = 0; i < XEN_HOST_PORTS; i++)
		ports[i].means = 0;
	if (!xen_host.shared || !xen_host.host->owns_apic)
		return false;
	if (xen_host_has(XENFEAT_hvm_callback_vector) && xen_host_param_set(HVM_PARAM_CALLBACK_IRQ, via))
		how = BY_VECTOR;
	else if (xen_host.leaf4 & XEN_HVM_CPUID_UPCALL_VECTOR)
		how = BY_APIC;
	if (how == NONE)
		return false;
	for (unsigned int w = 0; w < WORD_BITS; w++)
		__atomic_store_n(&xen_host.shared->evtchn_mask[w], ~0ull, __ATOMIC_SEQ_CST);
	xen_host.host->events = events;
	return true;
}
