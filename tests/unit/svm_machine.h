/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A machine with SVM, made of C, beneath the real core of nested mode (shim/nested): all its files but
 * the assembly and cpu_hw.c run on it as host code. Each CPU is a coroutine with a stack of its own, so
 * that code which never returns (the exit loop, a parked CPU) stays as it is. VMRUN hands control back
 * to the test, which plays the guest: it changes registers in the VMCB and says which exit comes next.
 *
 * Modelled: local APICs (both modes, priorities, IPIs), NMIs, the TSC, nested page tables by a walk as
 * the CPU does it, EVENTINJ, virtual interrupts, and exits that come by themselves: NMIs, interrupts, interrupt windows,
 * single steps. At each VMRUN the machine looks whether the VMCB is one that keeps the shim in control.
 *
 * svm_machine.c makes it, svm_fiber.c are its CPUs as coroutines, svm_switch.c is VMRUN, svm_check.c what it demands,
 * svm_happen.c what comes by itself, svm_guest.c what the guest executes, svm_apic.c APICs and MSRs; svm_core.c and
 * svm_shim.c stand for the core's instructions and for the rest of the shim.
 */
#ifndef TESTS_UNIT_SVM_MACHINE_H
#define TESTS_UNIT_SVM_MACHINE_H

#include "mock_hw.h"
#include "shim/nested/svm.h"

#define MACHINE_LOW_END   0x9f000ull   /* RAM: 0 to here */
#define MACHINE_RAM	  0x100000ull  /* and from here */
#define MACHINE_RAM_END   0x200000ull  /* to here, */
#define MACHINE_HIGH	  (1ull << 32) /* and from here */
#define MACHINE_HIGH_SIZE 0x10000ull   /* so much */
#define MACHINE_KEPT	  0x200000ull  /* the shim's memory, unless a test moves it: the kept image, */
#define MACHINE_IMAGE	  0x10000ull   /* so long, and what memory_take() gives */
#define MACHINE_KEPT_SIZE 0x180000ull
#define MACHINE_APIC	  0xfee00000ull
#define MACHINE_PM1A	  0x604 /* ACPI's power port; sleep type 5 is S5 */
#define MACHINE_S5	  5
#define MACHINE_ENTRY	  0x100000ull /* RIP of the boot CPU */

enum machine_state {
	MACHINE_OFF,
	MACHINE_GUEST,   /* at VMRUN: the guest runs */
	MACHINE_WAITING, /* halted in the shim */
	MACHINE_RESTART, /* for the machine alone: it leaves its stack */
	MACHINE_ENDED,
};

struct machine_cpu {
	enum machine_state state;
	unsigned int entries; /* VMRUNs so far */
	uint32_t event;	      /* what entered with the latest one, by EVENTINJ or V_IRQ; 0 = none */
	uint32_t event_error;
	uint32_t tlb_control;

	bool nmi; /* pending */
	uint64_t apic_base;
	uint32_t apic[64]; /* by offset / 16 */
	uint64_t irr[4], isr[4];
	uint64_t timer_start; /* TSC */
	uint64_t deadline;
};
extern struct machine_cpu machine_cpus[TW_MAX_CPUS];

/* What a test may change between machine_reset() and machine_boot(). */
extern uint64_t machine_kept;	/* where the shim's memory lies */
extern bool machine_no_ports;	/* no ACPI power port: ports do not trap */
extern bool machine_next_rip;	/* the CPU tells the length of instructions */
extern unsigned int machine_debug_touched; /* accesses of the shim to debug registers */
extern uint64_t machine_debug[4];
extern bool machine_tcg;	/* it is QEMU's emulation */

/* How the machine ended: "poweroff", "reboot", "crash", "fatal"; NULL while it runs. */
extern const char *machine_end;
/* The latest report of an end that the guest itself is about to bring about, NULL none. */
extern const char *machine_report;

/* A machine of so many CPUs, APIC ids 2 * index, all static data of the core as at program start. */
void machine_reset(unsigned int cpus);
/* As shim/start_nested.c does it: the guest stands at its first instruction, other CPUs are parked. */
void machine_boot(const struct nested_abi *abi, const char *profile);

/* The guest on a CPU exits; then all exits that follow by themselves. */
void machine_exit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2);
/* Only the exits that come by themselves now. */
void machine_settle(void);
struct vmcb *machine_vmcb(unsigned int cpu);
struct nested_regs *machine_regs(unsigned int cpu);

/* Instructions of the guest. False: an exception came instead (its EVENTINJ is in event). */
struct hw_cpuid machine_cpuid(unsigned int cpu, uint32_t leaf, uint32_t subleaf);
bool machine_rdmsr(unsigned int cpu, uint32_t msr, uint64_t *value);
bool machine_wrmsr(unsigned int cpu, uint32_t msr, uint64_t value);
/* IN and OUT; value is what OUT writes, and what IN has read comes back. */
uint32_t machine_io(unsigned int cpu, uint16_t port, unsigned int size, bool out, uint32_t value);
/* A 32-bit store to guest-physical memory, with its nested page faults and the steps behind it. */
bool machine_store(unsigned int cpu, uint64_t gpa, uint32_t value);

/* The nested page-table entry that maps gpa, 0 when none does; *bytes: the size of its page. */
uint64_t machine_walk(unsigned int cpu, uint64_t gpa, uint64_t *bytes);
/* Does this MSR exit now? */
bool machine_msr_traps(uint32_t msr, bool write);
bool machine_port_traps(uint16_t port, unsigned int size);
/* Where guest RAM or shim memory is. */
void *machine_at(uint64_t pa);

/* --- svm_apic.c: local APICs and MSRs --- */
unsigned int machine_here(void);
void machine_apic_reset(void);
/* As the instruction on the page would. */
uint32_t machine_apic_read(unsigned int cpu, unsigned int reg);
void machine_apic_write(unsigned int cpu, unsigned int reg, uint32_t value);
/* The timer expires. */
void machine_apic_timer(unsigned int cpu);
/* An interrupt is requested; the highest that the CPU would take, -1 none; take it. */
void machine_apic_request(unsigned int cpu, uint8_t vector);
int machine_apic_pending(unsigned int cpu);
int machine_apic_take(unsigned int cpu);
static inline bool machine_bit(const uint64_t set[4], unsigned int vector)
{
	return set[vector >> 6] >> (vector & 63) & 1;
}
/* WRMSR and RDMSR as the guest executes them when nothing intercepts; false: #GP. */
bool machine_msr_read(unsigned int cpu, uint32_t msr, uint64_t *value);
bool machine_msr_write(unsigned int cpu, uint32_t msr, uint64_t value);

#endif /* TESTS_UNIT_SVM_MACHINE_H */
