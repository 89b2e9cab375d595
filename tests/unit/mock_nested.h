/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core of nested mode (twoway/nested.h) for hosted builds: vCPUs with registers, a little guest
 * memory with overlays, and notes of everything that a guest side asked for. The clock is mock_hw's
 * TSC at 1 GHz, so mock_tsc is the time in ns and stands still unless a test moves it.
 */
#ifndef TESTS_UNIT_MOCK_NESTED_H
#define TESTS_UNIT_MOCK_NESTED_H

#include <setjmp.h>

#include "twoway/nested.h"
#include "mock_hw.h"

/* A fresh machine of so many vCPUs; APIC ids are 2 * index. Memory is zero again. */
void mock_nested_reset(unsigned int cpus);

/* The guest's RAM: from address 0 on. What lies beyond is not memory. */
#define MOCK_NESTED_PAGES 16
#define MOCK_NESTED_BYTES (MOCK_NESTED_PAGES * 4096ull)
/* RAM as the guest sees it, with overlays; aborts when it is none. */
void *mock_nested_at(uint64_t gpa);
/* RAM below any overlay. */
void *mock_nested_ram(uint64_t gpa);

/* How often each vector was raised on each vCPU through its APIC, and without it. */
extern unsigned int mock_apic[TW_MAX_CPUS][256], mock_direct[TW_MAX_CPUS][256];
extern unsigned int mock_nested_kicks[TW_MAX_CPUS];
extern unsigned int mock_eois, mock_idles;
extern uint32_t mock_tpr;
extern bool mock_enters; /* nested_interrupt_first() */
extern uint64_t mock_icr;
extern unsigned int mock_flushes;
extern uint64_t mock_flush_cpus;
extern uint64_t mock_xmm[12];
extern unsigned int mock_yields;

/* The CPU's one-shot, ns; 0 = stopped. timer_set() and timer_stop() act on mock_timer_cpu. */
extern uint64_t mock_timer_ns;
extern unsigned int mock_timer_sets, mock_timer_stops;

/* tw_guest_end() comes here: if (!mock_ends()) call(); then mock_end_reason tells. */
extern jmp_buf mock_end_env;
extern const char *mock_end_reason;
#define mock_ends() setjmp(mock_end_env)
/* Calls that nothing served: how many, and the latest. */
extern unsigned int mock_missing;
extern uint32_t mock_missing_nr;

#endif /* TESTS_UNIT_MOCK_NESTED_H */
