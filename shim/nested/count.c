/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Exits by reason, for the ledger. */
#include "shim/nested/nested.h"

const char *nested_exit_count(unsigned int n, uint64_t *count)
{
	static const char *const names[] = {
#define X(id, name) name,
		NESTED_EXITS(X)
#undef X
	};

	if (n >= NESTED_EXIT_COUNT)
		return NULL;
	*count = 0;
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		*count += nested_cpu_of[cpu]->exits[n];
	return names[n];
}
