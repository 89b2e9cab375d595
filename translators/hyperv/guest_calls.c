/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the simple hypercalls do. The decoder has checked everything that is common to all. */
#include "guest.h"

#define FLUSH_FLAGS (HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_SPACES | HV_FLUSH_NON_GLOBAL)

/* Everything of the VPs' translations goes, whatever was asked for: more is always right (H-15). */
static enum hv_status flush(struct hv_call *c, uint64_t cpus)
{
	if (cpus)
		nested_tlb_flush(cpus);
	c->done = c->reps;
	return HV_SUCCESS;
}

/* struct hv_flush, with or without a list (TLFS 9.4.2, 9.4.4). */
enum hv_status hv_call_flush(struct hv_call *c)
{
	uint64_t flags = hv_word(c, 1);

	if (flags & ~FLUSH_FLAGS)
		return HV_INVALID_PARAMETER;
	return flush(c, hv_cpus_of_vps(flags & HV_FLUSH_ALL_PROCESSORS ? ~0ull : hv_word(c, 2)));
}

/* struct hv_flush_ex (TLFS 9.4.3, 9.4.5). */
enum hv_status hv_call_flush_ex(struct hv_call *c)
{
	uint64_t flags = hv_word(c, 1), cpus;
	enum hv_status status;

	if (flags & ~FLUSH_FLAGS)
		return HV_INVALID_PARAMETER;
	status = hv_vp_set_cpus(c, 2, &cpus);
	if (status)
		return status;
	return flush(c, flags & HV_FLUSH_ALL_PROCESSORS ? hv_cpus_of_vps(~0ull) : cpus);
}

/* Fixed delivery of vectors that are not exceptions'; other trust levels than 0 do not exist here.
 */
static enum hv_status send_ipi(uint64_t head, uint64_t cpus)
{
	uint32_t vector = (uint32_t)head;

	if (vector < HV_VECTOR_FIRST || vector > 0xff || head >> 32)
		return HV_INVALID_PARAMETER;
	for (; cpus; cpus &= cpus - 1)
		nested_interrupt((unsigned int)__builtin_ctzll(cpus), (uint8_t)vector);
	return HV_SUCCESS;
}

/* struct hv_send_ipi (TLFS 10.5.2). */
enum hv_status hv_call_send_ipi(struct hv_call *c)
{
	return send_ipi(hv_word(c, 0), hv_cpus_of_vps(hv_word(c, 1)));
}

/* struct hv_send_ipi_ex (TLFS 10.5.3). */
enum hv_status hv_call_send_ipi_ex(struct hv_call *c)
{
	uint64_t cpus;
	enum hv_status status = hv_vp_set_cpus(c, 1, &cpus);

	return status ? status : send_ipi(hv_word(c, 0), cpus);
}

enum hv_status hv_call_spin_wait(struct hv_call *c)
{
	tw_host.yield();
	return HV_SUCCESS;
}

/* VP index of an APIC id, or -1. */
static int64_t index_of(uint32_t apic_id)
{
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		if (tw_host.apic_id[cpu] == apic_id)
			return hv_vps[cpu].index;
	return -1;
}

/* struct hv_vp_index_of_apic_id, then APIC ids; out come VP indexes. */
enum hv_status hv_call_vp_index(struct hv_call *c)
{
	uint32_t *out = hv_output(c, c->reps * 4);

	if (!out)
		return HV_INVALID_ALIGNMENT;
	if (hv_word(c, 0) != HV_PARTITION_SELF)
		return HV_INVALID_PARTITION_ID;
	if (hv_word(c, 1))
		return HV_INVALID_PARAMETER;
	for (; c->done < c->reps; c->done++) {
		uint32_t id = (uint32_t)(hv_word(c, 2 + c->done / 2) >> (c->done % 2 * 32));
		int64_t index = index_of(id);

		if (index < 0)
			return HV_INVALID_PARAMETER;
		__atomic_store_n(&out[c->done], (uint32_t)index, __ATOMIC_RELAXED);
	}
	return HV_SUCCESS;
}

/* No extended call is offered (TLFS 3.14). */
enum hv_status hv_call_ext_query(struct hv_call *c)
{
	uint64_t *out = hv_output(c, sizeof(*out));

	if (!out)
		return HV_INVALID_ALIGNMENT;
	*out = 0;
	return HV_SUCCESS;
}
