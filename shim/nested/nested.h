/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested mode: internal header. Each prototype stands under the file that owns it. What depends on
 * the CPU maker has the prefix backend_ and lies in svm*; everything else is common.
 */
#ifndef SHIM_NESTED_NESTED_H
#define SHIM_NESTED_NESTED_H

#include "shim/nested/exits.h"
#include "shim/shim.h"
#include "twoway/nested.h"
#include "twoway/nested_image.h"

#define NESTED_CPU_PAGES 1 /* a struct nested_cpu with the stack behind it */

/* APIC registers (offsets in the page; MSR 0x800 + offset / 16). */
#define APIC_VERSION	  0x030
#define APIC_TPR	  0x080
#define APIC_PPR	  0x0a0
#define APIC_EOI	  0x0b0
#define APIC_SVR	  0x0f0
#define APIC_ICR	  0x300
#define APIC_ICR_HIGH	  0x310
#define APIC_LVT_TIMER	  0x320
#define APIC_TIMER_INIT	  0x380
#define APIC_TIMER_NOW	  0x390
#define APIC_TIMER_DIVIDE 0x3e0
/* The hardware timer's vector while the shim owns it: one that Linux leaves free. */
#define NESTED_VEC_TIMER 0xf5

#define NESTED_REG_DEADLINE 0x1000 /* IA32_TSC_DEADLINE, as if it were a register of the page */

/* Changed by the vCPU's own CPU only. */
enum nested_state { NESTED_WAIT_SIPI, NESTED_RUNNING };

/* Why a vCPU is single-stepped (apic_step.c). */
enum nested_step { NESTED_STEP_NONE, NESTED_STEP_APIC, NESTED_STEP_PAGE0, NESTED_STEP_DEBUG, NESTED_STEP_IRET };

/* The guest's APIC timer while the shim owns the hardware one (timer.c). Times are TSC values. */
struct nested_apic_timer {
	bool owned;
	uint32_t lvt, count, divide; /* as the guest wrote them */
	uint64_t deadline;	     /* the guest's next expiry, 0 = off */
	uint64_t period;	     /* 0 = one-shot */
	uint64_t shim_tsc;	     /* the shim's one-shot (tw_host.timer_set), 0 = off */
	uint64_t armed, margin; /* when the hardware fires, and how much earlier it may be */
	bool stale;	     /* an interrupt of an earlier setting may still come */
};

/* One CPU's part of the shim, in a block of resident pages with the stack at its end. */
struct nested_cpu {
	struct nested_regs regs; /* entry code: offsets are generated */
	uint64_t stack;		 /* top; entry code */
	uint64_t vmcb_pa;	 /* entry code */
	struct vmcb *vmcb;
	uint64_t next_rip; /* behind the instruction that exited */
	unsigned int cpu;
	struct nested_vcpu *vcpu;
	uint64_t gdt[4]; /* GDTR leads to this struct: works with any GS and on any stack */
	uint64_t host_save_pa, npt_root;

	/*
	 * Requests of other CPUs (cpu.c): they set what they want, then work, then send an NMI unless one is
	 * on its way (poked).
	 */
	volatile uint32_t work;
	volatile bool poked, init_wanted, kick_wanted;
	volatile uint32_t sipi; /* vector | 0x100: latched until the CPU has been reset */
	uint64_t flush_wanted, flush_done;

	volatile enum nested_state state;
	bool guest_runs;
	volatile bool maybe_dying; /* flushed its caches as CPUs do that go offline */

	/* Events (event.c). */
	bool before_entry;	  /* nested_before_entry() must look */
	volatile bool nmi_wanted; /* the guest's own NMI waits */
	bool in_nmi;		  /* one was injected and its IRET was not seen */
	volatile int accepted;	  /* an interrupt taken from the APIC for the guest; -1 none */
	uint64_t waiting[4];	  /* vectors that bypass the APIC */
	int first;		  /* one that goes before all others; -1 none */

	/* APIC (apic.c, apic_step.c). */
	bool x2apic;
	enum nested_step stepping;
	uint64_t step_flags; /* TF and IF as the guest had them */
	unsigned int step_reg;
	uint64_t *apic_pte;    /* this CPU's nested page-table entry of the APIC page */
	uint8_t *apic_copy;    /* shown in place of the APIC page for one instruction */
	uint64_t apic_copy_pa;
	struct nested_apic_timer timer;

	uint64_t *pml4, *pdpt, *pd3; /* this CPU's view (npt.c) */

	uint64_t ran_tsc, idle_tsc; /* since when it runs, and how much of that in nested_idle() */
	uint64_t exits[NESTED_EXIT_COUNT];
};

