/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Waiting with a limit that no slow machine reaches: what does not happen by then is lost. */
#ifndef HV_WAIT_H
#define HV_WAIT_H

#include "hv.h"

/* TSC ticks: 20 s at 1 GHz, 5 s at 4 GHz. */
#define WAIT_TICKS 20000000000ull

#define WAIT(condition)                                                                            \
	({                                                                                         \
		uint64_t start_ = rdtsc();                                                         \
		bool met_;                                                                         \
		while (!(met_ = (condition)) && rdtsc() - start_ < WAIT_TICKS)                     \
			pause();                                                                   \
		met_ || (condition);                                                               \
	})

#endif /* HV_WAIT_H */
