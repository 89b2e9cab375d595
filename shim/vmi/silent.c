/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The ROM says nothing and takes no device interrupt: console and IO-APICs are the guest's. */
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
