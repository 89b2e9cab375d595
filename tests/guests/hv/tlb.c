/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Flushes by hypercall (TLFS 9.4) under concurrent remapping: while VPs read through a mapping, one VP
 * changes it, flushes and publishes the change: nobody may read older contents afterwards. Every form of
 * the call, page by page, to every subset of the VPs, and all VPs as writers at once. A flush that misses a
 * VP is seen at once, since the frames that were mapped before keep their older contents.
 */
#include "hv.h"
#include "wait.h"

#define FRAMES 8
#define ROUNDS 10

static volatile uint64_t frames[MAX_CPUS][FRAMES][512] PAGE_ALIGNED;
static volatile uint64_t published[MAX_CPUS];
static volatile bool stop;
static volatile uint64_t reads[MAX_CPUS];

enum form { SPACE, SPACE_ALL, LIST, LIST_XMM, SPACE_EX, LIST_EX, LIST_EX_ALL, FORMS };

static const char *const names[] = { "space",	 "space, all VPs", "list",	  "list by XMM",
				     "space ex", "list ex",	   "list ex, all" };

static uint64_t flush(enum form form, unsigned int page)
{
	uint64_t *w = hypercall_input(), address = (uint64_t)window(page);
	const uint64_t reps = 1ull << HV_CONTROL_COUNT_SHIFT, var = 1ull << HV_CONTROL_VAR_SHIFT;

	w[0] = read_cr3();
	w[1] = form == SPACE_ALL ? HV_FLUSH_ALL_PROCESSORS : 0;
	w[2] = ~0ull;
	switch (form) {
	case SPACE:
	case SPACE_ALL:
		return hypercall_slow(HV_CALL_FLUSH_SPACE);
	case LIST:
		w[3] = address;
		return hypercall_slow(HV_CALL_FLUSH_LIST | reps) & 0xffff;
	case LIST_XMM: {
		uint64_t xmm[14] = { w[0], w[1], w[2], address };

		return hypercall_xmm(HV_CALL_FLUSH_LIST | reps, xmm) & 0xffff;
	}
	case SPACE_EX:
	case LIST_EX:
		w[2] = HV_SET_SPARSE;
		w[3] = 1;
		w[4] = ~0ull;
		w[5] = address;
		return hypercall_slow(form == LIST_EX ? HV_CALL_FLUSH_LIST_EX | reps | var
						      : HV_CALL_FLUSH_SPACE_EX | var) &
		       0xffff;
	default:
		w[2] = HV_SET_ALL;
		w[3] = 0;
		w[4] = address;
		return hypercall_slow(HV_CALL_FLUSH_LIST_EX | reps) & 0xffff;
	}
}

/* Map the next frame at the page of this writer, with a newer number in it. */
static void remap(unsigned int page, uint64_t number)
{
	volatile uint64_t *frame = frames[page][number % FRAMES];

	frame[0] = number;
	window_map(page, (uint64_t)frame | 3);
}

static void read_all(void)
{
	for (unsigned int page = 0; page < cpus; page++) {
		uint64_t want = published[page], seen = window(page)[0];

		if (seen < want)
			fail("CPU %u reads %lu at page %u, where %lu was mapped", this_cpu()->index, seen, page,
			     want);
	}
	reads[this_cpu()->index]++;
}

static void reader(void *unused)
{
	while (!stop)
		read_all();
}

static void writer(unsigned int page, enum form form, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		uint64_t number = published[page] + 1;

		remap(page, number);
		expect(flush(form, page), HV_SUCCESS, names[form]);
		published[page] = number;
		read_all();
	}
}

static void start(void)
{
	for (unsigned int page = 0; page < cpus; page++) {
		published[page] = 0;
		for (unsigned int i = 0; i < FRAMES; i++)
			frames[page][i][0] = 0;
		remap(page, 1);
	}
	flush_all();
	stop = false;
}

/* The readers prove first that this machine keeps translations: else nothing is shown here. */
CASE(one_writer, "one VP remaps, the others read")
{
	for (enum form form = 0; form < FORMS; form++) {
		if (form == LIST_XMM && !hv_offers_edx(HV_EDX_XMM_INPUT))
			continue;
		start();
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			reads[cpu] = 0;
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			smp_call(cpu, reader, NULL);
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			if (!WAIT(reads[cpu]))
				error("CPU %u does not read", cpu);
		writer(0, form, ROUNDS);
		stop = true;
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			smp_wait(cpu);
	}
}

