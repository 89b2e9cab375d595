/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Exceptions, interrupts and the ring 3 of a test guest. */
#include "hv.h"

struct gate {
	uint16_t low, selector, type, middle;
	uint32_t high, reserved;
};

struct descriptor_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern uint8_t trap_stubs[];
extern uint8_t user_back[];
extern const uint64_t fixups_start[], fixups_end[];
unsigned int user_run(void (*fn)(void), void *stack, uint64_t *rsp0, uint64_t *saved);

void (*volatile handlers[256])(struct frame *f);
volatile bool no_eoi[256];

static struct gate idt[256];

static void make_idt(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		uint64_t stub = (uint64_t)trap_stubs, at;

		/* Each stub is aligned to 16 bytes and shorter than that. */
		at = stub + i * 16;
		idt[i] = (struct gate){ (uint16_t)at, SEL_CODE64, 0x8e00, (uint16_t)(at >> 16),
					(uint32_t)(at >> 32), 0 };
	}
}

static void make_gdt(struct cpu *c)
{
	uint64_t tss = (uint64_t)&c->tss;

	c->gdt[SEL_CODE64 / 8] = 0x00af9b000000ffff;
	c->gdt[SEL_DATA / 8] = 0x00cf93000000ffff;
	c->gdt[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	c->gdt[SEL_USER_DATA / 8] = 0x00cff3000000ffff;
	c->gdt[SEL_USER_CODE / 8] = 0x00affb000000ffff;
	c->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
			      0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	c->tss.io_map = sizeof(struct tss);
}

void trap_load(struct cpu *c)
{
	struct descriptor_table gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
	struct descriptor_table idtr = { sizeof(idt) - 1, (uint64_t)idt };

	if (c->index == 0)
		make_idt();
	make_gdt(c);
	__asm__ volatile("lgdt %0\n\t"
			 "lidt %1\n\t"
			 "pushq %2\n\t"
			 "pushq $1f\n\t"
			 "lretq\n"
			 "1: movw %w3, %%ds\n\t"
			 "movw %w3, %%es\n\t"
			 "movw %w3, %%ss\n\t"
			 "ltr %w4"
			 :
			 : "m"(gdtr), "m"(idtr), "i"(SEL_CODE64), "r"(SEL_DATA), "r"(SEL_TSS)
			 : "memory");
}

static bool fix_up(struct frame *f)
{
	for (const uint64_t *x = fixups_start; x < fixups_end; x += 2) {
		if (x[0] == f->rip) {
			f->rip = x[1];
			f->r15 = f->vector;
			return true;
		}
	}
	return false;
}

static void back_from_user(struct frame *f)
{
	f->rax = f->vector;
	f->rip = (uint64_t)user_back;
	f->cs = SEL_CODE64;
	f->ss = SEL_DATA;
	f->rsp = this_cpu()->user_saved;
}

void trap_c(struct frame *f)
{
	struct cpu *c = this_cpu();
	unsigned int vector = (unsigned int)f->vector;
	uint64_t cr2;

	if (vector >= 32 || handlers[vector]) {
		__atomic_add_fetch(&c->counts[vector], 1, __ATOMIC_RELAXED);
		if (handlers[vector])
			handlers[vector](f);
		if (vector >= 32 && !no_eoi[vector])
			apic_eoi();
		return;
	}
	if (f->cs & 3) {
		back_from_user(f);
		return;
	}
	if (fix_up(f))
		return;
	__asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
	die("CPU %u: exception %u, error 0x%lx, rip 0x%lx, cr2 0x%lx, rax 0x%lx, rcx 0x%lx", c->index,
	    vector, f->error, f->rip, cr2, f->rax, f->rcx);
}

unsigned int in_user_mode(void (*fn)(void))
{
	static uint8_t stack[4096] __attribute__((aligned(16)));
	struct cpu *c = this_cpu();
	unsigned int vector;

	irq_off();
	vector = user_run(fn, stack + sizeof(stack), (uint64_t *)((uint8_t *)&c->tss + 4), &c->user_saved);
	irq_on();
	return vector;
}
