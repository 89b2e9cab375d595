/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The shim's messages: to the console, and to the debug port (0xe9) where the tool listens. Lines
 * for the tool (ledger, how it ended) go to the debug port alone, or to the console if there is no
 * debug port.
 */
#include <stdarg.h>

#include "shim/shim.h"

enum tw_log_level log_level = TW_LOG_INFO;

/* TSC ticks: longer than who has the lock may wait for the console (host_console.c). */
#define LOCK_WAIT (1ull << 36)

static struct tw_lock log_lock;

void log_raw(const char *s, size_t n)
{
	bare_debug_write(s, n);
}

static void put(const char *line, size_t n)
{
	bare_console_write(line, n);
	if (bare_debug_separate())
		bare_debug_write(line, n);
}

static void message(const char *prefix, const char *fmt, va_list ap)
{
	static char line[1024];
	size_t n = __builtin_strlen(prefix);
	int wanted;

	tw_lock_or_take(&log_lock, LOCK_WAIT);
	__builtin_memcpy(line, prefix, n);
	wanted = tw_vsnprintf(line + n, sizeof(line) - n - 2, fmt, ap);
	n += wanted < (int)(sizeof(line) - n - 2) ? (size_t)wanted : sizeof(line) - n - 3;
	line[n++] = '\n';
	put(line, n);
	tw_unlock(&log_lock);
}

void tw_log(enum tw_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	message("twoway: ", fmt, ap);
	va_end(ap);
}

void log_banner(const char *fmt, ...)
{
	va_list ap;

	if (log_level < TW_LOG_INFO)
		return;
	va_start(ap, fmt);
	message("twoway " TW_VERSION ": ", fmt, ap);
	va_end(ap);
}

void tw_fatal(const char *fmt, ...)
{
	char reason[200];
	va_list ap;

	va_start(ap, fmt);
	tw_vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	tw_error("%s", reason);
	end_machine("error", reason);
}
