/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The SVM backend: features, VMCB, permission maps, event injection. Intercepts are the fewest that
 * keep the shim hidden and in control; interrupts, I/O, HLT, page tables and FPU pass through.
 */
#include "shim/nested/svm.h"

#define LEAF_SVM	 0x8000000au
#define VM_CR_DISABLED	 (1ull << 4)
#define MSRPM_PAGES	 2
#define IOPM_PAGES	 3
#define BASE_EXCEPTIONS	 0u /* exceptions go to the guest untouched */

static uint8_t *msrpm, *iopm;
static uint64_t msrpm_pa, iopm_pa;
static bool ports_trapped;
/*
 * On QEMU TCG interrupts are offered as virtual ones. It (7.2) keeps the number of one injected by EVENTINJ as
 * a pending exception, and delivers it a second time, whatever IF says, when it is asked to stop before the
 * next exception. Nowhere else: Bochs (2.7) does not take a virtual interrupt at VMRUN, only when IF changes.
 */
static bool offering;

TW_INIT const char *nested_backend_missing(void)
{
	uint64_t vm_cr;

	if (options.svm)
		return NULL;
	if (hw_cpuid(0x80000000, 0).eax < LEAF_SVM || !(hw_cpuid(0x80000001, 0).ecx & 1u << 2))
		return "the VM's CPU has no SVM; give it one (QEMU: -cpu max or EPYC,+svm; KVM: nested=1 and "
		       "-cpu host)";
	if (nested_rdmsr_safe(MSR_VM_CR, &vm_cr) && vm_cr & VM_CR_DISABLED)
		return "SVM is switched off by the firmware (VM_CR.SVMDIS); enable it in the VM's settings";
	if (!(hw_cpuid(LEAF_SVM, 0).edx & 1))
		return "this CPU's SVM has no nested paging; choose a CPU model with NPT";
	return NULL;
}

/* The two bits of an MSR in the permission map, or -1: not covered, always trapped. */
static int msr_bit(uint32_t msr)
{
	if (msr < 0x2000)
		return (int)(msr * 2);
	if (msr - 0xc0000000u < 0x2000)
		return (int)(0x800 * 8 + (msr - 0xc0000000u) * 2);
	if (msr - 0xc0010000u < 0x2000)
		return (int)(0x1000 * 8 + (msr - 0xc0010000u) * 2);
	return -1;
}

void backend_trap_msr(uint32_t msr, bool read, bool write)
{
	int bit = msr_bit(msr);
	uint8_t clear, set;

	if (bit < 0)
		return;
	clear = (uint8_t)(3u << (bit & 7));
	set = (uint8_t)((read ? 1u : 0) | (write ? 2u : 0)) << (bit & 7);
	msrpm[bit >> 3] = (uint8_t)((msrpm[bit >> 3] & ~clear) | set);
}

void backend_trap_port(uint16_t port)
{
	iopm[port >> 3] |= (uint8_t)(1u << (port & 7));
	ports_trapped = true;
}

TW_INIT void backend_init(void)
{
	msrpm_pa = memory_take_tables(MSRPM_PAGES);
	iopm_pa = memory_take_tables(IOPM_PAGES);
	msrpm = hw_phys(msrpm_pa);
	iopm = hw_phys(iopm_pa);
	backend_trap_msr(MSR_EFER, true, true);
	backend_trap_msr(MSR_VM_CR, true, true);
	backend_trap_msr(MSR_VM_HSAVE_PA, true, true);
	backend_trap_msr(0x11, true, true); /* KVM's first clock: the host's own, if any (msr.c) */
	backend_trap_msr(0x12, true, true);
	offering = tw_hypervisor_leaf("TCGTCGTCGTCG") != 0;
	if (tw_host.svm_of_xen)
		svm_xen_init();
}

TW_INIT void backend_cpu_create(struct nested_cpu *c)
{
	c->vmcb_pa = memory_take_tables(1);
	c->vmcb = hw_phys(c->vmcb_pa);
	c->host_save_pa = memory_take_tables(1);
}

void backend_cpu_enable(struct nested_cpu *c)
{
	hw_wrmsr(MSR_EFER, hw_rdmsr(MSR_EFER) | EFER_SVME);
	hw_wrmsr(MSR_VM_HSAVE_PA, c->host_save_pa);
}

