/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One hardware timer per CPU, two users: the guest's APIC timer and the shim's one-shot
 * (tw_host.timer_set, for a guest side's synthetic timers). Until the shim first wants it, the timer
 * is the guest's alone. From then on the shim owns it, traps the guest's writes to it, and takes
 * this CPU's interrupts while something is armed.
 */
#include "shim/nested/nested.h"

#define LVT_MASKED   (1u << 16)
#define LVT_PERIODIC (1u << 17)
#define LVT_DEADLINE (2u << 17)
#define LVT_MODE     (3u << 17)
#define MEASURE_MS    2
#define MEASURE_TRIES 5

uint64_t nested_apic_hz;

bool nested_deadline_mode;
static uint64_t tsc_per_tick; /* 32.32: TSC ticks per undivided tick of the APIC timer */
static uint64_t tick_per_tsc; /* 0.32 */

/* TSC ticks that pass around one reading of the APIC's counter: large when we were interrupted. */
static TW_INIT uint64_t read_both(struct nested_cpu *c, uint64_t *tsc, uint32_t *apic)
{
	uint64_t before = hw_rdtsc(), after;

	*apic = nested_apic_read(c, APIC_TIMER_NOW);
	after = hw_rdtsc();
	*tsc = before + (after - before) / 2;
	return after - before;
}

/* The best of a few tries: the one whose two readings took the least time. */
static TW_INIT void measure(struct nested_cpu *c, uint64_t *ticks, uint64_t *tsc)
{
	uint64_t best = ~0ull, t0, t1, error, wait = tw_host.clock.tsc_hz / 1000 * MEASURE_MS;
	uint32_t a0, a1;

	nested_apic_write(c, APIC_TIMER_INIT, 0xffffffff);
	for (unsigned int i = 0; i < MEASURE_TRIES; i++) {
		error = read_both(c, &t0, &a0);
		while (hw_rdtsc() - t0 < wait)
			hw_pause();
		error += read_both(c, &t1, &a1);
		if (error < best) {
			best = error;
			*ticks = a0 - a1;
			*tsc = t1 - t0;
		}
	}
	nested_apic_write(c, APIC_TIMER_INIT, 0);
}

/* APIC ticks against the TSC; in deadline mode there is nothing to measure. */
TW_INIT void nested_timer_init(void)
{
	struct nested_cpu *c = nested_here();
	uint64_t t0, ticks;

	nested_deadline_mode = hw_cpuid(1, 0).ecx >> 24 & 1;
	nested_apic_write(c, APIC_LVT_TIMER, LVT_MASKED);
	nested_apic_write(c, APIC_TIMER_DIVIDE, 0xb);
	measure(c, &ticks, &t0);
	if (!ticks)
		ticks = 1;
	nested_apic_hz = ticks * (tw_host.clock.tsc_hz / 1000) / (t0 / 1000);
	tsc_per_tick = (t0 << 32) / ticks;
	tick_per_tsc = (ticks << 32) / t0;
	tw_host.timer_set = nested_timer_set;
	tw_host.timer_stop = nested_timer_stop;
	tw_host.timer_ack = nested_timer_ack;
}

static unsigned int divide_shift(uint32_t code)
{
	code = (code & 3) | (code >> 1 & 4);
	return (code + 1) & 7;
}

static uint64_t ticks_to_tsc(const struct nested_apic_timer *t, uint64_t ticks)
{
	ticks <<= divide_shift(t->divide); /* up to 39 bits */
	return (ticks >> 16) * (tsc_per_tick >> 16) + ((ticks & 0xffff) * (tsc_per_tick >> 16) >> 16);
}

/* Is it possible by now that the hardware timer has sent its interrupt? */
static bool may_have_fired(const struct nested_apic_timer *t, uint64_t now)
{
	return t->armed && now + t->margin >= t->armed;
}

static void program(struct nested_cpu *c)
{
	struct nested_apic_timer *t = &c->timer;
	uint64_t next = t->shim_tsc, now = hw_rdtsc(), left;

	if (t->deadline && (!next || t->deadline < next))
		next = t->deadline;
	t->stale |= may_have_fired(t, now); /* its interrupt may still be on the way */
	t->armed = next;
	t->margin = 0;
	backend_want_interrupts(c, next || t->stale);
	if (nested_deadline_mode) {
		hw_wrmsr(MSR_TSC_DEADLINE, next);
		return;
	}
	left = next > now ? next - now : 0;
	if (left >> 31) /* in pieces: it is armed again */
		left = 0x7fffffff;
	t->margin = (left >> 4) + 100000; /* the counter's rate is measured, perhaps badly */
	if (next)
		t->armed = now + left;
	nested_apic_write(c, APIC_TIMER_INIT, next ? (uint32_t)(left * tick_per_tsc >> 32) + 1 : 0);
}

static void start_guest(struct nested_apic_timer *t)
{
	uint64_t ticks = ticks_to_tsc(t, t->count);

	t->period = t->lvt & LVT_PERIODIC ? ticks : 0;
	t->deadline = t->count ? hw_rdtsc() + ticks : 0;
}

/* Take the hardware timer over, with what the guest has running on it. */
static void own(struct nested_cpu *c)
{
	struct nested_apic_timer *t = &c->timer;

	if (t->owned)
		return;
	t->lvt = nested_apic_read(c, APIC_LVT_TIMER);
	t->divide = nested_apic_read(c, APIC_TIMER_DIVIDE);
	t->deadline = t->period = 0;
	if ((t->lvt & LVT_MODE) == LVT_DEADLINE) {
		t->deadline = hw_rdmsr(MSR_TSC_DEADLINE);
	} else {
		uint32_t now = nested_apic_read(c, APIC_TIMER_NOW);

		t->count = nested_apic_read(c, APIC_TIMER_INIT);
		if (now) {
			start_guest(t);
			t->deadline = hw_rdtsc() + ticks_to_tsc(t, now);
		}
	}
	t->owned = true;
	nested_apic_write(c, APIC_TIMER_INIT, 0);
	nested_apic_write(c, APIC_LVT_TIMER, NESTED_VEC_TIMER | (nested_deadline_mode ? LVT_DEADLINE : 0));
	nested_apic_write(c, APIC_TIMER_DIVIDE, 0xb);
	nested_apic_traps_changed(c);
	nested_apic_update(c);
}

void nested_timer_set(uint64_t expiry_ns)
{
	struct nested_cpu *c = nested_here();

	own(c);
	c->timer.shim_tsc = tw_clock_tsc_at(&tw_host.clock, expiry_ns);
	program(c);
}

void nested_timer_stop(void)
{
	struct nested_cpu *c = nested_here();

	c->timer.shim_tsc = 0;
	if (c->timer.owned)
		program(c);
}

bool nested_timer_ack(void)
{
	return true;
}

/*
 * Another interrupt was taken. The timer's would have come first unless that is a higher one: so
 * none is on the way.
 */
void nested_timer_other(struct nested_cpu *c, unsigned int vector)
{
	struct nested_apic_timer *t = &c->timer;

	if (vector >> 4 < NESTED_VEC_TIMER >> 4)
		t->stale = false;
	if (!t->armed && !t->stale)
		backend_want_interrupts(c, false);
}

/* INIT: the guest's timer is off, and the hardware is its own again. */
void nested_timer_reset(struct nested_cpu *c)
{
	if (c->timer.owned)
		backend_want_interrupts(c, false);
	c->timer = (struct nested_apic_timer){ 0 };
	nested_apic_reset(c);
}

bool nested_timer_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value)
{
	struct nested_apic_timer *t = &c->timer;

	switch (reg) {
	case APIC_LVT_TIMER:
		if ((t->lvt ^ value) & LVT_MODE)
			t->deadline = t->period = 0;
		t->lvt = (uint32_t)value;
		break;
	case APIC_TIMER_DIVIDE:
		t->divide = (uint32_t)value;
		return true;
	case APIC_TIMER_INIT:
		t->count = (uint32_t)value;
		if ((t->lvt & LVT_MODE) != LVT_DEADLINE)
			start_guest(t);
		break;
	case NESTED_REG_DEADLINE:
		if ((t->lvt & LVT_MODE) == LVT_DEADLINE)
			t->deadline = value;
		break;
	default:
		return false;
	}
	program(c);
	return true;
}

/*
 * The timer's vector was taken. When nothing was armed, the guest uses that vector itself: it stays accepted.
 * An expiry may be early, as the counter's rate is only measured: then nothing is due and it is armed again.
 */
void nested_timer_fired(struct nested_cpu *c)
{
	struct nested_apic_timer *t = &c->timer;
	uint64_t now = hw_rdtsc();
	bool shim = t->shim_tsc && now >= t->shim_tsc, guest = t->deadline && now >= t->deadline;

	if (!t->armed && !t->stale)
		return;
	/* Before the guest side looks: it asks what is in service and what waits. */
	c->accepted = -1;
	nested_apic_write(c, APIC_EOI, 0);
	t->stale = false;
	t->armed = 0;
	if (shim)
		t->shim_tsc = 0;
	if (guest) {
		t->deadline = t->period ? t->deadline + t->period : 0;
		if (t->deadline && t->deadline < now)
			t->deadline = now + t->period;
		if (!(t->lvt & LVT_MASKED))
			nested_interrupt(c->cpu, (uint8_t)t->lvt);
	}
	program(c);
	if (shim)
		nested_guest->timer(c->vcpu);
}
