/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ABI "native": no hypervisor at all. The guest sees the machine as it is, and the shim stays
 * out of sight: it shows what nested mode alone costs, and runs what needs no ABI.
 */
#include "shim/nested/nested.h"

static void cpuid(struct nested_vcpu *v, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r)
{
	if (leaf == 1)
		r->ecx &= ~(1u << 31);
}

static enum nested_verdict rdmsr(struct nested_vcpu *v, uint32_t msr, uint64_t *value)
{
	return NESTED_PASS;
}

static enum nested_verdict wrmsr(struct nested_vcpu *v, uint32_t msr, uint64_t value)
{
	return NESTED_PASS;
}

static enum nested_verdict hypercall(struct nested_vcpu *v)
{
	return NESTED_UD;
}

static void nothing(struct nested_vcpu *v)
{
}

static bool native_start(const char *profile, const char **why)
{
	*why = "abi=native has no profiles";
	return !*profile;
}

static const struct tw_call no_calls[] = { { NULL, 0, 0 } };
static const struct tw_guest guest = {
	.name = "native",
	.version = 1,
	.mode = "nested",
	.title = "guest without hypervisor",
	.calls = no_calls,
};
static const struct nested_guest nested = {
	.cpuid = cpuid,
	.rdmsr = rdmsr,
	.wrmsr = wrmsr,
	.hypercall = hypercall,
	.timer = nothing,
	.kicked = nothing,
	.reset = nothing,
};
const struct nested_abi native_abi = { "native", &guest, &nested, native_start };
NESTED_ABI(native_abi);
