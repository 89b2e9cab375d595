/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * snprintf for the shim, which has no libc. It knows the part of printf that messages need:
 * %s %c %d %u %x %p %%, the lengths l, ll and z, the flag 0, a width, and a precision for strings
 * ("%.*s" for text without a final NUL). Anything else is printed as it stands, so that a mistake
 * shows instead of reading the wrong argument.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twoway/log.h"

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */
#define NO_LIMIT   SIZE_MAX

/* Where the text goes. wanted counts on behind the end of the buffer. */
struct out {
	char *buf;
	size_t size, wanted;
};

/* One conversion: what stands between '%' and its letter. */
struct spec {
	bool zeros;	  /* pad with '0' */
	size_t width;	  /* least characters */
	size_t precision; /* most characters of a string */
	bool is_long;
};

static void put(struct out *out, char c)
{
	if (out->wanted + 1 < out->size)
		out->buf[out->wanted] = c;
	out->wanted++;
}

static void pad(struct out *out, char c, size_t width, size_t used)
{
	for (; used < width; used++)
		put(out, c);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	size_t n = 0;

	if (!s)
		s = "(null)";
	while (n < spec->precision && s[n])
		n++;
	pad(out, ' ', spec->width, n);
	for (size_t i = 0; i < n; i++)
		put(out, s[i]);
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value, bool negative,
		       unsigned int base)
{
	char digits[DIGITS_MAX];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (!spec->zeros)
		pad(out, ' ', spec->width, n + negative);
	if (negative)
		put(out, '-');
	if (spec->zeros)
		pad(out, '0', spec->width, n + negative);
	while (n)
		put(out, digits[--n]);
}

/* Read a decimal number; it stops growing long before it could overflow. */
static const char *parse_number(const char *fmt, size_t *value)
{
	for (*value = 0; *fmt >= '0' && *fmt <= '9'; fmt++) {
		if (*value < 10000)
			*value = *value * 10 + (size_t)(*fmt - '0');
	}
	return fmt;
}

/* A va_list is an array on x86-64: wrapped, it can be handed on by address. */
struct args {
	va_list ap;
};

static const char *parse_spec(const char *fmt, struct spec *spec, struct args *args)
{
	*spec = (struct spec){ .precision = NO_LIMIT };
	if (*fmt == '0') {
		spec->zeros = true;
		fmt++;
	}
	fmt = parse_number(fmt, &spec->width);
	if (fmt[0] == '.' && fmt[1] == '*') {
		int precision = va_arg(args->ap, int);

		spec->precision = precision < 0 ? NO_LIMIT : (size_t)precision;
		fmt += 2;
	} else if (*fmt == '.') {
		fmt = parse_number(fmt + 1, &spec->precision);
	}
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		spec->is_long = true;
	return fmt;
}

static void put_signed(struct out *out, const struct spec *spec, struct args *args)
{
	int64_t value = spec->is_long ? va_arg(args->ap, long) : va_arg(args->ap, int);
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	put_number(out, spec, magnitude, value < 0, 10);
}

static void put_unsigned(struct out *out, const struct spec *spec, struct args *args,
			 unsigned int base)
{
	uint64_t value =
	    spec->is_long ? va_arg(args->ap, unsigned long) : va_arg(args->ap, unsigned int);

	put_number(out, spec, value, false, base);
}

/* Print one conversion; false when its letter is none of ours. */
static bool convert(struct out *out, char letter, const struct spec *spec, struct args *args)
{
	switch (letter) {
	case 's':
		put_string(out, spec, va_arg(args->ap, const char *));
		return true;
	case 'c':
		pad(out, ' ', spec->width, 1);
		put(out, (char)va_arg(args->ap, int));
		return true;
	case 'd':
		put_signed(out, spec, args);
		return true;
	case 'u':
		put_unsigned(out, spec, args, 10);
		return true;
	case 'x':
		put_unsigned(out, spec, args, 16);
		return true;
	case 'p':
		put(out, '0');
		put(out, 'x');
		put_number(out, spec, (uintptr_t)va_arg(args->ap, void *), false, 16);
		return true;
	case '%':
		put(out, '%');
		return true;
	}
	return false;
}

int tw_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = { .buf = buf, .size = size };
	struct args args;

	va_copy(args.ap, ap);
	while (*fmt) {
		const char *percent = fmt;
		struct spec spec;

		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (*fmt && convert(&out, *fmt, &spec, &args)) {
			fmt++;
			continue;
		}
		while (percent < fmt)
			put(&out, *percent++);
	}
	va_end(args.ap);
	if (size)
		buf[out.wanted < size ? out.wanted : size - 1] = '\0';
	return (int)out.wanted;
}

int tw_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int wanted;

	va_start(ap, fmt);
	wanted = tw_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return wanted;
}
