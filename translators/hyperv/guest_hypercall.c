/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hypercalls: registers to a call, and every check that does not depend on what the call does, in
 * TLFS's order (3.7, 3.8): the right to call at all, the code, the control word, the addresses.
 */
#include "guest.h"

#define FAST_BYTES 16
#define XMM_BYTES  112
#define CR0_PE	   1u

struct rule {
	uint16_t code;
	uint8_t count;	 /* enum hv_call_index */
	uint8_t feature; /* enum hv_feature that it belongs to; HV_F_COUNT: always served */
	uint8_t denied;	 /* enum hv_status where the feature is not offered */
	uint16_t header; /* bytes of fixed input */
	uint8_t rep;	 /* bytes of an element of the list; 0: not a rep call */
	bool var;	 /* has a variable header */
	bool slow;	 /* has no fast form */
	hv_call_fn *fn;
};

static const struct rule rules[] = {
	{ HV_CALL_FLUSH_SPACE, HV_COUNT_FLUSH_SPACE, HV_F_COUNT, 0, sizeof(struct hv_flush), 0,
	  false, false, hv_call_flush },
	{ HV_CALL_FLUSH_LIST, HV_COUNT_FLUSH_LIST, HV_F_COUNT, 0, sizeof(struct hv_flush), 8, false,
	  false, hv_call_flush },
	{ HV_CALL_SEND_IPI, HV_COUNT_SEND_IPI, HV_F_COUNT, 0, sizeof(struct hv_send_ipi), 0, false,
	  false, hv_call_send_ipi },
	{ HV_CALL_FLUSH_SPACE_EX, HV_COUNT_FLUSH_SPACE_EX, HV_F_COUNT, 0,
	  sizeof(struct hv_flush_ex), 0, true, false, hv_call_flush_ex },
	{ HV_CALL_FLUSH_LIST_EX, HV_COUNT_FLUSH_LIST_EX, HV_F_COUNT, 0, sizeof(struct hv_flush_ex),
	  8, true, false, hv_call_flush_ex },
	{ HV_CALL_SEND_IPI_EX, HV_COUNT_SEND_IPI_EX, HV_F_COUNT, 0, sizeof(struct hv_send_ipi_ex),
	  0, true, false, hv_call_send_ipi_ex },
	{ HV_CALL_LONG_SPIN_WAIT, HV_COUNT_LONG_SPIN_WAIT, HV_F_COUNT, 0, 8, 0, false, false,
	  hv_call_spin_wait },
	{ HV_CALL_POST_MESSAGE, HV_COUNT_POST_MESSAGE, HV_F_MESSAGE, HV_ACCESS_DENIED,
	  sizeof(struct hv_post_message), 0, false, true, hv_call_post_message },
	{ HV_CALL_SIGNAL_EVENT, HV_COUNT_SIGNAL_EVENT, HV_F_MESSAGE, HV_ACCESS_DENIED,
	  sizeof(struct hv_signal_event), 0, false, false, hv_call_signal_event },
	{ HV_CALL_VP_INDEX_OF_APIC_ID, HV_COUNT_VP_INDEX_OF_APIC_ID, HV_F_COUNT, 0,
	  sizeof(struct hv_vp_index_of_apic_id), 4, false, true, hv_call_vp_index },
	{ HV_CALL_EXT_QUERY_CAPABILITIES, HV_COUNT_EXT_QUERY, HV_F_EXT, HV_INVALID_HYPERCALL_CODE,
	  0, 0, false, true, hv_call_ext_query },
};

/* Calls that exist, but not for a partition without privileges. */
static bool privileged(uint16_t code)
{
	static const uint16_t codes[] = {
		HV_CALL_GET_PARTITION_ID,    HV_CALL_DEPOSIT_MEMORY,
		HV_CALL_CREATE_VP,	     HV_CALL_GET_VP_REGISTERS,
		HV_CALL_SET_VP_REGISTERS,    HV_CALL_ADD_LOGICAL_PROCESSOR,
		HV_CALL_GET_SYSTEM_PROPERTY, HV_CALL_START_VP,
	};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* Where in rules[] a call stands, and 1: its number is below CODES. Made once, since calls are hot. */
#define CODES 256
static uint8_t place[CODES];

TW_INIT void hv_hypercall_init(void)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(rules); i++)
		if (rules[i].code < CODES)
			place[rules[i].code] = (uint8_t)(i + 1);
}

static const struct rule *find(uint16_t code)
{
	if (tw_likely(code < CODES))
		return place[code] ? &rules[place[code] - 1] : NULL;
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(rules); i++)
		if (rules[i].code == code)
			return &rules[i];
	return NULL;
}

