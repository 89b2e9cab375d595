/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The clock page that Xen and KVM share with a guest, one per virtual CPU: the same 32 bytes in both
 * ABIs (xen/xen.h, struct vcpu_time_info; KVM's msr.rst, MSR_KVM_SYSTEM_TIME_NEW). No package has
 * it under a neutral name, so it stands here for the two host sides that read it.
 */
#ifndef TWOWAY_PVCLOCK_H
#define TWOWAY_PVCLOCK_H

#include "twoway/clock.h"

#define TW_PVCLOCK_STABLE (1u << 0) /* one line for all CPUs */

struct tw_pvclock {
	uint32_t version; /* odd while the hypervisor writes */
	uint32_t pad0;
	uint64_t tsc_timestamp; /* TSC at system_time */
	uint64_t system_time;	/* ns */
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};
_Static_assert(sizeof(struct tw_pvclock) == 32, "the layout is the hypervisors'");

/* Wallclock of both ABIs: UTC when the system time was 0. */
struct tw_pvclock_wall {
	uint32_t version, sec, nsec;
};

/* A copy that was not written to meanwhile. */
static inline struct tw_pvclock tw_pvclock_read(const struct tw_pvclock *shared)
{
	struct tw_pvclock copy;
	uint32_t version;

	do {
		version = __atomic_load_n(&shared->version, __ATOMIC_ACQUIRE);
		copy = *(const volatile struct tw_pvclock *)shared;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != __atomic_load_n(&shared->version, __ATOMIC_RELAXED));
	return copy;
}

/* The hypervisor's ns at a TSC reading; one before the timestamp counts as the timestamp. */
static inline uint64_t tw_pvclock_ns(const struct tw_pvclock *copy, uint64_t tsc)
{
	const struct tw_clock line = {
		.tsc0 = copy->tsc_timestamp,
		.base_ns = copy->system_time,
		.mul = copy->tsc_to_system_mul,
		.shift = copy->tsc_shift,
	};

	return tw_clock_ns(&line, tsc);
}

/*
 * The TSC's frequency behind the scale, Hz, to the nearest; 0 when the page was never filled or is
 * nonsense. ns per tick are mul * 2^(shift - 32).
 */
uint64_t tw_pvclock_hz(const struct tw_pvclock *copy);

/*
 * For tw_host.clock_told: false when the page's version still is *seen; else line gets what the page says,
 * but for stable, and *seen the version. A page that makes no sense counts as unchanged.
 */
static inline bool tw_pvclock_told(const struct tw_pvclock *shared, uint32_t *seen, struct tw_clock *line)
{
	struct tw_pvclock copy;
	uint64_t hz;

	if (__atomic_load_n(&shared->version, __ATOMIC_RELAXED) == *seen)
		return false;
	copy = tw_pvclock_read(shared);
	*seen = copy.version;
	hz = tw_pvclock_hz(&copy);
	if (!hz)
		return false;
	tw_clock_scale(line, hz);
	line->tsc0 = copy.tsc_timestamp;
	line->base_ns = copy.system_time;
	return true;
}

#endif /* TWOWAY_PVCLOCK_H */
