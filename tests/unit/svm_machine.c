/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* See svm_machine.h. Also what the core takes from the rest of the shim: memory, ends, the ledger. */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "svm_machine.h"

#define STACK	   (64u << 10)
#define NOBODY	   (~0u)
#define EXITS_MAX  200 /* exits in a row without one instruction of the guest: it hangs */
#define MISC1_MIN  (SVM_I_NMI | SVM_I_CPUID | SVM_I_INVD | SVM_I_INVLPGA | SVM_I_MSR | SVM_I_SHUTDOWN)
#define TF	   0x100ull
#define IF	   0x200ull

/* A CPU's coroutine. */
struct fiber {
	ucontext_t inside, outside;
	void *stack, *fake;
	const void *outside_stack;
	size_t outside_size;
	void (*run)(struct nested_cpu *c); /* NULL: as at power-on */
	bool active;
};
static struct fiber fibers[TW_MAX_CPUS];
static unsigned int current;
static bool booted;
static uint8_t low[MACHINE_RAM_END] __attribute__((aligned(4096)));
static uint8_t high[MACHINE_HIGH_SIZE] __attribute__((aligned(4096)));
static uint8_t kept[MACHINE_KEPT_SIZE] __attribute__((aligned(4096)));
static uint64_t counters[TW_MAX_CPUS][TW_LEDGER_CALLS];
static struct nested_image_start entry;

struct machine_cpu machine_cpus[TW_MAX_CPUS];
uint64_t machine_kept;
bool machine_no_ports, machine_next_rip, machine_tcg;
unsigned int machine_debug_touched;
uint64_t machine_debug[4];
const char *machine_end, *machine_report;

static void die(const char *what)
{
	fprintf(stderr, "machine: %s\n", what);
	abort();
}

unsigned int machine_here(void)
{
	return current;
}

/* --- coroutines ------------------------------------------------------------------------------------ */

static void started(void)
{
	unsigned int cpu = current;
	struct fiber *f = &fibers[cpu];

	__sanitizer_finish_switch_fiber(NULL, &f->outside_stack, &f->outside_size);
	if (f->run)
		f->run(nested_cpu_of[cpu]);
	else if (cpu)
		nested_ap_main(cpu);
	else
		nested_boot_cpu_run(&entry);
	die("a CPU has left the shim");
}

static void make(unsigned int cpu)
{
	struct fiber *f = &fibers[cpu];

	if (!f->stack)
		f->stack = malloc(STACK);
	__asan_unpoison_memory_region(f->stack, STACK);
	getcontext(&f->inside);
	f->inside.uc_stack.ss_sp = f->stack;
	f->inside.uc_stack.ss_size = STACK;
	f->inside.uc_link = NULL;
	makecontext(&f->inside, started, 0);
}

/* Let a CPU go on until it has nothing to do. */
static void resume(unsigned int cpu)
{
	struct fiber *f = &fibers[cpu];
	unsigned int before = current;
	void *fake;

	do {
		if (machine_cpus[cpu].state == MACHINE_OFF || machine_cpus[cpu].state == MACHINE_RESTART)
			make(cpu);
		current = cpu;
		f->active = true;
		__sanitizer_start_switch_fiber(&fake, f->stack, STACK);
		swapcontext(&f->outside, &f->inside);
		__sanitizer_finish_switch_fiber(fake, NULL, NULL);
		f->active = false;
		current = before;
	} while (machine_cpus[cpu].state == MACHINE_RESTART);
}

static void leave(enum machine_state state)
{
	struct fiber *f = &fibers[current];

	machine_cpus[current].state = state;
	__sanitizer_start_switch_fiber(&f->fake, f->outside_stack, f->outside_size);
	swapcontext(&f->inside, &f->outside);
	__sanitizer_finish_switch_fiber(f->fake, &f->outside_stack, &f->outside_size);
}

/* --- what the machine does by itself ---------------------------------------------------------------- */

