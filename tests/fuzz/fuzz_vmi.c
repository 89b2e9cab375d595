/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the VMI calls: any call with any registers in any order while time passes and is stolen. Besides
 * memory errors it looks for interrupts that stay off, for an armed alarm without a timer behind it,
 * and for time counters that do not add up.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "mock_vmi.h"
#include "translators/vmi/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t steal;
static bool timer_on;

static void timer_set(uint64_t ns)
{
	timer_on = true;
}

static void timer_stop(void)
{
	timer_on = false;
}

static bool timer_ack(void)
{
	return true;
}

static uint64_t steal_ns(unsigned int cpu)
{
	return steal;
}

static uint64_t wallclock_ns(void)
{
	return mock_tsc;
}

static void start(uint8_t options)
{
	mock_reset();
	mock_tsc_step = 1;
	mock_tsc = 1ull << 30;
	steal = 0;
	timer_on = false;
	memset(&mock_rom, 0, sizeof(mock_rom));
	tw_host = (struct tw_host){ .cpus = 3,		.apic_id = { 0, 2, 4 },
				    .timer_set = timer_set, .timer_stop = timer_stop,
				    .timer_ack = timer_ack, .steal_ns = steal_ns,
				    .wallclock_ns = wallclock_ns };
	tw_clock_scale(&tw_host.clock, 2500000000u);
	rom_facts = (struct rom_facts){ .time = options & 1, .hypervisor = options & 4, .serve_all = options & 8 };
	rom_ready = true;
	vmi_guest_init();
}

static void counters(void)
{
	uint64_t before = vmi_cycle_counter(VMI_CYCLES_REAL);
	uint64_t sum = vmi_cycle_counter(VMI_CYCLES_STOLEN) + vmi_cycle_counter(VMI_CYCLES_AVAILABLE);

	if (sum < before || sum > vmi_cycle_counter(VMI_CYCLES_REAL))
		abort();
}

static void step(const uint8_t *b)
{
	struct vmi_ap_state state;
	struct hw_cpuid answer;
	uint32_t w[5];

	memcpy(w, b + 1, sizeof(w));
	switch (b[0] % 10) {
	case 0:
		vmi_set_alarm(w[0], w[1], w[2], w[3], w[4]);
		if (w[0] & VMI_ALARM_LVTT && (w[0] & 0xff) < 2 && !timer_on)
			abort();
		break;
	case 1: /* near ones, as guests have them */
		vmi_set_alarm((w[0] & 0x101) | VMI_ALARM_LVTT, (uint32_t)mock_tsc + (w[1] & 0xffff),
			      (uint32_t)(mock_tsc >> 32), w[3] & 0xfff, 0);
		break;
	case 2:
		vmi_cancel_alarm(w[0] & 0x100ff);
		if (vmi_cancel_alarm(w[0] & 0x100ff))
			abort();
		break;
	case 3:
		vmi_apic_write(w[0], w[1]);
		break;
	case 4:
		vmi_apic_write(0xb0, 0);
		break;
	case 5:
		vmi_apic_read(w[0]);
		break;
	case 6:
		mock_tsc += w[0];
		steal += w[0] >> (w[1] & 31) >> 2;
		break;
	case 7:
		counters();
		vmi_wallclock_updated();
		break;
	case 8:
		memset(&state, b[1], sizeof(state));
		vmi_ap_state(&state, w[0] & 7);
		break;
	default:
		vmi_get_reloc(w[0]);
		vmi_get_reloc(w[0] % 80);
		memset(&answer, 0xff, sizeof(answer));
		vmi_cpuid_filter(w[1], &answer);
	}
	if (mock_rom.irq_off)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	start(data[0]);
	for (size_t at = 1; at + 21 <= size; at += 21)
		step(data + at);
	return 0;
}
