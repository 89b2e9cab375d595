/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the table of hypercalls: sequences of any calls with any arguments on several vCPUs,
 * over guest memory that is hostile too. Besides memory errors it checks what holds for all calls:
 * only frames of the guest reach the machinery (the mocks look), a frame that was given back is not
 * written until it is handed out again, calls that only read leave memory as it is, and a page-table
 * update changes its own entry only.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

#include <xen/memory.h>
#include <xen/sched.h>

#define VCPUS	3
#define VA	0xffffc90000000000ull /* mapped by page tables in guest memory */
#define BYTES	(MOCK_PAGES * TW_PAGE_SIZE)
#define KEPT	63 /* frame of the console ring: the guest cannot give it back */
#define SCRATCH (MOCK_VA + 1024) /* arguments are put here */
#define P_W_U	7ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *p;
	size_t left;
} in;

static uint8_t before[BYTES];
static uint64_t m2p_before[MOCK_PAGES];

static uint8_t byte(void)
{
	if (!in.left)
		return 0;
	in.left--;
	return *in.p++;
}

/* Values that calls care about: frames, machine addresses, guest addresses, borders. */
static uint64_t value(void)
{
	uint8_t how = byte(), n = byte();
	uint64_t raw = 0;

	switch (how & 15) {
	case 0:
	case 1:
		return n;
	case 2:
		return MOCK_MFN - 1 + n % (MOCK_PAGES + 2);
	case 3: /* an entry of a page, with a command in its low bits */
		return (MOCK_MFN + n % MOCK_PAGES) << 12 | (how >> 4 & 7) << 9 | (how >> 7) << 1;
	case 4:
		return (MOCK_MFN + n % MOCK_PAGES) << 12 | P_W_U | (how & 0xe0);
	case 5:
		return SCRATCH + (n & 0x1f) * 16;
	case 6:
		return MOCK_VA + n * 1024ull + (how >> 4);
	case 7: /* the last bytes that are mapped, and behind */
		return MOCK_VA + mock_mapped - 128 + n;
	case 8:
		return ~0ull - n;
	case 9:
		return (uint64_t)n << (how >> 4) * 4;
	case 10:
		return DOMID_SELF;
	case 11:
		return VA + n * 4096ull;
	case 12:
		return 1ull << (n & 63);
	case 13:
		return (uint64_t)n << 32 | how >> 4;
	case 14:
		for (unsigned int i = 0; i < 8; i++)
			raw = raw << 8 | byte();
		return raw;
	}
	return (MOCK_MFN + n % MOCK_PAGES) << 12 | 8;
}

/* Put words where calls find their arguments; a frame that was given back cannot be written. */
static void write_memory(void)
{
	uint64_t va = byte() & 1 ? SCRATCH : MOCK_VA + byte() * 1024ull, word;

	for (unsigned int n = byte() % 16; n; n--, va += 8) {
		word = value();
		tw_copy_to_guest(va, &word, sizeof(word));
	}
}

/* Arguments that make sense: what a guest does on its way to the rarer states. */
static void put_likely(uint64_t *nr, uint64_t *a)
{
	uint64_t w[16] = {0};
	unsigned int i;

	a[1] = SCRATCH;
	switch (byte() % 6) {
	case 0: /* the balloon: struct xen_memory_reservation and its list */
		*nr = __HYPERVISOR_memory_op;
		a[0] = byte() & 1 ? XENMEM_populate_physmap : XENMEM_decrease_reservation;
		w[0] = SCRATCH + 64;
		w[1] = byte() % 8;
		w[2] = (uint64_t)DOMID_SELF << 32;
		for (i = 8; i < 16; i++)
			w[i] = MOCK_MFN + byte() % MOCK_PAGES;
		break;
	case 1: /* areas that the shim writes to, and whole contexts */
	case 2:
		*nr = __HYPERVISOR_vcpu_op;
		a[0] = byte() % 14;
		a[1] = byte() % VCPUS;
		a[2] = SCRATCH;
		w[0] = byte() & 1 ? MOCK_MFN + byte() % MOCK_PAGES : MOCK_VA + byte() * 1024ull;
		w[1] = byte() * 16ull;
		break;
	case 3:
		*nr = __HYPERVISOR_mmuext_op;
		a[0] = SCRATCH;
		a[1] = 1;
		a[2] = 0;
		a[3] = DOMID_SELF;
		w[0] = byte() % 22;
		w[1] = value();
		w[2] = value();
		break;
	case 4:
		*nr = __HYPERVISOR_event_channel_op;
		a[0] = byte() % 14;
		w[0] = byte() & 1 ? DOMID_SELF : byte() % 32;
		w[1] = byte() % 4;
		break;
	case 5: /* two calls in one */
		*nr = __HYPERVISOR_multicall;
		a[0] = SCRATCH;
		a[1] = 2;
		for (i = 0; i < 16; i++)
			w[i] = i % 8 ? value() : byte() % 42;
	}
	tw_copy_to_guest(SCRATCH, w, sizeof(w));
}

/* Whatever waits is woken: an event, time, and for a vCPU that is down the call that starts it. */
static void wake(void)
{
	struct xen_vcpu *v = xen_vcpus[mock_cpu];

	v->hw->upcall->pending = 1;
	v->hw->upcall->mask = 0;
	v->up = true;
	mock_tsc += 1000;
}

static void ipi_self(uint8_t vector)
{
}

