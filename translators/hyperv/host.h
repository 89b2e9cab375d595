/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the files of the Hyper-V host side share; nobody else includes this. */
#ifndef TRANSLATORS_HYPERV_HOST_H
#define TRANSLATORS_HYPERV_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/hyperv.h"
#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"

/* Calls and MSRs that the ledger counts; the order of tw_host.native[]. */
enum hyperv_native {
	HYPERV_NATIVE_FREQUENCY,
	HYPERV_NATIVE_TSC_PAGE,
	HYPERV_NATIVE_COUNTER,
	HYPERV_NATIVE_STIMER,
	HYPERV_NATIVE_IPI,
	HYPERV_NATIVE_FLUSH,
	HYPERV_NATIVE_SPIN,
	HYPERV_NATIVE_EOI_SAVED,
	HYPERV_NATIVE_APIC,
	HYPERV_NATIVES
};
_Static_assert(HYPERV_NATIVES < TW_NATIVE_MAX, "the table ends with an empty name");

/*
 * One CPU's memory. The overlay pages are whole pages by themselves; who does not own the local APIC has none.
 * Inputs of hypercalls must not cross a page (TLFS 3.8); 64 banks are what 64 CPUs can be spread over at worst.
 */
struct hyperv_cpu {
	struct hv_message_page messages;
	uint32_t assist[TW_PAGE_SIZE / 4]; /* VP assist page; [0] bit 0: no EOI needed */
};

struct hyperv_input {
	uint64_t word[128];
};
_Static_assert(TW_PAGE_SIZE % sizeof(struct hyperv_input) == 0 && sizeof(struct hyperv_input) >= (5 + 64) * 8,
	       "within a page, and room for 64 banks");

struct hyperv_machine {
	struct tw_host *host;
	struct tw_host bare;	   /* the host as bare left it: what we fall back to */
	uint32_t eax, edx, hints;  /* leaves 3 and 4 */
	uint32_t spin_limit;	   /* leaf 4 EBX: spins before telling; HV_SPIN_NEVER: do not */
	void *page;		   /* the hypercall page; NULL: no hypercalls */
	struct hyperv_cpu *cpu;	   /* by CPU index; NULL without the APIC */
	uint64_t cpu_pa;
	struct hyperv_input *input; /* by CPU index */
	uint64_t input_pa;
	uint32_t vp[TW_MAX_CPUS];  /* VP index by CPU, known once the CPU is up (H-11) */
};
extern struct hyperv_machine hyperv;

static inline void hyperv_count(enum hyperv_native call)
{
	tw_native_count(hyperv.host, call);
}

/* Physical address of something in hyperv.cpu. */
static inline uint64_t hyperv_pa(const void *p)
{
	return hyperv.cpu_pa + (uint64_t)((const char *)p - (const char *)hyperv.cpu);
}

/* host_call.c */

/* Make hypercalls possible; false where they are not offered. */
bool hyperv_call_init(void);
/* Interrupt, TLB and spin members of hyperv.host, by hypercall. */
void hyperv_ipi_init(void);

/* host_apic.c */

/* End of interrupt and IPIs by the synthetic APIC registers. */
void hyperv_apic_init(void);
void hyperv_apic_cpu(unsigned int cpu);

/* host_time.c */

/* The TSC's frequency by MSR, Hz, 0: not offered. */
uint64_t hyperv_tsc_hz(void);
/* The reference clock; time members of hyperv.host. */
void hyperv_time_init(void);
/* Reference time (100 ns) at which the neutral clock reads at least ns: rounded up (H-3). */
uint64_t hyperv_reference_at(uint64_t ns);
/* The reference TSC page can be used at the moment. */
bool hyperv_tsc_page_valid(void);
/* The same as its sequence; 0: it can not. */
uint32_t hyperv_tsc_sequence(void);
/* Reference time (100 ns) of a TSC value by the page; false when that is not valid. */
bool hyperv_time_by_page(uint64_t tsc, uint64_t *time);

/* host_follow.c: tw_host.clock_told. */
bool hyperv_clock_told(struct tw_clock *line);

/* host_timer.c */

void hyperv_timer_init(void);
void hyperv_timer_cpu(unsigned int cpu);

/* host_power.c */

void hyperv_power_init(void);

#endif /* TRANSLATORS_HYPERV_HOST_H */
