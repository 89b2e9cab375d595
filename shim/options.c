/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim's own command line: words of the form name or name=value. Boot only. */
#include "shim/shim.h"
#include "twoway/nested.h"

struct options options = { .abi = "auto", .console = "auto" };
bool nested_test_device; /* twoway/nested.h */

static TW_INIT bool word_is(const char *word, size_t n, const char *name)
{
	return __builtin_strlen(name) == n && !__builtin_memcmp(word, name, n);
}

static TW_INIT void copy(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size) {
		tw_warn("option value is too long, cut to %lu characters", (unsigned long)size - 1);
		n = size - 1;
	}
	__builtin_memcpy(to, from, n);
	to[n] = 0;
}

/* A decimal number with an optional K, M or G; false if it is none or too large. */
static TW_INIT bool number(const char *s, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	unsigned int shift = 0;

	if (n && (s[n - 1] == 'K' || s[n - 1] == 'M' || s[n - 1] == 'G')) {
		shift = s[n - 1] == 'K' ? 10 : s[n - 1] == 'M' ? 20 : 30;
		n--;
	}
	if (n == 0 || n > 15)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	if (v > ~0ull >> shift)
		return false;
	*out = v << shift;
	return true;
}

static TW_INIT bool log_option(const char *v, size_t n)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(names); i++) {
		if (word_is(v, n, names[i])) {
			log_level = (enum tw_log_level)i;
			return true;
		}
	}
	return false;
}

static TW_INIT bool console_option(const char *v, size_t n)
{
	static const char *const names[] = { "auto", "com1", "debugcon", "hypervisor", "none" };

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(names); i++) {
		if (word_is(v, n, names[i])) {
			copy(options.console, sizeof(options.console), v, n);
			return true;
		}
	}
	return false;
}

static TW_INIT bool force_option(const char *v, size_t n)
{
	if (word_is(v, n, "pti"))
		options.pti = true;
	else if (word_is(v, n, "hv-testdev"))
		nested_test_device = true;
	else if (word_is(v, n, "svm"))
		options.svm = true;
	else if (word_is(v, n, "no-pti"))
		options.no_pti = true;
	else if (n > 5 && !__builtin_memcmp(v, "host:", 5))
		copy(options.host, sizeof(options.host), v + 5, n - 5);
	else
		return false;
	return true;
}

static TW_INIT void option(const char *w, size_t n)
{
	size_t name = 0;
	bool eq;
	const char *v;
	size_t len;
	uint64_t value;
	bool good = true;

	while (name < n && w[name] != '=')
		name++;
	eq = name < n;
	v = eq ? w + name + 1 : w + n;
	len = eq ? n - name - 1 : 0;
	if (word_is(w, name, "abi") && eq)
		copy(options.abi, sizeof(options.abi), v, len);
	else if (word_is(w, n, "ledger"))
		options.ledger = true;
	else if (word_is(w, name, "log") && eq)
		good = log_option(v, len);
	else if (word_is(w, name, "console") && eq)
		good = console_option(v, len);
	else if (word_is(w, name, "cpus") && eq)
		good = number(v, len, &value) && value > 0 && value <= TW_MAX_CPUS &&
		       (options.cpus_max = (unsigned int)value);
	else if (word_is(w, name, "guestmem") && eq)
		good = number(v, len, &options.mem_max);
	else if (word_is(w, name, "mem") && eq)
		good = number(v, len, &options.mem_keep);
	else if (word_is(w, name, "force") && eq)
		good = force_option(v, len);
	else {
		tw_warn("unknown option \"%.*s\" ignored", (int)n, w);
		return;
	}
	if (!good)
		tw_warn("option \"%.*s\" has a value that is not understood; ignored", (int)n, w);
}

TW_INIT void options_parse(const char *cmdline)
{
	const char *p = cmdline;

	for (;;) {
		const char *w;

		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p)
			return;
		for (w = p; *p && *p != ' ' && *p != '\t'; p++)
			;
		option(w, (size_t)(p - w));
	}
}
