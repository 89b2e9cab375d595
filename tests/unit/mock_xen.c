/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* See mock_xen.h. The weak definitions stand for guest.c where a test does not link it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

__attribute__((weak)) struct xen_domain xen_domain;
__attribute__((weak)) struct xen_vcpu *xen_vcpus[TW_MAX_CPUS];

static uint8_t memory[MOCK_PAGES * TW_PAGE_SIZE] __attribute__((aligned(4096)));
static size_t allocated;
uint64_t mock_mapped, mock_m2p[MOCK_PAGES];

static struct shared_info shared;
static struct xen_vcpu vcpus[TW_MAX_CPUS];
static struct tw_vcpu hw[TW_MAX_CPUS];
static uint64_t rsp0[TW_MAX_CPUS];
static uint64_t counters[TW_MAX_CPUS][TW_LEDGER_CALLS];

unsigned int mock_cpu, mock_kicks[TW_MAX_CPUS];
uint64_t mock_timer, mock_steal[TW_MAX_CPUS], mock_utc;
unsigned int mock_timer_calls;
void (*mock_on_halt)(void);
unsigned int mock_host_halts, mock_host_yields, mock_nmis[TW_MAX_CPUS];
char mock_console[65536];
size_t mock_console_len;
static char typed[65536];
static size_t typed_len, typed_read;
unsigned int mock_missing;
uint32_t mock_missing_nr, mock_missing_sub;
jmp_buf mock_end_env;
const char *mock_end_reason;

/* --- guest memory --- */

/* Where the mapping of offset's frame ends; a frame that the guest gave back is not mapped. */
static uint64_t mapped_end(uint64_t offset)
{
	uint64_t end = (offset | ~TW_PAGE_MASK) + 1;

	if (offset >= mock_mapped || mock_m2p[offset / TW_PAGE_SIZE] == ~0ull)
		return offset;
	return end < mock_mapped ? end : mock_mapped;
}

/* How many of n bytes from va on are mapped, and where they are. */
static uint64_t mapped(uint64_t va, uint64_t n, uint8_t **at)
{
	uint64_t offset = va - MOCK_VA, end = offset;

	if (va < MOCK_VA)
		return 0;
	while (end - offset < n && mapped_end(end) > end)
		end = mapped_end(end);
	if (end > offset)
		*at = memory + offset;
	return n < end - offset ? n : end - offset;
}

uint64_t tw_copy_from_guest(void *to, uint64_t from, uint64_t n)
{
	uint8_t *at;
	uint64_t can = mapped(from, n, &at);

	if (can)
		memcpy(to, at, can);
	return n - can;
}

uint64_t tw_copy_to_guest(uint64_t to, const void *from, uint64_t n)
{
	uint8_t *at;
	uint64_t can = mapped(to, n, &at);

	if (can)
		memcpy(at, from, can);
	return n - can;
}

void *tw_guest_frame(uint64_t mfn)
{
	if (mfn < MOCK_MFN || mfn >= MOCK_MFN + MOCK_PAGES || mock_m2p[mfn - MOCK_MFN] == ~0ull)
		return NULL;
	return memory + (mfn - MOCK_MFN) * TW_PAGE_SIZE;
}

void tw_guest_frame_number(uint64_t mfn, uint64_t pfn)
{
	if (mfn < MOCK_MFN || mfn >= MOCK_MFN + MOCK_PAGES) {
		fprintf(stderr, "tw_guest_frame_number: frame %#llx was never the guest's\n",
			(unsigned long long)mfn);
		abort();
	}
	mock_m2p[mfn - MOCK_MFN] = pfn;
}

uint64_t tw_guest_va_to_pa(uint64_t va)
{
	uint8_t *at;

	return mapped(va, 1, &at) ? MOCK_MFN * TW_PAGE_SIZE + (va - MOCK_VA) : ~0ull;
}

uint64_t mock_guest_alloc(size_t n)
{
	uint64_t va = MOCK_VA + allocated;

	allocated += (n + 15) & ~(size_t)15;
	if (allocated > sizeof(memory)) {
		fprintf(stderr,
			"mock_guest_alloc: the guest's memory is too small for this test\n");
		abort();
	}
	return va;
}

uint64_t mock_guest_put(const void *data, size_t n)
{
	uint64_t va = mock_guest_alloc(n);

	memcpy(mock_guest_at(va), data, n);
	return va;
}

void *mock_guest_at(uint64_t va)
{
	return memory + (va - MOCK_VA);
}

/* --- the host side --- */

static void timer_set(uint64_t expiry)
{
	mock_timer = expiry;
	mock_timer_calls++;
}

static void wake(unsigned int cpu)
{
	mock_kicks[cpu]++;
}

static void timer_stop(void)
{
	mock_timer = 0;
	mock_timer_calls++;
}

static uint64_t steal_ns(unsigned int cpu)
{
	return mock_steal[cpu];
}

static void host_halt(void)
{
	mock_host_halts++;
	if (!mock_on_halt) {
		fprintf(stderr, "halt: nothing will wake this CPU\n");
		abort();
	}
	mock_if = true;
	mock_on_halt();
}