/* Each VP by every form, and each begins with another one. */
static void write_own(void *unused)
{
	unsigned int me = this_cpu()->index;

	for (unsigned int i = 0; i < FORMS; i++) {
		enum form form = (me + i) % FORMS;

		if (form != LIST_XMM || hv_offers_edx(HV_EDX_XMM_INPUT))
			writer(me, form, 3);
	}
}

CASE(all_writers, "all VPs remap and flush at once")
{
	start();
	smp_all(write_own, NULL);
}

static void write_masked(void *unused)
{
	irq_off();
	write_own(NULL);
	irq_on();
}

/* A VP that waits with interrupts off, for instance for a lock, must be flushed all the same. */
CASE(interrupts_off, "all VPs with interrupts off")
{
	start();
	smp_all(write_masked, NULL);
}

static volatile bool halted;

static void halt(void *unused)
{
	halted = true;
	while (!stop)
		__asm__ volatile("hlt" ::: "memory");
	read_all();
}

CASE(idle, "a VP that halts is flushed, too")
{
	unsigned int cpu = cpus - 1;

	if (cpus == 1) {
		skip("one CPU");
		return;
	}
	start();
	halted = false;
	smp_run(cpu, (void (*)(void *))read_all, NULL);
	smp_call(cpu, halt, NULL);
	if (!WAIT(halted))
		error("CPU %u does not halt", cpu);
	writer(0, SPACE, ROUNDS);
	stop = true;
	apic_send(cpu_at(cpu)->apic_id, 0x4021);
	smp_wait(cpu);
}

static volatile uint64_t seen_by[MAX_CPUS], vp_of[MAX_CPUS];

static void look(void *unused)
{
	seen_by[this_cpu()->index] = window(0)[0];
	vp_of[this_cpu()->index] = rdmsr(HV_MSR_VP_INDEX);
}

/* Flush these CPUs only: as a mask, or as a sparse set with a bank behind of VPs that do not exist. */
static uint64_t flush_some(uint64_t set, bool ex)
{
	uint64_t *w = hypercall_input(), vps = 0;

	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (set >> cpu & 1)
			vps |= 1ull << vp_of[cpu];
	w[0] = read_cr3();
	w[1] = 0;
	w[2] = ex ? HV_SET_SPARSE : vps;
	w[3] = 1ull << 40 | 1;
	w[4] = vps;
	w[5] = ~0ull;
	return hypercall_slow(ex ? HV_CALL_FLUSH_SPACE_EX | 2ull << HV_CONTROL_VAR_SHIFT : HV_CALL_FLUSH_SPACE);
}

/* Its members must read what is new; what the others read is nobody's promise. */
static void check_subset(uint64_t set, bool ex)
{
	start();
	smp_all(look, NULL);
	remap(0, 2);
	expect(flush_some(set, ex), HV_SUCCESS, "a flush of some");
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (!(set >> cpu & 1))
			continue;
		smp_run(cpu, look, NULL);
		if (seen_by[cpu] != 2)
			fail("set 0x%lx: CPU %u reads what was there before", set, cpu);
	}
}

CASE(subsets, "every subset of the VPs")
{
	for (uint64_t set = 1; set < 1ull << cpus; set++) {
		check_subset(set, false);
		check_subset(set, true);
	}
}

/* A list with everything in it; a start that is not the first element. */
CASE(lists, "long lists")
{
	uint64_t *w = hypercall_input();

	w[0] = read_cr3();
	w[1] = HV_FLUSH_ALL_PROCESSORS;
	w[2] = 0;
	for (unsigned int i = 0; i < 509; i++)
		w[3 + i] = (uint64_t)window(0) | 0xfff; /* 4096 pages each */
	expect(hypercall_slow(HV_CALL_FLUSH_LIST | 509ull << HV_CONTROL_COUNT_SHIFT),
	       509ull << HV_RESULT_REPS_SHIFT, "509 ranges");
	expect(hypercall_slow(HV_CALL_FLUSH_LIST | 509ull << HV_CONTROL_COUNT_SHIFT |
			      508ull << HV_CONTROL_START_SHIFT),
	       509ull << HV_RESULT_REPS_SHIFT, "the last of 509");
}
