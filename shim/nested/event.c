/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Events on their way into the guest: NMIs of others, vectors that bypass the APIC, interrupts that
 * the shim had to take itself. What cannot be delivered now waits for a window.
 */
#include "shim/nested/nested.h"

/*
 * An NMI reached the guest's CPU: a poke by the shim, or one of the guest's own. Each poke announces
 * itself before it is sent, so what nobody announced is the guest's.
 */
void nested_exit_nmi(struct nested_cpu *c)
{
	backend_take_nmi(); /* the handler tells the two apart */
	c->before_entry = true;
}

/* The guest's NMI handler ends: the next one may come behind its IRET, so step over that. */
void nested_exit_iret(struct nested_cpu *c)
{
	backend_want_iret(c, false);
	c->in_nmi = false;
	if (c->nmi_wanted)
		nested_step(c, NESTED_STEP_IRET);
	c->before_entry = c->nmi_wanted;
}

/* The CPU's interrupts exit (the shim's timer is among them): take it and pass it on. */
void nested_exit_interrupt(struct nested_cpu *c)
{
	if (c->accepted < 0) /* one that was taken in nested_idle() goes first */
		backend_take_interrupt();
	if (c->accepted >= 0 && c->accepted != NESTED_VEC_TIMER)
		nested_timer_other(c, (unsigned int)c->accepted);
	c->before_entry = true;
}

static void deliver_nmi(struct nested_cpu *c)
{
	if (c->in_nmi || c->stepping || !backend_inject_free(c))
		return; /* its IRET, or the next exit, brings us back */
	c->nmi_wanted = false;
	c->in_nmi = true;
	backend_inject_nmi(c);
	backend_want_iret(c, true);
}

/* The highest waiting vector, or -1; take removes it. */
static int best_waiting(struct nested_cpu *c, bool take)
{
	for (int i = 3; i >= 0; i--) {
		uint64_t bits = c->waiting[i];

		if (bits) {
			unsigned int bit = 63u - (unsigned int)__builtin_clzll(bits);

			if (take)
				c->waiting[i] &= ~(1ull << bit);
			return i * 64 + (int)bit;
		}
	}
	return -1;
}

/* What goes into the guest next, or -1; take removes it. */
static int next_interrupt(struct nested_cpu *c, bool take)
{
	int vector = c->first >= 0 ? c->first : c->accepted;

	if (vector < 0)
		return best_waiting(c, take);
	if (take && c->first >= 0)
		c->first = -1;
	else if (take)
		c->accepted = -1;
	return vector;
}

static void deliver_interrupt(struct nested_cpu *c)
{
	int vector = -1;
	bool first, more;

	if (c->first < 0)
		c->first = backend_take_back(c); /* something else came before it */
	first = c->first >= 0;
	if (!c->stepping && backend_interruptible(c))
		vector = next_interrupt(c, true);
	more = next_interrupt(c, false) >= 0;
	/* Behind a step it is looked at again; a window in it would open before the instruction, for ever. */
	backend_want_window(c, more && !c->stepping);
	if (vector >= 0)
		backend_inject_interrupt(c, (uint8_t)vector, first, more);
}

void nested_before_entry(struct nested_cpu *c)
{
	c->before_entry = false;
	if (c->work)
		nested_serve(c);
	if (c->accepted == NESTED_VEC_TIMER && c->timer.owned)
		nested_timer_fired(c);
	if (c->nmi_wanted)
		deliver_nmi(c);
	if (next_interrupt(c, false) >= 0)
		deliver_interrupt(c);
	/* The place is taken: an NMI of our own makes the guest exit right behind what is delivered. */
	if (c->nmi_wanted && !c->in_nmi && !c->stepping && !__atomic_exchange_n(&c->poked, true, __ATOMIC_ACQ_REL))
		nested_apic_command(c, c->cpu, 4u << 8 | 1u << 14);
}

void nested_interrupt_no_apic(struct nested_vcpu *v, uint8_t vector)
{
	struct nested_cpu *c = nested_cpu(v);

	c->waiting[vector >> 6] |= 1ull << (vector & 63);
	c->before_entry = true;
}

/* A priority that the APIC would hold back, or something that enters before it, makes it false. */
bool nested_interrupt_first(struct nested_vcpu *v, uint8_t vector)
{
	struct nested_cpu *c = nested_cpu(v);

	if (c->stepping || c->nmi_wanted || next_interrupt(c, false) >= 0)
		return false;
	if (!backend_interruptible(c) || c->regs.rflags & 0x100) /* the trace trap takes the place */
		return false;
	if (nested_apic_read(c, APIC_PPR) >> 4 >= vector >> 4)
		return false;
	c->first = vector;
	c->before_entry = true;
	return true;
}

void nested_idle(struct nested_vcpu *v)
{
	struct nested_cpu *c = nested_cpu(v);

	if (next_interrupt(c, false) < 0 && !c->nmi_wanted) {
		uint64_t before = hw_rdtsc();

		backend_wait_interrupt(&c->work);
		c->idle_tsc += hw_rdtsc() - before;
	}
	c->before_entry = true;
}

uint64_t nested_runtime_ns(unsigned int cpu)
{
	struct nested_cpu *c = nested_cpu_of[cpu];

	if (!c || c->state != NESTED_RUNNING)
		return 0;
	return tw_clock_delta_ns(&tw_host.clock, hw_rdtsc() - c->ran_tsc - c->idle_tsc);
}
