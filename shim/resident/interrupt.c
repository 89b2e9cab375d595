/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim's own interrupts. Whether an event then enters the guest is entry.S's business. */
#include "shim/resident/resident.h"

/* Once a second: is the clock still right, and has the guest silenced the console's interrupt? */
static void look_after(void)
{
	static uint64_t last; /* TSC */
	uint64_t now = hw_rdtsc();

	if (now - last < tw_host.clock.tsc_hz)
		return;
	last = now;
	clock_follow();
	if (tw_host.console_listen())
		tw_guest->console();
}

/* What the owner asks for is the guest's to do, in its own good order. */
static void forward_request(void)
{
	const char *what = tw_host.request();

	if (what && tw_guest->request)
		tw_guest->request(what);
}

static void serve(unsigned int vector, unsigned int cpu)
{
	switch (vector) {
	case TW_VEC_TIMER:
		if (tw_host.timer_ack())
			tw_guest->timer(cpu);
		if (cpu == 0)
			look_after();
		break;
	case TW_VEC_TLB:
		tlb_serve(cpu);
		break;
	case TW_VEC_CONSOLE:
		tw_guest->console();
		break;
	case TW_VEC_REQUEST:
		forward_request();
		break;
	}
	/* TW_VEC_KICK and TW_VEC_NMI: the way back does the work. */
}

void resident_interrupt(unsigned int vector)
{
	unsigned int cpu;

	if (vector == TW_VEC_SPURIOUS)
		return;
	cpu = tw_cpu();
	if (vector != TW_VEC_HOST) {
		tw_host.eoi();
		serve(vector, cpu);
		return;
	}
	for (uint32_t raised = tw_host.events(); raised; raised &= raised - 1)
		serve(TW_VEC_FIRST + (unsigned int)__builtin_ctz(raised), cpu);
}

void tw_kick(unsigned int cpu)
{
	tw_host.ipi(cpu, TW_VEC_KICK);
}
