/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Has Xen's clock been related to the TSC anew? Xen counts how often the domain has been moved
 * ("incarnation", leaf +3 EDX). The version in vcpu_time_info says nothing: Xen fills that at each switch,
 * and, where the TSC is not constant, corrects the rate a little every second.
 */
#include "host.h"

bool xen_host_clock_told(struct tw_clock *line)
{
	static uint32_t seen; /* incarnation + 1, 0: never looked */
	uint32_t incarnation = hw_cpuid(xen_host.time_leaf, 0).edx + 1, version = 0;

	if (incarnation == seen)
		return false;
	seen = incarnation;
	return tw_pvclock_told((const struct tw_pvclock *)&xen_host.cpu[0].current->time, &version, line);
}