static void vmexit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2)
{
	struct vmcb *b = machine_vmcb(cpu);

	if (machine_cpus[cpu].state != MACHINE_GUEST)
		die("an exit of a CPU that is not in the guest");
	b->exit_code = code;
	b->exit_info1 = info1;
	b->exit_info2 = info2;
	resume(cpu);
}

/* The virtual interrupt, unless it is a window: behind events, before instructions. */
static bool take_virtual(struct machine_cpu *m, struct vmcb *b)
{
	if (!(b->int_control & SVM_V_IRQ) || b->intercept_misc1 & SVM_I_VINTR || !(b->rflags & IF) || b->int_shadow & 1)
		return false;
	m->event = SVM_EV_VALID | SVM_EV_INTR | (b->int_vector & 0xff);
	b->int_control &= ~SVM_V_IRQ;
	b->rflags &= ~(IF | TF);
	return true;
}

/* One thing that happens to a CPU now; false: nothing does. */
static bool happens(unsigned int cpu)
{
	struct machine_cpu *m = &machine_cpus[cpu];
	struct vmcb *b;

	if (fibers[cpu].active)
		return false;
	if (m->state == MACHINE_WAITING) {
		if (!m->nmi && !nested_cpu_of[cpu]->work)
			return false;
		resume(cpu);
		return true;
	}
	if (m->state != MACHINE_GUEST)
		return false;
	b = machine_vmcb(cpu);
	if (m->nmi)
		vmexit(cpu, SVM_EXIT_NMI, 0, 0);
	else if (!(b->rflags & IF) || b->int_shadow & 1)
		return false;
	else if (b->intercept_misc1 & SVM_I_INTR && machine_apic_pending(cpu) >= 0)
		vmexit(cpu, SVM_EXIT_INTR, 0, 0);
	else if (b->intercept_misc1 & SVM_I_VINTR && b->int_control & SVM_V_IRQ)
		vmexit(cpu, SVM_EXIT_VINTR, 0, 0);
	else if (take_virtual(m, b))
		return true;
	else
		return false;
	return true;
}

void machine_settle(void)
{
	unsigned int exits = 0;
	bool any;

	do {
		any = false;
		for (unsigned int cpu = 0; cpu < tw_host.cpus && !machine_end; cpu++)
			any |= happens(cpu);
		if (exits++ > EXITS_MAX)
			die("exits for ever: the guest does not get on");
	} while (any);
}

/* A CPU waits for another one: let that go on. */
void hw_pause(void)
{
	static unsigned int idle;
	bool any = false;

	mock_pauses++;
	mock_tsc += 1000;
	for (unsigned int cpu = 0; booted && cpu < tw_host.cpus; cpu++)
		any |= happens(cpu);
	idle = any || !booted ? 0 : idle + 1;
	if (idle > 1000000)
		die("a CPU waits for ever");
}

/* --- the world switch ------------------------------------------------------------------------------- */

static bool bit_of(uint64_t pa, unsigned int bit)
{
	const uint8_t *map = hw_phys(pa);

	return map[bit >> 3] >> (bit & 7) & 1;
}

bool machine_msr_traps(uint32_t msr, bool write)
{
	unsigned int base = msr < 0x2000 ? 0 : msr >> 16 == 0xc000 ? 0x800 : 0x1000;

	if ((msr & ~0x1fffu) && (msr & ~0x1fffu) != 0xc0000000 && (msr & ~0x1fffu) != 0xc0010000)
		return true;
	return bit_of(machine_vmcb(0)->msrpm_pa + base, (msr & 0x1fff) * 2 + write);
}

bool machine_port_traps(uint16_t port, unsigned int size)
{
	bool traps = false;

	for (unsigned int i = 0; i < size; i++)
		traps |= bit_of(machine_vmcb(0)->iopm_pa, port + i);
	return traps && machine_vmcb(0)->intercept_misc1 & SVM_I_IO;
}

