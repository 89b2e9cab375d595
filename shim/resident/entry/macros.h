/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Assembler macros of entry.S: register frames and the crossing between user and kernel mode. */
#ifndef SHIM_RESIDENT_ENTRY_MACROS_H
#define SHIM_RESIDENT_ENTRY_MACROS_H

	/* What C may change besides RCX and R11, which are saved first everywhere. */
	.macro PUSH_SCRATCHED
	pushq %rax
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	.endm
	.macro POP_SCRATCHED
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rax
	.endm

	/* The lower part of struct resident_regs; RCX, R11 and an error code lie above already. */
	.macro PUSH_REGS
	PUSH_SCRATCHED
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
	POP_SCRATCHED
	.endm

	/* RCX R11 error RIP ... -> RIP ... (after the guest's iret: RCX, R11 and its flags word)*/
	.macro DROP_FRAME
	popq %rcx
	popq %r11
	addq $8, %rsp
	.endm

	/* After ENTER_SYSCALL: RCX R11 RIP CS RFLAGS RSP SS, as BOUNCE_GO wants it. */
	.macro SYSCALL_FRAME cs
	pushq $SEL_USER_DS
	pushq vcpu + V_SCRATCH(%rip)
	pushq %r11
	pushq $\cs
	pushq %rcx
	pushq %r11
	pushq %rcx
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
	 * CLD in front of each call of C: exceptions and interrupts leave DF as user mode had it.
	 */
	.macro SLOW_TRAP function
	cld
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
	 * has switched to RSP0 and pushed its frame there, words in all with RCX, R11 and an error code;
	 * rcx is kept, r11 destroyed. RSP0 is the guest's kernel stack, so nothing needs to move; with
	 * separate roots it is a stack in the entry area, and the frame is carried over.
	 *
	 * To user mode. EXIT_USER: RAX R11 RCX flags and an IRET frame are on the guest's stack.
	 * SLOW_EXIT_USER: RCX R11 error and an IRET frame are. IST_ENTER, IST_EXIT: around the C code of
	 * exceptions with stacks of their own, which come with any root (rbx, r12 are free there).
	 * FAULT_ENTER: an exception inside the shim, perhaps after the switch to the user's root.
	 */
#ifndef ENTRY_PTI

	.macro ENTER_SYSCALL
	movq %rsp, vcpu + V_SCRATCH(%rip)
	movq vcpu + V_KERNEL_SP(%rip), %rsp
	swapgs
	.endm
	.macro ENTER_TRAP words
	swapgs
	.endm
	.macro EXIT_USER
	swapgs
	.endm
	.macro SLOW_EXIT_USER
	swapgs
	.endm
	.macro IST_ENTER
	.endm
	.macro IST_EXIT
	.endm
	.macro FAULT_ENTER
	.endm

#else

	/* Copy words from RSP to the stack whose top is in r11, and switch to it; destroys rcx. */
	.macro CARRY words
	subq $(\words * 8), %r11
	.set carry, 0
	.rept \words
	movq carry * 8(%rsp), %rcx
	movq %rcx, carry * 8(%r11)
	.set carry, carry + 1
	.endr
	movq %r11, %rsp
	.endm

	/* The user's root; a guest that has none (0) runs user mode on the kernel's. Destroys rcx. */
	.macro USER_ROOT
	movq vcpu + V_USER_CR3(%rip), %rcx
	testq %rcx, %rcx
	jz .Lno_user_root_\@
	movq %rcx, %cr3
.Lno_user_root_\@:
	.endm

	.macro ENTER_SYSCALL
	movq %rsp, vcpu + V_SCRATCH(%rip)
	movq vcpu + V_KERNEL_CR3(%rip), %rsp
	movq %rsp, %cr3
	movq vcpu + V_KERNEL_SP(%rip), %rsp
	swapgs
	.endm
	.macro ENTER_TRAP words
	swapgs
	movq vcpu + V_KERNEL_CR3(%rip), %r11
	movq %r11, %cr3
	movq %rcx, vcpu + V_SCRATCH2(%rip)
	movq vcpu + V_KERNEL_SP(%rip), %r11
	andq $-16, %r11
	CARRY \words
	movq vcpu + V_SCRATCH2(%rip), %rcx
	.endm
	.macro EXIT_USER
	swapgs
	movq vcpu + V_USER_SP(%rip), %r11
	CARRY 9
	USER_ROOT
	.endm
	.macro SLOW_EXIT_USER
	swapgs
	movq vcpu + V_USER_SP(%rip), %r11
	CARRY 8
	USER_ROOT
	.endm
	.macro IST_ENTER
	movq %cr3, %rbx
	movl 17 * 8(%rsp), %r12d
	movq vcpu + V_KERNEL_CR3(%rip), %rax
	movq %rax, %cr3
	.endm
	/* Unless C has turned user mode into kernel mode, the interrupted code gets its root back. */
	.macro IST_EXIT
	xorl 17 * 8(%rsp), %r12d
	testb $3, %r12b
	jnz .Lkernel_root_\@
	movq %rbx, %cr3
.Lkernel_root_\@:
	.endm
	.macro FAULT_ENTER
	movq vcpu + V_KERNEL_CR3(%rip), %r11
	movq %r11, %cr3
	.endm

#endif

#endif /* SHIM_RESIDENT_ENTRY_MACROS_H */
