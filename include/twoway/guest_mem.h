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
#include "twoway/hw.h"

#ifndef TW_HOSTED
/* The machine-to-physical table and its number of entries (shim/m2p.c). */
extern uint64_t m2p_frames;
#define TW_M2P ((const volatile uint64_t *)0xffff800000000000ull)

static inline bool tw_guest_owns(uint64_t mfn)
{
	return __builtin_expect(mfn < m2p_frames && TW_M2P[mfn] != ~0ull, 1);
}

static inline void *tw_guest_frame_fast(uint64_t mfn)
{
	return tw_guest_owns(mfn) ? hw_phys(mfn << 12) : 0;
}

/* A machine address in a frame that tw_guest_owns(). */
static inline void *tw_guest_machine(uint64_t address)
{
	return hw_phys(address);
}
#else
#define tw_guest_frame_fast   tw_guest_frame
#define tw_guest_owns(mfn)    (tw_guest_frame(mfn) != 0)
#define tw_guest_machine(pa)  ((void *)((char *)tw_guest_frame((pa) >> 12) + ((pa) & 4095)))
#endif

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

/* Read, write 8 bytes at a guest virtual address. */
static inline bool tw_get64(void *to, uint64_t from)
{
#ifdef TW_HOSTED
	return tw_copy_from_guest(to, from, 8) == 0;
#else
	uint64_t a;

	__asm__ goto("1: movq (%1), %0\n"
		     ".pushsection .ex_table, \"a\"\n"
		     ".quad 1b, %l2\n"
		     ".popsection"
		     : "=r"(a)
		     : "r"(from)
		     : "memory"
		     : fault);
	*(uint64_t *)to = a;
	return true;
fault:
	return false;
#endif
}

static inline bool tw_put64(uint64_t to, uint64_t value)
{
#ifdef TW_HOSTED
	return tw_copy_to_guest(to, &value, 8) == 0;
#else
	__asm__ goto("1: movq %0, (%1)\n"
		     ".pushsection .ex_table, \"a\"\n"
		     ".quad 1b, %l2\n"
		     ".popsection"
		     :
		     : "r"(value), "r"(to)
		     : "memory"
		     : fault);
	return true;
fault:
	return false;
#endif
}

/* Give a machine frame of the guest another guest-physical number in the machine-to-physical table. */
void tw_guest_frame_number(uint64_t mfn, uint64_t pfn);

#endif /* TWOWAY_GUEST_MEM_H */
