/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From an SVM exit code to the common handlers, and back: the registers that the VMCB holds, the
 * length of the instruction, and the event whose delivery the exit interrupted.
 */
#include "shim/nested/svm.h"

static void count(struct nested_cpu *c, enum nested_exit reason)
{
	c->exits[reason]++;
}

/*
 * An exit in the middle of an event's delivery: deliver it again. Software interrupts and the
 * exceptions of INT3 and INTO are left out: their instruction runs again.
 */
static void redeliver(struct nested_cpu *c, uint32_t info)
{
	uint32_t type = info & SVM_EV_TYPE, vector = info & 0xff;

	if (type == SVM_EV_INTR)
		backend_take_back(c); /* emulators may still offer what is under way */
	if (type == SVM_EV_SOFT || (type == SVM_EV_EXCEPTION && (vector == 3 || vector == 4)))
		return;
	c->vmcb->event_inject = info;
	c->vmcb->event_error = c->vmcb->exit_int_error;
}

/* CPUs without nRIP (QEMU TCG) leave it 0: these instructions have no prefixes that matter. */
static void after(struct nested_cpu *c, unsigned int length)
{
	uint64_t next = c->vmcb->next_rip;

	c->next_rip = next ? next : c->vmcb->rip + length;
}

static void load(struct nested_cpu *c)
{
	const struct vmcb *b = c->vmcb;
	struct nested_regs *r = &c->regs;

	r->rax = b->rax;
	r->rip = b->rip;
	r->rsp = b->rsp;
	r->rflags = b->rflags;
	r->cr0 = b->cr0;
	r->cr3 = b->cr3;
	r->cr4 = b->cr4;
	r->efer = b->efer & ~EFER_SVME;
	r->cpl = b->cpl;
	r->long_mode = b->cs.attributes >> 9 & 1;
}

static void io(struct nested_cpu *c)
{
	uint64_t info = c->vmcb->exit_info1;

	c->next_rip = c->vmcb->exit_info2;
	if (info & 0xc) { /* string or repeated: nothing that uses these ports does that */
		backend_inject_exception(c, 13, true, 0);
		return;
	}
	nested_exit_io(c, (uint16_t)(info >> 16), info >> 4 & 7, !(info & 1));
}

/* Something else than the single step came while stepping: give it to the guest. */
static void exception(struct nested_cpu *c, unsigned int vector)
{
	static const uint32_t with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 |
					   1u << 17 | 1u << 21;

	if (vector == 1) {
		nested_stepped(c, true);
		return;
	}
	nested_stepped(c, false);
	if (vector == 14)
		c->vmcb->cr2 = c->vmcb->exit_info2;
	backend_inject_exception(c, vector, with_error >> vector & 1, (uint32_t)c->vmcb->exit_info1);
}

static bool idt_is_empty(const struct nested_cpu *c)
{
	return c->vmcb->idtr.limit == 0;
}

static void rare(struct nested_cpu *c, uint64_t code)
{
	switch (code) {
	case SVM_EXIT_EXCEPTION ... SVM_EXIT_EXCEPTION + 31:
		count(c, NESTED_EXIT_STEP);
		exception(c, (unsigned int)(code - SVM_EXIT_EXCEPTION));
		break;
	case SVM_EXIT_DEBUG ... SVM_EXIT_DEBUG + 31:
		count(c, NESTED_EXIT_STEP);
		svm_xen_debug(c);
		break;
	case SVM_EXIT_INTR:
		count(c, NESTED_EXIT_INTERRUPT);
		nested_exit_interrupt(c);
		break;
	case SVM_EXIT_NMI:
		count(c, NESTED_EXIT_NMI);
		nested_exit_nmi(c);
		break;
	case SVM_EXIT_VINTR:
		count(c, NESTED_EXIT_WINDOW);
		backend_want_window(c, false);
		c->before_entry = true;
		break;
	case SVM_EXIT_IRET:
		count(c, NESTED_EXIT_IRET);
		nested_exit_iret(c);
		break;
	case SVM_EXIT_INVD: /* would throw the shim's own memory away */
	case SVM_EXIT_WBINVD:
		count(c, NESTED_EXIT_CACHE);
		after(c, 2);
		hw_wbinvd();
		backend_skip(c);
		if (code == SVM_EXIT_WBINVD)
			nested_apic_maybe_dying(c);
		break;
	case SVM_EXIT_IO:
		count(c, NESTED_EXIT_IO);
		io(c);
		break;
	case SVM_EXIT_SHUTDOWN:
		count(c, NESTED_EXIT_SHUTDOWN);
		nested_exit_shutdown(c, idt_is_empty(c));
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMLOAD ... SVM_EXIT_SKINIT:
		count(c, NESTED_EXIT_SVM);
		backend_inject_exception(c, 6, false, 0);
		break;
	case SVM_EXIT_INVALID:
	case SVM_EXIT_INVALID_32:
		nested_report(c, "the CPU refuses the guest's state (VMRUN: invalid)");
		tw_fatal("the guest cannot go on: invalid VM state on CPU %u", c->cpu);
	default:
		nested_report(c, "unexpected exit");
		tw_fatal("unexpected exit 0x%llx (info 0x%llx 0x%llx) on CPU %u", (unsigned long long)code,
			 (unsigned long long)c->vmcb->exit_info1, (unsigned long long)c->vmcb->exit_info2,
			 c->cpu);
	}
}

/*
 * QEMU 7.2's SYSENTER leaves a 64-bit code segment with the D bit of a 32-bit one: nobody sees that
 * but VMRUN, which refuses it (APM 15.5.1), and QEMU has then lost the guest's RIP.
 */
static void repair_cs(struct vmcb *b)
{
	if (tw_unlikely((b->cs.attributes & (SVM_SEG_L | SVM_SEG_D)) == (SVM_SEG_L | SVM_SEG_D)))
		b->cs.attributes &= (uint16_t)~SVM_SEG_D;
}

void svm_exit(struct nested_cpu *c)
{
	struct vmcb *b = c->vmcb;
	uint64_t code = b->exit_code;

	load(c);
	repair_cs(b);
	b->tlb_control = 0;
	b->event_inject = 0;
	if (tw_unlikely(tw_host.svm_of_xen))
		svm_xen_exit(b);
	if (tw_unlikely(b->exit_int_info & SVM_EV_VALID))
		redeliver(c, b->exit_int_info);
	switch (code) {
	case SVM_EXIT_CPUID:
		count(c, NESTED_EXIT_CPUID);
		after(c, 2);
		nested_exit_cpuid(c);
		break;
	case SVM_EXIT_MSR:
		after(c, 2);
		count(c, b->exit_info1 ? NESTED_EXIT_WRMSR : NESTED_EXIT_RDMSR);
		nested_exit_msr(c, b->exit_info1);
		break;
	case SVM_EXIT_VMMCALL:
		count(c, NESTED_EXIT_HYPERCALL);
		after(c, 3);
		nested_exit_hypercall(c);
		break;
	case SVM_EXIT_NPF:
		count(c, NESTED_EXIT_PAGE);
		nested_exit_page(c, b->exit_info2, b->exit_info1 & 2, b->exit_info1 & 16);
		break;
	default:
		rare(c, code);
	}
	b->rax = c->regs.rax;
	if (tw_unlikely(c->before_entry | c->work))
		nested_before_entry(c);
}