static bool event_good(uint32_t event, uint32_t error)
{
	uint32_t type = event & SVM_EV_TYPE, vector = event & 0xff;
	bool with_error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;

	if (!(event & SVM_EV_VALID))
		return true;
	if (event & 0x7ffff000)
		return false;
	switch (type) {
	case SVM_EV_INTR:
		return vector >= 16 && !(event & SVM_EV_ERROR);
	case SVM_EV_NMI:
		return vector == 2 && !(event & SVM_EV_ERROR);
	case SVM_EV_EXCEPTION:
		return vector < 32 && vector != 2 && with_error == !!(event & SVM_EV_ERROR);
	}
	return false;
}

/* Does the VMCB keep the shim in control, and would VMRUN take it (APM 15.5.1)? */
static void check(const struct nested_cpu *c)
{
	const struct vmcb *b = c->vmcb;

	if ((b->intercept_misc1 & MISC1_MIN) != MISC1_MIN || (b->intercept_misc2 & SVM_I_SVM) != SVM_I_SVM ||
	    (nested_cpus > 1 && !(b->intercept_misc2 & SVM_I_WBINVD)) ||
	    (!machine_no_ports && !(b->intercept_misc1 & SVM_I_IO)))
		die("VMRUN: an intercept is missing");
	if (b->asid != 1 || b->nested_control != 1 || b->nested_cr3 != c->npt_root || !(b->efer & EFER_SVME))
		die("VMRUN: control fields are wrong");
	for (unsigned int write = 0; write < 2; write++)
		if (!bit_of(b->msrpm_pa + 0x800, 0x80 * 2 + write) ||
		    !bit_of(b->msrpm_pa + 0x1000, 0x114 * 2 + write) ||
		    !bit_of(b->msrpm_pa + 0x1000, 0x117 * 2 + write))
			die("VMRUN: an MSR of the shim's does not trap");
	if (!bit_of(b->msrpm_pa, MSR_APIC_BASE * 2 + 1))
		die("VMRUN: writes of IA32_APIC_BASE do not trap");
	if (!c->stepping != !b->intercept_exceptions)
		die("VMRUN: exceptions exit while nothing is stepped, or the reverse");
	if (b->cs.attributes & SVM_SEG_L && b->cs.attributes & SVM_SEG_D)
		die("VMRUN: CS.L and CS.D");
	if (!event_good(b->event_inject, b->event_error))
		die("VMRUN: EVENTINJ is not valid");
	if (b->exit_int_info)
		die("VMRUN: the machine did not clear EXITINTINFO");
}

static void enter(struct nested_cpu *c)
{
	struct machine_cpu *m = &machine_cpus[c->cpu];
	struct vmcb *b = c->vmcb;

	check(c);
	m->entries++;
	m->tlb_control = b->tlb_control;
	m->event = b->event_inject & SVM_EV_VALID ? b->event_inject : 0;
	m->event_error = b->event_error;
	b->event_inject = 0;
	if (m->event) { /* through an interrupt gate */
		b->rflags &= ~(IF | TF);
		b->int_shadow = 0;
	}
	if (!m->nmi && !m->event && !(b->intercept_misc1 & SVM_I_INTR && machine_apic_pending(c->cpu) >= 0))
		take_virtual(m, b);
	b->exit_int_info = 0;
	b->next_rip = 0;
	leave(MACHINE_GUEST);
}

void svm_run(struct nested_cpu *c)
{
	for (;;) {
		enter(c);
		svm_exit(c);
		c->vmcb->exit_int_info = 0;
	}
}

void svm_load_state(uint64_t vmcb_pa)
{
}

char svm_probe_code[1];

void svm_probe_run(uint64_t vmcb_pa)
{
	struct vmcb *b = hw_phys(vmcb_pa);

	b->exit_code = SVM_EXIT_CPUID;
	mock_tsc += 5000;
}

/* --- what is let in (svm_gif.S, host_trap.S) --------------------------------------------------------- */

