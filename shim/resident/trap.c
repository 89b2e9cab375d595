/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The traps that entry.S leaves to C: emulation prefixes, stores to read-only page tables, NMI and
 * debug exceptions, and whatever faults inside the shim itself.
 */
#include "shim/resident/resident.h"

#define VEC_DB	    1
#define VEC_NMI	    2
#define VEC_UD	    6
#define VEC_DF	    8
#define VEC_PF	    14
#define VEC_MC	    18
#define VEC_LATE    0x102 /* entry.S: an NMI that had hit the shim; GS is the kernel's */
#define RFLAGS_TF   0x100ull
#define RFLAGS_IF   0x200ull
#define RFLAGS_RF   0x10000ull
#define STI	    0xfb
#define HLT	    0xf4

static struct resident_data *here(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdt;

	/* The GDT's address tells the CPU: it works with any GS and any stack. */
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	return (struct resident_data *)(gdt.base - AREA_GDT + AREA_DATA);
}

unsigned int tw_cpu(void)
{
	return here()->vcpu.cpu;
}

/* User mode may jump to any address, so CPL counts first. */
static bool in_shim(const struct resident_regs *regs)
{
	return !(regs->cs & 3) && (regs->rip >> 32 & SHIM_RIP_HIGH_MASK) == SHIM_RIP_HIGH;
}

/*
 * The shim's STI always stands before a jump to the guest or a HLT and relies on its shadow: no
 * interrupt in between. NMI and #DB may come there, and IRET does not bring the shadow back, so an
 * interrupt would hit the shim and what it tells be forgotten. Do the STI again.
 */
static void redo_sti(struct resident_regs *regs)
{
	const uint8_t *code = (const uint8_t *)regs->rip;

	/* Entry code runs with IF set only there; C code also behind HLT. */
	if (regs->rflags & RFLAGS_IF && code[-1] == STI &&
	    (regs->rip < SHIM_IMAGE || code[0] == HLT)) {
		regs->rip--;
		regs->rflags &= ~RFLAGS_IF;
	}
}

/* Xen's prefix (ud2a; "xen") before CPUID: how a PV kernel asks for its own view of the CPU. */
static bool emulated_cpuid(struct resident_regs *regs)
{
	static const uint8_t prefixed[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	uint8_t code[sizeof(prefixed)];

	if (tw_copy_from_guest(code, regs->rip, sizeof(code)) ||
	    __builtin_memcmp(code, prefixed, sizeof(code)))
		return false;
	resident_cpuid(regs);
	regs->rip += sizeof(prefixed);
	return true;
}

/* NMI and #DB come on their own stacks, from anywhere. */
static void ist_bounce(struct resident_data *d, struct resident_regs *regs,
		       const struct tw_gate *gate)
{
	if (regs->cs & 3)
		hw_swapgs();
	bounce(d, regs, gate, false);
}

static void nmi(struct resident_data *d, struct resident_regs *regs)
{
	if (in_shim(regs)) {
		redo_sti(regs);
		d->vcpu.nmi_wanted = 1;
		tw_host.ipi_self(TW_VEC_NMI); /* not ipi(): it may have interrupted one */
	} else if (d->vcpu.callback[TW_CB_NMI].address) {
		ist_bounce(d, regs, &d->vcpu.callback[TW_CB_NMI]);
	} else if (d->vcpu.trap[VEC_NMI].address) {
		ist_bounce(d, regs, &d->vcpu.trap[VEC_NMI]);
	}
}

/* The registers lie where the guest's frame goes, on its stack: go on with a copy. */
static struct resident_regs *late_nmi(struct resident_data *d, struct resident_regs *regs)
{
	const struct tw_gate *gate = &d->vcpu.callback[TW_CB_NMI];

	d->vcpu.nmi_wanted = 0;
	if (!gate->address)
		gate = &d->vcpu.trap[VEC_NMI];
	if (!gate->address)
		return regs;
	d->resume = *regs;
	bounce(d, &d->resume, gate, false);
	return &d->resume;
}

static void debug(struct resident_data *d, struct resident_regs *regs)
{
	/*
	 * Inside the shim: MOV SS before SYSCALL delays a breakpoint to our first instruction, and a
	 * watchpoint may lie on data that we touch. Neither concerns the guest; RF steps over.
	 */
	if (in_shim(regs)) {
		redo_sti(regs);
		hw_write_dr(6, 0xffff0ff0);
		regs->rflags |= RFLAGS_RF;
		regs->rflags &= ~RFLAGS_TF;
		return;
	}
	ist_bounce(d, regs, &d->vcpu.trap[VEC_DB]);
}

struct resident_regs *resident_trap(struct resident_regs *regs, unsigned int vector)
{
	struct resident_data *d = here();

	switch (vector) {
	case VEC_UD:
		return emulated_cpuid(regs) ? regs : NULL;
	case VEC_PF:
		return resident_guest->write_fault(hw_read_cr2(),
						   (struct tw_vcpu *)&d->vcpu) ? regs : NULL;
	case VEC_NMI:
		nmi(d, regs);
		return regs;
	case VEC_LATE:
		return late_nmi(d, regs);
	case VEC_DB:
		debug(d, regs);
		return regs;
	case VEC_DF:
		tw_fatal("double fault: rip 0x%llx rsp 0x%llx cr2 0x%llx on CPU %u: the guest "
			 "kernel's stack is bad or its handlers are not mapped",
			 (unsigned long long)regs->rip, (unsigned long long)regs->rsp,
			 (unsigned long long)hw_read_cr2(), d->vcpu.cpu);
	default:
		tw_fatal("machine check on CPU %u at rip 0x%llx", d->vcpu.cpu,
			 (unsigned long long)regs->rip);
	}
}

/*
 * An exception inside the shim: a copy from or to guest memory (fix-up), an iret to user mode with
 * a frame that the CPU refuses (Xen's failsafe callback), or our own mistake. Runs on a stack of its
 * own, because the failsafe frame may overlap the registers' place on the guest's stack.
 */
struct resident_regs *resident_fault(struct resident_regs *regs, unsigned int vector)
{
	struct resident_data *d = here();

	if (!regs && vector == (unsigned int)RESIDENT_NO_USER_MODE)
		tw_fatal("the guest kernel lies at low addresses and returns to user mode without a "
			 "system-call callback at a negative one: its system calls cannot be told apart");
	if (!regs)
		tw_fatal("the guest kernel has no handler for an event or trap that it got");
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++) {
		if (e->fault == regs->rip) {
			regs->rip = e->fixup;
			return regs;
		}
	}
	if (regs->rip == area_code(d->vcpu.cpu, entry.iretq_user)) {
		struct resident_regs *r = &d->resume;
		const uint64_t *frame = (const uint64_t *)regs->rsp;

		*r = *regs;
		r->rip = frame[0];
		r->cs = frame[1];
		r->rflags = frame[2];
		r->rsp = frame[3];
		r->ss = frame[4];
		hw_swapgs();
		bounce_failsafe(d, r);
		return r;
	}
	tw_fatal("exception %u (error 0x%llx) in the shim at 0x%llx, cr2 0x%llx, rsp 0x%llx, CPU %u",
		 vector, (unsigned long long)regs->error, (unsigned long long)regs->rip,
		 (unsigned long long)hw_read_cr2(), (unsigned long long)regs->rsp, d->vcpu.cpu);
}
