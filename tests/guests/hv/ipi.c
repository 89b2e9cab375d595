/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * HvCallSendSyntheticClusterIpi and its Ex form (TLFS 10.5): every subset of the VPs gets the vector
 * exactly once, and nobody else does; by registers, by XMM and by memory; from every VP. VPs that do not
 * exist are ignored, empty sets are nothing to do (TLFS 7.8.7.3).
 */
#include "hv.h"
#include "wait.h"

#define VECTOR 0x45

static uint64_t all(void)
{
	return (1ull << cpus) - 1;
}

static uint32_t got[MAX_CPUS];

static void remember(void)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		got[cpu] = cpu_at(cpu)->counts[VECTOR];
}

/* VP indexes equal CPU numbers here only when APIC ids ascend, so go by the index. */
static unsigned int vp_of[MAX_CPUS];

static void learn(void *unused)
{
	vp_of[this_cpu()->index] = (unsigned int)rdmsr(HV_MSR_VP_INDEX);
}

/* The VPs of the set took it once more, then nothing else came. */
static void check(uint64_t set, unsigned int times, const char *what)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		uint32_t want = got[cpu] + (set >> vp_of[cpu] & 1 ? times : 0);

		if (!WAIT(cpu_at(cpu)->counts[VECTOR] >= want))
			fail("%s: set 0x%lx: VP %u got nothing", what, set, vp_of[cpu]);
	}
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (cpu_at(cpu)->counts[VECTOR] !=
		    got[cpu] + (set >> vp_of[cpu] & 1 ? times : 0))
			fail("%s: set 0x%lx: VP %u got %u too many", what, set, vp_of[cpu],
			     cpu_at(cpu)->counts[VECTOR] - got[cpu]);
}

enum way { FAST, SLOW, EX_SLOW, EX_XMM, WAYS };

static uint64_t send(enum way way, uint64_t set)
{
	uint64_t *words = hypercall_input(), xmm[14] = { VECTOR, HV_SET_SPARSE, 1, set };

	switch (way) {
	case FAST:
		return hypercall_fast(HV_CALL_SEND_IPI, VECTOR, set);
	case SLOW:
		words[0] = VECTOR;
		words[1] = set;
		return hypercall_slow(HV_CALL_SEND_IPI);
	case EX_SLOW:
		for (unsigned int i = 0; i < 4; i++)
			words[i] = xmm[i];
		return hypercall_slow(HV_CALL_SEND_IPI_EX | 1ull << HV_CONTROL_VAR_SHIFT);
	default:
		return hypercall_xmm(HV_CALL_SEND_IPI_EX | 1ull << HV_CONTROL_VAR_SHIFT, xmm);
	}
}

static void send_all_subsets(void *unused)
{
	static const char *const names[] = { "fast", "slow", "ex", "ex by XMM" };

	for (enum way way = 0; way < WAYS; way++) {
		if (way == EX_XMM && !hv_offers_edx(HV_EDX_XMM_INPUT))
			continue;
		for (uint64_t set = 0; set <= all(); set++) {
			remember();
			expect(send(way, set), HV_SUCCESS, names[way]);
			check(set, 1, names[way]);
		}
	}
}

CASE(subsets, "every subset, from every VP")
{
	smp_all(learn, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		smp_run(cpu, send_all_subsets, NULL);
}

CASE(absent, "VPs that are not there are ignored")
{
	remember();
	expect(send(FAST, ~0ull), HV_SUCCESS, "all 64");
	check(all(), 1, "all 64");
	remember();
	expect(send(EX_SLOW, ~all()), HV_SUCCESS, "only absent ones");
	check(0, 0, "only absent ones");
}

CASE(banks, "sparse sets of many banks")
{
	uint64_t *words = hypercall_input();

	/* Banks 0, 1, 5 and 63, packed: only the first one names VPs that exist. */
	words[0] = VECTOR;
	words[1] = HV_SET_SPARSE;
	words[2] = 1ull << 63 | 1ull << 5 | 3;
	words[3] = 1;
	words[4] = words[5] = words[6] = ~0ull;
	remember();
	expect(hypercall_slow(HV_CALL_SEND_IPI_EX | 4ull << HV_CONTROL_VAR_SHIFT), HV_SUCCESS, "four banks");
	check(1, 1, "four banks");
	/* No bank 0: the packed bank 1 must not be taken for it. */
	words[2] = 2;
	words[3] = ~0ull;
	remember();
	expect(hypercall_slow(HV_CALL_SEND_IPI_EX | 1ull << HV_CONTROL_VAR_SHIFT), HV_SUCCESS, "bank 1 only");
	check(0, 0, "bank 1 only");
	words[2] = ~0ull;
	for (unsigned int i = 0; i < 64; i++)
		words[3 + i] = i ? 0 : all();
	remember();
	expect(hypercall_slow(HV_CALL_SEND_IPI_EX | 64ull << HV_CONTROL_VAR_SHIFT), HV_SUCCESS, "all banks");
	check(all(), 1, "all banks");
	words[1] = HV_SET_ALL;
	words[2] = 0;
	remember();
	expect(hypercall_slow(HV_CALL_SEND_IPI_EX), HV_SUCCESS, "format all");
	check(all(), 1, "format all");
}

/* An IPI is an edge like the APIC's own: it waits while interrupts are off, and is not lost. */
CASE(masked, "to oneself with interrupts off")
{
	remember();
	irq_off();
	expect(send(FAST, 1ull << vp_of[0]), HV_SUCCESS, "a call");
	if (cpu_at(0)->counts[VECTOR] != got[0])
		fail("an interrupt came while they were off");
	if (!apic_requested(VECTOR))
		fail("it does not wait in the APIC");
	irq_on();
	check(1ull << vp_of[0], 1, "with interrupts on again");
}

static void storm(void *unused)
{
	for (unsigned int i = 0; i < 200; i++)
		expect(send(i & 1 ? FAST : EX_SLOW, all()), HV_SUCCESS, "a call");
}

CASE(storms, "all VPs to all at once")
{
	remember();
	smp_all(storm, NULL);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (!WAIT(cpu_at(cpu)->counts[VECTOR] != got[cpu]))
			fail("VP %u got nothing", vp_of[cpu]);
	/* Edges may merge while they wait, but the machine is as before. */
	remember();
	expect(send(FAST, all()), HV_SUCCESS, "one more");
	check(all(), 1, "one more");
}