/* What both initial states share: the control area, and registers as after INIT. */
static void state_reset(struct nested_cpu *c)
{
	const struct vmcb_segment data = { 0, 0x93, 0xffff, 0 };
	struct vmcb *b = c->vmcb;
	uint64_t pat = 0x0007040600070406ull;

	__builtin_memset(b, 0, sizeof(*b));
	__builtin_memset(&c->regs, 0, sizeof(c->regs));
	b->intercept_misc1 = SVM_I_NMI | SVM_I_CPUID | SVM_I_INVD | SVM_I_INVLPGA | SVM_I_MSR | SVM_I_SHUTDOWN |
			     (ports_trapped ? SVM_I_IO : 0);
	b->intercept_misc2 = SVM_I_SVM | (nested_cpus > 1 ? SVM_I_WBINVD : 0);
	if (tw_host.svm_of_xen)
		svm_xen_state(b);
	b->iopm_pa = iopm_pa;
	b->msrpm_pa = msrpm_pa;
	b->asid = 1;
	b->tlb_control = SVM_TLB_FLUSH_ALL;
	b->nested_control = 1;
	b->nested_cr3 = c->npt_root;
	nested_rdmsr_safe(0x277, &pat);
	b->g_pat = pat;
	b->es = b->ss = b->ds = b->fs = b->gs = data;
	b->gdtr.limit = b->idtr.limit = 0xffff;
	b->ldtr = (struct vmcb_segment){ 0, 0x82, 0xffff, 0 };
	b->tr = (struct vmcb_segment){ 0, 0x8b, 0xffff, 0 };
	b->efer = EFER_SVME;
	b->rflags = 2;
	b->dr6 = 0xffff0ff0;
	b->dr7 = 0x400;
	b->cr0 = 0x60000010;
}

void backend_state_sipi(struct nested_cpu *c, uint8_t vector)
{
	struct vmcb *b = c->vmcb;

	state_reset(c);
	b->cs = (struct vmcb_segment){ (uint16_t)(vector << 8), 0x9b, 0xffff, (uint64_t)vector << 12 };
	c->regs.rdx = hw_cpuid(1, 0).eax;
	svm_load_state(c->vmcb_pa);
}

static struct vmcb_segment segment(const struct nested_image_segment *s)
{
	return (struct vmcb_segment){ s->selector, s->attr, s->limit, s->base };
}

void backend_state_entry(struct nested_cpu *c, const struct nested_image_start *s)
{
	struct vmcb *b = c->vmcb;

	state_reset(c);
	b->cs = segment(&s->cs);
	b->es = b->ss = b->ds = b->fs = b->gs = segment(&s->data);
	b->tr = segment(&s->tr);
	b->gdtr = (struct vmcb_segment){ 0, 0, s->gdt_limit, s->gdt_base };
	b->idtr.limit = 0;
	b->cr0 = s->cr0;
	b->cr3 = s->cr3;
	b->cr4 = s->cr4;
	b->efer = EFER_SVME | s->efer;
	b->rflags = s->rflags | 2;
	b->rip = s->rip;
	b->rsp = s->rsp;
	b->rax = s->rax;
	c->regs.rbx = s->rbx;
	c->regs.rsi = s->rsi;
	svm_load_state(c->vmcb_pa);
}

void backend_run(struct nested_cpu *c)
{
	svm_run(c);
}

/* --- events ------------------------------------------------------------------------------------ */

bool backend_inject_free(struct nested_cpu *c)
{
	return !(c->vmcb->event_inject & SVM_EV_VALID);
}

/* The virtual interrupt is one to be taken, not to open a window. */
static bool offers(const struct nested_cpu *c)
{
	return c->vmcb->int_control & SVM_V_IRQ && !(c->vmcb->intercept_misc1 & SVM_I_VINTR);
}

bool backend_interruptible(struct nested_cpu *c)
{
	return c->vmcb->rflags & 0x200 && !(c->vmcb->int_shadow & 1) && backend_inject_free(c) && !offers(c);
}

void backend_inject_exception(struct nested_cpu *c, unsigned int vector, bool has_error, uint32_t error)
{
	c->vmcb->event_inject = SVM_EV_VALID | SVM_EV_EXCEPTION | (has_error ? SVM_EV_ERROR : 0) | vector;
	c->vmcb->event_error = error;
}

/*
 * Offered, it is taken before the guest's first instruction, since the guest can take it. But one of the APIC's
 * would come before it, so these exit then: until one has come, or the timer is programmed.
 */
