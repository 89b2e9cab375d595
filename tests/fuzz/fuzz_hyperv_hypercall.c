/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the hypercall decoder: any registers and any input page, in 64-bit and 32-bit code.
 * Besides memory errors it checks what holds for every call: the status is one that TLFS has, reps
 * completed are between start and count, and a call that fails in its control word does nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_nested.h"
#include "translators/hyperv/guest.h"

#define VPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t how, code;
	uint16_t offset;
	uint64_t control, in, out;
};

static const uint16_t codes[] = { 0x02, 0x03, 0x08, 0x0b,   0x13, 0x14, 0x15,
				  0x5c, 0x5d, 0x9a, 0x8001, 0x46, 0x50, 0xff };

static void check_status(uint64_t result, uint64_t control)
{
	static const uint16_t valid[] = { 0, 2, 3, 4, 5, 6, 0xd, 0x11, 0x12, 0x13, 0x18 };
	uint64_t start = control >> 48 & 0xfff, count = control >> 32 & 0xfff,
		 done = result >> 32 & 0xfff;
	uint16_t status = (uint16_t)result;
	bool known = false;

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(valid); i++)
		known |= valid[i] == status;
	if (!known || result & 0xfffff000ffff0000ull)
		abort();
	if (!status && done != count)
		abort();
	if (done < start || (done > count && done != start))
		abort();
}

static void set_registers(struct nested_regs *r, const struct input *i)
{
	r->long_mode = !(i->how & 1);
	if (r->long_mode) {
		r->rcx = i->control;
		r->rdx = i->in;
		r->r8 = i->out;
		return;
	}
	r->rdx = i->control >> 32;
	r->rax = (uint32_t)i->control;
	r->rbx = i->in >> 32;
	r->rcx = (uint32_t)i->in;
	r->rdi = i->out >> 32;
	r->rsi = (uint32_t)i->out;
}

static void one(struct input *i, const uint8_t *page, size_t size)
{
	unsigned int cpu = (i->how >> 1 & 3) % VPS, flushes = mock_flushes;
	struct nested_regs *r = nested_vcpus[cpu].regs;
	uint64_t result;

	memcpy(mock_nested_at(0x2000), page, size < 4096 ? size : 4096);
	if (i->how & 8) { /* mostly plausible: a known code, few reps, an address in memory */
		i->control = (i->control & 0x0003000300000000ull) |
			     codes[i->code % TW_ARRAY_SIZE(codes)] |
			     (i->how & 16 ? HV_CONTROL_FAST : 0) |
			     (uint64_t)(i->how >> 5 & 3) << HV_CONTROL_VAR_SHIFT;
		if (!(i->how & 16))
			i->in = 0x2000 + (i->offset & 0xff8);
		i->out = 0x3000 + (i->out & 0xff8);
	}
	memcpy(mock_xmm, page, size < sizeof(mock_xmm) ? size : sizeof(mock_xmm));
	set_registers(r, i);
	if (hyperv_nested.hypercall(&nested_vcpus[cpu]) != NESTED_DONE)
		abort();
	result = r->long_mode ? r->rax : r->rdx << 32 | (uint32_t)r->rax;
	check_status(result, i->control);
	if (((uint16_t)result == HV_INVALID_HYPERCALL_INPUT ||
	     (uint16_t)result == HV_INVALID_ALIGNMENT) &&
	    mock_flushes != flushes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;
	uint32_t command;

	if (size < 1)
		return 0;
	mock_nested_reset(VPS);
	if (!hyperv_start(data[0] & 1 ? "full" : "full-xmm-ext", &why))
		abort();
	nested_test_device = true;
	hyperv_nested.wrmsr(&nested_vcpus[0], HV_MSR_GUEST_OS_ID, 1);
	for (unsigned int cpu = 0; cpu < VPS; cpu++) {
		hyperv_nested.wrmsr(&nested_vcpus[cpu], HV_MSR_SIMP, (0x4000 + cpu * 0x2000) | 1);
		hyperv_nested.wrmsr(&nested_vcpus[cpu], HV_MSR_SIEFP, (0x5000 + cpu * 0x2000) | 1);
		hyperv_nested.wrmsr(&nested_vcpus[cpu], HV_MSR_SCONTROL, 1);
		hyperv_nested.wrmsr(&nested_vcpus[cpu], HV_MSR_SINT0 + 2, 0x40);
		for (unsigned int kind = 4; kind <= 6; kind += 2) {
			command = (cpu + kind) << 24 | kind << 16 | cpu << 8 | 2;
			hyperv_nested.port(&nested_vcpus[0], HV_TESTDEV_PORT, 4, true, &command);
		}
	}
	for (data++, size--; size > sizeof(struct input);) {
		struct input i;
		size_t page;

		memcpy(&i, data, sizeof(i));
		data += sizeof(i);
		size -= sizeof(i);
		page = size < 64 ? size : 64;
		one(&i, data, page);
		data += page;
		size -= page;
	}
	for (unsigned int cpu = 0; cpu < VPS; cpu++)
		for (uint32_t kind = 5; kind <= 7; kind += 2) {
			command = (cpu + kind - 1) << 24 | kind << 16 | cpu << 8 | 2;
			hyperv_nested.port(&nested_vcpus[0], HV_TESTDEV_PORT, 4, true, &command);
		}
	return 0;
}