/* --- cpu.c --- */
extern struct nested_cpu *nested_cpu_of[TW_MAX_CPUS];
/* Make a CPU's part. Boot only. */
void nested_cpu_create(unsigned int cpu);
void nested_ap_main(unsigned int cpu) __attribute__((noreturn));
void nested_boot_cpu_run(const struct nested_image_start *start) __attribute__((noreturn));
/* INIT and SIPI as the guest sends them. */
void nested_init_cpu(struct nested_cpu *target);
void nested_sipi_cpu(struct nested_cpu *target, uint8_t vector);
/* Make a CPU's shim look at its requests. */
void nested_poke(struct nested_cpu *target);
/* Serve requests of other CPUs. Does not return when there was an INIT. */
void nested_serve(struct nested_cpu *c);
static inline struct nested_cpu *nested_cpu(struct nested_vcpu *v)
{
	return nested_cpu_of[v->cpu];
}

/* --- cpu_hw.c --- */
/* The calling CPU. */
struct nested_cpu *nested_here(void);
/* Load GDT and IDT and switch virtualisation on, on the CPU itself. */
void nested_cpu_load(unsigned int cpu);
/* The debug registers 0 to 3, which the guest and the shim share. */
uint64_t nested_debug_read(unsigned int number);
void nested_debug_write(unsigned int number, uint64_t value);
/* Forget all that is on the CPU's stack and run there. */
void nested_cpu_restart(struct nested_cpu *c, void (*run)(struct nested_cpu *c)) __attribute__((noreturn));
/* Physical address of a page of the shim: in the image or in the direct map. */
uint64_t nested_page_pa(const void *page);

/* --- host_trap.c, host_trap.S: what may happen while the shim itself runs --- */
extern char nested_stubs[];
void nested_idt_init(void);
void nested_idt_load(void);
/* RDMSR and WRMSR that may fault; false: #GP. */
bool nested_rdmsr_safe(uint32_t msr, uint64_t *value);
bool nested_wrmsr_safe(uint32_t msr, uint64_t value);
/* What the stubs leave on the stack. */
struct nested_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
void nested_host_trap(struct nested_frame *f);

/* --- exit.c: what exits mean, common to all backends --- */
void nested_exit_cpuid(struct nested_cpu *c);
void nested_exit_msr(struct nested_cpu *c, bool write);
void nested_exit_hypercall(struct nested_cpu *c);
void nested_exit_io(struct nested_cpu *c, uint16_t port, unsigned int size, bool out);
void nested_exit_page(struct nested_cpu *c, uint64_t gpa, bool write, bool fetch);
void nested_exit_shutdown(struct nested_cpu *c, bool on_purpose) __attribute__((noreturn));
/* The guest's registers, for people. */
void nested_report(struct nested_cpu *c, const char *what);

/* --- event.c --- */
void nested_exit_nmi(struct nested_cpu *c);
void nested_exit_iret(struct nested_cpu *c);
void nested_exit_interrupt(struct nested_cpu *c);
/* After exits that left something to do: requests of others, events for the guest. */
void nested_before_entry(struct nested_cpu *c);

/* --- cpuid.c --- */
void nested_cpuid(struct nested_cpu *c, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);

/* --- msr.c --- */
enum nested_verdict nested_rdmsr(struct nested_cpu *c, uint32_t msr, uint64_t *value);
enum nested_verdict nested_wrmsr(struct nested_cpu *c, uint32_t msr, uint64_t value);

/* --- apic.c --- */
extern uint64_t nested_apic_pa;
void nested_apic_init(void);
uint32_t nested_apic_read(struct nested_cpu *c, unsigned int reg);
/* False: the CPU refuses the value (x2APIC). */
bool nested_apic_write(struct nested_cpu *c, unsigned int reg, uint64_t value);
/* An interrupt command of the shim itself; the guest's half-written ICR stays. */
void nested_apic_command(struct nested_cpu *c, unsigned int cpu, uint32_t command);
void nested_apic_reset(struct nested_cpu *c);
void nested_apic_handover(struct nested_cpu *c);
/* The guest writes IA32_APIC_BASE. */
enum nested_verdict nested_apic_base(struct nested_cpu *c, uint64_t value);
/* The guest writes an APIC register whose writes trap. */
bool nested_apic_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value);
/* Show RAM in place of the APIC page, for one step. */
void nested_apic_show_copy(struct nested_cpu *c);
/* Set this CPU's entry of the APIC page anew. */
void nested_apic_update(struct nested_cpu *c);
/* A CPU's state or timer changed: do other writes trap now, anywhere? */
void nested_apic_traps_changed(struct nested_cpu *self);
/* WBINVD: perhaps a CPU on its way offline. */
void nested_apic_maybe_dying(struct nested_cpu *c);

/* --- apic_step.c --- */
void nested_step(struct nested_cpu *c, enum nested_step kind);
/* The step is over: done, or another exception came first (the caller injects it). */
void nested_stepped(struct nested_cpu *c, bool done);
/* A write to the APIC page that traps: true when its step has begun. */
bool nested_apic_page_fault(struct nested_cpu *c, uint64_t gpa);

