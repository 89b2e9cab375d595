/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Local APICs and MSRs of the machine in svm_machine.h. The APIC follows Intel's manual (volume 3,
 * chapter 12) as far as the shim and its guests use it. INIT and SIPI of the shim must never get here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svm_machine.h"

#define X2	    (1ull << 10)
#define ENABLE	    (1ull << 11)
#define BSP	    (1ull << 8)
#define TIMER_RATIO 4 /* TSC ticks in one of the timer's */

struct msr {
	uint32_t number;
	uint64_t value;
};
static struct msr msrs[TW_MAX_CPUS][8];

void machine_apic_reset(void)
{
	static const struct msr initial[] = {
		{ MSR_EFER, EFER_LME | EFER_LMA | EFER_SCE }, { MSR_VM_CR, 0 },
		{ MSR_VM_HSAVE_PA, 0 },			      { 0x277, 0x0007040600070406ull },
		{ 0x10, 0 },				      { MSR_KERNEL_GS_BASE, 0 },
	};

	memset(msrs, 0, sizeof(msrs));
	for (unsigned int cpu = 0; cpu < TW_MAX_CPUS; cpu++) {
		machine_cpus[cpu].apic_base = MACHINE_APIC | ENABLE | (cpu ? 0 : BSP);
		machine_cpus[cpu].apic[APIC_VERSION / 16] = 0x50014;
		memcpy(msrs[cpu], initial, sizeof(initial));
	}
}

static void set(uint64_t bits[4], unsigned int vector)
{
	bits[vector >> 6] |= 1ull << (vector & 63);
}

static int highest(const uint64_t bits[4])
{
	for (int i = 3; i >= 0; i--)
		if (bits[i])
			return i * 64 + 63 - __builtin_clzll(bits[i]);
	return -1;
}

void machine_apic_request(unsigned int cpu, uint8_t vector)
{
	if (vector >= 16)
		set(machine_cpus[cpu].irr, vector);
}

int machine_apic_pending(unsigned int cpu)
{
	const struct machine_cpu *m = &machine_cpus[cpu];
	int irr = highest(m->irr), isr = highest(m->isr);

	if (irr < 0 || !(m->apic[APIC_SVR / 16] & 0x100) || irr >> 4 <= (int)(m->apic[APIC_TPR / 16] >> 4) ||
	    (isr >= 0 && irr >> 4 <= isr >> 4))
		return -1;
	return irr;
}

int machine_apic_take(unsigned int cpu)
{
	int vector = machine_apic_pending(cpu);

	if (vector >= 0) {
		machine_cpus[cpu].irr[vector >> 6] &= ~(1ull << (vector & 63));
		set(machine_cpus[cpu].isr, (unsigned int)vector);
	}
	return vector;
}

/* What is sent to one CPU. The guest's own INIT and SIPI, where they do not trap, go nowhere. */
static void arrive(unsigned int cpu, uint32_t command)
{
	switch (command >> 8 & 7) {
	case 0:
	case 1:
		machine_apic_request(cpu, (uint8_t)command);
		break;
	case 4:
		machine_cpus[cpu].nmi = true;
		break;
	}
}

static void send(unsigned int from, uint32_t command, uint32_t destination, bool x2)
{
	unsigned int shorthand = command >> 18 & 3, mode = command >> 8 & 7;
	bool all = destination == (x2 ? 0xffffffffu : 0xff);

	if (from == machine_here() && (mode == 5 || mode == 6)) {
		fprintf(stderr, "machine: the shim sends INIT or SIPI to the hardware\n");
		abort();
	}
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		if (shorthand == 0 ? all || tw_host.apic_id[cpu] == destination :
		    shorthand == 1 ? cpu == from :
		    shorthand == 2 ? true : cpu != from)
			arrive(cpu, command);
}

uint32_t machine_apic_read(unsigned int cpu, unsigned int reg)
{
	const struct machine_cpu *m = &machine_cpus[cpu];
	uint64_t gone = (mock_tsc - m->timer_start) / TIMER_RATIO;

	if (reg >= 0x100 && reg < 0x180)
		return (uint32_t)(m->isr[(reg - 0x100) >> 5] >> (reg & 0x10 ? 32 : 0));
	if (reg >= 0x200 && reg < 0x280)
		return (uint32_t)(m->irr[(reg - 0x200) >> 5] >> (reg & 0x10 ? 32 : 0));
	if (reg == APIC_PPR) {
		int vector = highest(m->isr);
		uint32_t served = vector < 0 ? 0 : (uint32_t)vector & 0xf0, task = m->apic[APIC_TPR / 16];

		return task > served ? task : served;
	}
	if (reg == APIC_TIMER_NOW)
		return m->apic[APIC_TIMER_INIT / 16] > gone ? m->apic[APIC_TIMER_INIT / 16] - (uint32_t)gone : 0;
	return m->apic[reg / 16 & 63];
}

