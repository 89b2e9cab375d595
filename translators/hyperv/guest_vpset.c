/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sparse sets of VPs (TLFS 7.8.7.3): a mask of the banks that are present, then those banks,
 * packed. A bank is 64 VPs; the guest has at most 64, so only bank 0 can name any. VPs that are not
 * there are ignored, and an empty set is nothing to do (hazard H-12).
 */
#include "guest.h"

_Static_assert(TW_MAX_CPUS <= 64, "only bank 0 is looked at");

enum hv_status hv_vp_set_cpus(const struct hv_call *c, unsigned int at, uint64_t *cpus)
{
	uint64_t format = hv_word(c, at), banks = hv_word(c, at + 1);

	*cpus = 0;
	if (format == HV_SET_ALL) {
		*cpus = hv_cpus_of_vps(~0ull);
		return HV_SUCCESS;
	}
	if (format != HV_SET_SPARSE)
		return HV_INVALID_PARAMETER;
	if (hv_bits(banks) != c->var_qwords)
		return HV_INVALID_HYPERCALL_INPUT;
	if (banks & 1)
		*cpus = hv_cpus_of_vps(hv_word(c, at + 2));
	return HV_SUCCESS;
}
