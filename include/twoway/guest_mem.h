/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The short ways to guest memory for hot calls; twoway/guest.h has the general ones. Like those,
 * they survive any address: a fault makes them return false.
 */
#ifndef TWOWAY_GUEST_MEM_H
#define TWOWAY_GUEST_MEM_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/guest.h"

/* Read 16 bytes at a guest virtual address. */
static inline bool tw_get128(void *to, uint64_t from)
{
#ifdef TW_HOSTED
	return tw_copy_from_guest(to, from, 16) == 0;
#else
	uint64_t a, b;

	__asm__ goto("1: movq (%2), %0\n"
		     "2: movq 8(%2), %1\n"
		     ".pushsection .ex_table, \"a\"\n"
		     ".quad 1b, %l3\n"
		     ".quad 2b, %l3\n"
		     ".popsection"
		     : "=&r"(a), "=&r"(b)
		     : "r"(from)
		     : "memory"
		     : fault);
	((uint64_t *)to)[0] = a;
	((uint64_t *)to)[1] = b;
	return true;
fault:
	return false;
#endif
}

/* Give a machine frame of the guest another guest-physical number in the machine-to-physical table. */
void tw_guest_frame_number(uint64_t mfn, uint64_t pfn);

#endif /* TWOWAY_GUEST_MEM_H */
