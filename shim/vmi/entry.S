/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vmi_init's way in and out, and the CPUID call, whose registers no C function has. */
#include "abi/vmi.h"

	.text
	.code32

/* ebx = the global offset table, from which all data is reached. */
.macro base
	call	1f
1:	popl	%ebx
	addl	$_GLOBAL_OFFSET_TABLE_ + (. - 1b), %ebx
.endm

	.globl rom_init
rom_init:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	pushfl
	cli
	cld
	base
	leal	rom_start@GOTOFF(%ebx), %eax
	call	rom_prepare		/* no data before this */
	testl	%eax, %eax
	jnz	2f
	movl	%esp, init_esp@GOTOFF(%ebx)
	movl	$1, %eax
	call	rom_main
	jmp	2f

/* A host side has come to an end (no page left): once more with the machine alone. */
	.globl rom_give_up
rom_give_up:
	base
	movl	init_esp@GOTOFF(%ebx), %esp
	movl	$1, %eax
	btsl	$0, given_up@GOTOFF(%ebx)
	jc	2f
	xorl	%eax, %eax
	call	rom_main
2:	popfl
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

/* eax leaf, ecx subleaf; answers in eax, ebx, ecx, edx; nothing else changes but flags. */
	.globl rom_cpuid
rom_cpuid:
	pushl	%eax
	cpuid
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	pushl	%eax
	movl	16(%esp), %eax
	movl	%esp, %edx
	call	vmi_cpuid_filter
	popl	%eax
	popl	%ebx
	popl	%ecx
	popl	%edx
	leal	4(%esp), %esp
	ret

	.bss
	.balign	4
init_esp:
	.long	0
given_up:
	.long	0
	.section .note.GNU-stack, "", @progbits
