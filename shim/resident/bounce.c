/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Bounce frames in C, for the rare ways into the guest: NMI, debug exceptions, failed iret. The
 * layout is Xen's (xen/arch-x86/xen-x86_64.h and the bounce code of PV guests): RCX R11 [error] RIP
 * CS|mask<<32 RFLAGS RSP SS on the guest's kernel stack.
 */
#include "shim/resident/resident.h"

/* Enter address with the frame of n words at the guest's kernel stack (or below its own). */
static void enter(struct resident_data *d, struct resident_regs *regs, const struct tw_gate *gate,
		  const uint64_t *frame, unsigned int n)
{
	uint64_t sp = (regs->cs & 3 ? d->vcpu.kernel_sp : regs->rsp) & ~15ull;

	if (gate->address == 0)
		tw_fatal("the guest kernel has no handler for an event that it must take");
	sp -= n * sizeof(*frame);
	if (tw_copy_to_guest(sp, frame, n * sizeof(*frame)))
		tw_fatal("the guest kernel's stack at 0x%llx cannot be written",
			 (unsigned long long)sp);
	if (gate->mask)
		d->vcpu.upcall->mask = 1;
	regs->rip = gate->address;
	regs->cs = SEL_KERNEL_CS;
	regs->rflags = 0x202;
	regs->rsp = sp;
	regs->ss = SEL_KERNEL_SS;
}

void bounce(struct resident_data *d, struct resident_regs *regs, const struct tw_gate *gate,
	    bool has_error)
{
	uint64_t mask = d->vcpu.upcall->mask;
	uint64_t frame[8], *f = frame;

	*f++ = regs->rcx;
	*f++ = regs->r11;
	if (has_error)
		*f++ = regs->error;
	*f++ = regs->rip;
	*f++ = (regs->cs & 0xffff) | mask << 32;
	*f++ = (regs->rflags & ~0x200ull) | (mask ? 0 : 0x200);
	*f++ = regs->rsp;
	*f++ = regs->ss;
	enter(d, regs, gate, frame, (unsigned int)(f - frame));
}

void bounce_failsafe(struct resident_data *d, struct resident_regs *regs)
{
	uint16_t ds, es, fs, gs;
	uint64_t mask = d->vcpu.upcall->mask;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=rm"(ds), "=rm"(es), "=rm"(fs), "=rm"(gs));

	uint64_t frame[11] = { regs->rcx,
			       regs->r11,
			       ds,
			       es,
			       fs,
			       gs,
			       regs->rip,
			       (regs->cs & 0xffff) | mask << 32,
			       (regs->rflags & ~0x200ull) | (mask ? 0 : 0x200),
			       regs->rsp,
			       regs->ss };

	enter(d, regs, &d->vcpu.callback[TW_CB_FAILSAFE], frame, TW_ARRAY_SIZE(frame));
}
