/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The one host side in use. Detection tries each hypervisor's; bare is complete by itself. */
#include "shim/shim.h"

struct tw_host tw_host;

TW_INIT void host_detect(const struct tw_boot *boot)
{
	const char *why = "";

	if (bare_host_init(&tw_host, boot, &why))
		tw_fatal("this machine cannot be used: %s", why);
	if (options.cpus_max && tw_host.cpus > options.cpus_max)
		tw_host.cpus = options.cpus_max;
	tw_host.cpu_init(0);
	ledger_init();
}

uint64_t tw_time_ns(void)
{
	return tw_clock_ns(&tw_host.clock, hw_rdtsc());
}
