/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the shim uses of Xen beside time, power and hypercalls: event channels and what goes by them
 * (timer, IPIs), TLB flushes, console and xenstore. Apart from host.c because the VMI ROM is built without
 * them: its guest has interrupts and console natively.
 */
#include "host.h"

TW_INIT void xen_host_services_init(void)
{
	bool events = xen_host_event_init();

	if (events)
		xen_host_timer_init();
	xen_host_cpu_init(events);
	xen_host_console_init(events);
	if (events)
		xen_host_store_init();
}
