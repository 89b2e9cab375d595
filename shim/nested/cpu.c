/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A virtual CPU's life. All CPUs are started by the shim while booting and parked here; the guest's
 * INIT and SIPI never reach the hardware. They are latched in the target and served by it: INIT
 * parks it, a SIPI that came meanwhile starts it, so the sender need not wait between the two.
 */
#include "shim/nested/nested.h"

struct nested_cpu *nested_cpu_of[TW_MAX_CPUS];
struct nested_vcpu nested_vcpus[TW_MAX_CPUS];
unsigned int nested_cpus;
const struct nested_guest *nested_guest;

TW_INIT void nested_cpu_create(unsigned int cpu)
{
	struct nested_cpu *c = hw_phys(memory_take(NESTED_CPU_PAGES));

	c->cpu = cpu;
	c->stack = (uint64_t)c + NESTED_CPU_PAGES * TW_PAGE_SIZE;
	c->gdt[1] = 0x00af9b000000ffff;
	c->gdt[2] = 0x00cf93000000ffff;
	c->accepted = c->first = -1;
	c->vcpu = &nested_vcpus[cpu];
	c->vcpu->cpu = cpu;
	c->vcpu->regs = &c->regs;
	c->vcpu->calls = tw_ledger_calls(cpu);
	backend_cpu_create(c);
	nested_cpu_of[cpu] = c;
}

/* Wait for the guest's SIPI; pokes and flush requests mean nothing to a CPU that does not run. */
static void __attribute__((noreturn)) park(struct nested_cpu *c)
{
	uint32_t sipi;

	c->state = NESTED_WAIT_SIPI;
	nested_apic_traps_changed(c);
	for (;;) {
		c->work = 0;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		nested_tlb_served(c);
		c->init_wanted = false;
		sipi = __atomic_exchange_n(&c->sipi, 0, __ATOMIC_ACQ_REL);
		if (sipi)
			break;
		backend_wait(&c->work);
	}
	c->state = NESTED_RUNNING;
	c->nmi_wanted = c->in_nmi = false;
	c->accepted = c->first = -1;
	__builtin_memset(c->waiting, 0, sizeof(c->waiting));
	c->ran_tsc = hw_rdtsc();
	c->idle_tsc = 0;
	c->guest_runs = true;
	backend_state_sipi(c, (uint8_t)sipi);
	nested_apic_traps_changed(c);
	nested_apic_update(c);
	backend_run(c);
}

/* A CPU that the shim has started, on its own stack. */
void nested_ap_main(unsigned int cpu)
{
	struct nested_cpu *c = nested_cpu_of[cpu];

	nested_cpu_load(cpu);
	nested_apic_handover(c);
	smp_arrived();
	park(c);
}

void nested_boot_cpu_run(const struct nested_image_start *start)
{
	struct nested_cpu *c = nested_cpu_of[0];

	c->state = NESTED_RUNNING;
	c->guest_runs = true;
	c->ran_tsc = hw_rdtsc();
	backend_state_entry(c, start);
	nested_apic_handover(c);
	nested_apic_traps_changed(c);
	nested_apic_update(c);
	backend_run(c);
}

void nested_init_cpu(struct nested_cpu *target)
{
	target->sipi = 0;
	__atomic_store_n(&target->init_wanted, true, __ATOMIC_SEQ_CST);
	nested_poke(target);
}

/* Only a CPU after INIT takes a SIPI; the second one of a pair finds it running. */
void nested_sipi_cpu(struct nested_cpu *target, uint8_t vector)
{
	if (target->state != NESTED_WAIT_SIPI && !target->init_wanted)
		return;
	__atomic_store_n(&target->sipi, 0x100u | vector, __ATOMIC_SEQ_CST);
	nested_poke(target);
}

void nested_poke(struct nested_cpu *target)
{
	struct nested_cpu *self = nested_here();

	__atomic_store_n(&target->work, 1, __ATOMIC_SEQ_CST);
	if (target == self) /* seen before the next entry */
		return;
	/* One NMI at a time is enough: the flag goes down when it has arrived. */
	if (!__atomic_exchange_n(&target->poked, true, __ATOMIC_ACQ_REL))
		nested_apic_command(self, target->cpu, 4u << 8 | 1u << 14);
}

void nested_serve(struct nested_cpu *c)
{
	__atomic_store_n(&c->work, 0, __ATOMIC_SEQ_CST);
	if (c->init_wanted) {
		/* init_wanted stays set until park() says that it waits: a SIPI in between must be latched. */
		if (c->stepping)
			nested_stepped(c, false);
		nested_timer_reset(c);
		nested_guest->reset(c->vcpu);
		nested_cpu_restart(c, park);
	}
	nested_tlb_serve(c);
	if (__atomic_exchange_n(&c->kick_wanted, false, __ATOMIC_ACQ_REL))
		nested_guest->kicked(c->vcpu);
}

void nested_kick(unsigned int cpu)
{
	__atomic_store_n(&nested_cpu_of[cpu]->kick_wanted, true, __ATOMIC_SEQ_CST);
	nested_poke(nested_cpu_of[cpu]);
}

unsigned int nested_stack_spare(void)
{
	unsigned int least = NESTED_CPU_PAGES * TW_PAGE_SIZE;

	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++) {
		const uint64_t *start = (const uint64_t *)(nested_cpu_of[cpu] + 1), *p = start;

		while ((uint64_t)p < nested_cpu_of[cpu]->stack && !*p)
			p++;
		if ((unsigned int)((p - start) * sizeof(*p)) < least)
			least = (unsigned int)((p - start) * sizeof(*p));
	}
	return least;
}
