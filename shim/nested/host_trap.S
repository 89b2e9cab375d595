/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What may happen while the shim itself runs: exceptions (MSRs that are not there), NMIs when it
 * lets them in, and one interrupt when it takes one. No stack switch: TR belongs to the guest, so
 * there is no IST.
 */
	.text
	.globl nested_stubs
	.balign 16
nested_stubs: /* 8 bytes each: the vector as a signed byte, above it the hardware's error code if there is one */
	.set vector, 0
	.rept 256
	.balign 8
	pushq $((vector ^ 0x80) - 0x80)
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	jmp trap
	.else
	jmp trap_error
	.endif
	.set vector, vector + 1
	.endr

	.balign 16
trap:	pushq (%rsp)
	movq $0, 8(%rsp)
trap_error:
	andq $0xff, (%rsp)
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	movq %rsp, %rdi
	pushq %rbp
	movq %rsp, %rbp
	andq $-16, %rsp
	cld
	call nested_host_trap
	movq %rbp, %rsp
	popq %rbp
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	/* bool nested_rdmsr_safe(uint32_t msr, uint64_t *value), nested_wrmsr_safe(msr, value) */
	.globl nested_rdmsr_safe, nested_wrmsr_safe
nested_rdmsr_safe:
	movl %edi, %ecx
1:	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, (%rsi)
	movl $1, %eax
	ret
nested_wrmsr_safe:
	movl %edi, %ecx
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
2:	wrmsr
	movl $1, %eax
	ret
3:	xorl %eax, %eax
	ret
	.section .ex_table, "a"
	.quad 1b, 3b
	.quad 2b, 3b
