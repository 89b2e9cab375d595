/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the synthetic MSRs: any values in any order on several VPs, while time passes, timers
 * expire and the guest frees message slots. Besides memory errors and the mock core's own checks
 * (overlays that leak, vectors of exceptions) it looks for time that goes back, for a one-shot that
 * is not set while a timer runs, and for messages that nobody will ever move.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_nested.h"
#include "translators/hyperv/guest.h"

#define VPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t bases[] = { HV_MSR_GUEST_OS_ID, HV_MSR_VP_RUNTIME,     HV_MSR_TIME_REF_COUNT,
				  HV_MSR_EOI,	      HV_MSR_SCONTROL,	     HV_MSR_SINT0,
				  HV_MSR_SINT0 + 8,   HV_MSR_STIMER0_CONFIG, HV_MSR_CRASH_P0,
				  HV_MSR_GUEST_IDLE,  HV_MSR_TSC_INVARIANT };

/* A value that often means something: an enabled page, a small count, a timer's configuration. */
static uint64_t value_of(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b + 1, sizeof(v));
	switch (b[0] % 6) {
	case 0:
		return (uint64_t)(b[1] % (MOCK_NESTED_PAGES + 2)) << 12 | (b[2] & 3);
	case 1:
		return v & 0xfffff;
	case 2:
		return (v & 0xf1fff) | 1;
	case 3:
		return hv_time() + (v & 0xffff);
	case 4:
		return 0x10 + (b[1] & 0x7f);
	default:
		return v;
	}
}

static void check_timers(const struct hv_vp *vp)
{
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		const struct hv_stimer *t = &vp->stimer[i];

		if (t->fire && (!vp->armed || vp->armed > t->fire))
			abort();
		if (t->fire && !(t->config & HV_STIMER_ENABLE))
			abort();
	}
}

static void step(unsigned int cpu, const uint8_t *b)
{
	struct nested_vcpu *v = &nested_vcpus[cpu];
	struct hv_vp *vp = &hv_vps[cpu];
	uint32_t msr = bases[b[1] % TW_ARRAY_SIZE(bases)] + (b[2] & 15);
	uint64_t value;

	switch (b[0] % 8) {
	case 0:
	case 1:
	case 2:
		hyperv_nested.wrmsr(v, msr, value_of(b + 3));
		break;
	case 3:
		hyperv_nested.rdmsr(v, msr, &value);
		break;
	case 4:
		mock_tsc += (uint64_t)b[3] << (b[4] % 24);
		hyperv_nested.timer(v);
		break;
	case 5:
		if (vp->synic.messages.placed && vp->synic.messages.gpa < MOCK_NESTED_BYTES)
			((struct hv_message_page *)vp->synic.messages.page)->slot[b[3] & 15].type =
				b[4] & 1;
		hyperv_nested.eoi(v);
		break;
	case 6: {
		struct hv_message m = { .type = 1, .payload_size = b[4] };

		hv_message_post(&hv_vps[b[4] % VPS], vp, b[3] & 15, &m);
		hv_event_signal(&hv_vps[b[4] % VPS], vp, b[3] & 15,
				(unsigned int)(b[5] << 8 | b[6]) % HV_EVENT_FLAGS);
		break;
	}
	default:
		b[3] & 1 ? hyperv_nested.kicked(v) : b[3] & 2 ? hyperv_nested.reset(v) : (void)0;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;
	static uint64_t last; /* static: it survives the longjmp of a guest that ends */

	if (size < 1)
		return 0;
	mock_nested_reset(VPS);
	if (!hyperv_start(data[0] & 1 ? "full+invariant" : "full-direct", &why))
		abort();
	last = 0;
	if (mock_ends())
		return 0;
	for (size_t at = 1; at + 13 <= size; at += 13) {
		unsigned int cpu = data[at] % VPS;
		uint64_t now;

		step(cpu, data + at + 1);
		check_timers(&hv_vps[cpu]);
		now = hv_time();
		if (now < last)
			abort();
		last = now;
	}
	for (unsigned int cpu = 0; cpu < VPS; cpu++) {
		hyperv_nested.reset(&nested_vcpus[cpu]);
		if (hv_vps[cpu].armed || hv_vps[cpu].synic.queued)
			abort();
	}
	return 0;
}
