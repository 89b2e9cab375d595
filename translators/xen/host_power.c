/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The end on Xen: one call with a reason, upon which the toolstack does what the domain's owner has set
 * for it (on_poweroff, on_reboot, on_crash). What Xen refuses is tried by a PC's means.
 */
#include "host.h"

#include <xen/sched.h>

static void shutdown(unsigned int reason)
{
	struct sched_shutdown arg = { .reason = reason };

	hw_cli();
	xen_host_call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &arg);
}

static void poweroff(void)
{
	shutdown(SHUTDOWN_poweroff);
	xen_host.bare.poweroff();
}

static void reboot(void)
{
	shutdown(SHUTDOWN_reboot);
	xen_host.bare.reboot();
}

static void crash(void)
{
	shutdown(SHUTDOWN_crash);
	xen_host.bare.crash();
}

TW_INIT void xen_host_power_init(void)
{
	struct tw_host *host = xen_host.host;

	host->poweroff = poweroff;
	host->reboot = reboot;
	host->crash = crash;
	tw_serves(host, TW_OP_POWER, "xen sched_op");
}
