/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What one exit costs on this host, so that guest sides can choose features by cost: a small guest
 * executes CPUID a few hundred times at start, and the median counts.
 */
#include "shim/nested/nested.h"

#define ROUNDS 301

uint64_t nested_exit_cost;

static TW_INIT void sort(uint64_t *v, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++)
		for (unsigned int j = i; j > 0 && v[j - 1] > v[j]; j--) {
			uint64_t t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
}

TW_INIT void nested_cost_measure(void)
{
	static uint64_t ticks[ROUNDS] TW_INITDATA;

	backend_probe_start(nested_cpu_of[0]);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t before = hw_rdtsc();

		backend_probe(nested_cpu_of[0]);
		ticks[i] = hw_rdtsc() - before;
	}
	sort(ticks, ROUNDS);
	nested_exit_cost = ticks[ROUNDS / 2];
}
