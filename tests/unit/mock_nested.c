/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* See mock_nested.h. What both modes have (tw_guest_end, the ledger) is mock_xen.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_nested.h"
#include "twoway/ledger.h"

struct nested_vcpu nested_vcpus[TW_MAX_CPUS];
unsigned int nested_cpus;
uint64_t nested_exit_cost, nested_apic_hz;
bool nested_test_device;

static struct nested_regs regs[TW_MAX_CPUS];
static uint8_t ram[MOCK_NESTED_BYTES] __attribute__((aligned(4096)));

struct placed {
	uint64_t gpa;
	void *page;
};
static struct placed overlays[512];
static unsigned int overlay_count;
static void *pages[512];
static unsigned int page_count;

unsigned int mock_apic[TW_MAX_CPUS][256], mock_direct[TW_MAX_CPUS][256];
unsigned int mock_nested_kicks[TW_MAX_CPUS];
unsigned int mock_eois, mock_idles;
uint32_t mock_tpr;
bool mock_enters;
uint64_t mock_icr;
unsigned int mock_flushes;
uint64_t mock_flush_cpus;
uint64_t mock_xmm[12];
unsigned int mock_yields;
uint64_t mock_timer_ns;
unsigned int mock_timer_sets, mock_timer_stops;

static void timer_set(uint64_t ns)
{
	mock_timer_ns = ns;
	mock_timer_sets++;
}

static void timer_stop(void)
{
	mock_timer_ns = 0;
	mock_timer_stops++;
}

static void yield(void)
{
	mock_yields++;
}

void mock_nested_reset(unsigned int cpus)
{
	mock_reset();
	mock_tsc_step = 0;
	mock_tsc = 0;
	while (page_count)
		free(pages[--page_count]);
	overlay_count = 0;
	memset(ram, 0, sizeof(ram));
	memset(regs, 0, sizeof(regs));
	memset(mock_apic, 0, sizeof(mock_apic));
	memset(mock_direct, 0, sizeof(mock_direct));
	memset(mock_nested_kicks, 0, sizeof(mock_nested_kicks));
	memset(mock_xmm, 0, sizeof(mock_xmm));
	mock_eois = mock_idles = mock_flushes = mock_yields = mock_timer_sets = mock_timer_stops =
		0;
	mock_tpr = 0;
	mock_enters = true;
	mock_icr = mock_flush_cpus = mock_timer_ns = 0;
	mock_missing = 0;
	nested_cpus = cpus;
	nested_exit_cost = 5000;
	nested_apic_hz = 1000000000;
	nested_test_device = false;
	tw_host = (struct tw_host){
		.cpus = cpus, .timer_set = timer_set, .timer_stop = timer_stop, .yield = yield
	};
	tw_clock_scale(&tw_host.clock, 1000000000);
	tw_host.line = &tw_host.clock;
	tw_host.clock.stable = true;
	for (unsigned int i = 0; i < cpus; i++) {
		tw_host.apic_id[i] = i * 2;
		regs[i] = (struct nested_regs){ .cr0 = 0x80000001, .long_mode = true };
		nested_vcpus[i] = (struct nested_vcpu){ i, &regs[i], tw_ledger_calls(i) };
	}
}

void *nested_pages(unsigned int n)
{
	void *p = aligned_alloc(4096, n * 4096ul);

	if (!p || page_count == sizeof(pages) / sizeof(pages[0]))
		abort();
	memset(p, 0, n * 4096ul);
	pages[page_count++] = p;
	return p;
}

void *nested_overlay_pages(unsigned int n)
{
	return nested_pages(n);
}

void *nested_gpa(uint64_t gpa, unsigned int bytes)
{
	if (gpa >= MOCK_NESTED_BYTES || !bytes || bytes > 4096 - (gpa & 4095))
		return NULL;
	for (unsigned int i = overlay_count; i-- > 0;)
		if (overlays[i].gpa == (gpa & ~4095ull))
			return (uint8_t *)overlays[i].page + (gpa & 4095);
	return ram + gpa;
}

void *mock_nested_at(uint64_t gpa)
{
	void *p = nested_gpa(gpa, 1);

	if (!p)
		abort();
	return p;
}

void *mock_nested_ram(uint64_t gpa)
{
	return ram + gpa;
}

bool nested_overlay_place(uint64_t gpa, void *page, enum nested_overlay_access access)
{
	if (gpa & 4095 || overlay_count == sizeof(overlays) / sizeof(overlays[0])) {
		fprintf(stderr, "nested_overlay_place: not a page, or overlays leak\n");
		abort();
	}
	if (gpa >= MOCK_NESTED_BYTES)
		return false;
	overlays[overlay_count++] = (struct placed){ gpa, page };
	return true;
}

void nested_overlay_remove(uint64_t gpa, void *page)
{
	for (unsigned int i = 0; i < overlay_count; i++) {
		if (overlays[i].gpa != gpa || overlays[i].page != page)
			continue;
		overlay_count--;
		memmove(&overlays[i], &overlays[i + 1], (overlay_count - i) * sizeof(overlays[0]));
		return;
	}
	fprintf(stderr, "nested_overlay_remove: it is not there\n");
	abort();
}

void nested_interrupt(unsigned int cpu, uint8_t vector)
{
	if (cpu >= nested_cpus || vector < 16)
		abort();
	mock_apic[cpu][vector]++;
}

void nested_interrupt_no_apic(struct nested_vcpu *v, uint8_t vector)
{
	if (vector < 16)
		abort();
	mock_direct[v->cpu][vector]++;
}

bool nested_interrupt_first(struct nested_vcpu *v, uint8_t vector)
{
	if (mock_enters)
		nested_interrupt_no_apic(v, vector);
	return mock_enters;
}

void nested_kick(unsigned int cpu)
{
	mock_nested_kicks[cpu]++;
}

void nested_apic_eoi(struct nested_vcpu *v)
{
	mock_eois++;
}

uint32_t nested_apic_tpr(struct nested_vcpu *v)
{
	return mock_tpr;
}

void nested_apic_set_tpr(struct nested_vcpu *v, uint32_t tpr)
{
	mock_tpr = tpr;
}

uint64_t nested_apic_icr(struct nested_vcpu *v)
{
	return mock_icr;
}

void nested_apic_set_icr(struct nested_vcpu *v, uint64_t icr)
{
	mock_icr = icr;
}

void nested_tlb_flush(uint64_t cpus)
{
	mock_flushes++;
	mock_flush_cpus = cpus;
}

void nested_idle(struct nested_vcpu *v)
{
	mock_idles++;
}

uint64_t nested_runtime_ns(unsigned int cpu)
{
	return 12345678;
}

void nested_trap_port(uint16_t port)
{
}

void nested_xmm_read(uint64_t xmm[12])
{
	memcpy(xmm, mock_xmm, sizeof(mock_xmm));
}