static void write_register(unsigned int cpu, unsigned int reg, uint64_t value, bool x2)
{
	struct machine_cpu *m = &machine_cpus[cpu];
	int vector = highest(m->isr);

	switch (reg) {
	case APIC_EOI:
		if (vector >= 0)
			m->isr[vector >> 6] &= ~(1ull << (vector & 63));
		return;
	case APIC_ICR:
		m->apic[reg / 16] = (uint32_t)value & ~(1u << 12);
		if (x2)
			m->apic[APIC_ICR_HIGH / 16] = (uint32_t)(value >> 32);
		send(cpu, (uint32_t)value,
		     x2 ? (uint32_t)(value >> 32) : m->apic[APIC_ICR_HIGH / 16] >> 24, x2);
		return;
	case APIC_TIMER_INIT:
		m->timer_start = mock_tsc;
		break;
	case 0x020:
	case APIC_VERSION:
	case APIC_TIMER_NOW:
		return;
	}
	if (reg < 0x100 || reg >= 0x280)
		m->apic[reg / 16 & 63] = (uint32_t)value;
}

void machine_apic_write(unsigned int cpu, unsigned int reg, uint32_t value)
{
	write_register(cpu, reg, value, false);
}

void machine_apic_timer(unsigned int cpu)
{
	uint32_t lvt = machine_cpus[cpu].apic[APIC_LVT_TIMER / 16];

	machine_cpus[cpu].deadline = 0;
	if (!(lvt & 0x10000))
		machine_apic_request(cpu, (uint8_t)lvt);
}

/* --- MSRs ------------------------------------------------------------------------------------------ */

static bool x2apic_register(unsigned int reg, bool write)
{
	switch (reg) {
	case APIC_TPR:
	case APIC_SVR:
	case 0x280:
	case APIC_ICR:
	case 0x320 ... 0x370:
	case APIC_TIMER_INIT:
	case APIC_TIMER_DIVIDE:
		return true;
	case APIC_EOI:
	case 0x3f0:
		return write;
	case 0x020:
	case APIC_VERSION:
	case 0x0a0:
	case 0x0d0:
	case 0x100 ... 0x270:
	case APIC_TIMER_NOW:
		return !write;
	}
	return false;
}

static bool write_base(struct machine_cpu *m, uint64_t value)
{
	uint64_t old = m->apic_base;
	bool skips = !(old & ENABLE) && value & X2, back = old & X2 && value & ENABLE && !(value & X2);

	if (value & ~(0xfffffff000ull | BSP | ENABLE | X2) || (value & X2 && !(value & ENABLE)) || skips || back ||
	    (value & X2 && !(hw_cpuid(1, 0).ecx >> 21 & 1)))
		return false;
	m->apic_base = value;
	return true;
}

static bool has_deadline(void)
{
	return hw_cpuid(1, 0).ecx >> 24 & 1;
}

static struct msr *find(unsigned int cpu, uint32_t number)
{
	for (unsigned int i = 0; i < 8; i++)
		if (msrs[cpu][i].number == number && number)
			return &msrs[cpu][i];
	return NULL;
}

bool machine_msr_read(unsigned int cpu, uint32_t number, uint64_t *value)
{
	struct machine_cpu *m = &machine_cpus[cpu];
	unsigned int reg = (number - 0x800) * 16;
	struct msr *msr = find(cpu, number);

	if (number == MSR_APIC_BASE) {
		*value = m->apic_base;
	} else if (number == MSR_TSC_DEADLINE && has_deadline()) {
		*value = m->deadline;
	} else if (number - 0x800 < 0x100) {
		if (!(m->apic_base & X2) || !x2apic_register(reg, false))
			return false;
		*value = machine_apic_read(cpu, reg);
		if (reg == APIC_ICR)
			*value |= (uint64_t)m->apic[APIC_ICR_HIGH / 16] << 32;
	} else if (msr) {
		*value = msr->value;
	} else {
		return false;
	}
	return true;
}

bool machine_msr_write(unsigned int cpu, uint32_t number, uint64_t value)
{
	struct machine_cpu *m = &machine_cpus[cpu];
	unsigned int reg = (number - 0x800) * 16;
	struct msr *msr = find(cpu, number);

	if (number == MSR_APIC_BASE)
		return write_base(m, value);
	if (number == MSR_TSC_DEADLINE && has_deadline()) {
		m->deadline = value;
	} else if (number - 0x800 < 0x100) {
		if (!(m->apic_base & X2) || !x2apic_register(reg, true) || (reg != APIC_ICR && value >> 32) ||
		    (reg == APIC_EOI && value) || (reg == APIC_ICR && value & 0xfff32000ull))
			return false;
		write_register(cpu, reg, value, true);
	} else if (msr) {
		msr->value = value;
	} else {
		return false;
	}
	return true;
}

bool nested_rdmsr_safe(uint32_t msr, uint64_t *value)
{
	return machine_msr_read(machine_here(), msr, value);
}

bool nested_wrmsr_safe(uint32_t msr, uint64_t value)
{
	return machine_msr_write(machine_here(), msr, value);
}

/* The shim's own: there #GP is the end. */
uint64_t hw_rdmsr(uint32_t msr)
{
	uint64_t value;

	if (!machine_msr_read(machine_here(), msr, &value))
		tw_fatal("#GP in the shim: RDMSR 0x%x", msr);
	return value;
}

void hw_wrmsr(uint32_t msr, uint64_t value)
{
	if (!machine_msr_write(machine_here(), msr, value))
		tw_fatal("#GP in the shim: WRMSR 0x%x", msr);
}
