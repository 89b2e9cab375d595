/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim's own IDT: faults it expects, NMIs and interrupts that it lets in. */
#include "shim/nested/nested.h"

#define VECTOR_NMI 2

struct gate {
	uint16_t low, selector, flags, mid;
	uint32_t high, zero;
};

struct fixup {
	uint64_t fault, fixup;
};
extern const struct fixup ex_table_start[], ex_table_end[];

static struct gate idt[256] __attribute__((aligned(16)));

TW_INIT void nested_idt_init(void)
{
	for (unsigned int v = 0; v < 256; v++) {
		uint64_t a = (uint64_t)nested_stubs + v * 8;

		idt[v] = (struct gate){ (uint16_t)a, 8, 0x8e00, (uint16_t)(a >> 16), (uint32_t)(a >> 32), 0 };
	}
}

void nested_idt_load(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

/*
 * From STGI on: an NMI that came during the exit is let in there, before the wait has begun, and an
 * interrupt between STI and HLT where the CPU (an emulator's) has no interrupt shadow.
 */
static bool waiting(uint64_t rip)
{
	return rip >= (uint64_t)backend_wait_first && rip < (uint64_t)backend_wait_end;
}

/* One interrupt, taken from the APIC for the guest: it stays in service until the guest's EOI. */
static void interrupt(struct nested_frame *f)
{
	struct nested_cpu *c = nested_here();

	f->rflags &= ~0x200ull;
	if (waiting(f->rip))
		f->rip = (uint64_t)backend_wait_end;
	if (c->guest_runs)
		c->accepted = (int)f->vector;
}

/* A poke announces itself before it is sent: what nobody announced is the guest's own NMI. */
static void nmi(struct nested_frame *f)
{
	struct nested_cpu *c = nested_here();
	bool poke = __atomic_exchange_n(&c->poked, false, __ATOMIC_ACQ_REL);

	if (!poke)
		c->nmi_wanted = true;
	if (!waiting(f->rip))
		return;
	if (poke) { /* look again, or for the first time */
		if (f->rip > (uint64_t)backend_wait_begin)
			f->rip = (uint64_t)backend_wait_begin;
		return;
	}
	f->rip = (uint64_t)backend_wait_end;
	f->rflags &= ~0x200ull;
}

void nested_host_trap(struct nested_frame *f)
{
	if (f->vector == VECTOR_NMI) {
		nmi(f);
		return;
	}
	if (f->vector >= 32) {
		interrupt(f);
		return;
	}
	for (const struct fixup *e = ex_table_start; e < ex_table_end; e++) {
		if (e->fault == f->rip) {
			f->rip = e->fixup;
			return;
		}
	}
	tw_fatal("exception %llu (error 0x%llx) in the shim at 0x%llx, cr2 0x%llx, rsp 0x%llx",
		 (unsigned long long)f->vector, (unsigned long long)f->error, (unsigned long long)f->rip,
		 (unsigned long long)hw_read_cr2(), (unsigned long long)f->rsp);
}
