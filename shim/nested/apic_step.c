/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What did the guest write to its xAPIC page? Instead of decoding the instruction, it is let run
 * once, alone, on a page of RAM that this CPU's nested tables show in place of the APIC: with TF
 * set, IF clear, and every exception intercepted. The same single step ends an NMI (its IRET).
 */
#include "shim/nested/nested.h"

#define TF 0x100ull
#define IF 0x200ull

void nested_step(struct nested_cpu *c, enum nested_step kind)
{
	c->stepping = kind;
	c->step_flags = c->regs.rflags & (TF | IF);
	backend_want_step(c, true);
	backend_set_rflags(c, (c->regs.rflags | TF) & ~(kind == NESTED_STEP_IRET ? 0 : IF));
}

bool nested_apic_page_fault(struct nested_cpu *c, uint64_t gpa)
{
	if (c->x2apic || c->stepping || !backend_inject_free(c))
		return false;
	c->step_reg = gpa & 0xff0;
	/* A read-modify-write instruction sees what is there. */
	*(uint32_t *)(c->apic_copy + c->step_reg) =
		c->step_reg == APIC_EOI ? 0 : nested_apic_read(c, c->step_reg);
	nested_apic_show_copy(c);
	return true;
}

void nested_stepped(struct nested_cpu *c, bool done)
{
	enum nested_step kind = c->stepping;

	c->stepping = NESTED_STEP_NONE;
	backend_want_step(c, false);
	if (kind != NESTED_STEP_IRET) {
		backend_set_rflags(c, (c->regs.rflags & ~(TF | IF)) | c->step_flags);
		if (kind == NESTED_STEP_PAGE0) {
			nested_power_watch();
			backend_flush(c);
		} else if (kind != NESTED_STEP_DEBUG) {
			nested_apic_update(c);
		}
		if (done && kind == NESTED_STEP_APIC)
			nested_apic_guest_write(c, c->step_reg, *(uint32_t *)(c->apic_copy + c->step_reg));
	} else if (!done) { /* IRET loads the flags itself, unless it faults */
		backend_set_rflags(c, (c->regs.rflags & ~TF) | (c->step_flags & TF));
	}
	if (done && c->step_flags & TF && backend_inject_free(c))
		backend_inject_exception(c, 1, false, 0); /* the guest steps itself */
	else if (done)
		backend_clear_step_trace(c);
	c->before_entry = true;
}