__asm__(".pushsection .text\n"
	".globl backend_wait_first, backend_wait_begin, backend_wait_end, nested_stubs, ex_table_start, ex_table_end\n"
	"backend_wait_first: nop\nbackend_wait_begin: nop\nbackend_wait_end: nop\n"
	"nested_stubs: nop\nex_table_start: ex_table_end: nop\n"
	".popsection");

static struct nested_frame trap(uint64_t vector, bool in_wait)
{
	struct nested_frame f = { .vector = vector, .rflags = in_wait ? IF : 0 };

	f.rip = in_wait ? (uint64_t)backend_wait_begin : (uint64_t)backend_take_nmi;
	nested_host_trap(&f);
	return f;
}

void backend_take_nmi(void)
{
	if (machine_cpus[current].nmi) {
		machine_cpus[current].nmi = false;
		trap(2, false);
	}
}

void backend_take_interrupt(void)
{
	int vector = machine_apic_take(current);

	if (vector >= 0)
		trap((unsigned int)vector, false);
}

static void wait(volatile uint32_t *work, bool interrupts)
{
	struct machine_cpu *m = &machine_cpus[current];
	struct nested_frame f;

	while (!*work) {
		int vector = -1;

		if (!m->nmi && interrupts)
			vector = machine_apic_take(current);
		if (!m->nmi && vector < 0) {
			leave(MACHINE_WAITING);
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
	if (machine_apic_pending(current) < 0 && !machine_cpus[current].nmi && !*work)
		machine_apic_request(current, 0x20);
	if (machine_apic_pending(current) >= 0 || machine_cpus[current].nmi || *work)
		wait(work, true);
}

/* --- cpu_hw.c ---------------------------------------------------------------------------------------- */

struct nested_cpu *nested_here(void)
{
	if (current == NOBODY)
		die("the shim runs on no CPU");
	return nested_cpu_of[current];
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
	fibers[c->cpu].run = run;
	leave(MACHINE_RESTART);
	abort();
}

uint64_t nested_page_pa(const void *page)
{
	uint64_t offset = (uint64_t)((const uint8_t *)page - kept);

	if (offset >= sizeof(kept))
		die("an overlay is not the shim's memory");
	return machine_kept + offset;
}

void nested_xmm_read(uint64_t xmm[12])
{
	memset(xmm, 0, 12 * sizeof(*xmm));
}

/* --- the rest of the shim ---------------------------------------------------------------------------- */

struct options options;
bool nested_test_device;
struct extent memory_taken[8];
unsigned int memory_taken_count;
uint64_t memory_top, memory_resident;

bool image_next_kept(struct extent *piece)
{
	if (piece->size)
		return false;
	*piece = (struct extent){ machine_kept, MACHINE_IMAGE };
	return true;
}

uint64_t memory_take(uint64_t pages)
{
	uint64_t pa = memory_taken[0].base + memory_taken[0].size;

	memory_taken[0].size += pages * TW_PAGE_SIZE;
	if (memory_taken[0].size + MACHINE_IMAGE > MACHINE_KEPT_SIZE)
		die("MACHINE_KEPT_SIZE is too small");
	return pa;
}

uint64_t memory_take_tables(uint64_t pages)
{
	return memory_take(pages);
}

void smp_arrived(void)
{
}

uint64_t *tw_ledger_calls(unsigned int cpu)
{
	return counters[cpu];
}

void tw_ledger_missing(const char *name, uint32_t nr, uint32_t sub)
{
}

static void __attribute__((noreturn)) ends(const char *how)
{
	machine_end = how;
	if (current == NOBODY)
		die(mock_log_last);
	leave(MACHINE_ENDED);
	abort();
}

void tw_guest_end(const char *reason)
{
	ends(reason);
}

void end_machine(const char *reason, const char *detail)
{
	ends(reason);
}

void end_report(const char *reason, const char *detail)
{
	machine_report = reason;
}

void tw_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mock_log_last, sizeof(mock_log_last), fmt, ap);
	va_end(ap);
	ends("fatal");
}

