/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The RESET MSR (TLFS 2.4.4, AccessResetMsr): bit 0 resets the partition, anything else does nothing. */
#include "hv.h"

CASE(reset, "the RESET MSR")
{
	if (!hv_offers(HV_EAX_RESET)) {
		skip("the RESET MSR is not offered");
		return;
	}
	expect(rdmsr(HV_MSR_RESET), 0, "RESET reads");
	wrmsr(HV_MSR_RESET, 0);
	wrmsr(HV_MSR_RESET, 2);
	say("END of the harmless part\n");
	wrmsr(HV_MSR_RESET, 1);
	fail("the guest lives on");
}
