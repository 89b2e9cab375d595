/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The local APIC through the ROM's mapping, and which CPU this is. The APIC's id would cost an exit at
 * every call where the APIC is emulated; so CPUs are told apart by GDT and task register, which no two
 * CPUs of a kernel have in common (a TSS is busy on one), and the id is read once for each pair.
 */
#include "shim/vmi/rom.h"
#include "twoway/attr.h"

#define APIC_ID	     0x020
#define APIC_LVTT    0x320
#define LVT_MODE     (3u << 17)
#define LVT_MASKED   (1u << 16)
#define BASE_X2	     (1u << 10)
#define BASE_ENABLED (1u << 11)
#define KNOWN	     (2 * TW_MAX_CPUS)

static volatile uint32_t *apic;
static uint32_t timer_mode;
static bool started[TW_MAX_CPUS];
/* In this order, since others look at the same time. */
static volatile struct {
	uint32_t gdt;
	uint16_t tr;
	uint16_t cpu; /* + 1; 0: free */
} known[KNOWN];
static unsigned int known_next;

uint32_t rom_apic_read(unsigned int reg)
{
	rom_window_check();
	return apic[reg / 4];
}

void rom_apic_write(unsigned int reg, uint32_t value)
{
	rom_window_check();
	if (reg == APIC_LVTT)
		rom_window_settle();
	apic[reg / 4] = value;
}

uint32_t rom_timer_mode(void)
{
	return timer_mode;
}

int rom_apic_init(void)
{
	uint64_t base = hw_rdmsr(MSR_APIC_BASE);

	if (base & BASE_X2 || !(base & BASE_ENABLED))
		return -1;
	apic = hw_phys(base & ~0xfffull);
	return apic ? 0 : -1;
}

/* The timer's mode is what the host side left in the LVT. */
void rom_apic_timer_init(void)
{
	timer_mode = apic[APIC_LVTT / 4] & LVT_MODE;
}

void rom_cpus_init(void)
{
	started[0] = true;
}

/* A CPU that the firmware's list does not have gets the next index; without room, the last one. */
static unsigned int by_apic_id(void)
{
	uint32_t id = rom_apic_read(APIC_ID) >> 24;
	unsigned int cpu = 0;

	while (cpu < tw_host.cpus && tw_host.apic_id[cpu] != id)
		cpu++;
	if (cpu == TW_MAX_CPUS)
		return TW_MAX_CPUS - 1;
	if (cpu == tw_host.cpus) {
		tw_host.apic_id[cpu] = id;
		tw_host.cpus++;
	}
	return cpu;
}

/* The first call of a CPU sets its timer up; the guest's own LVT entry stays as it was. */
static void start(unsigned int cpu)
{
	uint32_t lvtt = apic[APIC_LVTT / 4];

	started[cpu] = true;
	tw_host.cpu_init(cpu);
	apic[APIC_LVTT / 4] = (lvtt & ~LVT_MODE) | timer_mode;
}

void rom_cpu_forget(uint32_t apic_id)
{
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		if (tw_host.apic_id[cpu] == apic_id)
			started[cpu] = false;
	for (unsigned int i = 0; i < KNOWN && known[i].cpu; i++)
		if (!started[known[i].cpu - 1])
			known[i].gdt = 0; /* nobody has that */
}

unsigned int tw_cpu(void)
{
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdt;
	unsigned int cpu, i;
	uint16_t tr;

	__asm__ volatile("sgdt %0; str %1" : "=m"(gdt), "=r"(tr));
	for (i = 0; i < KNOWN && known[i].cpu; i++)
		if (known[i].gdt == gdt.base && known[i].tr == tr)
			return known[i].cpu - 1u;
	cpu = by_apic_id();
	if (!started[cpu])
		start(cpu);
	if (tr) { /* before its TSS a CPU may still share a GDT */
		i = __atomic_fetch_add(&known_next, 1, __ATOMIC_RELAXED) % KNOWN;
		known[i].cpu = 0;
		known[i].gdt = gdt.base;
		known[i].tr = tr;
		known[i].cpu = (uint16_t)(cpu + 1);
	}
	return cpu;
}

unsigned long rom_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0; cli" : "=rm"(flags) : : "memory");
	return flags;
}

void rom_irq_restore(unsigned long flags)
{
	__asm__ volatile("push %0; popf" : : "rm"(flags) : "memory", "cc");
}
