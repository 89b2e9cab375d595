/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Attributes and small helpers that every part uses. */
#ifndef TWOWAY_ATTR_H
#define TWOWAY_ATTR_H

/* Boot-only code and data: its memory becomes the guest's. Resident code must not refer to it
 * (the link fails if it does). */
#if defined(TW_HOSTED) || defined(TW_ALL_RESIDENT)
#define TW_INIT
#define TW_INITDATA
#else
#define TW_INIT	    __attribute__((section(".init.text"), noinline))
#define TW_INITDATA __attribute__((section(".init.data")))
#endif

#define TW_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TW_PAGE_SHIFT	 12
#define TW_PAGE_SIZE	 4096ul
#define TW_PAGE_MASK	 (~(TW_PAGE_SIZE - 1))
#define TW_ALIGN_UP(x, a) (((x) + (a)-1) & ~((__typeof__(x))(a)-1))

#define tw_likely(x)   __builtin_expect(!!(x), 1)
#define tw_unlikely(x) __builtin_expect(!!(x), 0)

#endif /* TWOWAY_ATTR_H */