/* --- timer.c --- */
/* The CPUs have IA32_TSC_DEADLINE. */
extern bool nested_deadline_mode;
void nested_timer_init(void);
void nested_timer_set(uint64_t expiry_ns);
void nested_timer_stop(void);
bool nested_timer_ack(void);
void nested_timer_reset(struct nested_cpu *c);
/* The guest writes a register of the timer that the shim owns; false: another register. */
bool nested_timer_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value);
void nested_timer_fired(struct nested_cpu *c);
void nested_timer_other(struct nested_cpu *c, unsigned int vector);

/* --- tlb.c --- */
void nested_tlb_serve(struct nested_cpu *c);
void nested_tlb_served(struct nested_cpu *c);

/* --- npt.c: nested page tables --- */
#define NPT_RAM (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
extern uint64_t nested_gpa_limit; /* first address that the CPU cannot form */
/* Make all CPUs' views. Nothing may be taken from memory afterwards. Boot only. */
void nested_npt_init(void);
/* Change the 4 KB entry of gpa in all views, without a flush; false: no pages for tables. */
bool nested_npt_set(uint64_t gpa, uint64_t value);
/* The entry that gpa has without overlays. */
uint64_t nested_npt_identity(uint64_t gpa);
/* Nothing was mapped at gpa: true when there is now. */
bool nested_npt_fault(uint64_t gpa);

/* --- memory.c --- */
struct nested_range {
	uint64_t base, end;
};
void nested_memory_init(const struct tw_boot *boot);
void nested_memory_close(void);
bool nested_memory_touches_shim(uint64_t gpa, uint64_t bytes);
bool nested_memory_is_ram(uint64_t gpa, uint64_t bytes);
/* The first piece of the shim in [base, end); false: none. */
bool nested_memory_next_shim(uint64_t base, uint64_t end, uint64_t *from, uint64_t *to);

/* --- overlay.c --- */
/* The overlay over a guest page, NULL for none. */
void *nested_overlay_find(uint64_t gpa);

/* --- power.c --- */
void nested_power_init(void);
/* A write to page 0, which is watched for the sign of a reset. */
void nested_power_page0(struct nested_cpu *c, uint64_t gpa);
void nested_power_watch(void);
void nested_power_port(uint16_t port, unsigned int size, uint32_t value);

/* --- cost.c --- */
void nested_cost_measure(void);

/* --- native.c --- */
extern const struct nested_abi native_abi;

/* --- the backend: svm.c, svm_exit.c, svm_run.S --- */
/* One line why the machine cannot do it, or NULL. */
const char *nested_backend_missing(void);
void backend_init(void);
void backend_cpu_create(struct nested_cpu *c);
void backend_cpu_enable(struct nested_cpu *c);
/* Initial states: after INIT and SIPI; the boot CPU's. */
void backend_state_sipi(struct nested_cpu *c, uint8_t vector);
void backend_state_entry(struct nested_cpu *c, const struct nested_image_start *start);
void backend_run(struct nested_cpu *c) __attribute__((noreturn));
/* Let in an NMI that waits; let one interrupt in: its vector lands in accepted. */
void backend_take_nmi(void);
void backend_take_interrupt(void);
/* Wait until *work is not 0 or an NMI comes; the second one also until an interrupt is taken. */
void backend_wait(volatile uint32_t *work);
void backend_wait_interrupt(volatile uint32_t *work);
/* The instructions that the two wait in: all, those that look and halt, what is behind them. */
extern char backend_wait_first[], backend_wait_begin[], backend_wait_end[];
/* Move RIP behind the instruction that exited. */
void backend_skip(struct nested_cpu *c);
/* Events for the next entry. One fits. */
bool backend_inject_free(struct nested_cpu *c);
bool backend_interruptible(struct nested_cpu *c);
void backend_inject_exception(struct nested_cpu *c, unsigned int vector, bool has_error, uint32_t error);
/* first: before any of the APIC's; more: a window is wanted as well. */
void backend_inject_interrupt(struct nested_cpu *c, uint8_t vector, bool first, bool more);
/* The interrupt that the guest has not taken yet since its exit came first; -1: there is none. */
int backend_take_back(struct nested_cpu *c);
void backend_inject_nmi(struct nested_cpu *c);
/* Exits on demand: when interruptible, at IRET, at every interrupt, at every exception. */
void backend_want_window(struct nested_cpu *c, bool on);
void backend_want_iret(struct nested_cpu *c, bool on);
void backend_want_interrupts(struct nested_cpu *c, bool on);
void backend_want_step(struct nested_cpu *c, bool on);
/* Forget the guest's translations with the next entry. */
void backend_flush(struct nested_cpu *c);
void backend_trap_msr(uint32_t msr, bool read, bool write);
void backend_trap_port(uint16_t port);
void backend_set_rflags(struct nested_cpu *c, uint64_t rflags);
void backend_set_efer(struct nested_cpu *c, uint64_t efer);
/* Take DR6.BS back, which the shim's own step has set. */
void backend_clear_step_trace(struct nested_cpu *c);
/* A guest of one CPUID: prepare, run once (cost.c). */
void backend_probe_start(struct nested_cpu *c);
void backend_probe(struct nested_cpu *c);

#endif /* SHIM_NESTED_NESTED_H */
