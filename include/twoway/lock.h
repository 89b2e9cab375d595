/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A spinlock for code that runs with interrupts off. */
#ifndef TWOWAY_LOCK_H
#define TWOWAY_LOCK_H

#include "twoway/hw.h"

struct tw_lock {
	unsigned char held;
};

static inline void tw_lock(struct tw_lock *lock)
{
	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE))
		hw_pause();
}

static inline void tw_unlock(struct tw_lock *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif /* TWOWAY_LOCK_H */
