/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A window of small pages behind the first 4 GB, which tests map as they like. */
#include "hv.h"

extern uint64_t boot_pdpt[512];

static uint64_t pd[512] PAGE_ALIGNED, pt[512] PAGE_ALIGNED;

void paging_init(void)
{
	pd[0] = (uint64_t)pt | 7;
	boot_pdpt[4] = (uint64_t)pd | 7;
}

void window_map(unsigned int n, uint64_t entry)
{
	__atomic_store_n(&pt[n], entry, __ATOMIC_SEQ_CST);
}
