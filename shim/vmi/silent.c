/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The ROM says nothing, takes no device interrupt and hides no sleep: these are the guest's. */
#include "translators/bare/host.h"
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
