/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The CPUID instruction, alone in a file: unit tests bring a CPU of their own. */
#include <cpuid.h>

#include "tool.h"

struct hw_cpuid tool_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct hw_cpuid r;

	__cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
	return r;
}