static void yield(void)
{
}

/* --- making it --------------------------------------------------------------------------------------- */

static uint32_t page_read(uint64_t pa)
{
	return machine_cpus[current].apic_base & 1u << 10 ? ~0u :
							    machine_apic_read(current, pa & 0xfff);
}

static void page_write(uint64_t pa, uint32_t value)
{
	if (!(machine_cpus[current].apic_base & 1u << 10))
		machine_apic_write(current, pa & 0xfff, value);
}

/* Also the gaps of the address sanitizer: so neither memcpy() nor checks. */
static __attribute__((no_sanitize("address"))) void copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		((volatile uint64_t *)to)[i] = from ? ((const uint64_t *)from)[i] : 0;
	for (size_t i = bytes & ~7ul; i < bytes; i++)
		((volatile uint8_t *)to)[i] = from ? ((const uint8_t *)from)[i] : 0;
}

/* The core's static data (the Makefile gives it sections of their own), as at program start. */
static void forget(void)
{
	extern char __start_nested_data[], __stop_nested_data[], __start_nested_bss[], __stop_nested_bss[];
	size_t bytes = (size_t)(__stop_nested_data - __start_nested_data);
	static void *first;

	if (first) {
		copy(__start_nested_data, first, bytes);
	} else {
		first = malloc(bytes);
		copy(first, __start_nested_data, bytes);
	}
	copy(__start_nested_bss, NULL, (size_t)(__stop_nested_bss - __start_nested_bss));
}

