/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A spinlock for code that runs with interrupts off. */
#ifndef TWOWAY_LOCK_H
#define TWOWAY_LOCK_H

#include <stdint.h>

#include "twoway/hw.h"

struct tw_lock {
	unsigned char held;
};

static inline void tw_lock(struct tw_lock *lock)
{
	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE))
		hw_pause();
}

/*
 * The same, but after so many TSC ticks the lock is taken away from who has it: where that may be this CPU itself,
 * in the middle of what crashed, and the crash is to be told.
 */
static inline void tw_lock_or_take(struct tw_lock *lock, uint64_t ticks)
{
	uint64_t start = hw_rdtsc();

	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE) && hw_rdtsc() - start < ticks)
		hw_pause();
}

static inline void tw_unlock(struct tw_lock *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif /* TWOWAY_LOCK_H */