/* Registers of 64-bit code, or pairs of 32-bit code (TLFS 3.7). */
static uint64_t fetch(struct hv_call *c, const struct nested_regs *r)
{
	if (r->long_mode) {
		c->input = r->rdx;
		c->output = r->r8;
		return r->rcx;
	}
	c->input = r->rbx << 32 | (uint32_t)r->rcx;
	c->output = r->rdi << 32 | (uint32_t)r->rsi;
	return r->rdx << 32 | (uint32_t)r->rax;
}

static void answer(struct nested_regs *r, uint64_t result)
{
	r->rax = r->long_mode ? result : (uint32_t)result;
	if (!r->long_mode)
		r->rdx = result >> 32;
}

static bool control_valid(const struct hv_call *c, const struct rule *rule, uint64_t control)
{
	if (control & HV_CONTROL_RESERVED || (c->var_qwords && !rule->var))
		return false;
	if (rule->rep ? c->start >= c->reps : c->reps || c->start)
		return false;
	return !(c->fast && rule->slow);
}

/* Point c->words at the input; fast input is gathered in registers[]. */
static enum hv_status input(struct hv_call *c, const struct rule *rule, uint64_t registers[14])
{
	unsigned int bytes = rule->header + c->var_qwords * 8 + c->reps * rule->rep;

	if (c->fast) {
		if (bytes > (hv_has(HV_F_XMM) ? XMM_BYTES : FAST_BYTES))
			return HV_INVALID_HYPERCALL_INPUT;
		registers[0] = c->input;
		registers[1] = c->output;
		if (bytes > FAST_BYTES)
			nested_xmm_read(registers + 2);
		c->words = registers;
		return HV_SUCCESS;
	}
	if (!bytes)
		return HV_SUCCESS;
	if (c->input & 7)
		return HV_INVALID_ALIGNMENT;
	/* Within one page, or NULL. Whole quadwords are read: a list may end in the middle of one.
	 */
	c->words = nested_gpa(c->input, TW_ALIGN_UP(bytes, 8u));
	return c->words ? HV_SUCCESS : HV_INVALID_ALIGNMENT;
}

void *hv_output(const struct hv_call *c, unsigned int bytes)
{
	if (c->output & 7)
		return NULL;
	return nested_gpa(c->output, bytes);
}

static enum hv_status refuse(struct hv_vp *vp, uint16_t code)
{
	tw_ledger_missing("hypercall", code, 0);
	if (!privileged(code))
		return HV_INVALID_HYPERCALL_CODE;
	hv_count(vp, HV_COUNT_REFUSED);
	return HV_ACCESS_DENIED;
}

static enum hv_status dispatch(struct hv_call *c, uint64_t control)
{
	const struct rule *rule = find(c->code);
	uint64_t registers[14];
	enum hv_status status;

	if (!rule)
		return refuse(c->vp, c->code);
	if (rule->feature != HV_F_COUNT && !hv_has((enum hv_feature)rule->feature)) {
		tw_ledger_missing("hypercall", c->code, 0);
		return (enum hv_status)rule->denied;
	}
	hv_count(c->vp, (enum hv_call_index)rule->count);
	if (!control_valid(c, rule, control))
		return HV_INVALID_HYPERCALL_INPUT;
	status = input(c, rule, registers);
	return status ? status : rule->fn(c);
}

enum nested_verdict hv_hypercall(struct nested_vcpu *v)
{
	struct nested_regs *r = v->regs;
	struct hv_call c = { .vp = hv_vp(v) };
	uint64_t control, result;

	/* Only a kernel that has said who it is may call (TLFS 3.6, 3.12). */
	if (r->cpl || !(r->cr0 & CR0_PE) || !hv.os_id)
		return NESTED_UD;
	control = fetch(&c, r);
	c.code = (uint16_t)(control & HV_CONTROL_CODE);
	c.fast = control & HV_CONTROL_FAST;
	c.var_qwords = control >> HV_CONTROL_VAR_SHIFT & HV_CONTROL_VAR_MASK;
	c.reps = control >> HV_CONTROL_COUNT_SHIFT & HV_CONTROL_REP_MASK;
	c.start = control >> HV_CONTROL_START_SHIFT & HV_CONTROL_REP_MASK;
	c.done = c.start;
	result = dispatch(&c, control);
	result |= (uint64_t)c.done << HV_RESULT_REPS_SHIFT;
	answer(r, result);
	return NESTED_DONE;
}
