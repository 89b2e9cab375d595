/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who the guest is, and the page it calls us through (TLFS 3.12, 3.13). The page exists only while
 * the guest has said who it is. Its code starts with ENDBR64, since Linux switches its own indirect
 * branch tracking off where it does not (hazard H-35).
 */
#include "guest.h"

static bool amd(void)
{
	struct hw_cpuid r = hw_cpuid(0, 0);

	return (r.ebx == 0x68747541 && r.edx == 0x69746e65 &&
		r.ecx == 0x444d4163) || /* AuthenticAMD */
	       (r.ebx == 0x6f677948 && r.edx == 0x6e65476e &&
		r.ecx == 0x656e6975); /* HygonGenuine */
}

TW_INIT void hv_page_init(void)
{
	static const uint8_t code[] = {
		0xf3, 0x0f, 0x1e, 0xfa, /* endbr64; does nothing in 32-bit code */
		0x0f, 0x01, 0xc1,	/* vmcall */
		0xc3,			/* ret */
	};
	uint8_t *page = hv.hypercall.page;

	__builtin_memset(page, 0xcc, TW_PAGE_SIZE);
	__builtin_memcpy(page, code, sizeof(code));
	if (amd())
		page[6] = 0xd9; /* vmmcall */
}

void hv_os_id_write(struct hv_vp *vp, uint64_t value)
{
	hv_count(vp, HV_COUNT_GUEST_OS_ID);
	tw_lock(&hv.lock);
	hv.os_id = value;
	if (!value)
		hv.hypercall.msr &= ~HV_PAGE_ENABLE;
	tw_unlock(&hv.lock);
	hv_overlay_apply(&hv.hypercall);
}

/* Locked means immutable until reset: a write that tries is #GP. Enabling comes to nothing for a
 * guest that has not said who it is. */
enum nested_verdict hv_page_write(struct hv_vp *vp, uint64_t value)
{
	enum nested_verdict verdict = NESTED_DONE;

	hv_count(vp, HV_COUNT_HYPERCALL_PAGE);
	tw_lock(&hv.lock);
	if (hv.hypercall.msr & HV_HYPERCALL_LOCKED)
		verdict = NESTED_GP;
	else
		hv.hypercall.msr = hv.os_id ? value : value & ~HV_PAGE_ENABLE;
	tw_unlock(&hv.lock);
	hv_overlay_apply(&hv.hypercall);
	return verdict;
}
