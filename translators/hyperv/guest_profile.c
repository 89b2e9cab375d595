/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Profiles: which features the guest is offered. "fast" holds what costs no exits once the guest
 * has set up; "full" holds everything that every guest can bear. Which is the better one depends on
 * the price of an exit on this host, which the core has measured.
 */
#include "guest.h"

/* A synthetic timer tick costs two exits, a synthetic IPI or EOI one, where the local APIC costs
 * one trip to the host (about a microsecond): dearer exits than this lose. */
#define FULL_BELOW_NS 2000

#define BIT(feature) (1u << HV_F_##feature)

struct feature {
	const char *name;
	uint32_t needs; /* come with it; without one of them it goes */
	bool fast, full;
};

static const struct feature table[HV_F_COUNT] = {
	[HV_F_REF_COUNT] = { "refcount", 0, true, true },
	[HV_F_TSC_PAGE] = { "tscpage", BIT(REF_COUNT), true, true },
	[HV_F_FREQUENCY] = { "frequency", 0, true, true },
	/* By name only: a guest that has it prefers the bare TSC to the reference page. */
	[HV_F_INVARIANT] = { "invariant", 0, false, false },
	[HV_F_RESET] = { "reset", 0, true, true },
	[HV_F_CRASH] = { "crash", 0, true, true },
	[HV_F_RUNTIME] = { "runtime", 0, false, true },
	[HV_F_APIC] = { "apic", 0, false, true },
	[HV_F_EOI_ASSIST] = { "eoiassist", BIT(APIC), false, true },
	[HV_F_SYNIC] = { "synic", 0, false, true },
	[HV_F_POLLING] = { "polling", BIT(SYNIC), false, true },
	[HV_F_STIMER] = { "stimer", BIT(REF_COUNT) | BIT(SYNIC), false, true },
	[HV_F_DIRECT] = { "direct", BIT(STIMER), false, true },
	[HV_F_IDLE] = { "idle", 0, false, true },
	[HV_F_TLB] = { "tlb", 0, false, true },
	[HV_F_IPI] = { "ipi", 0, false, true },
	[HV_F_EX] = { "ex", 0, false, true },
	[HV_F_SPIN] = { "spin", 0, false, true },
	[HV_F_MESSAGE] = { "message", BIT(SYNIC), false, true },
	[HV_F_XMM] = { "xmm", 0, false, true },
	[HV_F_EXT] = { "ext", 0, false, true },
};

static TW_INIT bool is(const char *s, size_t n, const char *name)
{
	return __builtin_strlen(name) == n && !__builtin_memcmp(s, name, n);
}

static TW_INIT uint32_t base_features(bool full)
{
	uint32_t features = 0;

	for (unsigned int i = 0; i < HV_F_COUNT; i++)
		if (full ? table[i].full : table[i].fast)
			features |= 1u << i;
	return features;
}

static TW_INIT void add(uint32_t *features, unsigned int i)
{
	*features |= 1u << i;
	for (unsigned int need = 0; need < HV_F_COUNT; need++)
		if (table[i].needs >> need & 1 && !(*features >> need & 1))
			add(features, need);
}

static TW_INIT void take(uint32_t *features, unsigned int i)
{
	*features &= ~(1u << i);
	for (unsigned int other = 0; other < HV_F_COUNT; other++)
		if (table[other].needs >> i & 1 && *features >> other & 1)
			take(features, other);
}

/* "+name" and "-name" after the profile; false when a name is not known. */
static TW_INIT bool change(uint32_t *features, const char *s)
{
	while (*s) {
		bool plus = *s++ == '+';
		size_t n = 0;
		unsigned int i;

		while (s[n] && s[n] != '+' && s[n] != '-')
			n++;
		for (i = 0; i < HV_F_COUNT && !is(s, n, table[i].name); i++)
			;
		if (i == HV_F_COUNT)
			return false;
		if (plus)
			add(features, i);
		else
			take(features, i);
		s += n;
	}
	return true;
}

static TW_INIT uint64_t exit_ns(void)
{
	return tw_clock_delta_ns(&tw_host.clock, nested_exit_cost);
}

TW_INIT bool hv_profile_choose(const char *profile, const char **why)
{
	size_t n = 0;
	bool full;
	bool by_rule;

	while (profile[n] && profile[n] != '+' && profile[n] != '-')
		n++;
	by_rule = n == 0;
	full = by_rule ? exit_ns() < FULL_BELOW_NS : is(profile, n, "full");
	if (!by_rule && !full && !is(profile, n, "fast")) {
		*why = "abi=hyperv has the profiles fast and full, nothing else";
		return false;
	}
	hv.features = base_features(full);
	if (!change(&hv.features, profile + n)) {
		*why = "a profile of abi=hyperv names a feature that is not known: see the list in "
		       "docs/hyperv.md";
		return false;
	}
	if (!tw_host.clock.stable)
		take(&hv.features, HV_F_INVARIANT);
	tw_info("hyperv@1:%s%s: an exit costs %llu ns here (full below %u)%s",
		full ? "full" : "fast", profile + n, (unsigned long long)exit_ns(), FULL_BELOW_NS,
		by_rule ? ", chosen by that" : "; chosen by name");
	return true;
}
