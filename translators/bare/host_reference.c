/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counters of known frequency: HPET, the ACPI PM timer, the PIT's channel 2. They serve for one
 * thing only, to measure the TSC and the local APIC timer at boot; the order is that of resolution
 * (10-100 ns, 279 ns, 838 ns). A counter is used only when it is seen moving, which also sorts out
 * ports and registers that nothing answers.
 */
#include "host.h"

#define HPET_CAPABILITIES 0x000 /* low word; the period in fs is in the high word */
#define HPET_CONFIG	  0x010
#define HPET_COUNTER	  0x0f0
#define HPET_ENABLE	  1u
#define FS_PER_S	  1000000000000000ull

#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61 /* bit 0: gate of channel 2, bit 1: speaker */

/* --- HPET --------------------------------------------------------------------------------------
 */

static uint32_t hpet_config TW_INITDATA = 0;

static TW_INIT uint32_t hpet_read(void)
{
	return hw_mmio_read32(bare.hpet + HPET_COUNTER);
}

static TW_INIT void hpet_done(void)
{
	hw_mmio_write32(bare.hpet + HPET_CONFIG, hpet_config);
}

static struct bare_reference hpet TW_INITDATA = { "hpet", 0, 0xffffffffu, hpet_read, hpet_done };

static TW_INIT bool hpet_start(void)
{
	uint32_t period;

	if (!bare.hpet || bare.hpet > 0xfffff000u || (bare.hpet & 7))
		return false;
	period = hw_mmio_read32(bare.hpet + HPET_CAPABILITIES + 4);
	if (period < 100000 || period > 100000000) /* the specification's limit: 100 ns */
		return false;
	hpet.hz = FS_PER_S / period;
	hpet_config = hw_mmio_read32(bare.hpet + HPET_CONFIG);
	hw_mmio_write32(bare.hpet + HPET_CONFIG, hpet_config | HPET_ENABLE);
	return true;
}

/* --- ACPI PM timer -----------------------------------------------------------------------------
 */

static TW_INIT uint32_t pm_read(void)
{
	return hw_in32(bare.pm_timer);
}

static struct bare_reference pm TW_INITDATA = { "acpi pm timer", 3579545, 0xffffffu, pm_read, NULL };

/* --- PIT ---------------------------------------------------------------------------------------
 */

static uint8_t pit_gate TW_INITDATA = 0;

static TW_INIT uint32_t pit_read(void)
{
	uint32_t low, high;

	hw_out8(PIT_COMMAND, 0x80); /* latch channel 2 */
	low = hw_in8(PIT_CHANNEL2);
	high = hw_in8(PIT_CHANNEL2);
	return 0xffff - (high << 8 | low); /* it counts down */
}

static TW_INIT void pit_done(void)
{
	hw_out8(PIT_GATE, pit_gate);
}

/* 16 bits wrap after 55 ms; a measurement takes 15. */
static struct bare_reference pit TW_INITDATA = { "pit", 1193182, 0xffffu, pit_read, pit_done };

static TW_INIT void pit_start(void)
{
	pit_gate = hw_in8(PIT_GATE);
	hw_out8(PIT_GATE, (pit_gate & ~3u) | 1); /* count, speaker off */
	hw_out8(PIT_COMMAND, 0xb0);		 /* channel 2, low then high byte, mode 0 */
	hw_out8(PIT_CHANNEL2, 0xff);
	hw_out8(PIT_CHANNEL2, 0xff);
}

/* -----------------------------------------------------------------------------------------------
 */

/* 20,000 reads take more than one count of the slowest, even where an instruction takes 1 ns. */
TW_INIT bool bare_reference_runs(const struct bare_reference *ref)
{
	uint32_t first = ref->read();
	unsigned int moves = 0;

	for (unsigned int i = 0; i < 20000 && moves < 3; i++) {
		uint32_t now = ref->read();

		if (now != first)
			moves++;
		first = now;
	}
	return moves == 3;
}

TW_INIT const struct bare_reference *bare_reference_find(void)
{
	if (hpet_start()) {
		if (bare_reference_runs(&hpet))
			return &hpet;
		hpet_done();
	}
	if (bare.pm_timer) {
		pm.mask = bare.pm_timer_32 ? 0xffffffffu : 0xffffffu;
		if (bare_reference_runs(&pm))
			return &pm;
	}
	pit_start();
	if (bare_reference_runs(&pit))
		return &pit;
	pit_done();
	return NULL;
}
