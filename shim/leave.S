/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The way out of long mode for a kernel that the shim only starts (start_vmi.c): runs in a copy at
 * SHIM_TRAMPOLINE, which the boot page tables map to itself. rdi entry, rsi/rdx/rcx the guest's esi, eax and ebx, r8
 * the GDT to load, with flat code at 0x10 and flat data at 0x18. All other registers are 0 at the entry, interrupts off,
 * the IDT empty: what Documentation/arch/x86/boot.rst, Multiboot and PVH ask for.
 */
#include "shim/layout.h"

#define HERE(label) (SHIM_TRAMPOLINE + (label) - leave_begin)
#define MSR_EFER    0xc0000080

	.section .init.text, "ax"
	.globl leave_begin, leave_end
	.code64
leave_begin:
	cli
	lgdt	(%r8)
	movl	%edi, HERE(leave_entry)
	movl	%edx, %edi
	movl	%ecx, %ebx
	pushq	$0x10
	pushq	$HERE(leave_32)
	lretq
	.code32
leave_32:
	movl	%cr0, %eax
	andl	$0x7fffffff, %eax	/* paging off: this page was mapped to itself */
	movl	%eax, %cr0
	xorl	%eax, %eax
	xorl	%edx, %edx
	movl	$MSR_EFER, %ecx
	wrmsr
	movl	%eax, %cr4
	movl	%eax, %cr3
	movl	$0x11, %eax		/* PE, ET */
	movl	%eax, %cr0
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	lidt	HERE(leave_idt)
	movl	%edi, %eax
	xorl	%ecx, %ecx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	xorl	%esp, %esp
	jmp	*HERE(leave_entry)
	.balign	4
leave_entry:
	.long	0
leave_idt:
	.word	0
	.long	0
leave_end:
	.section .note.GNU-stack, "", @progbits
