/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The neutral clock follows the hypervisor's. It is made once, of the TSC and its rate at boot, and
 * that holds until the machine is moved to a host whose TSC has another rate or value. Nobody tells
 * us then but the hypervisor's own clock (kvmclock, reference TSC page), whose page names the new
 * relation. It is looked at once a second.
 *
 * A new line never takes time back: where the hypervisor's clock is behind ours (it stood still while the
 * machine was paused, and the TSC did not), only its rate is taken over. Other CPUs read tw_host.line
 * without a lock, so a line is not changed once it is in force; there are several, used in turn, and
 * a reader would have to stand still for seconds to see its own replaced.
 */
#include "shim/shim.h"
#include "twoway/guest.h"
#include "twoway/hw.h"

#define LINES	 4
#define STEP_NS	 200000 /* less than this counts as the error of reading two clocks */
#define RATE_PPM 2	/* a rate that differs by less is the same one, rounded differently */

static struct tw_clock lines[LINES];
static unsigned int next_line;
static int64_t epoch; /* the hypervisor's ns minus ours */

TW_INIT void clock_follow_start(void)
{
	struct tw_clock told;
	uint64_t tsc;

	if (!tw_host.clock_told || !tw_host.clock_told(&told))
		return;
	tsc = hw_rdtsc();
	epoch = (int64_t)(tw_clock_ns(&told, tsc) - tw_clock_ns(tw_host.line, tsc));
}

static bool same_rate(const struct tw_clock *a, const struct tw_clock *b)
{
	uint64_t ns_a = tw_clock_delta_ns(a, a->tsc_hz), ns_b = tw_clock_delta_ns(b, a->tsc_hz);
	uint64_t error = ns_a > ns_b ? ns_a - ns_b : ns_b - ns_a;

	return error <= TW_NS_PER_S / 1000000 * RATE_PPM;
}

void clock_follow(void)
{
	struct tw_clock told, *line = &lines[next_line % LINES];
	uint64_t others = ((2ull << (tw_host.cpus - 1)) - 1) & ~(1ull << tw_cpu());
	uint64_t tsc, ours, theirs;

	if (!tw_host.clock_told || !tw_host.clock_told(&told))
		return;
	tsc = hw_rdtsc();
	ours = tw_clock_ns(tw_host.line, tsc);
	theirs = tw_clock_ns(&told, tsc) - (uint64_t)epoch;
	tw_debug("the host has written its clock anew: TSC at %llu kHz, %lld us from ours",
		 (unsigned long long)(told.tsc_hz / 1000), (long long)(theirs - ours) / 1000);
	if ((int64_t)(theirs - ours) < 0) {
		epoch += (int64_t)(theirs - ours);
		theirs = ours;
	}
	if (theirs - ours < STEP_NS && same_rate(&told, tw_host.line))
		return;
	*line = told;
	line->tsc0 = tsc;
	line->base_ns = theirs;
	line->stable = tw_host.clock.stable;
	next_line++;
	__atomic_store_n(&tw_host.line, line, __ATOMIC_RELEASE);
	tw_info("the host's clock has changed: TSC at %llu kHz, %llu us added",
	       (unsigned long long)(line->tsc_hz / 1000), (unsigned long long)((theirs - ours) / 1000));
	tw_guest->clock_moved();
	/* What is armed counts in the old TSC: each CPU sees that it is not due and arms it again. */
	if (others)
		tw_host.ipi_many(others, TW_VEC_TIMER);
	tw_host.ipi_self(TW_VEC_TIMER);
}
