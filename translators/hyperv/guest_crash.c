/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A guest's last words (TLFS, HV_X64_MSR_CRASH_P0-4 and _CTL): five numbers, and a piece of the
 * kernel log in memory at P3, P4 bytes long. They become one readable line, and the guest ends.
 */
#include "guest.h"

#define LINE_MOST 160

struct text {
	const char *s;
	size_t n;
};

/* The line of the message that says why: the panic's, else the last one with anything in it. */
static struct text best_line(const char *s, size_t n)
{
	static const char panic[] = "Kernel panic";
	struct text best = { s, 0 };
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '\n' && s[i] != 0)
			continue;
		if (i > start)
			best = (struct text){ s + start, i - start };
		for (size_t j = start; j + sizeof(panic) - 1 <= i; j++)
			if (!__builtin_memcmp(s + j, panic, sizeof(panic) - 1))
				return (struct text){ s + j, i - j };
		start = i + 1;
	}
	return best;
}

/* The guest's text, with nothing in it that a terminal would obey. */
static void printable(char *to, struct text from)
{
	size_t n = from.n < LINE_MOST ? from.n : LINE_MOST;

	for (size_t i = 0; i < n; i++)
		to[i] = from.s[i] >= ' ' && from.s[i] <= '~' ? from.s[i] : '?';
	to[n] = 0;
}

static void report(bool message)
{
	const uint64_t *p = hv.crash;
	char line[LINE_MOST + 1] = "no message";
	const char *s = message && p[4] && p[4] <= TW_PAGE_SIZE
				? nested_gpa(p[3], (unsigned int)p[4])
				: NULL;

	if (s)
		printable(line, best_line(s, p[4]));
	tw_error("the guest crashed: %s (P0 0x%llx P1 0x%llx P2 0x%llx P3 0x%llx P4 0x%llx)", line,
		 (unsigned long long)p[0], (unsigned long long)p[1], (unsigned long long)p[2],
		 (unsigned long long)p[3], (unsigned long long)p[4]);
}

enum nested_verdict hv_crash_write(struct hv_vp *vp, uint32_t msr, uint64_t value)
{
	hv_count(vp, HV_COUNT_CRASH);
	if (msr != HV_MSR_CRASH_CTL) {
		hv.crash[msr - HV_MSR_CRASH_P0] = value;
		return NESTED_DONE;
	}
	if (value & HV_CRASH_NOTIFY) {
		report(value & HV_CRASH_MESSAGE);
		tw_guest_end("crash");
	}
	return NESTED_DONE;
}
