/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The crash MSRs (TLFS, "Guest Crash Enlightenment"): parameters read back, the capabilities are told,
 * messages that are not in memory harm nobody; at last a crash with a message, which ends the guest.
 */
#include "hv.h"

static const char message[] = "<6>first line\n<0>Kernel panic - not syncing: \033[31mconformance\n<6>last\n";

CASE(crash, "the last words")
{
	if (!hv_offers_edx(HV_EDX_CRASH)) {
		skip("crash MSRs are not offered");
		return;
	}
	for (uint32_t i = 0; i < 5; i++) {
		wrmsr(HV_MSR_CRASH_P0 + i, 0x1000 + i);
		expect(rdmsr(HV_MSR_CRASH_P0 + i), 0x1000 + i, "parameter");
	}
	expect(rdmsr(HV_MSR_CRASH_CTL), HV_CRASH_NOTIFY | HV_CRASH_MESSAGE, "capabilities");
	wrmsr(HV_MSR_CRASH_CTL, 0);
	wrmsr(HV_MSR_CRASH_CTL, HV_CRASH_MESSAGE); /* does not notify */
	say("END of the harmless part\n");
	wrmsr(HV_MSR_CRASH_P0 + 3, (uint64_t)message);
	wrmsr(HV_MSR_CRASH_P0 + 4, sizeof(message) - 1);
	wrmsr(HV_MSR_CRASH_CTL, HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
	fail("the guest lives on");
}
