/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where the other CPUs start: real mode, in a copy at SHIM_TRAMPOLINE, straight to long mode on the
 * shim's own page tables (which show low memory one to one until the guest starts). Boot only.
 */
#include "shim/layout.h"

	.section .init.text, "ax"
	.globl trampoline_begin, trampoline_end, trampoline_root, trampoline_stack, trampoline_cpu
	.code16
	.balign 16
trampoline_begin:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movl $0x6a0, %eax /* as in boot.S */
	movl %eax, %cr4
	movl trampoline_root - trampoline_begin, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x901, %eax
	wrmsr
	movl $0x80010033, %eax
	movl %eax, %cr0
	lgdtl trampoline_gdt_ptr - trampoline_begin
	ljmpl $8, $(SHIM_TRAMPOLINE + trampoline_long - trampoline_begin)

	.code64
trampoline_long:
	movl $16, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	movq trampoline_stack(%rip), %rsp
	movl trampoline_cpu(%rip), %edi
	movabsq $ap_main, %rax
	xorl %ebp, %ebp
	call *%rax
	ud2

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
trampoline_gdt_end:
trampoline_gdt_ptr:
	.word trampoline_gdt_end - trampoline_gdt - 1
	.long SHIM_TRAMPOLINE + trampoline_gdt - trampoline_begin
	.balign 8
trampoline_root:
	.quad 0
trampoline_stack:
	.quad 0
trampoline_cpu:
	.quad 0
trampoline_end:
