/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested mode: internal header. Each prototype stands under the file that owns it. What depends on
 * the CPU maker stands under svm*.c alone; everything else is common.
 */
#ifndef SHIM_NESTED_NESTED_H
#define SHIM_NESTED_NESTED_H

#include "shim/nested/exits.h"
#include "shim/shim.h"
#include "twoway/nested.h"

#define NESTED_STACK_PAGES 4
#define NESTED_WAITING_MAX 8 /* vectors that wait for an interrupt window */

/* What a vCPU is about; changed by its own CPU only. */
enum nested_state { NESTED_WAIT_SIPI, NESTED_RUNNING };

/* A local APIC timer of the guest that the shim multiplexes onto the real one. */
struct nested_apic_timer {
	bool owned;	      /* the shim owns the hardware timer of this CPU */
	uint32_t lvt, count, divide; /* as the guest wrote them */
	uint64_t deadline;    /* guest's next expiry: TSC, 0 = off */
	uint64_t period;      /* TSC ticks, 0 = one-shot */
	uint64_t shim_tsc;    /* the shim's own one-shot (tw_host.timer_set): TSC, 0 = off */
};

/* One CPU's part of the shim: lies in a block of resident pages, at its end the stack. */
struct nested_cpu {
	struct nested_regs regs; /* entry code: offsets are generated */
	uint64_t stack;		 /* top; entry code */
	uint64_t vmcb_pa;	 /* entry code */
	struct vmcb *vmcb;
	struct nested_vcpu *vcpu;
	unsigned int cpu;
	uint64_t gdt[4]; /* GDTR leads to this struct: works with any GS and any stack */

	/* Requests by other CPUs: set, then an NMI. */
	volatile uint32_t work; /* nonzero: look at the rest (also ends a wait) */
	volatile bool init_wanted, kick_wanted, nmi_wanted;
	volatile uint32_t sipi;	      /* vector | 0x100 */
	volatile uint32_t kicks;      /* NMIs that the shim sent and that have not arrived */
	uint64_t flush_wanted, flush_done;

	volatile enum nested_state state;
	bool resume_inject;	 /* an event was put into the VMCB for the next entry */
	bool in_nmi;		 /* an NMI was injected and its IRET was not seen */
	volatile int accepted;	 /* an interrupt that the shim took from the APIC; -1 none */
	uint8_t waiting[NESTED_WAITING_MAX];
	unsigned int waiting_count;

	/* apic.c */
	bool x2apic;
	bool stepping;
	uint64_t step_rflags; /* TF, IF as the guest had them */
	uint32_t step_reg;
	uint64_t saved_exceptions;
	uint64_t *apic_pte;  /* this CPU's nested page-table entry of the APIC page */
	uint8_t *apic_copy;  /* RAM in place of the APIC page while stepping */
	struct nested_apic_timer timer;

	/* npt.c: this CPU's view */
	uint64_t *pml4, *pdpt, *pd3;

	uint64_t ran_tsc, idle_tsc; /* time stamps for the runtime */
	uint64_t exits[NESTED_EXIT_COUNT];
};

/* --- cpu.c: this CPU's part, start, stop --- */
extern struct nested_cpu *nested_cpu_of[TW_MAX_CPUS];
void nested_cpu_create(unsigned int cpu);
/* Load GDT and IDT, switch SVM on. */
void nested_cpu_load(unsigned int cpu);
void nested_ap_main(unsigned int cpu) __attribute__((noreturn));
/* Serve requests of other CPUs; before each entry when c->work is set. */
void nested_serve(struct nested_cpu *c);
/* Ask another CPU's shim to look at its requests. */
void nested_poke(struct nested_cpu *c);
struct nested_cpu *nested_here(void);
static inline struct nested_cpu *nested_cpu(struct nested_vcpu *v)
{
	return nested_cpu_of[v->cpu];
}

/* --- host_trap.c, host_trap.S: what may happen while the shim itself runs --- */
extern char nested_stubs[], nested_wait_begin[], nested_wait_end[];
void nested_idt_load(void);
/* Let an NMI in that waits (GIF is 0 in the shim). */
void nested_take_nmi(void);
/* Let one interrupt in: its vector lands in c->accepted. */
void nested_take_interrupt(void);
/* Wait with interrupts off until *work, or an NMI. */
void nested_wait(volatile uint32_t *work);
/* Wait until *work, an NMI, or an interrupt: it is taken. */
void nested_wait_interrupt(volatile uint32_t *work);
/* RDMSR and WRMSR that may fault; false: #GP. */
bool nested_rdmsr_safe(uint32_t msr, uint64_t *value);
bool nested_wrmsr_safe(uint32_t msr, uint64_t value);

/* --- exit.c: what exits mean, common to all backends. They act on c->regs. --- */
void nested_exit_cpuid(struct nested_cpu *c);
void nested_exit_msr(struct nested_cpu *c, bool write);
void nested_exit_hypercall(struct nested_cpu *c);
void nested_exit_io(struct nested_cpu *c, uint16_t port, unsigned int size, bool out);
void nested_exit_nmi(struct nested_cpu *c);
void nested_exit_interrupt(struct nested_cpu *c);
void nested_exit_iret(struct nested_cpu *c);
void nested_exit_page(struct nested_cpu *c, uint64_t gpa, bool write, bool fetch);
void nested_exit_shutdown(struct nested_cpu *c) __attribute__((noreturn));
/* Before each entry, when anything waits. */
void nested_before_entry(struct nested_cpu *c);
/* The guest's registers in one message. */
void nested_report(struct nested_cpu *c, const char *what);

