/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The local APIC's synthetic short cuts: the VP assist page, in which the hypervisor says that an
 * interrupt's end need not be told (TLFS 10.3.5), and MSRs for EOI and ICR. The MSRs replace MMIO,
 * which costs the hypervisor an instruction to decode; against x2APIC they win nothing.
 */
#include "host.h"

#define APIC_BASE_X2 (1u << 10)
#define ICR_ASSERT   (1u << 14)

static void eoi_msr(void)
{
	hyperv_count(HYPERV_NATIVE_APIC);
	hw_wrmsr(HV_MSR_EOI, 0);
}

static void ipi_msr(unsigned int cpu, uint8_t vector)
{
	hyperv_count(HYPERV_NATIVE_APIC);
	hw_wrmsr(HV_MSR_ICR, (uint64_t)hyperv.host->apic_id[cpu] << 56 | ICR_ASSERT | vector);
}

static void (*tell_eoi)(void);

/* The hypervisor sets and reads the bit on this CPU only: one instruction is atomic enough. */
static void eoi_assisted(void)
{
	uint32_t *word = hyperv.cpu[tw_cpu()].assist;
	bool saved;

	__asm__ volatile("btrl $0, %0" : "+m"(*word), "=@ccc"(saved) : : "memory");
	if (saved)
		hyperv_count(HYPERV_NATIVE_EOI_SAVED);
	else
		tell_eoi();
}

void hyperv_apic_cpu(unsigned int cpu)
{
	if (hyperv.eax & HV_EAX_APIC)
		hw_wrmsr(HV_MSR_VP_ASSIST_PAGE, hyperv_pa(hyperv.cpu[cpu].assist) | HV_PAGE_ENABLE);
}

TW_INIT void hyperv_apic_init(void)
{
	struct tw_host *host = hyperv.host;

	if (!(hyperv.eax & HV_EAX_APIC))
		return;
	if (hyperv.hints & HV_HINT_APIC_MSRS && !(hw_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2)) {
		host->eoi = eoi_msr;
		host->ipi = ipi_msr;
		tw_serves(host, TW_OP_IPI, "hyperv icr");
		tw_serves(host, TW_OP_EVENT, "hyperv icr");
	}
	tell_eoi = host->eoi;
	host->eoi = eoi_assisted;
}
