/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What exits mean, common to all backends. Handlers act on c->regs and move RIP on themselves. */
#include "shim/nested/nested.h"

#define VECTOR_UD 6
#define VECTOR_GP 13

static void verdict(struct nested_cpu *c, enum nested_verdict v)
{
	switch (v) {
	case NESTED_DONE:
		backend_skip(c);
		break;
	case NESTED_UD:
		backend_inject_exception(c, VECTOR_UD, false, 0);
		break;
	case NESTED_GP:
	case NESTED_PASS:
		backend_inject_exception(c, VECTOR_GP, true, 0);
		break;
	}
}

void nested_exit_cpuid(struct nested_cpu *c)
{
	struct hw_cpuid r;

	nested_cpuid(c, (uint32_t)c->regs.rax, (uint32_t)c->regs.rcx, &r);
	c->regs.rax = r.eax;
	c->regs.rbx = r.ebx;
	c->regs.rcx = r.ecx;
	c->regs.rdx = r.edx;
	backend_skip(c);
}

void nested_exit_msr(struct nested_cpu *c, bool write)
{
	uint32_t msr = (uint32_t)c->regs.rcx;
	uint64_t value = (uint32_t)c->regs.rax | c->regs.rdx << 32;
	enum nested_verdict v;

	if (write) {
		verdict(c, nested_wrmsr(c, msr, value));
		return;
	}
	v = nested_rdmsr(c, msr, &value);
	if (v == NESTED_DONE) {
		c->regs.rax = (uint32_t)value;
		c->regs.rdx = value >> 32;
	}
	verdict(c, v);
}

void nested_exit_hypercall(struct nested_cpu *c)
{
	enum nested_verdict v = nested_guest->hypercall(c->vcpu);

	verdict(c, v == NESTED_PASS ? NESTED_UD : v);
}

void nested_exit_io(struct nested_cpu *c, uint16_t port, unsigned int size, bool out)
{
	uint32_t mask = size == 4 ? 0xffffffffu : (1u << size * 8) - 1;
	uint32_t value = (uint32_t)c->regs.rax & mask;
	enum nested_verdict v = NESTED_PASS;

	if (out)
		nested_power_port(port, size, value);
	if (nested_guest->port)
		v = nested_guest->port(c->vcpu, port, size, out, &value);
	if (v == NESTED_PASS) {
		if (out)
			size == 1 ? hw_out8(port, (uint8_t)value) :
			size == 2 ? hw_out16(port, (uint16_t)value) : hw_out32(port, value);
		else
			value = size == 1 ? hw_in8(port) : size == 2 ? hw_in16(port) : hw_in32(port);
		v = NESTED_DONE;
	}
	if (!out && v == NESTED_DONE)
		c->regs.rax = size == 4 ? value : (c->regs.rax & ~(uint64_t)mask) | (value & mask);
	verdict(c, v);
}

void nested_exit_page(struct nested_cpu *c, uint64_t gpa, bool write, bool fetch)
{
	if (gpa - nested_apic_pa < TW_PAGE_SIZE && write && nested_apic_page_fault(c, gpa))
		return;
	if (gpa < TW_PAGE_SIZE && write && !nested_overlay_find(0)) {
		nested_power_page0(c, gpa);
		return;
	}
	if (nested_overlay_find(gpa & TW_PAGE_MASK)) { /* TLFS: a write to a read-only overlay is #GP */
		backend_inject_exception(c, VECTOR_GP, true, 0);
		return;
	}
	if (nested_npt_fault(gpa))
		return;
	nested_report(c, "access to physical memory that is not there");
	tw_fatal("the guest %s physical address 0x%llx, which this VM does not have",
		 fetch ? "executes at" : write ? "writes" : "reads", (unsigned long long)gpa);
}

void nested_report(struct nested_cpu *c, const char *what)
{
	const struct nested_regs *r = &c->regs;
#define R(x) ((unsigned long long)r->x)

	tw_error("%s: CPU %u rip 0x%llx rsp 0x%llx rflags 0x%llx cpl %u", what, c->cpu, R(rip), R(rsp), R(rflags),
		 r->cpl);
	tw_error("  rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx", R(rax), R(rbx), R(rcx), R(rdx),
		 R(rsi), R(rdi), R(rbp));
	tw_error("  r8 %llx r9 %llx r10 %llx r11 %llx r12 %llx r13 %llx r14 %llx r15 %llx", R(r8), R(r9), R(r10),
		 R(r11), R(r12), R(r13), R(r14), R(r15));
	tw_error("  cr0 %llx cr3 %llx cr4 %llx efer %llx", R(cr0), R(cr3), R(cr4), R(efer));
#undef R
}

/* With an empty IDT the guest did it on purpose: the last resort of a reboot. */
void nested_exit_shutdown(struct nested_cpu *c, bool on_purpose)
{
	if (on_purpose)
		tw_guest_end("reboot");
	nested_report(c, "triple fault");
	end_machine("crash", "triple fault of the guest");
}