/* --- cpuid.c --- */
void nested_cpuid(struct nested_cpu *c, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);

/* --- msr.c --- */
enum nested_verdict nested_rdmsr(struct nested_cpu *c, uint32_t msr, uint64_t *value);
enum nested_verdict nested_wrmsr(struct nested_cpu *c, uint32_t msr, uint64_t value);

/* --- apic.c --- */
void nested_apic_init(void);
void nested_apic_cpu_init(struct nested_cpu *c);
uint32_t nested_apic_read(struct nested_cpu *c, unsigned int reg);
void nested_apic_write(struct nested_cpu *c, unsigned int reg, uint32_t value);
/* An interrupt command of the shim itself: the guest's half-written ICR stays. */
void nested_apic_command(struct nested_cpu *c, unsigned int cpu, uint32_t command);
/* A write of the guest to an APIC register (by MMIO or MSR). */
void nested_apic_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value);
bool nested_apic_page_fault(struct nested_cpu *c, uint64_t gpa, bool write);
void nested_apic_stepped(struct nested_cpu *c);
/* The guest wrote IA32_APIC_BASE. */
enum nested_verdict nested_apic_base(struct nested_cpu *c, uint64_t value);
/* Trap the guest's APIC writes where something depends on them; leave them alone elsewhere. */
void nested_apic_update_traps(struct nested_cpu *c);
extern uint64_t nested_apic_pa;

/* --- timer.c: one hardware timer for the guest's APIC timer and the shim's one-shot --- */
void nested_timer_init(void);
bool nested_timer_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value);
void nested_timer_fired(struct nested_cpu *c);

/* --- npt.c: nested page tables --- */
void nested_npt_init(void);
/* Make a CPU's view; returns the root. */
uint64_t nested_npt_view(struct nested_cpu *c);
/* Change the 4 KB entry of gpa in all views; false: no memory for tables. No flush. */
bool nested_npt_set(uint64_t gpa, uint64_t entry);
/* A fault on memory that has no entry yet (devices far up): true when it has one now. */
bool nested_npt_fault(uint64_t gpa);
uint64_t nested_npt_identity(uint64_t gpa);
extern uint64_t nested_gpa_limit;
#define NPT_RAM (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

/* --- memory.c: what is the guest's --- */
struct nested_range {
	uint64_t base, end;
};
void nested_memory_init(const struct tw_boot *boot);
bool nested_memory_is_shim(uint64_t gpa, uint64_t bytes);
bool nested_memory_is_ram(uint64_t gpa, uint64_t bytes);
uint64_t nested_take_pages(unsigned int pages);

/* --- overlay.c --- */
void *nested_overlay_find(uint64_t gpa);

/* --- power.c: the guest's own power-off and reset, so that the ledger comes out --- */
void nested_power_init(void);
bool nested_power_port(struct nested_cpu *c, uint16_t port, unsigned int size, bool out, uint32_t value);

/* --- cost.c --- */
void nested_cost_measure(void);

/* --- svm.c: the backend --- */
/* One line why the machine cannot do it, or NULL. */
const char *nested_backend_missing(void);
void backend_init(void);
void backend_cpu_create(struct nested_cpu *c);
void backend_cpu_enable(struct nested_cpu *c);
/* Initial states: INIT + SIPI, and the boot CPU's flat one (entry state as the loader wants it). */
void backend_state_sipi(struct nested_cpu *c, uint8_t vector);
struct nested_entry {
	bool long_mode;
	uint64_t rip, rsp, rsi, rdi, rax, rbx, cr3;
};
void backend_state_entry(struct nested_cpu *c, const struct nested_entry *e);
void backend_run(struct nested_cpu *c) __attribute__((noreturn));
void backend_skip(struct nested_cpu *c);
/* Events for the next entry; the caller looks at backend_can_*() first. */
bool backend_inject_free(struct nested_cpu *c);
bool backend_interruptible(struct nested_cpu *c);
void backend_inject_exception(struct nested_cpu *c, unsigned int vector, bool has_error, uint32_t error);
void backend_inject_interrupt(struct nested_cpu *c, uint8_t vector);
void backend_inject_nmi(struct nested_cpu *c);
void backend_want_window(struct nested_cpu *c, bool on); /* exit when interruptible */
void backend_want_iret(struct nested_cpu *c, bool on);
void backend_want_interrupts(struct nested_cpu *c, bool on); /* exit on every interrupt */
void backend_want_step(struct nested_cpu *c, bool on);	     /* exit on every exception */
void backend_flush(struct nested_cpu *c);
void backend_trap_msr(uint32_t msr, bool read, bool write);
void backend_trap_port(uint16_t port, bool on);
void backend_set_rflags(struct nested_cpu *c, uint64_t rflags);
uint64_t backend_efer(struct nested_cpu *c);
void backend_set_efer(struct nested_cpu *c, uint64_t efer);
uint64_t backend_cr4(struct nested_cpu *c);
void backend_clear_step_trace(struct nested_cpu *c); /* DR6.BS */

#endif /* SHIM_NESTED_NESTED_H */
