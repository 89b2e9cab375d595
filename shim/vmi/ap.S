/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How a processor gets from its STARTUP IPI into the state of SetInitialAPState. The first part is copied
 * over the start of the guest's own start page, whose place is all that the IPI can name; it turns paging on
 * with the guest's tables, in which that page is mapped to itself for the moment. The rest runs in
 * the ROM, after page and tables are as they were.
 */
#include "shim/vmi/ap.h"

	.text
	.globl	rom_ap_page, rom_ap_page_end, rom_ap_far, rom_ap_gdtr, rom_ap_base, rom_ap_values
	.code16
rom_ap_page:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	rom_ap_gdtr - rom_ap_page
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	*(rom_ap_far - rom_ap_page)
	.code32
1:	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %ss
	.byte	0xbb			/* movl $page, %ebx */
rom_ap_base:
	.long	0
	leal	(rom_ap_values - rom_ap_page)(%ebx), %esi
	movl	4(%esi), %eax
	movl	%eax, %cr4
	movl	8(%esi), %eax
	movl	%eax, %cr3
	movl	12(%esi), %eax		/* EFER: only where the guest sets a bit, such as NXE */
	testl	%eax, %eax
	jz	2f
	xorl	%edx, %edx
	movl	$0xc0000080, %ecx
	wrmsr
2:	movl	20(%esi), %edi
	movl	(%esi), %eax
	movl	%eax, %cr0
	jmp	*16(%esi)
	.balign	4
rom_ap_far:				/* offset is added to: where 32-bit code starts */
	.long	1b - rom_ap_page
	.word	8
rom_ap_gdtr:
	.word	23
	.long	3f - rom_ap_page
	.balign	8
3:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
rom_ap_values:				/* cr0, cr4 without PGE, cr3, efer, where to go on, struct rom_ap */
	.long	0, 0, 0, 0, 0, 0
rom_ap_page_end:

	.globl	rom_ap_high
rom_ap_high:			/* edi: struct rom_ap; there is no stack yet */
	movl	$1, AP_SEEN(%edi)
2:	pause
	cmpl	$0, AP_GO(%edi)
	je	2b
	movl	%cr3, %eax		/* forget the mapping of the page to itself */
	movl	%eax, %cr3
	movl	AP_CR4(%edi), %eax
	movl	%eax, %cr4
	movl	AP_CR2(%edi), %eax
	movl	%eax, %cr2
	lgdt	AP_GDTR(%edi)
	lidt	AP_IDTR(%edi)
	lldt	AP_CS + 12(%edi)
	movw	AP_CS + 2(%edi), %ss
	movl	AP_ESP(%edi), %esp
	pushl	AP_EFLAGS(%edi)
	movzwl	AP_CS(%edi), %eax
	pushl	%eax
	pushl	AP_EIP(%edi)
	.irp	n, 0, 8, 12, 4, 16, 20, 24, 28	/* popal's order, the other way round */
	pushl	AP_EAX + \n(%edi)
	.endr
	movw	AP_CS + 8(%edi), %fs
	movw	AP_CS + 10(%edi), %gs
	movw	AP_CS + 6(%edi), %es
	movw	AP_CS + 4(%edi), %ds
	movl	$2, AP_SEEN(%edi)
	popal
	iretl
	.section .note.GNU-stack, "", @progbits
