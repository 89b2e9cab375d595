/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen host side: bare, with what Xen does better for an HVM or PVH domain. PVH has hardly anything
 * of a PC: no UART, no RTC, no ACPI power-off, no counter to measure the TSC by; what this side serves
 * is then not only better but all there is.
 *
 * What exists once for each domain or vCPU (shared_info, vcpu_info, console, xenstore) is the shim's; a
 * Xen guest above gets the guest side's own.
 */
#include "host.h"

#include <xen/arch-x86/cpuid.h>

struct xen_host_machine xen_host;

static uint32_t base_leaf;

static TW_INIT const struct tw_console *console(uint32_t leaf)
{
	xen_host = (struct xen_host_machine){ 0 };
	return xen_host_call_init(leaf) ? xen_host_console(leaf) : NULL;
}

static TW_INIT uint64_t tsc_hz(uint32_t leaf)
{
	return xen_host_clock_hz(leaf);
}

/* Before Xen told the number, one could only guess: it gives APIC ids in steps of two. */
static void cpu_init(unsigned int cpu)
{
	struct hw_cpuid r = xen_host_hvm_leaf(base_leaf);

	xen_host.bare.cpu_init(cpu);
	xen_host.vcpu[cpu] = r.eax & XEN_HVM_CPUID_VCPU_ID_PRESENT ? r.ebx :
								     xen_host.host->apic_id[cpu] / 2;
	xen_host_time_cpu(cpu);
	xen_host_event_cpu(cpu);
}

static TW_INIT void init(struct tw_host *host, uint32_t leaf)
{
	static const char *const names[XEN_HOST_NATIVES] TW_INITDATA = {
		[XEN_HOST_NATIVE_CLOCK] = "xen vcpu_time_info",
		[XEN_HOST_NATIVE_WALL] = "xen wall clock",
		[XEN_HOST_NATIVE_STEAL] = "xen runstate",
		[XEN_HOST_NATIVE_TIMER] = "xen set_timer_op",
		[XEN_HOST_NATIVE_UPCALL] = "xen upcall",
		[XEN_HOST_NATIVE_SEND] = "xen evtchn send",
		[XEN_HOST_NATIVE_SEND_MANY] = "xen multicall of sends",
		[XEN_HOST_NATIVE_FLUSH] = "xen flush_tlbs",
		[XEN_HOST_NATIVE_YIELD] = "xen sched yield",
		[XEN_HOST_NATIVE_CONSOLE] = "xen console ring",
		[XEN_HOST_NATIVE_STORE] = "xen xenstore",
	};

	host->svm_of_xen = true;
	xen_host.host = host;
	xen_host.bare = *host;
	base_leaf = leaf;
	for (unsigned int i = 0; i < XEN_HOST_NATIVES; i++)
		tw_native_name(host, i, names[i], 0);
	if (!xen_host_call_init(leaf))
		return;
	xen_host.leaf4 = xen_host_hvm_leaf(leaf).eax;
	xen_host.cpu = tw_host_pages((unsigned int)((host->cpus * sizeof(*xen_host.cpu) + TW_PAGE_SIZE - 1) /
						    TW_PAGE_SIZE),
				     &xen_host.cpu_pa);
	host->cpu_init = cpu_init;
	xen_host_power_init();
	xen_host_time_init(leaf);
	xen_host_services_init();
}

const struct tw_host_driver xen_host_driver = {
	.name = "xen",
	.title = "Xen",
	.signature = "XenVMMXenVMM",
	.console = console,
	.tsc_hz = tsc_hz,
	.init = init,
};
