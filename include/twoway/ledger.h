/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ledger counts what went where: one increment per guest call, on the calling CPU's own
 * counters. A guest side lists its calls in a table (struct tw_call); the index in that table is
 * the index of the counter.
 */
#ifndef TWOWAY_LEDGER_H
#define TWOWAY_LEDGER_H

#include <stdint.h>

#include "twoway/op.h"

#define TW_LEDGER_CALLS	  192
#define TW_LEDGER_MISSING 24

/*
 * Every table starts with the return call of its mode: entry code counts it in tw_vcpu.irets, and
 * the ledger fetches it from there.
 */
#define TW_CALL_IRET 0

enum tw_status { TW_DONE, TW_CONSTANT, TW_FALLBACK };

struct tw_call {
	const char *guest; /* the guest ABI's own name for the call */
	uint8_t op;	   /* enum tw_op */
	uint8_t status;	   /* enum tw_status */
};

/* Count one call of cpu. Hot: one increment. */
static inline void tw_count(uint64_t *calls, unsigned int index)
{
	calls[index]++;
}

/* A call that nothing serves: nr and sub name it; name may be NULL. Cold. */
void tw_ledger_missing(const char *name, uint32_t nr, uint32_t sub);

/* Print the one JSON line (interface: the ledger) on the log channel. */
void tw_ledger_print(void);

/* The calling or any CPU's counters. */
uint64_t *tw_ledger_calls(unsigned int cpu);

#endif /* TWOWAY_LEDGER_H */
