/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Interrupt entries of the test guests, and the way to user mode and back. */
#include "layout.h"

	.text
	.globl	trap_stubs
	.align	16
trap_stubs:
	.set	vector, 0
	.rept	256
	.align	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq	$0 /* where the CPU pushes no error code */
	.endif
	pushq	$vector
	jmp	trap
	.set	vector, vector + 1
	.endr

trap:	cld
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_c
	movq	%rbp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp
	iretq

/*
 * unsigned int user_run(function %rdi, user stack %rsi, &tss.rsp0 %rdx, &saved %rcx): run a function in
 * ring 3 until its first exception or interrupt; returns the vector. trap.c comes back to user_back.
 */
	.globl	user_run, user_back
user_run:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rcx)
	leaq	-64(%rsp), %rax
	andq	$-16, %rax
	movq	%rax, (%rdx)
	pushq	$SEL_USER_DATA
	pushq	%rsi
	pushq	$2 /* flags: interrupts off */
	pushq	$SEL_USER_CODE
	pushq	%rdi
	iretq
user_back:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