void backend_inject_interrupt(struct nested_cpu *c, uint8_t vector, bool first, bool more)
{
	if (!offering || more) {
		c->vmcb->event_inject = SVM_EV_VALID | SVM_EV_INTR | vector;
		return;
	}
	c->vmcb->int_vector = vector;
	c->vmcb->int_control |= SVM_V_IRQ | SVM_V_PRIO_MAX | SVM_V_IGNORE_TPR;
	if (first)
		backend_want_interrupts(c, true);
}

int backend_take_back(struct nested_cpu *c)
{
	if (!offers(c))
		return -1;
	c->vmcb->int_control &= ~(SVM_V_IRQ | SVM_V_PRIO_MAX | SVM_V_IGNORE_TPR);
	return (int)c->vmcb->int_vector;
}

void backend_inject_nmi(struct nested_cpu *c)
{
	c->vmcb->event_inject = SVM_EV_VALID | SVM_EV_NMI | 2;
}

static void intercept(struct nested_cpu *c, uint32_t bit, bool on)
{
	if (on)
		c->vmcb->intercept_misc1 |= bit;
	else
		c->vmcb->intercept_misc1 &= ~bit;
}

/*
 * A virtual interrupt that is never taken: its intercept fires the moment the guest could take one.
 */
void backend_want_window(struct nested_cpu *c, bool on)
{
	intercept(c, SVM_I_VINTR, on);
	if (on)
		c->vmcb->int_control |= SVM_V_IRQ | SVM_V_PRIO_MAX | SVM_V_IGNORE_TPR;
	else
		c->vmcb->int_control &= ~(SVM_V_IRQ | SVM_V_PRIO_MAX | SVM_V_IGNORE_TPR);
}

void backend_want_iret(struct nested_cpu *c, bool on)
{
	intercept(c, SVM_I_IRET, on);
}

void backend_want_interrupts(struct nested_cpu *c, bool on)
{
	intercept(c, SVM_I_INTR, on);
}

void backend_want_step(struct nested_cpu *c, bool on)
{
	c->vmcb->intercept_exceptions = on ? ~(1u << 2) : BASE_EXCEPTIONS;
}

/* --- state --------------------------------------------------------------------------------------- */

void backend_flush(struct nested_cpu *c)
{
	c->vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
}

void backend_set_rflags(struct nested_cpu *c, uint64_t rflags)
{
	c->vmcb->rflags = rflags;
	c->regs.rflags = rflags;
}

void backend_clear_step_trace(struct nested_cpu *c)
{
	c->vmcb->dr6 &= ~(1ull << 14);
}

void backend_set_efer(struct nested_cpu *c, uint64_t efer)
{
	c->vmcb->efer = efer | EFER_SVME;
}

/* As the CPU ends an instruction: RF and the interrupt shadow go, a single step traps. */
void backend_skip(struct nested_cpu *c)
{
	c->vmcb->rip = c->next_rip;
	c->vmcb->rflags &= ~(1ull << 16);
	c->vmcb->int_shadow = 0;
	if (tw_unlikely(c->vmcb->rflags & 0x100)) { /* the guest steps itself */
		c->vmcb->dr6 |= 1ull << 14;
		backend_inject_exception(c, 1, false, 0);
	}
}

/* --- a guest of CPUID and no more (cost.c) ------------------------------------------------------- */

/* It shares the shim's address space and registers, and leaves with its first instruction. */
TW_INIT void backend_probe_start(struct nested_cpu *c)
{
	const struct vmcb_segment data = { 16, 0xc93, 0xffffffff, 0 };
	struct vmcb *b = c->vmcb;

	state_reset(c);
	b->nested_control = 0;
	b->cs = (struct vmcb_segment){ 8, 0xa9b, 0xffffffff, 0 };
	b->es = b->ss = b->ds = data;
	b->cr0 = hw_read_cr0();
	b->cr3 = hw_read_cr3();
	b->cr4 = hw_read_cr4();
	b->efer = hw_rdmsr(MSR_EFER);
	b->rip = (uint64_t)svm_probe_code;
}

TW_INIT void backend_probe(struct nested_cpu *c)
{
	svm_probe_run(c->vmcb_pa);
	if (c->vmcb->exit_code != SVM_EXIT_CPUID)
		tw_fatal("nested mode is impossible here: a trial exit has reason 0x%llx, not CPUID",
			 (unsigned long long)c->vmcb->exit_code);
}
