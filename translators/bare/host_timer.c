/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one-shot timer of each CPU: TSC deadline where the CPU has it, else the local APIC's counter.
 *
 * This is a hot path (a guest sets a timer at every wake-up), so there is no division: the counter
 * mode uses a rounded-up 32.32 multiplier, the deadline mode the clock's inverse. Both round up: a
 * timer that fires early makes tick-less guests spin (H-3). The counter is 32 bits wide; a longer
 * time is counted in pieces, and timer_ack() tells a piece from the end. The time of a CPU's
 * unfinished piece is looked up by APIC id, slow but only while such a long timer is pending.
 */
#include "host.h"

#define LVT_DEADLINE (2u << 17)
#define MARGIN_SHIFT 14 /* 61 ppm */

static const struct tw_host *timer_host;
static bool deadline;

/* Counter mode. */
static uint32_t scale;	      /* LAPIC_TIMER_SCALE */
static uint32_t count_per_ns; /* 0.32 fixed point, rounded up */
static uint64_t max_ns;	      /* what fits the counter */
static unsigned int pieces;   /* CPUs that count in pieces now */
static struct {
	bool pending;
	uint64_t expiry_ns;
} piece[TW_MAX_CPUS];

bool bare_timer_deadline(void)
{
	return hw_cpuid(1, 0).ecx >> 24 & 1;
}

/* --- TSC deadline ------------------------------------------------------------------------------
 */

static void deadline_set(uint64_t expiry_ns)
{
	hw_wrmsr(MSR_TSC_DEADLINE, tw_clock_tsc_at(timer_host->line, expiry_ns));
}

static void deadline_stop(void)
{
	hw_wrmsr(MSR_TSC_DEADLINE, 0);
}

/* 64 bits of TSC reach any time, and the hardware compares the clock's own counter: never early. */
static bool deadline_ack(void)
{
	return true;
}

/* --- counter -----------------------------------------------------------------------------------
 */

static unsigned int this_cpu(void)
{
	uint32_t id = bare_lapic_id();
	unsigned int cpu = 0;

	while (cpu + 1 < timer_host->cpus && timer_host->apic_id[cpu] != id)
		cpu++;
	return cpu;
}

/* Remember or forget that this CPU's timer has more to count than fits. */
static void piece_set(bool pending, uint64_t expiry_ns)
{
	unsigned int cpu = this_cpu();

	if (piece[cpu].pending != pending)
		__atomic_add_fetch(&pieces, pending ? 1u : -1u, __ATOMIC_RELAXED);
	piece[cpu].pending = pending;
	piece[cpu].expiry_ns = expiry_ns;
}

static void count_set(uint64_t expiry_ns)
{
	uint64_t now = tw_clock_ns(timer_host->line, hw_rdtsc());
	uint64_t left = expiry_ns > now ? expiry_ns - now : 0;
	uint32_t count = UINT32_MAX;

	if (tw_unlikely(left >= max_ns))
		piece_set(true, expiry_ns);
	else if (tw_unlikely(__atomic_load_n(&pieces, __ATOMIC_RELAXED)))
		piece_set(false, 0);
	if (tw_likely(left < max_ns))
		count = (uint32_t)(left * count_per_ns >> 32) + 1; /* 0 would mean never (H-1) */
	bare_lapic_write(LAPIC_TIMER_INIT, count);
}

static void count_stop(void)
{
	if (tw_unlikely(__atomic_load_n(&pieces, __ATOMIC_RELAXED)))
		piece_set(false, 0);
	bare_lapic_write(LAPIC_TIMER_INIT, 0);
}

static bool count_ack(void)
{
	unsigned int cpu;

	if (tw_likely(!__atomic_load_n(&pieces, __ATOMIC_RELAXED)))
		return true;
	cpu = this_cpu();
	if (!piece[cpu].pending)
		return true;
	if (tw_clock_ns(timer_host->line, hw_rdtsc()) >= piece[cpu].expiry_ns) {
		piece_set(false, 0);
		return true;
	}
	count_set(piece[cpu].expiry_ns);
	return false;
}

/* -----------------------------------------------------------------------------------------------
 */

void bare_timer_enable(void)
{
	uint32_t masked = timer_host->keeps_interrupts ? LAPIC_LVT_MASKED : 0;

	bare_lapic_write(LAPIC_LVT_TIMER, TW_VEC_TIMER | masked | (deadline ? LVT_DEADLINE : 0));
	if (deadline) {
		/* The LVT must have its mode before the deadline is written (SDM, "TSC-Deadline").
		 */
		__asm__ volatile("mfence" : : : "memory");
		hw_wrmsr(MSR_TSC_DEADLINE, 0);
	} else {
		bare_lapic_write(LAPIC_TIMER_SCALE, scale);
		bare_lapic_write(LAPIC_TIMER_INIT, 0);
	}
}

/*
 * Divide the input clock to at most 64 MHz: a minute in one go, and steps of 16 ns or more are
 * still far below what a timer interrupt costs. The frequency was measured by the TSC with an error
 * of up to 50 ppm, and if it is really higher the timer would be early: it is taken 61 ppm higher.
 */
static TW_INIT void count_init(uint64_t lapic_hz)
{
	static const uint8_t code[] TW_INITDATA = {0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa};
	unsigned int log2 = 0;

	while (log2 < 7 && lapic_hz >> log2 > 64000000)
		log2++;
	lapic_hz >>= log2;
	scale = code[log2];
	count_per_ns = (uint32_t)(((lapic_hz << 32) + TW_NS_PER_S - 1) / TW_NS_PER_S);
	count_per_ns += count_per_ns >> MARGIN_SHIFT;
	max_ns = ((uint64_t)(UINT32_MAX - 1) << 32) / count_per_ns;
}

TW_INIT void bare_timer_init(struct tw_host *host, uint64_t lapic_hz)
{
	timer_host = host;
	deadline = !lapic_hz;
	pieces = 0;
	for (unsigned int i = 0; i < TW_MAX_CPUS; i++)
		piece[i].pending = false;
	if (!deadline)
		count_init(lapic_hz);
	host->timer_set = deadline ? deadline_set : count_set;
	host->timer_stop = deadline ? deadline_stop : count_stop;
	host->timer_ack = deadline ? deadline_ack : count_ack;
	tw_serves(host, TW_OP_TIMER, deadline ? "tsc deadline" : "lapic one-shot");
}
