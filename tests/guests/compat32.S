/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Code of the compat subject that runs in 32-bit mode inside a 64-bit process: run32() goes there by
 * a far jump to the 32-bit user code segment and comes back by another. (No far returns: QEMU before 9.1
 * reads their stack with kernel rights, which SMAP forbids.) Everything lies below 4 GB, since the
 * program is linked statically at its classic address.
 */
#define USER32_CS 0x23
#define USER64_CS 0x33

	.text
	.code64
/* uint32_t run32(void (*code)(void), void *stack32): EAX of the 32-bit code. */
	.globl run32
	.type run32, @function
run32:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, saved_rsp
	mov %rsi, %rsp
	mov %edi, target32
	ljmp *target32
back64:
	mov saved_rsp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	mov %eax, %eax
	ret

	.code32
	.macro code name
	.globl \name
	.type \name, @function
\name:
	.endm

/* getppid() by int 0x80 */
	code getppid_int80
	mov $64, %eax
	int $0x80
	ljmp $USER64_CS, $back64

/* mmap2() has six arguments: all registers must arrive; EAX = the address */
	code mmap_int80
	push %ebp
	mov $192, %eax
	xor %ebx, %ebx
	mov $4096, %ecx
	mov $3, %edx
	mov $0x22, %esi
	mov $-1, %edi
	xor %ebp, %ebp
	int $0x80
	pop %ebp
	ljmp $USER64_CS, $back64

/* Count to 2^26 in 32-bit mode, where interrupts and signals hit; EAX = registers are intact */
	code spin32
	mov $0x1000000, %ecx
	mov $0x11111111, %ebx
	mov $0x22222222, %edx
	mov $0x33333333, %esi
	mov $0x44444444, %edi
1:	dec %ecx
	jnz 1b
	lea (%ebx, %edx), %eax
	add %esi, %eax
	add %edi, %eax
	ljmp $USER64_CS, $back64

	code fault32
	mov 8, %eax
	ljmp $USER64_CS, $back64

	code ud32
	ud2

	code sysenter32
	mov $64, %eax
	mov %esp, %ebp
	sysenter
	ljmp $USER64_CS, $back64

	code syscall32
	mov $64, %eax
	syscall
	ljmp $USER64_CS, $back64

/* Single-byte system instructions that 32-bit mode adds. */
	code into32
	mov $0x7fffffff, %eax
	add $1, %eax
	into
	ljmp $USER64_CS, $back64

	code bound32
	mov $5, %eax
	bound %eax, limits
	ljmp $USER64_CS, $back64

	.data
	.balign 8
target32:
	.long 0
	.short USER32_CS
	.balign 8
limits:	.long 0, 4
saved_rsp:
	.quad 0
	.section .note.GNU-stack, "", @progbits
