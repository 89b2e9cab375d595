/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Processors: start by INIT-SIPI-SIPI, halt, spin hint. The waits of the Intel MP specification
 * (10 ms after INIT, 200 us between the SIPIs) were for external APICs; since the P6 the CPU
 * latches both, Linux waits 0 and 10 us on every family 6 and later, and so do hypervisors (they
 * queue the two events in order). We keep 100 us after INIT, in reach of the slowest machine's
 * INIT and still nothing at boot. The second SIPI is ignored by a CPU that took the first.
 */
#include <asm-generic/errno.h>

#include "host.h"

#define ICR_INIT     (5u << 8 | 1u << 14)
#define ICR_STARTUP  (6u << 8 | 1u << 14)
#define INIT_WAIT_US 100
#define SIPI_WAIT_US 10

static const struct tw_host *started_by;

int bare_cpu_start(unsigned int cpu, uint32_t trampoline_pa)
{
	uint32_t startup = ICR_STARTUP | trampoline_pa >> 12;
	uint32_t id;

	if (cpu >= started_by->cpus || (trampoline_pa & 0xfff) || trampoline_pa >= 0x100000)
		return -ENODEV;
	id = started_by->apic_id[cpu];
	bare_lapic_command(id, ICR_INIT);
	bare_delay_us(INIT_WAIT_US);
	bare_lapic_command(id, startup);
	bare_delay_us(SIPI_WAIT_US);
	bare_lapic_command(id, startup);
	return 0;
}

static void cpu_init(unsigned int cpu)
{
	bare_lapic_enable();
	bare_timer_enable();
}

static void halt(void)
{
	hw_sti_hlt();
}

static void yield(void)
{
	hw_pause();
}

static void yield_to(unsigned int cpu)
{
	hw_pause();
}

static void wake(unsigned int cpu)
{
	started_by->ipi(cpu, TW_VEC_KICK);
}

static uint64_t tlb_flush(uint64_t cpus)
{
	return cpus;
}

/* Nobody tells a bare machine that its CPU was taken away. */
static uint64_t steal_ns(unsigned int cpu)
{
	return 0;
}

/* All interrupts come by the local APIC. */
static uint32_t events(void)
{
	return 0;
}

/* A PC's power button is ACPI's, which the guest does not have here. */
static const char *request(void)
{
	return NULL;
}

TW_INIT void bare_cpu_init(struct tw_host *host)
{
	started_by = host;
	host->cpu_init = cpu_init;
	host->cpu_start = bare_cpu_start;
	host->halt = halt;
	host->yield = yield;
	host->yield_to = yield_to;
	host->wake = wake;
	host->tlb_flush = tlb_flush;
	host->events = events;
	host->request = request;
	host->steal_ns = steal_ns;
	tw_serves(host, TW_OP_CPU_START, "init-sipi");
	tw_serves(host, TW_OP_HALT, "hlt");
	tw_serves(host, TW_OP_YIELD, "pause");
	tw_serves(host, TW_OP_STEAL, "none");
}
