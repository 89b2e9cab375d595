/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A guest's MOV to or from a debug register, done for it: the only way to have one on Xen's SVM that never hangs
 * (svm_xen.c). 64-bit code only, and no forms that fault or that compilers do not make: those run in the guest.
 */
#include "shim/nested/svm.h"

#define CR4_LA57      (1ull << 12)
#define DR7_GD	      (1ull << 13)
#define DR6_ONES      0xffff0ff0ull
#define DR6_WRITABLE  0x0000e00full
#define DR7_ONES      0x00000400ull
#define DR7_WRITABLE  0xffff23ffull
#define ENTRY_PRESENT 1ull
#define ENTRY_LARGE   0x80ull
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define LONGEST	      4 /* REX, 0f, 21 or 23, ModRM */

/* The guest's 64-bit tables: where the byte at that address is; NULL when it cannot be read. */
static const uint8_t *byte_at(const struct nested_cpu *c, uint64_t address)
{
	uint64_t table = c->regs.cr3 & ENTRY_ADDRESS;

	for (unsigned int level = c->regs.cr4 & CR4_LA57 ? 5 : 4; level; level--) {
		unsigned int shift = 3 + 9 * level;
		const uint64_t *entry = nested_gpa(table + (address >> shift & 511) * 8, 8);

		if (!entry || !(*entry & ENTRY_PRESENT))
			return NULL;
		table = *entry & ENTRY_ADDRESS;
		if (level == 1 || (level < 4 && *entry & ENTRY_LARGE)) {
			uint64_t offset = (1ull << shift) - 1;

			return nested_gpa((table & ~offset) | (address & offset), 1);
		}
	}
	return NULL;
}

static uint64_t *gpr(struct nested_regs *r, unsigned int number)
{
	uint64_t *const by_number[16] = { &r->rax, &r->rcx, &r->rdx, &r->rbx, NULL,    &r->rbp, &r->rsi, &r->rdi,
					  &r->r8,  &r->r9,  &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15 };

	return by_number[number];
}

/* The register that the instruction names, and its length; NULL when it is not of the plain form. */
static uint64_t *decode(struct nested_cpu *c, bool write, unsigned int debug, unsigned int *length)
{
	uint8_t code[LONGEST] = { 0 };
	unsigned int rex;

	for (unsigned int i = 0; i < LONGEST; i++) {
		const uint8_t *byte = byte_at(c, c->regs.rip + i);

		if (!byte)
			break; /* it may be shorter, at the end of the last page */
		code[i] = *byte;
	}
	rex = (code[0] & 0xf0) == 0x40;
	if (code[rex] != 0x0f || code[rex + 1] != (write ? 0x23 : 0x21) || (code[rex + 2] >> 3 & 7) != debug)
		return NULL;
	*length = rex + 3;
	return gpr(&c->regs, (code[rex + 2] & 7u) | (rex ? (code[0] & 1u) << 3 : 0));
}

static bool write_register(struct vmcb *b, unsigned int debug, uint64_t value)
{
	if (debug >= 6 && value >> 32)
		return false; /* #GP */
	if (debug == 6)
		b->dr6 = (value & DR6_WRITABLE) | DR6_ONES;
	else if (debug == 7)
		b->dr7 = (value & DR7_WRITABLE) | DR7_ONES;
	else
		nested_debug_write(debug, value);
	return true;
}

static uint64_t read_register(const struct vmcb *b, unsigned int debug)
{
	return debug == 6 ? b->dr6 : debug == 7 ? b->dr7 : nested_debug_read(debug);
}

bool svm_xen_debug_done(struct nested_cpu *c)
{
	struct vmcb *b = c->vmcb;
	unsigned int number = (unsigned int)(b->exit_code - SVM_EXIT_DEBUG), debug = number & 15, length;
	bool write = number & 16;
	uint64_t *value;

	if (!c->regs.long_mode || b->dr7 & DR7_GD || debug == 4 || debug == 5 || debug > 7)
		return false;
	value = decode(c, write, debug, &length);
	if (!value)
		return false;
	if (!write)
		*value = read_register(b, debug);
	else if (!write_register(b, debug, *value))
		return false;
	c->next_rip = c->regs.rip + length;
	backend_skip(c);
	return true;
}
