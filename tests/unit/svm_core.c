/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What nested mode's core takes from its instructions, on the machine in svm_machine.h: NMIs and
 * interrupts that the shim lets in (svm_gif.S, host_trap.S), and cpu_hw.c.
 */
#include <stdlib.h>
#include <string.h>

#include "svm_inside.h"

unsigned int machine_debug_touched;
uint64_t machine_debug[4];

__asm__(".pushsection .text\n"
	".globl backend_wait_first, backend_wait_begin, backend_wait_end, nested_stubs, "
	"ex_table_start, ex_table_end\n"
	"backend_wait_first: nop\nbackend_wait_begin: nop\nbackend_wait_end: nop\n"
	"nested_stubs: nop\nex_table_start: ex_table_end: nop\n"
	".popsection");

static struct nested_frame trap(uint64_t vector, bool in_wait)
{
	struct nested_frame f = { .vector = vector, .rflags = in_wait ? RFLAGS_IF : 0 };

	f.rip = in_wait ? (uint64_t)backend_wait_begin : (uint64_t)backend_take_nmi;
	nested_host_trap(&f);
	return f;
}

void backend_take_nmi(void)
{
	if (machine_cpus[machine_current].nmi) {
		machine_cpus[machine_current].nmi = false;
		trap(2, false);
	}
}

void backend_take_interrupt(void)
{
	int vector = machine_apic_take(machine_current);

	if (vector >= 0)
		trap((unsigned int)vector, false);
}

static void wait(volatile uint32_t *work, bool interrupts)
{
	struct machine_cpu *m = &machine_cpus[machine_current];
	struct nested_frame f;

	while (!*work) {
		int vector = -1;

		if (!m->nmi && interrupts)
			vector = machine_apic_take(machine_current);
		if (!m->nmi && vector < 0) {
			machine_fiber_leave(MACHINE_WAITING);
			continue;
		}
		f = trap(m->nmi ? 2 : (unsigned int)vector, true);
		m->nmi = false;
		if (f.rip == (uint64_t)backend_wait_end)
			return;
	}
}

void backend_wait(volatile uint32_t *work)
{
	wait(work, false);
}

/* A test need not wake who idles: an interrupt of the timer does, when nothing else is there. */
void backend_wait_interrupt(volatile uint32_t *work)
{
	if (machine_apic_pending(machine_current) < 0 && !machine_cpus[machine_current].nmi &&
	    !*work)
		machine_apic_request(machine_current, 0x20);
	if (machine_apic_pending(machine_current) >= 0 || machine_cpus[machine_current].nmi ||
	    *work)
		wait(work, true);
}

/* --- cpu_hw.c --- */

struct nested_cpu *nested_here(void)
{
	if (machine_current == MACHINE_NOBODY)
		machine_die("the shim runs on no CPU");
	return nested_cpu_of[machine_current];
}

void nested_cpu_load(unsigned int cpu)
{
	backend_cpu_enable(nested_cpu_of[cpu]);
}

uint64_t nested_debug_read(unsigned int number)
{
	machine_debug_touched++;
	return machine_debug[number];
}

void nested_debug_write(unsigned int number, uint64_t value)
{
	machine_debug_touched++;
	machine_debug[number] = value;
}

void nested_cpu_restart(struct nested_cpu *c, void (*run)(struct nested_cpu *c))
{
	machine_fiber_run(c->cpu, run);
	machine_fiber_leave(MACHINE_RESTART);
	abort();
}

void nested_xmm_read(uint64_t xmm[12])
{
	memset(xmm, 0, 12 * sizeof(*xmm));
}
