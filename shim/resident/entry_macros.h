/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Assembler macros of entry.S: register frames and the crossing between user and kernel mode. */
#ifndef SHIM_RESIDENT_ENTRY_MACROS_H
#define SHIM_RESIDENT_ENTRY_MACROS_H

	/* The lower part of struct resident_regs; RCX, R11 and an error code lie above already. */
	.macro PUSH_REGS
	pushq %rax
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	.macro POP_REGS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rax
	.endm

	/* RCX R11 RIP ... -> RCX R11 0 RIP ... ; destroys r11 */
	.macro ADD_ERROR
	subq $8, %rsp
	movq 8(%rsp), %r11
	movq %r11, (%rsp)
	movq 16(%rsp), %r11
	movq %r11, 8(%rsp)
	movq $0, 16(%rsp)
	.endm

	/* RCX R11 error RIP ... -> RCX R11 RIP ... ; destroys r11 */
	.macro DROP_ERROR
	movq 8(%rsp), %r11
	movq %r11, 16(%rsp)
	movq (%rsp), %r11
	movq %r11, 8(%rsp)
	addq $8, %rsp
	.endm

	/*
	 * Call C with all registers (struct resident_regs *, vector in rcx) on the shim's stack. RAX = the
	 * registers to go on with, or 0 and ZF: not handled, RSP at the pushed registers.
	 */
	.macro SLOW_TRAP function
	PUSH_REGS
	movq %rsp, %rdi
	movl %ecx, %esi
	movq vcpu + V_SHIM_SP(%rip), %rsp
	pushq %rdi
	pushq %rdi
	call *vcpu + \function(%rip)
	popq %rsp
	testq %rax, %rax
	.endm

	/*
	 * From user mode. ENTER_SYSCALL: RSP is the user's, nothing is saved yet. ENTER_TRAP: the CPU
	 * has switched to RSP0, which is the guest's kernel stack, and pushed its frame there.
	 */
	.macro ENTER_SYSCALL
	movq %rsp, vcpu + V_SCRATCH(%rip)
	movq vcpu + V_KERNEL_SP(%rip), %rsp
	swapgs
	.endm
	.macro ENTER_TRAP words
	swapgs
	.endm

	/* To user mode: the IRET frame is the guest's own (EXIT_USER) or one of ours. */
	.macro EXIT_USER
	swapgs
	.endm
	.macro SLOW_EXIT_USER
	swapgs
	.endm
	.macro PTI_IST
	.endm
	.macro PTI_EXIT_IST
	.endm

#endif /* SHIM_RESIDENT_ENTRY_MACROS_H */
