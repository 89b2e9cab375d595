/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the files of the bare host side share; nobody else includes this. Each prototype stands
 * under the file that owns it.
 */
#ifndef TRANSLATORS_BARE_HOST_H
#define TRANSLATORS_BARE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"

/* An ACPI Generic Address; space BARE_SPACE_NONE means that there is no such register. */
#define BARE_SPACE_MEMORY 0
#define BARE_SPACE_PORT	  1
#define BARE_SPACE_PCI	  2
#define BARE_SPACE_NONE	  0xff
struct bare_register {
	uint8_t space;
	uint64_t address;
};

#define BARE_MAX_IOAPICS 8
struct bare_ioapic {
	uint64_t pa;
	uint32_t gsi_base;
};

/* How an ISA interrupt reaches the IO-APICs. */
struct bare_isa_irq {
	uint32_t gsi;
	bool level, active_low;
};

/* What firmware and CPUID say of this machine; filled once by bare_host_init(). */
struct bare_machine {
	bool hypervisor; /* CPUID.1 ECX.31 */
	bool kvm_leaves; /* leaf 0x40000010 has the frequencies as VMware and KVM define it */
	uint32_t xen_leaf; /* Xen's leaves begin here, 0: none; the fourth has the TSC's frequency (xen/arch-x86/cpuid.h) */
	uint64_t tsc_told; /* the TSC's frequency by another host side, Hz, 0: not told */
	bool acpi;	 /* a usable FADT was found */

	/* MADT or MP table (host_madt.c) */
	bool cpus_left_out; /* there are more than TW_MAX_CPUS */
	bool madt; /* interrupt sources are ACPI's (else the ELCR decides about level) */
	unsigned int ioapics_count;
	struct bare_ioapic ioapics[BARE_MAX_IOAPICS];
	struct bare_isa_irq isa[16];

	/* FADT and DSDT (host_fadt.c); ports are 0 when there is none */
	bool hw_reduced; /* no PM1 registers */
	bool no_rtc;
	uint8_t century; /* CMOS index, 0: none */
	uint16_t smi_cmd, pm1a_event, pm1a_control, pm1b_control, pm_timer;
	uint8_t acpi_enable;
	bool pm_timer_32; /* 32 bits wide, else 24 */
	struct bare_register reset, sleep_control;
	uint8_t reset_value;
	bool s5; /* sleep types below are known */
	uint8_t s5_type_a, s5_type_b;
	uint16_t pvpanic;

	uint64_t hpet; /* physical address, 0: none */
};
extern struct bare_machine bare;

/* host_acpi.c: find tables. Pointers stay valid as long as nobody reuses that memory. */

/* Look for the root tables; rsdp 0 scans the BIOS areas. False when there is no ACPI. */
bool bare_acpi_open(uint64_t rsdp);
/* The nth table with that signature, checked (bounds, checksum), else NULL. */
const uint8_t *bare_acpi_table(const char *signature, unsigned int nth, uint32_t *len);
/* The table at pa if it is sound and has that signature (NULL: any), else NULL. */
const uint8_t *bare_acpi_table_at(uint64_t pa, const char *signature, uint32_t *len);
/* Sum of bytes, 0 for sound tables. */
uint8_t bare_checksum(const uint8_t *p, uint32_t len);
/* Scan physical from..to in steps of 16 for a structure; 0 when it is not there. */
uint64_t bare_scan(uint64_t from, uint64_t to, const char *signature, uint32_t checked_len);
/* The extended BIOS data area's address, 0 when the BIOS has none. */
uint64_t bare_ebda(void);

/* host_madt.c: CPUs and interrupt controllers, from ACPI or else the MP tables. */

/* The ids of usable CPUs, in firmware order, at most max; fills bare.ioapics and bare.isa. */
unsigned int bare_madt_read(uint32_t *apic_id, unsigned int max);
/* host_mptable.c: the same from the MP configuration table. */
unsigned int bare_mptable_read(uint32_t *apic_id, unsigned int max);
/* Add id to a list without doubling it; the new count. */
unsigned int bare_cpu_add(uint32_t *apic_id, unsigned int count, unsigned int max, uint32_t id);