static void cpu_model(void)
{
	mock_set_cpuid(0, 0, 0x16, 0x68747541, 0x444d4163, 0x69746e65);
	mock_set_cpuid(1, 0, 0x00a20f10, 0x00020800, 1u << 5 | 1u << 21 | 1u << 26 | 1u << 27, 1u << 9);
	mock_set_cpuid(7, 0, 0, 0, 1u << 3 | 1u << 4, 0);
	mock_set_cpuid(0xd, 0, 7, 0x340, 0x340, 0);
	mock_set_cpuid(0x80000000, 0, 0x8000001f, 0, 0, 0);
	mock_set_cpuid(0x80000001, 0, 0, 0, 1u << 2 | 1u << 12 | 1u, 1u << 20 | 1u << 26 | 1u << 29);
	mock_set_cpuid(0x80000008, 0, 40, 0, 0, 0);
	mock_set_cpuid(0x8000000a, 0, 1, 8, 0, 0x4b);
	mock_set_cpuid(0x8000001f, 0, 1, 0, 0, 0);
	mock_set_cpuid(0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
	mock_set_cpuid(0x40000001, 0, 0xff, 0, 0, 0);
}

void machine_reset(unsigned int cpus)
{
	mock_reset();
	forget();
	current = 0;
	booted = false;
	memset(machine_cpus, 0, sizeof(machine_cpus));
	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	memset(kept, 0, sizeof(kept));
	memset(counters, 0, sizeof(counters));
	for (unsigned int cpu = 0; cpu < TW_MAX_CPUS; cpu++) {
		fibers[cpu].run = NULL;
		fibers[cpu].active = false;
	}
	machine_kept = MACHINE_KEPT;
	machine_no_ports = machine_next_rip = machine_tcg = nested_test_device = false;
	machine_end = machine_report = NULL;
	machine_apic_reset();
	mock_hook_mmio(MACHINE_APIC, TW_PAGE_SIZE, page_read, page_write);
	cpu_model();
	tw_host = (struct tw_host){ .cpus = cpus, .yield = yield, .power_type = MACHINE_S5 };
	tw_clock_scale(&tw_host.clock, 1000000000);
	tw_host.line = &tw_host.clock;
	tw_host.clock.stable = true;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		tw_host.apic_id[cpu] = cpu * 2;
}

/* 64-bit code with paging on: the page tables are the guest's business, and nobody walks them here. */
static void make_entry(void)
{
	entry = (struct nested_image_start){
		.long_mode = true,
		.cr0 = 0x80010011,
		.cr3 = MACHINE_RAM + 0x1000,
		.cr4 = 0x20,
		.efer = EFER_LME | EFER_LMA,
		.rip = MACHINE_ENTRY,
		.rsp = MACHINE_RAM_END,
		.rflags = 2,
		.cs = { 0x10, 0xa9b, 0xffffffff, 0 },
		.data = { 0x18, 0xc93, 0xffffffff, 0 },
		.tr = { 0x20, 0x8b, 0x67, 0 },
	};
}

void machine_boot(const struct nested_abi *abi, const char *profile)
{
	static struct tw_boot boot;
	const char *why = "";

	if (machine_tcg) {
		struct hw_cpuid r = hw_cpuid(1, 0);

		mock_set_cpuid(1, 0, r.eax, r.ebx, r.ecx | 1u << 31, r.edx);
		mock_set_cpuid(0x40000000, 0, 0x40000001, 0x54474354, 0x43544743, 0x47435447);
	}
	boot.regions_count = 3;
	boot.regions[0] = (struct tw_region){ 0, MACHINE_LOW_END, TW_MEM_RAM };
	boot.regions[1] = (struct tw_region){ MACHINE_RAM, MACHINE_RAM_END - MACHINE_RAM, TW_MEM_RAM };
	boot.regions[2] = (struct tw_region){ MACHINE_HIGH, MACHINE_HIGH_SIZE, TW_MEM_RAM };
	mock_ram_at(0, low, sizeof(low));
	mock_ram_at(MACHINE_HIGH, high, sizeof(high));
	mock_ram_at(machine_kept, kept, sizeof(kept));
	memory_top = MACHINE_HIGH + MACHINE_HIGH_SIZE;
	memory_taken[0] = (struct extent){ machine_kept + MACHINE_IMAGE, 0 };
	memory_taken_count = 1;
	tw_host.power_port = machine_no_ports ? 0 : MACHINE_PM1A;
	nested_cpus = tw_host.cpus;
	backend_init();
	nested_apic_init();
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		nested_cpu_create(cpu);
	nested_cpu_load(0);
	nested_cpu_of[0]->x2apic = hw_rdmsr(MSR_APIC_BASE) & 1u << 10;
	nested_timer_init();
	nested_cost_measure();
	nested_memory_init(&boot);
	nested_power_init();
	nested_guest = abi->nested;
	if (!abi->start(profile, &why))
		die(why);
	nested_npt_init();
	nested_power_watch();
	make_entry();
	current = NOBODY;
	booted = true;
	for (unsigned int cpu = nested_cpus; cpu-- > 0;)
		resume(cpu);
	machine_settle();
}

/* --- the guest --------------------------------------------------------------------------------------- */

struct vmcb *machine_vmcb(unsigned int cpu)
{
	return nested_cpu_of[cpu]->vmcb;
}

struct nested_regs *machine_regs(unsigned int cpu)
{
	return &nested_cpu_of[cpu]->regs;
}

void *machine_at(uint64_t pa)
{
	void *p = hw_phys(pa);

	if (!p)
		die("not memory");
	return p;
}

void machine_exit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2)
{
	machine_cpus[cpu].event = 0;
	vmexit(cpu, code, info1, info2);
	machine_settle();
}

/* An instruction that exits; true when it has been done. */
static bool instruction(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2, unsigned int length)
{
	struct vmcb *b = machine_vmcb(cpu);
	uint64_t rip = b->rip;

	if (machine_next_rip)
		b->next_rip = rip + length;
	machine_exit(cpu, code, info1, info2);
	return b->rip == rip + length;
}

struct hw_cpuid machine_cpuid(unsigned int cpu, uint32_t leaf, uint32_t subleaf)
{
	struct nested_regs *r = machine_regs(cpu);

