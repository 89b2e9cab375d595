/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ROM says nothing, takes no interrupt and hides no sleep: these are the guest's. On Xen it has no event
 * channels either: an upcall passes by the local APIC, so that nobody could tell whose end an EOI is.
 */
#include "translators/bare/host.h"
#include "translators/xen/host.h"
#include "twoway/log.h"

void tw_log(enum tw_log_level level, const char *fmt, ...)
{
}

void bare_console_write(const char *s, size_t n)
{
}

void bare_console_init(struct tw_host *host)
{
}

void bare_ioapic_init(void)
{
}

void bare_sleep_init(struct tw_host *host)
{
}

const struct tw_console *xen_host_console(uint32_t leaf)
{
	return NULL;
}

void xen_host_event_cpu(unsigned int cpu)
{
}

void xen_host_services_init(void)
{
}
