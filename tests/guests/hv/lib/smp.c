/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The other CPUs: brought up by INIT and SIPI, then halted until there is a function to run. */
#include "hv.h"
#include "wait.h"

#define WAKE 0x21 /* vector */

#define IPI_INIT    0x4500u
#define IPI_STARTUP 0x4600u
#define IPI_FIXED   0x4000u

extern uint8_t ap_start[], ap_end[];

/* What interrupts a halted CPU is all that it is for. */
static void wake(struct frame *f)
{
}

void ap_main(void)
{
	struct cpu *c = this_cpu();

	trap_load(c);
	apic_init();
	c->busy = false;
	__atomic_add_fetch(&c->starts, 1, __ATOMIC_RELEASE);
	for (;;) {
		void (*fn)(void *);

		irq_off();
		fn = c->fn;
		if (!fn) {
			__asm__ volatile("sti; hlt" ::: "memory");
			continue;
		}
		c->fn = NULL;
		irq_on();
		fn(c->arg);
		__atomic_store_n(&c->busy, false, __ATOMIC_RELEASE);
	}
}

static void retire(void *unused)
{
	irq_off();
	__asm__ volatile("wbinvd" ::: "memory");
	this_cpu()->retired = true;
	for (;;)
		__asm__ volatile("hlt");
}

/* Linux does the same on a CPU that goes offline: flush the caches, then halt for good. */
void smp_retire(unsigned int cpu)
{
	cpu_at(cpu)->retired = false;
	smp_call(cpu, retire, NULL);
	if (!WAIT(cpu_at(cpu)->retired))
		die("CPU %u does not retire", cpu);
}

void smp_restart(unsigned int cpu)
{
	struct cpu *c = cpu_at(cpu);
	unsigned int before = c->starts;

	c->fn = NULL;
	apic_send(c->apic_id, IPI_INIT);
	/* No delay, as newer kernels have it: the SIPI must not be lost. */
	apic_send(c->apic_id, IPI_STARTUP | AP_START >> 12);
	if (!WAIT(c->starts != before))
		die("CPU %u (APIC id %u) does not start", cpu, c->apic_id);
}

void smp_start(void)
{
	uint8_t *to = (uint8_t *)AP_START;

	for (uint8_t *from = ap_start; from < ap_end; from++)
		*to++ = *from;
	handlers[WAKE] = wake;
	for (unsigned int cpu = 1; cpu < cpus; cpu++) {
		cpu_at(cpu)->index = cpu;
		smp_restart(cpu);
	}
}

void smp_call(unsigned int cpu, void (*fn)(void *), void *arg)
{
	struct cpu *c = cpu_at(cpu);

	c->arg = arg;
	c->busy = true;
	__atomic_store_n(&c->fn, fn, __ATOMIC_RELEASE);
	apic_send(c->apic_id, IPI_FIXED | WAKE);
}

void smp_wait(unsigned int cpu)
{
	if (!WAIT(!cpu_at(cpu)->busy))
		die("CPU %u does not come to an end", cpu);
}

void smp_run(unsigned int cpu, void (*fn)(void *), void *arg)
{
	if (cpu == this_cpu()->index) {
		fn(arg);
		return;
	}
	smp_call(cpu, fn, arg);
	smp_wait(cpu);
}

void smp_all(void (*fn)(void *), void *arg)
{
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		smp_call(cpu, fn, arg);
	fn(arg);
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		smp_wait(cpu);
}