static void make_tables(void)
{
	uint64_t mfn = MOCK_MFN + 48;
	uint64_t *table = tw_guest_frame(mfn);

	mock_cr[3] = mfn << 12;
	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		table[VA >> shift & 511] = ++mfn << 12 | P_W_U;
		table = tw_guest_frame(mfn);
	}
	for (unsigned int i = 0; i < 64; i++)
		table[i] = (MOCK_MFN + i) << 12 | P_W_U;
}

static void start(void)
{
	mock_xen_reset(VCPUS);
	mock_on_halt = wake;
	tw_host.ipi_self = ipi_self;
	xen_vcpus[2]->up = xen_vcpus[2]->initialised = false;
	xen_domain.console = tw_guest_frame(MOCK_MFN + KEPT);
	xen_grant_init(MOCK_MFN + 40, 4);
	make_tables();
}

/* Does the shim write into guest memory of its own accord (registered areas)? */
static bool areas(void)
{
	for (unsigned int i = 0; i < VCPUS; i++)
		if (xen_vcpus[i]->info_registered || xen_vcpus[i]->runstate_va ||
		    xen_vcpus[i]->time_area)
			return true;
	return false;
}

/* How many bytes a call may change; ~0 where the fuzzer does not know. */
static uint64_t may_change(uint64_t nr, const uint64_t *a)
{
	switch (nr) {
	case __HYPERVISOR_mmu_update:
		return (uint32_t)a[1] << 1 == 2 ? 12 : ~0ull; /* one entry, and the count done */
	case __HYPERVISOR_update_va_mapping:
	case __HYPERVISOR_update_descriptor:
		return 8;
	case __HYPERVISOR_memory_op:
	case __HYPERVISOR_multicall:
	case __HYPERVISOR_xen_version:
	case __HYPERVISOR_console_io:
	case __HYPERVISOR_grant_table_op:
	case __HYPERVISOR_vcpu_op:
	case __HYPERVISOR_mmuext_op:
	case __HYPERVISOR_event_channel_op:
		return ~0ull;
	}
	return 0;
}

static void check_memory(uint64_t limit)
{
	const uint8_t *now = mock_guest_at(MOCK_VA);
	uint64_t changed = 0;

	for (unsigned int f = 0; f < MOCK_PAGES; f++) {
		const uint8_t *was = before + f * TW_PAGE_SIZE, *is = now + f * TW_PAGE_SIZE;

		if (!memcmp(was, is, TW_PAGE_SIZE))
			continue;
		/* Neither the guest's before nor after: nobody writes there. */
		if (m2p_before[f] == ~0ull && mock_m2p[f] == ~0ull)
			abort();
		for (unsigned int i = 0; i < TW_PAGE_SIZE; i++)
			changed += was[i] != is[i];
	}
	if (limit != ~0ull && !areas() && changed > limit)
		abort();
}

static void call(void)
{
	uint64_t nr = byte(), a[5];
	struct xen_vcpu *v = xen_vcpus[byte() % VCPUS];
	long rc;

	for (unsigned int i = 0; i < 5; i++)
		a[i] = i == 4 ? 0 : value();
	if (nr >= 128) /* 48 to 127: mostly calls that exist */
		put_likely(&nr, a);
	else if (nr >= 50)
		nr %= resident_guest->calls_count;
	mock_cpu = v->id;
	memcpy(before, mock_guest_at(MOCK_VA), BYTES);
	memcpy(m2p_before, mock_m2p, sizeof(mock_m2p));
	if (nr >= resident_guest->calls_count) {
		rc = ((long (*)(uint64_t))(uintptr_t)resident_guest->unknown)(nr);
		if (rc != -XEN_ENOSYS)
			abort();
		return;
	}
	rc = ((xen_call_fn *)(uintptr_t)resident_guest->calls[nr])(a[0], a[1], a[2], a[3], a[4], v);
	if (rc < 0 && rc < -4095 && nr != __HYPERVISOR_get_debugreg)
		abort(); /* neither a result nor an error of Xen's */
	check_memory(may_change(nr, a));
}

/* Frames that were given back are remembered in the guest side: fetch them all. */
static void deflate(void)
{
	uint64_t va = MOCK_VA + KEPT * TW_PAGE_SIZE;
	struct xen_memory_reservation *r = mock_guest_at(va);
	uint64_t *list = mock_guest_at(va + 64);
	long n;

	do {
		mock_mapped = BYTES;
		*r = (struct xen_memory_reservation){.nr_extents = 64, .domid = DOMID_SELF};
		r->extent_start.p = (xen_pfn_t *)(va + 64);
		for (unsigned int i = 0; i < 64; i++)
			list[i] = i;
		n = xen_memory_op(XENMEM_populate_physmap, va, 0, 0, 0, xen_vcpus[0]);
	} while (n > 0);
	for (unsigned int f = 0; f < MOCK_PAGES; f++)
		if (mock_m2p[f] == ~0ull)
			abort(); /* lost */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in.p = data;
	in.left = size;
	start();
	if (!mock_ends()) { /* a call may end the guest */
		while (in.left) {
			switch (byte() % 8) {
			case 0:
			case 1:
			case 2:
				write_memory();
				break;
			case 3:
				mock_mapped = BYTES - byte() * 512ull;
				break;
			case 4: {
				struct xen_vcpu *v = xen_vcpus[mock_cpu];

				v->hw->guest = (uint64_t)v;
				xen_write_fault(value(), v->hw);
				break;
			}
			case 5: /* from an interrupt */
				xen_event_raise(byte());
				xen_timer_fired(mock_cpu);
				break;
			default:
				call();
			}
		}
	}
	deflate();
	return 0;
}
