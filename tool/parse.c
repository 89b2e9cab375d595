/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Numbers that users type. Strict: strtoul would take signs, blanks and trailing rubbish. */
#include <ctype.h>
#include <string.h>

#include "tool.h"

/* Digits at *s up to a limit of 2^53; moves *s behind them. False when there are none or too many.
 */
static bool digits(const char **s, uint64_t *out)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)**s))
		return false;
	for (; isdigit((unsigned char)**s); (*s)++) {
		value = value * 10 + (uint64_t)(**s - '0');
		if (value > 1ull << 53)
			return false;
	}
	*out = value;
	return true;
}

bool parse_size(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned int shift = 20;
	uint64_t value;

	if (!digits(&s, &value))
		return false;
	if (*s) {
		const char *unit = strchr(units, toupper((unsigned char)*s));

		if (!unit || s[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (value > UINT64_MAX >> shift)
		return false;
	*bytes = value << shift;
	return true;
}

bool parse_seconds(const char *s, int64_t *ms)
{
	uint64_t whole = 0, value;
	unsigned int scale = 100;

	if (*s != '.' && !digits(&s, &whole))
		return false;
	if (whole > 1000000000)
		return false;
	value = whole * 1000;
	if (*s == '.') {
		if (!isdigit((unsigned char)*++s))
			return false;
		for (; isdigit((unsigned char)*s); s++, scale /= 10)
			value += scale * (uint64_t)(*s - '0');
	}
	*ms = (int64_t)value;
	return !*s && value > 0;
}

bool parse_count(const char *s, unsigned int low, unsigned int high, unsigned int *out)
{
	uint64_t value;

	if (!digits(&s, &value) || *s || value < low || value > high)
		return false;
	*out = (unsigned int)value;
	return true;
}
