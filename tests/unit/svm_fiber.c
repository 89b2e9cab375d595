/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The CPUs of the machine in svm_machine.h as coroutines. The address sanitizer is told of each
 * change of stacks; a CPU that leaves its stack for good gets it anew.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <ucontext.h>

#include "svm_inside.h"

#define STACK (64u << 10)

/* A CPU's coroutine. */
struct fiber {
	ucontext_t inside, outside;
	void *stack, *fake;
	const void *outside_stack;
	size_t outside_size;
	void (*run)(struct nested_cpu *c); /* NULL: as at power-on */
	bool active;
};
static struct fiber fibers[TW_MAX_CPUS];

unsigned int machine_current;

unsigned int machine_here(void)
{
	return machine_current;
}

void machine_fiber_reset(void)
{
	machine_current = 0;
	for (unsigned int cpu = 0; cpu < TW_MAX_CPUS; cpu++) {
		fibers[cpu].run = NULL;
		fibers[cpu].active = false;
	}
}

bool machine_fiber_active(unsigned int cpu)
{
	return fibers[cpu].active;
}

void machine_fiber_run(unsigned int cpu, void (*run)(struct nested_cpu *c))
{
	fibers[cpu].run = run;
}

static void started(void)
{
	unsigned int cpu = machine_current;
	struct fiber *f = &fibers[cpu];

	__sanitizer_finish_switch_fiber(NULL, &f->outside_stack, &f->outside_size);
	if (f->run)
		f->run(nested_cpu_of[cpu]);
	else
		machine_power_on(cpu);
	machine_die("a CPU has left the shim");
}

static void make(unsigned int cpu)
{
	struct fiber *f = &fibers[cpu];

	if (!f->stack)
		f->stack = malloc(STACK);
	__asan_unpoison_memory_region(f->stack, STACK);
	getcontext(&f->inside);
	f->inside.uc_stack.ss_sp = f->stack;
	f->inside.uc_stack.ss_size = STACK;
	f->inside.uc_link = NULL;
	makecontext(&f->inside, started, 0);
}

void machine_fiber_resume(unsigned int cpu)
{
	struct fiber *f = &fibers[cpu];
	unsigned int before = machine_current;
	void *fake;

	do {
		if (machine_cpus[cpu].state == MACHINE_OFF ||
		    machine_cpus[cpu].state == MACHINE_RESTART)
			make(cpu);
		machine_current = cpu;
		f->active = true;
		__sanitizer_start_switch_fiber(&fake, f->stack, STACK);
		swapcontext(&f->outside, &f->inside);
		__sanitizer_finish_switch_fiber(fake, NULL, NULL);
		f->active = false;
		machine_current = before;
	} while (machine_cpus[cpu].state == MACHINE_RESTART);
}

void machine_fiber_leave(enum machine_state state)
{
	struct fiber *f = &fibers[machine_current];

	machine_cpus[machine_current].state = state;
	__sanitizer_start_switch_fiber(&f->fake, f->outside_stack, f->outside_size);
	swapcontext(&f->inside, &f->outside);
	__sanitizer_finish_switch_fiber(f->fake, &f->outside_stack, &f->outside_size);
}
