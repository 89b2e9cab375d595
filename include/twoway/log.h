/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim's voice: one line a message, "twoway: " before each, on console and debug port. */
#ifndef TWOWAY_LOG_H
#define TWOWAY_LOG_H

#include <stdarg.h>
#include <stddef.h>

enum tw_log_level { TW_LOG_ERROR, TW_LOG_WARN, TW_LOG_INFO, TW_LOG_DEBUG };

/* printf subset: %s %.*s %c %d %u %x %lx %lu %ld %llx %llu %lld %p %% with width and 0 flag. */
void tw_log(enum tw_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* snprintf with the same subset; returns the length that was wanted. */
int tw_snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int tw_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

#define tw_error(...) tw_log(TW_LOG_ERROR, __VA_ARGS__)
#define tw_warn(...)  tw_log(TW_LOG_WARN, __VA_ARGS__)
#define tw_info(...)  tw_log(TW_LOG_INFO, __VA_ARGS__)
#define tw_debug(...) tw_log(TW_LOG_DEBUG, __VA_ARGS__)

/* One clear line that names cause and remedy, then a clean stop of the machine. */
void tw_fatal(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* TWOWAY_LOG_H */
