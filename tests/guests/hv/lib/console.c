/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The serial port, polled, with a small printf; one line of one CPU at a time. */
#include "hv.h"

#define COM1 0x3f8

static volatile bool taken;

void console_init(void)
{
	out8(COM1 + 1, 0);    /* no interrupts */
	out8(COM1 + 3, 0x80); /* 115200 8n1 */
	out8(COM1, 1);
	out8(COM1 + 1, 0);
	out8(COM1 + 3, 3);
	out8(COM1 + 2, 1);
}

static void put(char c)
{
	while (!(in8(COM1 + 5) & 0x20))
		pause();
	out8(COM1, (uint8_t)c);
}

static void put_string(const char *s)
{
	for (; *s; s++)
		put(*s);
}

static void put_number(uint64_t n, unsigned int base)
{
	char digits[21];
	unsigned int i = sizeof(digits);

	digits[--i] = 0;
	do {
		digits[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	put_string(digits + i);
}

static void format_one(char c, bool wide, __builtin_va_list *args)
{
	int64_t n;

	switch (c) {
	case 's':
		put_string(__builtin_va_arg(*args, const char *));
		break;
	case 'd':
		n = wide ? __builtin_va_arg(*args, int64_t) : __builtin_va_arg(*args, int);
		if (n < 0)
			put('-');
		put_number((uint64_t)(n < 0 ? -n : n), 10);
		break;
	case 'u':
	case 'x':
		put_number(wide ? __builtin_va_arg(*args, uint64_t)
				: __builtin_va_arg(*args, uint32_t),
			   c == 'u' ? 10 : 16);
		break;
	default:
		put(c);
	}
}

void say_v(const char *format, __builtin_va_list args)
{
	__builtin_va_list copy;
	uint64_t flags;

	__builtin_va_copy(copy, args);
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQUIRE))
		pause();
	for (; *format; format++) {
		bool wide = false;

		if (*format != '%') {
			put(*format);
			continue;
		}
		for (format++; *format == 'l'; format++)
			wide = true;
		format_one(*format, wide, &copy);
	}
	__atomic_store_n(&taken, false, __ATOMIC_RELEASE);
	__asm__ volatile("pushq %0; popfq" ::"r"(flags) : "memory", "cc");
	__builtin_va_end(copy);
}

void say(const char *format, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, format);
	say_v(format, args);
	__builtin_va_end(args);
}
