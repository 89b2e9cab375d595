/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Synthetic timers (TLFS 12.3), four a VP, over the one one-shot that the CPU has. The one-shot is
 * left alone until a timer runs: until then the APIC's timer is the guest's without exits.
 */
#include "guest.h"

/* A period below this (100 us) would leave the guest no time to run between two expiries. */
#define PERIOD_LEAST 1000u
/* Missed expiries that a periodic timer makes up for; more are skipped (TLFS 12.2.2). */
#define CATCH_UP_MOST 3u

static bool enabled(const struct hv_stimer *t)
{
	return t->config & HV_STIMER_ENABLE;
}

static unsigned int sint_of(uint64_t config)
{
	return config >> HV_STIMER_SINT_SHIFT & 15;
}

static uint8_t vector_of(uint64_t config)
{
	return (uint8_t)(config >> HV_STIMER_VECTOR_SHIFT);
}

/* Has the timer a place to tell its expiry? SINT 0 is not for timers. */
static bool deliverable(uint64_t config)
{
	if (config & HV_STIMER_DIRECT)
		return vector_of(config) >= HV_VECTOR_FIRST;
	return sint_of(config) != 0;
}

static uint64_t period_of(const struct hv_stimer *t)
{
	return t->count > PERIOD_LEAST ? t->count : PERIOD_LEAST;
}

static uint64_t later(uint64_t t, uint64_t by)
{
	return t > ~0ull - by ? ~0ull : t + by;
}

void hv_stimer_reset(struct hv_vp *vp)
{
	__builtin_memset(vp->stimer, 0, sizeof(vp->stimer));
	if (vp->armed) {
		vp->armed = 0;
		tw_host.timer_stop();
	}
}

/* Count from now on, or stop. */
static void start(struct hv_stimer *t)
{
	t->message_waits = false;
	if (!enabled(t) || !t->count || !deliverable(t->config)) {
		t->config &= ~HV_STIMER_ENABLE;
		t->due = t->fire = 0;
	} else if (t->config & HV_STIMER_PERIODIC) {
		t->due = t->fire = later(hv_time(), period_of(t));
	} else {
		t->due = t->fire = t->count;
	}
}

/*
 * The next expiry of a periodic timer. One that is late makes up by shorter periods, which are
 * never less than half; a lazy one, or one that is very late, skips what it has missed.
 */
static void next_period(struct hv_stimer *t, uint64_t now)
{
	uint64_t period = period_of(t);

	t->due = later(t->due, period);
	if (t->due <= now) {
		uint64_t missed = (now - t->due) / period + 1;

		if (t->config & HV_STIMER_LAZY || missed > CATCH_UP_MOST)
			t->due += missed * period;
	}
	t->fire = later(now, period / 2);
	if (t->fire < t->due)
		t->fire = t->due;
}

static bool tell(struct hv_vp *vp, unsigned int i, uint64_t now)
{
	struct hv_stimer *t = &vp->stimer[i];
	struct hv_message m = { .type = HV_MESSAGE_TIMER,
				.payload_size = sizeof(struct hv_timer_payload) };
	struct hv_timer_payload payload = { .timer = i, .expiration = t->due, .delivery = now };

	if (t->config & HV_STIMER_DIRECT) {
		hv_interrupt(vp, vp, vector_of(t->config), false);
		return true;
	}
	__builtin_memcpy(m.payload, &payload, sizeof(payload));
	return hv_message_try(vp, sint_of(t->config), &m);
}

/* A periodic timer whose message waits does not count on: it would only have more to tell. */
static void expire(struct hv_vp *vp, unsigned int i, uint64_t now)
{
	struct hv_stimer *t = &vp->stimer[i];

	if (!t->message_waits)
		hv_count(vp, HV_COUNT_STIMER_EXPIRY);
	t->fire = 0;
	t->message_waits = !tell(vp, i, now);
	if (!(t->config & HV_STIMER_PERIODIC))
		t->config &= ~HV_STIMER_ENABLE;
	else if (!t->message_waits)
		next_period(t, now);
}

static void arm(struct hv_vp *vp)
{
	uint64_t first = 0;

	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		uint64_t fire = vp->stimer[i].fire;

		if (fire && (!first || fire < first))
			first = fire;
	}
	if (first == vp->armed)
		return;
	vp->armed = first;
	if (first)
		tw_host.timer_set(hv_time_to_ns(first));
	else
		tw_host.timer_stop();
}

void hv_stimer_serve(struct hv_vp *vp)
{
	uint64_t now = hv_time();

	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		struct hv_stimer *t = &vp->stimer[i];

		if (t->message_waits || (t->fire && t->fire <= now))
			expire(vp, i, now);
	}
	arm(vp);
}

void hv_stimer_fired(struct hv_vp *vp)
{
	vp->armed = 0; /* the one-shot is spent, also when it came a little early */
	hv_stimer_serve(vp);
}

void hv_stimer_read(struct hv_vp *vp, unsigned int reg, uint64_t *value)
{
	const struct hv_stimer *t = &vp->stimer[reg / 2];

	hv_count(vp, reg & 1 ? HV_COUNT_STIMER_COUNT : HV_COUNT_STIMER_CONFIG);
	*value = reg & 1 ? t->count : t->config;
}

enum nested_verdict hv_stimer_write(struct hv_vp *vp, unsigned int reg, uint64_t value)
{
	struct hv_stimer *t = &vp->stimer[reg / 2];

	if (reg & 1) {
		hv_count(vp, HV_COUNT_STIMER_COUNT);
		t->count = value;
		if (t->config & HV_STIMER_AUTO_ENABLE)
			t->config |= HV_STIMER_ENABLE;
	} else {
		if (value & HV_STIMER_RESERVED ||
		    (value & HV_STIMER_DIRECT && !hv_has(HV_F_DIRECT)))
			return NESTED_GP;
		hv_count(vp, HV_COUNT_STIMER_CONFIG);
		t->config = value;
	}
	start(t);
	hv_stimer_serve(vp);
	return NESTED_DONE;
}