static void host_yield(void)
{
	mock_host_yields++;
}

static void host_ipi_nmi(unsigned int cpu)
{
	mock_nmis[cpu]++;
}

static uint64_t wallclock_ns(void)
{
	return mock_utc;
}

static void console_write(const char *s, size_t n)
{
	if (n > sizeof(mock_console) - mock_console_len)
		n = sizeof(mock_console) - mock_console_len;
	memcpy(mock_console + mock_console_len, s, n);
	mock_console_len += n;
}

static size_t console_read(char *s, size_t n)
{
	if (n > typed_len - typed_read)
		n = typed_len - typed_read;
	memcpy(s, typed + typed_read, n);
	typed_read += n;
	return n;
}

void mock_console_type(const char *s, size_t n)
{
	if (n > sizeof(typed) - typed_len)
		abort();
	memcpy(typed + typed_len, s, n);
	typed_len += n;
}

size_t mock_console_waiting(void)
{
	return typed_len - typed_read;
}

/* --- the shim --- */

unsigned int tw_cpu(void)
{
	return mock_cpu;
}

void tw_kick(unsigned int cpu)
{
	if (cpu == mock_cpu) {
		fprintf(stderr, "tw_kick: a CPU kicks itself\n");
		abort();
	}
	mock_kicks[cpu]++;
}

unsigned int mock_kicks_total(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < TW_MAX_CPUS; i++)
		n += mock_kicks[i];
	return n;
}

void tw_ledger_missing(const char *name, uint32_t nr, uint32_t sub)
{
	mock_missing++;
	mock_missing_nr = nr;
	mock_missing_sub = sub;
}

uint64_t *tw_ledger_calls(unsigned int cpu)
{
	return counters[cpu];
}

__attribute__((weak)) long xen_missing(const char *name, uint32_t nr, uint32_t sub)
{
	tw_ledger_missing(name, nr, sub);
	return -XEN_ENOSYS;
}

void tw_guest_end(const char *reason)
{
	mock_end_reason = reason;
	longjmp(mock_end_env, 1);
}

void mock_xen_reset(unsigned int count)
{
	unsigned int i;

	mock_reset();
	mock_tsc = 0;
	mock_tsc_step = 0;
	memset(&tw_host, 0, sizeof(tw_host));
	tw_host = (struct tw_host){.name = "mock",
				   .title = "mock host",
				   .cpus = count,
				   .wake = wake,
				   .timer_set = timer_set,
				   .timer_stop = timer_stop,
				   .steal_ns = steal_ns,
				   .wallclock_ns = wallclock_ns,
				   .halt = host_halt,
				   .yield = host_yield,
				   .ipi_nmi = host_ipi_nmi,
				   .console_write = console_write,
				   .console_read = console_read};
	tw_clock_scale(&tw_host.clock, TW_NS_PER_S);
	tw_host.line = &tw_host.clock;
	tw_host.clock.tsc_hz = TW_NS_PER_S;

	memset(memory, 0, sizeof(memory));
	mock_ram_at(MOCK_MFN << TW_PAGE_SHIFT, memory, sizeof(memory));
	for (i = 0; i < MOCK_PAGES; i++)
		mock_m2p[i] = i;
	allocated = 0;
	mock_mapped = sizeof(memory);
	memset(&shared, 0, sizeof(shared));
	memset(vcpus, 0, sizeof(vcpus));
	memset(hw, 0, sizeof(hw));
	memset(counters, 0, sizeof(counters));
	memset(mock_kicks, 0, sizeof(mock_kicks));
	memset(mock_steal, 0, sizeof(mock_steal));
	memset(mock_nmis, 0, sizeof(mock_nmis));
	memset(xen_vcpus, 0, sizeof(xen_vcpus));
	memset(&mock_resident, 0, sizeof(mock_resident));
	mock_cpu = 0;
	mock_timer = mock_utc = 0;
	mock_timer_calls = mock_missing = 0;
	mock_host_halts = mock_host_yields = 0;
	mock_on_halt = NULL;
	mock_console_len = typed_len = typed_read = 0;
	mock_end_reason = NULL;

	xen_domain =
	    (struct xen_domain){.shared = &shared,
				.max_pages = MOCK_PAGES,
				.max_mfn = MOCK_MFN + MOCK_PAGES - 1,
				.vcpus = count};
	for (i = 0; i < count; i++) {
		vcpus[i] = (struct xen_vcpu){.hw = &hw[i],
					     .id = i,
					     .up = true,
					     .initialised = true,
					     .info = &shared.vcpu_info[i % XEN_LEGACY_MAX_VCPUS],
					     .calls = counters[i]};
		hw[i].upcall = (struct tw_upcall *)&vcpus[i].info->evtchn_upcall_pending;
		hw[i].cr2 = (uint64_t *)&vcpus[i].info->arch.cr2;
		hw[i].cpu = i;
		hw[i].tss_rsp0 = &rsp0[i];
		xen_vcpus[i] = &vcpus[i];
	}
	xen_event_init();
}
