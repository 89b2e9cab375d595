/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reading tables that firmware and boot loaders left in physical memory. Addresses and lengths in
 * them are hostile: everything goes through tw_phys_range(). Tables live below 4 GB by the boot
 * protocols (Multiboot) or by universal practice (ACPI), which is also what the shim's direct map
 * covers whatever the memory map says.
 */
#ifndef TWOWAY_PHYS_H
#define TWOWAY_PHYS_H

#include "twoway/hw.h"

#define TW_PHYS_LIMIT 0x100000000ull

/*
 * Physical bytes pa..pa+len as readable memory, NULL when they reach beyond 4 GB, wrap, or (hosted
 * build) are not there. len 0 asks for one byte.
 */
static inline const uint8_t *tw_phys_range(uint64_t pa, uint64_t len)
{
	const uint8_t *start;

	if (!len)
		len = 1;
	if (pa >= TW_PHYS_LIMIT || len > TW_PHYS_LIMIT - pa)
		return NULL;
#if defined(__i386__) && !defined(TW_HOSTED)
	start = hw_phys_map(pa, len);
#else
	start = hw_phys(pa);
#endif
#ifdef TW_HOSTED
	if (!start || hw_phys(pa + len - 1) != start + (len - 1))
		return NULL;
#endif
	return start;
}

/* Unaligned little-endian loads. */
static inline uint16_t tw_load16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t tw_load32(const uint8_t *p)
{
	return (uint32_t)tw_load16(p) | (uint32_t)tw_load16(p + 2) << 16;
}

static inline uint64_t tw_load64(const uint8_t *p)
{
	return (uint64_t)tw_load32(p) | (uint64_t)tw_load32(p + 4) << 32;
}

#endif /* TWOWAY_PHYS_H */
