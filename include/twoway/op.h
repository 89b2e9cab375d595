/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Names of the neutral operations: what lies between every guest side and every host side. They
 * index struct tw_host.served and appear in the ledger.
 */
#ifndef TWOWAY_OP_H
#define TWOWAY_OP_H

#define TW_OPS(X)                                                                                  \
	X(NONE, "-")                                                                               \
	X(TIME, "time")                                                                            \
	X(WALLCLOCK, "wallclock")                                                                  \
	X(STEAL, "steal")                                                                          \
	X(TIMER, "timer")                                                                          \
	X(IPI, "ipi")                                                                              \
	X(NMI, "nmi")                                                                              \
	X(EVENT, "event")                                                                          \
	X(TLB, "tlb")                                                                              \
	X(PAGE_TABLE, "page-table")                                                                \
	X(CPU, "cpu")                                                                              \
	X(CPU_START, "cpu-start")                                                                  \
	X(HALT, "halt")                                                                            \
	X(YIELD, "yield")                                                                          \
	X(POWER, "power")                                                                          \
	X(MEMORY, "memory")                                                                        \
	X(CONSOLE, "console")                                                                      \
	X(STORE, "store")                                                                          \
	X(INFO, "info")

enum tw_op {
#define X(id, name) TW_OP_##id,
	TW_OPS(X)
#undef X
	TW_OP_COUNT
};

#endif /* TWOWAY_OP_H */