/* host_fadt.c */

/* Fill the FADT, DSDT and HPET parts of bare. */
void bare_fadt_read(void);
/* \_S5_ and pvpanic in AML bytes. */
void bare_aml_scan(const uint8_t *aml, uint32_t len);
/* Show use each definition block: the DSDTs that the FADT names, and all SSDTs. Sound tables, header included. */
void bare_fadt_definitions(void (*use)(const uint8_t *table, uint32_t len));

/* host_ioapic.c */

/* Remap and mask both PICs, mask every IO-APIC pin. */
void bare_ioapic_init(void);
/* Send an ISA interrupt to vector on the CPU with that APIC id; false: no way to route it. */
bool bare_ioapic_route(unsigned int isa_irq, uint8_t vector, uint32_t apic_id);

/* host_lapic.c */

#define LAPIC_ID	  0x020
#define LAPIC_TPR	  0x080
#define LAPIC_EOI	  0x0b0
#define LAPIC_SVR	  0x0f0
#define LAPIC_ICR	  0x300
#define LAPIC_ICR_HIGH	  0x310
#define LAPIC_LVT_TIMER	  0x320
#define LAPIC_LVT_LINT0	  0x350
#define LAPIC_LVT_ERROR	  0x370
#define LAPIC_TIMER_INIT  0x380
#define LAPIC_TIMER_NOW	  0x390
#define LAPIC_TIMER_SCALE 0x3e0
#define LAPIC_LVT_MASKED  (1u << 16)

/* Choose xAPIC or x2APIC and fill the interrupt members of *host. */
int bare_lapic_init(struct tw_host *host, bool large_ids, const char **why);
/* Enable the calling CPU's local APIC. */
void bare_lapic_enable(void);
uint32_t bare_lapic_id(void);
uint32_t bare_lapic_read(unsigned int reg);
void bare_lapic_write(unsigned int reg, uint32_t value);
/* Send an interrupt command (ICR low word) to one APIC id. */
void bare_lapic_command(uint32_t apic_id, uint32_t command);
bool bare_lapic_is_x2apic(void);

/* host_cpu.c */

/* INIT-SIPI-SIPI; see struct tw_host. */
int bare_cpu_start(unsigned int cpu, uint32_t trampoline_pa);
void bare_cpu_init(struct tw_host *host);

/* host_timer.c */

/* Fill the timer members; hz is the local APIC timer's undivided frequency (0: deadline mode). */
void bare_timer_init(struct tw_host *host, uint64_t lapic_hz);
/* Set up the calling CPU's timer, stopped. */
void bare_timer_enable(void);
/* The TSC-deadline timer is there. */
bool bare_timer_deadline(void);

/* host_reference.c: counters of known frequency, to measure others by. */

struct bare_reference {
	const char *name;
	uint64_t hz;
	uint32_t mask;		/* the counter's width */
	uint32_t (*read)(void); /* counts upwards */
	void (*done)(void);	/* put the device back as it was; may be NULL */
};
/* The best counter that runs, NULL when the machine has none. */
const struct bare_reference *bare_reference_find(void);
/* True when the counter moves. */
bool bare_reference_runs(const struct bare_reference *ref);

/* host_tsc.c */

/* Frequencies, Hz. *lapic_hz is filled when it is not NULL. 0 or -ENODEV with *why. */
int bare_tsc_measure(uint64_t *tsc_hz, uint64_t *lapic_hz, const char **why);
/* Set up host->clock to start now; bare_delay_us() is right from here on. */
void bare_tsc_start(struct tw_host *host, uint64_t tsc_hz);
/* Busy wait. */
void bare_delay_us(uint32_t us);

/* host_rtc.c */

void bare_rtc_init(struct tw_host *host);

/* host_power.c */

void bare_power_init(struct tw_host *host);

/* host_sleep.c */

void bare_sleep_init(struct tw_host *host);

/* host_console.c */

void bare_console_init(struct tw_host *host);

#endif /* TRANSLATORS_BARE_HOST_H */
