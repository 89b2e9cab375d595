/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one-shot as synthetic timer 0 (TLFS 12.3): one MSR write sets it, absolute, never early. In
 * direct mode it raises our vector; where only messages are offered it sends one to a SINT with that
 * vector, and the slot must be emptied (TLFS 11.10). One CPU's timer and SINT are its own.
 *
 * It is used while the TSC page is valid, since only then its time is known without another exit;
 * on a machine that starts without, the local APIC's timer stays.
 */
#include "host.h"

#define TIMER_SINT 4 /* 0 is reserved for the hypervisor, 2 is what Linux would take for VMBus */

static bool direct;
static bool in_use;

static void timer_set(uint64_t expiry_ns)
{
	hyperv_count(HYPERV_NATIVE_STIMER);
	hw_wrmsr(HV_MSR_STIMER0_COUNT, hyperv_reference_at(expiry_ns));
}

/* Count 0 stops it (H-2). */
static void timer_stop(void)
{
	hw_wrmsr(HV_MSR_STIMER0_COUNT, 0);
}

static bool ack_direct(void)
{
	return true;
}

/* Empty the slot before asking for what waits behind it. */
static bool ack_message(void)
{
	struct hv_message *slot = &hyperv.cpu[tw_cpu()].messages.slot[TIMER_SINT];
	uint8_t flags;

	if (__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) == HV_MESSAGE_NONE)
		return true; /* by our own hand, or taken already: the clock decides */
	__atomic_store_n(&slot->type, HV_MESSAGE_NONE, __ATOMIC_SEQ_CST);
	flags = *(volatile uint8_t *)&slot->flags;
	if (flags & HV_MESSAGE_PENDING)
		hw_wrmsr(HV_MSR_EOM, 0);
	return true;
}

static void messages_enable(unsigned int cpu)
{
	hw_wrmsr(HV_MSR_SIMP, hyperv_pa(&hyperv.cpu[cpu].messages) | HV_PAGE_ENABLE);
	hw_wrmsr(HV_MSR_SINT0 + TIMER_SINT, TW_VEC_TIMER);
	hw_wrmsr(HV_MSR_SCONTROL, HV_SYNIC_ENABLE);
}

void hyperv_timer_cpu(unsigned int cpu)
{
	uint64_t config = HV_STIMER_AUTO_ENABLE;

	if (!in_use)
		return;
	if (direct) {
		config |= HV_STIMER_DIRECT | (uint64_t)TW_VEC_TIMER << HV_STIMER_VECTOR_SHIFT;
	} else {
		messages_enable(cpu);
		config |= (uint64_t)TIMER_SINT << HV_STIMER_SINT_SHIFT;
	}
	hw_wrmsr(HV_MSR_STIMER0_COUNT, 0);
	hw_wrmsr(HV_MSR_STIMER0_CONFIG, config);
}

TW_INIT void hyperv_timer_init(void)
{
	struct tw_host *host = hyperv.host;
	bool offered = hyperv.eax & HV_EAX_STIMER;

	direct = hyperv.edx & HV_EDX_DIRECT_STIMER;
	in_use = offered && hyperv_tsc_page_valid() && (direct || hyperv.eax & HV_EAX_SYNIC);
	if (!in_use)
		return;
	host->timer_set = timer_set;
	host->timer_stop = timer_stop;
	host->timer_ack = direct ? ack_direct : ack_message;
	tw_serves(host, TW_OP_TIMER, direct ? "hyperv stimer" : "hyperv stimer message");
}