	machine_vmcb(cpu)->rax = leaf;
	r->rcx = subleaf;
	if (!instruction(cpu, SVM_EXIT_CPUID, 0, 0, 2))
		die("CPUID faults");
	return (struct hw_cpuid){ (uint32_t)machine_vmcb(cpu)->rax, (uint32_t)r->rbx, (uint32_t)r->rcx,
				  (uint32_t)r->rdx };
}

bool machine_rdmsr(unsigned int cpu, uint32_t msr, uint64_t *value)
{
	if (!machine_msr_traps(msr, false))
		return machine_msr_read(cpu, msr, value);
	machine_regs(cpu)->rcx = msr;
	if (!instruction(cpu, SVM_EXIT_MSR, 0, 0, 2))
		return false;
	*value = (uint32_t)machine_vmcb(cpu)->rax | machine_regs(cpu)->rdx << 32;
	return true;
}

bool machine_wrmsr(unsigned int cpu, uint32_t msr, uint64_t value)
{
	bool good;

	if (!machine_msr_traps(msr, true)) {
		good = machine_msr_write(cpu, msr, value);
		machine_settle();
		return good;
	}
	machine_regs(cpu)->rcx = msr;
	machine_vmcb(cpu)->rax = (uint32_t)value;
	machine_regs(cpu)->rdx = value >> 32;
	return instruction(cpu, SVM_EXIT_MSR, 1, 0, 2);
}

uint32_t machine_io(unsigned int cpu, uint16_t port, unsigned int size, bool out, uint32_t value)
{
	if (!machine_port_traps(port, size))
		return ~0u;
	if (out)
		machine_vmcb(cpu)->rax = value;
	machine_exit(cpu, SVM_EXIT_IO, (uint64_t)port << 16 | size << 4 | !out, machine_vmcb(cpu)->rip + 1);
	return (uint32_t)machine_vmcb(cpu)->rax;
}

uint64_t machine_walk(unsigned int cpu, uint64_t gpa, uint64_t *bytes)
{
	uint64_t entry_ = nested_cpu_of[cpu]->npt_root | PTE_P;

	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *table = machine_at(entry_ & PTE_ADDR);

		entry_ = table[gpa >> shift & 511];
		*bytes = 1ull << shift;
		if (!(entry_ & PTE_P))
			return 0;
		if (shift <= 30 && entry_ & PTE_PS)
			break;
	}
	return entry_;
}

static void store(unsigned int cpu, uint64_t pa, uint32_t value)
{
	if (pa >> 12 == MACHINE_APIC >> 12) {
		if (!(machine_cpus[cpu].apic_base & 1u << 10))
			machine_apic_write(cpu, pa & 0xfff, value);
	} else if (hw_phys(pa)) {
		memcpy(hw_phys(pa), &value, sizeof(value));
	}
}

bool machine_store(unsigned int cpu, uint64_t gpa, uint32_t value)
{
	struct vmcb *b = machine_vmcb(cpu);
	uint64_t bytes, pte;

	for (unsigned int tries = 0; tries < 4; tries++) {
		pte = machine_walk(cpu, gpa, &bytes);
		if (pte & PTE_W) {
			store(cpu, (pte & PTE_ADDR & ~(bytes - 1)) | (gpa & (bytes - 1)), value);
			if (b->rflags & TF && b->intercept_exceptions & 2) {
				b->dr6 |= 1u << 14;
				machine_exit(cpu, SVM_EXIT_EXCEPTION + 1, 0, 0);
			}
			machine_settle();
			return true;
		}
		machine_cpus[cpu].event = 0;
		vmexit(cpu, SVM_EXIT_NPF, 6 | !!pte, gpa);
		if (machine_end || machine_cpus[cpu].state != MACHINE_GUEST || machine_cpus[cpu].event)
			break;
	}
	machine_settle();
	return false;
}
