/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hypercalls: IPIs to sets, TLB flushes of other CPUs, the hint of a long spin (TLFS 3, 9, 10).
 *
 * The call goes through the hypercall page, since only the hypervisor knows the right instruction
 * (Xen's page also sets a bit of EAX). It lies in the shim's own text: whether the hypervisor lays a
 * page of its own over it (Hyper-V) or writes into it (KVM, Xen), nothing else was there.
 *
 * Masks name VP indexes, not CPUs nor APIC ids (H-11). A VP beyond 63 needs the Ex form; where that
 * is not recommended, such a set goes by the APIC.
 */
#include "host.h"
#include "twoway/hw_call.h"

#define VP_MAX 4096 /* 64 banks of 64 */

bool hyperv_call_init(void)
{
	uint64_t pa;

	hyperv.page = NULL;
	if (!(hyperv.eax & HV_EAX_HYPERCALL))
		return false;
	hyperv.page = tw_host_code_page(&pa);
	hw_wrmsr(HV_MSR_HYPERCALL, (pa & HV_PAGE_ADDRESS) | HV_PAGE_ENABLE);
	/* Locked by firmware, or refused without a fault: then the page is not ours. */
	if ((hw_rdmsr(HV_MSR_HYPERCALL) & (HV_PAGE_ADDRESS | HV_PAGE_ENABLE)) != (pa | HV_PAGE_ENABLE))
		hyperv.page = NULL;
	return hyperv.page;
}

/* This CPU's input, whose physical address goes to *pa. */
static uint64_t *own_input(uint64_t *pa)
{
	unsigned int cpu = tw_cpu();

	*pa = hyperv.input_pa + cpu * sizeof(*hyperv.input);
	return hyperv.input[cpu].word;
}

static bool call(uint64_t control, uint64_t input, uint64_t output)
{
	return (uint16_t)hw_hyperv_call(hyperv.page, control, input, output) == HV_SUCCESS;
}

/* CPUs as a mask of VPs; false when one of them lies beyond the mask. */
static bool plain_mask(uint64_t cpus, uint64_t *mask)
{
	*mask = 0;
	for (; cpus; cpus &= cpus - 1) {
		uint32_t vp = hyperv.vp[__builtin_ctzll(cpus)];

		if (vp >= 64)
			return false;
		*mask |= 1ull << vp;
	}
	return true;
}

/* CPUs as a sparse set (TLFS 7.8.7.3): the banks present, packed. Words written; 0: not possible. */
static unsigned int sparse_set(uint64_t cpus, uint64_t *out)
{
	uint64_t valid = 0;
	unsigned int banks = 0;

	for (uint64_t left = cpus; left; left &= left - 1) {
		if (hyperv.vp[__builtin_ctzll(left)] >= VP_MAX)
			return 0;
		valid |= 1ull << hyperv.vp[__builtin_ctzll(left)] / 64;
	}
	out[0] = HV_SET_SPARSE;
	out[1] = valid;
	for (uint64_t left = valid; left; left &= left - 1) {
		unsigned int bank = (unsigned int)__builtin_ctzll(left);

		out[2 + banks] = 0;
		for (uint64_t c = cpus; c; c &= c - 1)
			if (hyperv.vp[__builtin_ctzll(c)] / 64 == bank)
				out[2 + banks] |= 1ull << hyperv.vp[__builtin_ctzll(c)] % 64;
		banks++;
	}
	return banks;
}

/* --- IPIs --------------------------------------------------------------------------------------
 */

static bool send_ipi(uint64_t cpus, uint8_t vector)
{
	uint64_t pa, *input = own_input(&pa), mask;
	unsigned int banks;

	if (plain_mask(cpus, &mask))
		return call(HV_CALL_SEND_IPI | HV_CONTROL_FAST, vector, mask);
	if (!(hyperv.hints & HV_HINT_EX_MASKS))
		return false;
	input[0] = vector;
	banks = sparse_set(cpus, input + 1);
	return banks && call(HV_CALL_SEND_IPI_EX | (uint64_t)banks << HV_CONTROL_VAR_SHIFT,
			     pa, 0);
}

static void ipi_many(uint64_t cpus, uint8_t vector)
{
	if (cpus & (cpus - 1) && send_ipi(cpus, vector))
		hyperv_count(HYPERV_NATIVE_IPI);
	else
		hyperv.bare.ipi_many(cpus, vector);
}

/* --- TLB ---------------------------------------------------------------------------------------
 */

/* All address spaces and global entries, too: which CR3 the targets use is not ours to know. */
static uint64_t tlb_flush(uint64_t cpus)
{
	uint64_t pa, *input = own_input(&pa), mask;
	unsigned int banks;
	bool done;

	input[0] = 0;
	input[1] = HV_FLUSH_ALL_SPACES;
	if (plain_mask(cpus, &mask)) {
		input[2] = mask;
		done = call(HV_CALL_FLUSH_SPACE, pa, 0);
	} else {
		banks = hyperv.hints & HV_HINT_EX_MASKS ? sparse_set(cpus, input + 2) : 0;
		done = banks && call(HV_CALL_FLUSH_SPACE_EX | (uint64_t)banks << HV_CONTROL_VAR_SHIFT,
				     pa, 0);
	}
	if (!done)
		return cpus;
	hyperv_count(HYPERV_NATIVE_FLUSH);
	return 0;
}

/* --- waiting -----------------------------------------------------------------------------------
 */

/* The caller has spun some thousand times; the argument only says how much that was. */
static void yield_to(unsigned int cpu)
{
	hyperv_count(HYPERV_NATIVE_SPIN);
	call(HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST, hyperv.spin_limit, 0);
}

TW_INIT void hyperv_ipi_init(void)
{
	struct tw_host *host = hyperv.host;
	/* Sets are made of VP indexes: without the MSR they would be guesses. */
	bool sets = hyperv.eax & HV_EAX_VP_INDEX;

	if (sets && hyperv.hints & HV_HINT_CLUSTER_IPI) {
		host->ipi_many = ipi_many;
		tw_serves(host, TW_OP_TLB, "hyperv send_ipi");
	}
	if (sets && hyperv.hints & HV_HINT_REMOTE_FLUSH) {
		host->tlb_flush = tlb_flush;
		tw_serves(host, TW_OP_TLB, "hyperv flush");
	}
	if (hyperv.spin_limit != HV_SPIN_NEVER)
		host->yield_to = yield_to;
}
