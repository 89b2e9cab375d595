/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A host side and a guest's memory for the tests of the Xen guest side: everything that those
 * files call and that is neither theirs nor hardware. The clock is mock_hw's TSC at 1 GHz, so
 * mock_tsc is the time in ns and stands still unless a test moves it.
 */
#ifndef TESTS_UNIT_MOCK_XEN_H
#define TESTS_UNIT_MOCK_XEN_H

#include <setjmp.h>

#include "translators/xen/guest.h"
#include "mock_hw.h"

/* A fresh domain of so many vCPUs (all up), with its shared page; memory is zero again. */
void mock_xen_reset(unsigned int vcpus);

/*
 * The guest's memory: MOCK_PAGES frames from MOCK_MFN on, mapped at MOCK_VA; nothing else is
 * mapped, nor is a frame that the guest gave back. A test may cut the mapping short (mock_mapped,
 * bytes), so that copies fault midway.
 */
#define MOCK_PAGES 64
#define MOCK_MFN   0x100ull
#define MOCK_VA	   0xffff888000000000ull
extern uint64_t mock_mapped;
/*
 * The guest's number of each of its frames, as in Xen's machine-to-physical table: ~0 = the frame is
 * not the guest's (any more). At first frame MOCK_MFN + n has number n.
 */
extern uint64_t mock_m2p[MOCK_PAGES];

/* A piece of guest memory, zeroed, 16-aligned; a copy of something in it; the memory behind it. */
uint64_t mock_guest_alloc(size_t n);
uint64_t mock_guest_put(const void *data, size_t n);
void *mock_guest_at(uint64_t va);
/* Frame number behind a guest address. */
#define MOCK_MFN_OF(va) (MOCK_MFN + (((va)-MOCK_VA) >> 12))

/* Which CPU runs, and how often each one has been kicked. */
extern unsigned int mock_cpu;
extern unsigned int mock_kicks[TW_MAX_CPUS];
unsigned int mock_kicks_total(void);

/* The host's one-shot (0 = stopped), and how often it was set or stopped. */
extern uint64_t mock_timer;
extern unsigned int mock_timer_calls;
extern uint64_t mock_steal[TW_MAX_CPUS];
extern uint64_t mock_utc;

/* The host's halt calls this, with interrupts on; without it a vCPU that waits ends the test. */
extern void (*mock_on_halt)(void);
extern unsigned int mock_host_halts, mock_host_yields, mock_nmis[TW_MAX_CPUS];

/* Console: what was written, and what will be read. */
extern char mock_console[65536];
extern size_t mock_console_len;
void mock_console_type(const char *s, size_t n);
size_t mock_console_waiting(void);

/* Calls that nothing served: how many, and the latest. */
extern unsigned int mock_missing;
extern uint32_t mock_missing_nr, mock_missing_sub;

/* tw_guest_end() comes here: if (!mock_ends()) call(); then mock_end_reason tells. */
extern jmp_buf mock_end_env;
extern const char *mock_end_reason;
#define mock_ends() setjmp(mock_end_env)

#endif /* TESTS_UNIT_MOCK_XEN_H */
