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
#define ROUNDS_MAX  3
#define IDLE_MAX    20000 /* reads without a move: it has stopped */

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
static const struct bare_reference lapic TW_INITDATA = { "lapic", 0, UINT32_MAX, lapic_count, NULL };

/* The TSC's frequency by the hypervisor or CPUID, 0 when neither tells it. */
static TW_INIT uint64_t tsc_by_word(void)
{
	struct hw_cpuid leaf;

	if (bare.tsc_told)
		return bare.tsc_told;
	if (bare.xen_leaf) {
		leaf = hw_cpuid(bare.xen_leaf + 3, 0);
		if (leaf.ecx >= 1000) /* kHz */
			return leaf.ecx * 1000ull;
	}
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

/* Let the TSC (ref NULL) or the reference count on from start; false when it stands still. */
static TW_INIT bool wait_for(const struct bare_reference *ref, uint64_t start, uint64_t ticks)
{
	uint64_t last = 0, now;
	unsigned int idle = 0;

	do {
		now = ref ? (ref->read() - start) & ref->mask : hw_rdtsc() - start;
		idle = now == last ? idle + 1 : 0;
		last = now;
	} while (now < ticks && idle < IDLE_MAX);
	return idle < IDLE_MAX;
}

/* One measurement, 0 when the reference stopped. */
static TW_INIT uint64_t one_round(const struct bare_reference *ref, unsigned int steps)
{
	struct point start = point_read(ref), end;
	uint64_t passed = 0, ticks = 0;

	for (unsigned int i = 1; i <= steps; i++) {
		if (!wait_for(ref, start.value, ref->hz * i / STEPS_PER_S))
			return 0;
		end = point_read(ref);
		ticks = (end.value - start.value) & ref->mask;
		passed = end.tsc - start.tsc;
		if ((start.frame + end.frame) / 2 <= passed / ERROR_PART)
			break;
	}
	return ratio(ref->hz, passed, ticks);
}

/*
 * The TSC's frequency by the reference, 0 when that stopped. A 16-bit counter wraps unseen when the
 * CPU is taken away for 55 ms, and the TSC then seems too fast: two measurements must agree, else
 * the slowest counts. All together stays below 20 ms.
 */
static TW_INIT uint64_t tsc_by_reference(const struct bare_reference *ref)
{
	uint64_t best = one_round(ref, ref->mask > 0xffff ? STEPS : STEPS - 1), hz;

	for (unsigned int i = 0; best && ref->mask <= 0xffff && i < ROUNDS_MAX; i++) {
		hz = one_round(ref, 1);
		if (hz - best + best / 1000 <= best / 500) /* |hz - best| <= 0.1 % */
			return best;
		if (hz < best)
			best = hz;
	}
	return best;
}

/* Both frequencies in one window; ref is NULL when the TSC's is known already. */
static TW_INIT void measure(const struct bare_reference *ref, uint64_t *tsc_hz, uint64_t *lapic_hz)
{
	struct point start, end;

	bare_lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | TW_VEC_TIMER);
	bare_lapic_write(LAPIC_TIMER_SCALE, 0xb); /* undivided */
	bare_lapic_write(LAPIC_TIMER_INIT, UINT32_MAX);
	start = point_read(&lapic);
	if (ref)
		*tsc_hz = tsc_by_reference(ref);
	else
		wait_for(NULL, start.tsc, *tsc_hz / STEPS_PER_S);
	end = point_read(&lapic);
	bare_lapic_write(LAPIC_TIMER_INIT, 0);
	*lapic_hz = ratio(end.value - start.value, *tsc_hz, end.tsc - start.tsc);
}

TW_INIT int bare_tsc_measure(uint64_t *tsc_hz, uint64_t *lapic_hz, const char **why)
{
	const struct bare_reference *ref = NULL;

	*tsc_hz = tsc_by_word();
	if (!*tsc_hz) {
		ref = bare_reference_find();
		if (!ref) {
			*why = "nothing to measure the TSC by: the machine needs an HPET, "
			       "an ACPI PM timer or a PIT";
			return -ENODEV;
		}
	}
	if (lapic_hz)
		measure(ref, tsc_hz, lapic_hz);
	else if (ref)
		*tsc_hz = tsc_by_reference(ref);
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

	host->line = clock;
	tw_clock_scale(clock, tsc_hz);
	clock->base_ns = 0;
	clock->tsc0 = hw_rdtsc();
	/*
	 * The invariant bit promises one rate; that the CPUs also start from one value holds on
	 * such hardware after a reset. Hypervisors often hide the bit (it forbids migration), yet
	 * all of them keep the TSCs of a VM's CPUs in step; QEMU's interpreter has one counter for
	 * all.
	 */
	clock->stable =
	    bare.hypervisor || host->cpus == 1 ||
	    (hw_cpuid(0x80000000, 0).eax >= 0x80000007 && (hw_cpuid(0x80000007, 0).edx >> 8 & 1));
	ticks_per_us = (uint32_t)(tsc_hz / 1000000);
	tw_serves(host, TW_OP_TIME, "tsc");
}

void bare_delay_us(uint32_t us)
{
	uint64_t start = hw_rdtsc();

	while (hw_rdtsc() - start < (uint64_t)us * ticks_per_us)
		hw_pause();
}
