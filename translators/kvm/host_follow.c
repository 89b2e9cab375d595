/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* kvmclock's page changes its version when KVM relates its clock to the TSC anew, e.g. after a migration. */
#include "host.h"

static uint32_t seen;

bool kvm_clock_told(struct tw_clock *line)
{
	return tw_pvclock_told(kvm.page, &seen, line);
}
