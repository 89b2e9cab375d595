/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMware host side: bare, with what VMware tells a guest. Its virtual hardware does the rest: the
 * TSCs are promised to be constant and synchronous, timers, IPIs and power-off are a PC's.
 *
 * Found by its CPUID signature only: QEMU answers the backdoor port as well (H-45), and where the
 * signature is a look-alike's, the port may be nobody's: an answer counts only if it is one.
 */
#include "abi/vmware.h"
#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/hw_call.h"

enum { NATIVE_FREQUENCY, NATIVE_STEAL };

static enum hw_vmware_form form;
static void (*bare_cpu_init)(unsigned int cpu);
static struct tw_host *vmware;
static uint8_t *areas; /* VMWARE_STEAL_SIZE each, by CPU */
static uint64_t areas_pa;
static bool steal_on[TW_MAX_CPUS];

/* How calls are made, and the TSC's frequency: by leaf, or by the backdoor. */
static TW_INIT uint64_t tsc_hz(uint32_t leaf)
{
	struct hw_vmware_regs regs = { .ecx = VMWARE_GETHZ, .ebx = VMWARE_NONE };
	struct hw_cpuid r = { 0 };
	uint64_t hz;

	form = HW_VMWARE_PORT;
	if (hw_cpuid(leaf, 0).eax >= leaf + VMWARE_LEAF_FREQUENCIES)
		r = hw_cpuid(leaf + VMWARE_LEAF_FREQUENCIES, 0);
	if (r.ecx & VMWARE_ECX_VMMCALL)
		form = HW_VMWARE_VMMCALL;
	else if (r.ecx & VMWARE_ECX_VMCALL)
		form = HW_VMWARE_VMCALL;
	if (r.eax >= 1000)
		return r.eax * 1000ull;
	hw_vmware_call(form, &regs);
	hz = (uint64_t)regs.ebx << 32 | regs.eax;
	/* EBX untouched: not served. A high word beyond a terahertz is no frequency either. */
	return regs.ebx >= 256 || hz < 1000000 ? 0 : hz;
}

/* The count is in TSC ticks, of the TSC that the guest reads. */
static uint64_t steal_ns(unsigned int cpu)
{
	const volatile uint32_t *area = (const volatile uint32_t *)(areas + cpu * VMWARE_STEAL_SIZE);
	uint32_t high, low;

	if (!steal_on[cpu])
		return 0;
	do { /* in halves: i386 cannot read 64 bits at once */
		high = area[1];
		low = area[0];
	} while (high != area[1]);
	return tw_clock_delta_ns(&vmware->clock, (uint64_t)high << 32 | low);
}

/* Ask for this CPU's steal clock; a VM may be configured without. */
static void cpu_init(unsigned int cpu)
{
	uint64_t pa = areas_pa + cpu * VMWARE_STEAL_SIZE;
	struct hw_vmware_regs regs = {
		.ebx = VMWARE_NONE,
		.ecx = VMWARE_STEALCLOCK,
		.esi = (uint32_t)(pa >> 32),
		.edi = (uint32_t)pa | VMWARE_STEAL_ON,
	};

	bare_cpu_init(cpu);
	hw_vmware_call(form, &regs);
	steal_on[cpu] = regs.eax == VMWARE_STEAL_ON;
	if (!steal_on[cpu])
		return;
	tw_native_count(vmware, NATIVE_STEAL);
	tw_serves(vmware, TW_OP_STEAL, "vmware steal clock");
}

static TW_INIT void init(struct tw_host *host, uint32_t leaf)
{
	unsigned int bytes = host->cpus * VMWARE_STEAL_SIZE;

	vmware = host;
	areas = tw_host_pages((bytes + TW_PAGE_SIZE - 1) / TW_PAGE_SIZE, &areas_pa);
	tw_native_name(host, NATIVE_FREQUENCY, "vmware frequency", host->tsc_told != 0);
	tw_native_name(host, NATIVE_STEAL, "vmware steal clock", 0);
	bare_cpu_init = host->cpu_init;
	host->cpu_init = cpu_init;
	host->steal_ns = steal_ns;
	host->clock.stable = true;
	if (host->tsc_told)
		tw_serves(host, TW_OP_TIME, "tsc by vmware");
}

const struct tw_host_driver vmware_host_driver = {
	.name = "vmware",
	.title = "VMware",
	.signature = "VMwareVMware",
	.tsc_hz = tsc_hz,
	.init = init,
};
