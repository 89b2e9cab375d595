/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Frequencies of the TSC and of the local APIC timer, and the neutral clock made of the TSC.
 *
 * What CPUID says is exact and costs nothing, so it comes first. Else both counters are compared
 * with a reference over 5 to 15 ms. What spoils such a measurement is that the CPU is taken away
 * between two reads (a hypervisor's scheduler, SMIs), so each point in time is read several times
 * and the reading that was framed most closely by two RDTSCs is used; the distance between two good
 * points does not care for what happened in between. The sum of the two frames bounds the error,
 * and the measurement goes on until it is below 50 ppm or 15 ms are over.
 */
#include <asm-generic/errno.h>

#include "host.h"

#define POINT_READS 12
#define STEPS	    3 /* of 5 ms */
#define STEPS_PER_S 200
#define ERROR_PART  20000 /* 50 ppm */

static uint32_t ticks_per_us = 4000; /* before it is known: too long rather than too short */

/* A counter's value and when it was read. */
struct point {
	uint64_t tsc;	/* middle of the frame */
	uint64_t frame; /* TSC ticks between the RDTSCs before and after */
	uint32_t value;
};

static TW_INIT struct point point_read(const struct bare_reference *ref)
{
	struct point best = { 0, UINT64_MAX, 0 };

	for (unsigned int i = 0; i < POINT_READS; i++) {
		uint64_t before = hw_rdtsc();
		uint32_t value = ref->read();
		uint64_t frame = hw_rdtsc() - before;

		if (frame < best.frame)
			best = (struct point){ before + frame / 2, frame, value };
	}
	return best;
}

/* a * b / c where a * b may exceed 64 bits a little: drops bits that the result does not have. */
static TW_INIT uint64_t ratio(uint64_t a, uint64_t b, uint64_t c)
{
	while (a && b > UINT64_MAX / a) {
		a >>= 1;
		c >>= 1;
	}
	return c ? a * b / c : 0;
}

static TW_INIT uint32_t lapic_count(void)
{
	return UINT32_MAX - bare_lapic_read(LAPIC_TIMER_NOW);
}

/* The local APIC timer, undivided, as one more counter. */
static const struct bare_reference lapic TW_INITDATA = { "lapic", 0, UINT32_MAX, lapic_count,
							 NULL };

static TW_INIT void lapic_start(void)
{
	bare_lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | TW_VEC_TIMER);
	bare_lapic_write(LAPIC_TIMER_SCALE, 0xb);
	bare_lapic_write(LAPIC_TIMER_INIT, UINT32_MAX);
}

/* The TSC's frequency by CPUID, 0 when that does not tell it. */
static TW_INIT uint64_t tsc_by_cpuid(void)
{
	struct hw_cpuid leaf;

	if (bare.kvm_leaves) {
		leaf = hw_cpuid(0x40000010, 0);
		if (leaf.eax >= 1000) /* kHz */
			return leaf.eax * 1000ull;
	}
	/*
	 * Leaf 0x15 with the crystal's frequency is exact on the machine that it describes; a
	 * hypervisor may scale the TSC and still pass the hardware's leaf through. Leaf 0x16 is a
	 * label (MHz, rounded), not a frequency.
	 */
	if (!bare.hypervisor && hw_cpuid(0, 0).eax >= 0x15) {
		leaf = hw_cpuid(0x15, 0);
		if (leaf.eax && leaf.ebx && leaf.ecx >= 1000000)
			return ratio(leaf.ecx, leaf.ebx, leaf.eax);
	}
	return 0;
}

/*
 * Measure the TSC by ref (NULL: it is known already, hz) and the local APIC timer by the TSC. The
 * result is 0 when the reference stopped.
 */
static TW_INIT uint64_t measure(const struct bare_reference *ref, uint64_t hz, uint64_t *lapic_hz)
{
	struct point start = { 0, 0, 0 }, end, lapic_from = { 0, 0, 0 }, lapic_to;
	uint64_t ticks = 0, step, passed;
	unsigned int idle = 0;

	if (ref)
		start = point_read(ref);
	if (lapic_hz)
		lapic_from = point_read(&lapic);
	if (!ref)
		start.tsc = lapic_from.tsc;
	for (unsigned int i = 1; i <= STEPS; i++) {
		step = (ref ? ref->hz : hz) * i / STEPS_PER_S;
		do {
			uint64_t now = ref ? (ref->read() - start.value) & ref->mask
					   : hw_rdtsc() - start.tsc;

			idle = now == ticks ? idle + 1 : 0;
			if (idle > 20000)
				return 0;
			ticks = now;
		} while (ticks < step);
		if (!ref)
			break;
		end = point_read(ref);
		ticks = (end.value - start.value) & ref->mask;
		passed = end.tsc - start.tsc;
		if ((start.frame + end.frame) / 2 <= passed / ERROR_PART)
			break;
	}
	if (ref)
		hz = ratio(ref->hz, passed, ticks);
	if (lapic_hz) {
		lapic_to = point_read(&lapic);
		*lapic_hz = ratio(lapic_to.value - lapic_from.value, hz,
				  lapic_to.tsc - lapic_from.tsc);
	}
	return hz;
}

TW_INIT int bare_tsc_measure(uint64_t *tsc_hz, uint64_t *lapic_hz, const char **why)
{
	const struct bare_reference *ref = NULL;

	*tsc_hz = tsc_by_cpuid();
	if (!*tsc_hz) {
		ref = bare_reference_find();
		if (!ref) {
			*why = "nothing to measure the TSC by: the machine needs an HPET, "
			       "an ACPI PM timer or a PIT";
			return -ENODEV;
		}
	}
	if (lapic_hz)
		lapic_start();
	if (ref || lapic_hz)
		*tsc_hz = measure(ref, *tsc_hz, lapic_hz);
	if (lapic_hz)
		bare_lapic_write(LAPIC_TIMER_INIT, 0);
	if (ref && ref->done)
		ref->done();
	if (*tsc_hz < 1000000) {
		*why = "the TSC does not count: the CPU model needs a TSC that runs";
		return -ENODEV;
	}
	if (lapic_hz && *lapic_hz < 100000) {
		*why = "the local APIC timer does not count: the CPU model needs one that runs";
		return -ENODEV;
	}
	return 0;
}

TW_INIT void bare_tsc_start(struct tw_host *host, uint64_t tsc_hz)
{
	struct tw_clock *clock = &host->clock;

	tw_clock_scale(clock, tsc_hz);
	clock->base_ns = 0;
	clock->tsc0 = hw_rdtsc();
	/*
	 * The invariant bit promises one rate; that the CPUs also start from one value holds on such
	 * hardware after a reset. Hypervisors often hide the bit (it forbids migration), yet all of
	 * them keep the TSCs of a VM's CPUs in step; QEMU's interpreter has one counter for all.
	 */
	clock->stable = bare.hypervisor || host->cpus == 1 ||
			(hw_cpuid(0x80000000, 0).eax >= 0x80000007 &&
			 (hw_cpuid(0x80000007, 0).edx >> 8 & 1));
	ticks_per_us = (uint32_t)(tsc_hz / 1000000);
	host->served[TW_OP_TIME] = "tsc";
}

void bare_delay_us(uint32_t us)
{
	uint64_t start = hw_rdtsc();

	while (hw_rdtsc() - start < (uint64_t)us * ticks_per_us)
		hw_pause();
}
