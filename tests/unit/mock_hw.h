/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A programmable machine behind include/twoway/hw.h for hosted builds. Everything is empty after
 * mock_reset(): CPUID leaves and MSRs read 0, ports and MMIO read all ones (as an empty bus does),
 * physical memory is absent. A test adds what it needs: plain values, or hooks where reading and
 * writing must do something. All writes are recorded in mock_writes[].
 */
#ifndef TESTS_UNIT_MOCK_HW_H
#define TESTS_UNIT_MOCK_HW_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twoway/hw.h"
#include "twoway/log.h"

/* Back to the empty machine; frees all memory that mock_ram() gave. */
void mock_reset(void);

/* CPUID: the answer for a leaf and subleaf; a later call replaces an earlier one. */
void mock_set_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx,
		    uint32_t edx);

/* MSRs hold what was set or written last. A hook (may be NULL) sees each write after it. */
void mock_set_msr(uint32_t msr, uint64_t value);
uint64_t mock_get_msr(uint32_t msr);
void mock_hook_msr(void (*written)(uint32_t msr, uint64_t value));

/*
 * Ports first..last: bytes = 1, 2 or 4 tells the access size. A NULL in reads the last value set
 * (mock_set_port) or written; a NULL out stores the value. A later hook wins over an earlier one.
 */
typedef uint32_t (*mock_in)(uint16_t port, unsigned int bytes);
typedef void (*mock_out)(uint16_t port, uint32_t value, unsigned int bytes);
void mock_hook_port(uint16_t first, uint16_t last, mock_in in, mock_out out);
void mock_set_port(uint16_t port, uint32_t value);

/* MMIO of base..base+size: a NULL function means registers that hold what was written (0 first). */
typedef uint32_t (*mock_read)(uint64_t pa);
typedef void (*mock_write)(uint64_t pa, uint32_t value);
void mock_hook_mmio(uint64_t base, uint64_t size, mock_read read, mock_write write);
/* The register word behind an MMIO range without hooks (or for hooks to use). */
uint32_t *mock_mmio_word(uint64_t pa);

/*
 * Physical memory of size bytes at pa, zeroed; returns where the test can fill it. One heap block
 * per call, so that the address sanitizer sees every access beyond its end. Neighbouring blocks
 * are not contiguous for hw_phys() users: use one call for one range.
 */
void *mock_ram(uint64_t pa, size_t size);
/* The same for memory that the test keeps: it is neither zeroed nor freed. */
void mock_ram_at(uint64_t pa, void *data, size_t size);

/* The TSC: each RDTSC adds mock_tsc_step (default 10) first, each PAUSE too. */
extern uint64_t mock_tsc;
extern uint64_t mock_tsc_step;

/* Control registers and counters of instructions. */
extern uint64_t mock_cr[5];
extern uint64_t mock_dr[8];
extern unsigned int mock_halts, mock_pauses, mock_wbinvds, mock_swapgss, mock_triple_faults;
extern bool mock_if; /* interrupt flag; HLT with it off ends the test */
extern uint64_t mock_invlpg_va; /* latest */
extern unsigned int mock_invlpgs, mock_cr3_writes;
extern uint16_t mock_gs, mock_ldt;

/* A HLT or a triple fault calls this instead of going on; for code that never returns. */
extern void (*mock_on_stop)(void);
/* Ready-made: run code that never returns, e.g. if (!mock_stops()) tw_host.poweroff(); */
extern jmp_buf mock_stop_env;
void mock_stop_jump(void);
#define mock_stops() (mock_on_stop = mock_stop_jump, setjmp(mock_stop_env))

/* The order of all writes, the oldest first; what does not fit is counted only. */
enum mock_kind { MOCK_PORT, MOCK_MMIO, MOCK_MSR };
struct mock_written {
	enum mock_kind kind;
	uint64_t where, value;
};
#define MOCK_WRITES 4096
extern struct mock_written mock_writes[MOCK_WRITES];
extern unsigned int mock_writes_count;
/* Writes of that kind to that address so far, and the latest of them (0 if none). */
unsigned int mock_written_times(enum mock_kind kind, uint64_t where);
uint64_t mock_written_last(enum mock_kind kind, uint64_t where);

/* What tw_log() printed last and how many lines of each level there were. */
extern char mock_log_last[512];
extern unsigned int mock_log_lines[TW_LOG_DEBUG + 1];

#endif /* TESTS_UNIT_MOCK_HW_H */
