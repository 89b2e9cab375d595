/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How a test guest comes up: on the boot CPU from 32-bit code without paging (Multiboot and PVH agree
 * on that), on all others from real mode at AP_START. Both end in 64-bit code with the first 4 GB
 * mapped one to one. With PVH_ONLY there is no Multiboot header, so that the other way is taken.
 */
#include "layout.h"

#define MULTIBOOT_FLAGS 3 /* modules on pages, memory information */

	.section .boot, "aw"
#ifndef PVH_ONLY
	.align	4
	.long	0x1badb002, MULTIBOOT_FLAGS, -(0x1badb002 + MULTIBOOT_FLAGS)
#endif

	.code32
	.globl	start
start:	cli
	cld
	movl	%eax, boot_magic
	movl	%ebx, boot_info
	lgdt	boot_gdtr
	movl	$boot_stack_end, %esp
	call	long_mode
	ljmp	$SEL_CODE64, $1f
	.code64
1:	movq	$stacks + STACK_SIZE, %rsp
	call	boot_main
2:	hlt
	jmp	2b

	.code32
/* Paging and long mode on: the caller then jumps to 64-bit code. */
long_mode:
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$0x620, %eax /* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx
	rdmsr
	btsl	$8, %eax /* LME */
	wrmsr
	movl	$0x80000033, %eax /* PG, NE, ET, MP, PE */
	movl	%eax, %cr0
	ret

/* Real mode, copied to AP_START; the segment's base is AP_START. */
	.code16
	.globl	ap_start, ap_end
ap_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	ap_gdtr - ap_start
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $ap_start32
ap_gdtr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt
ap_end:

	.code32
ap_start32:
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx /* APIC id */
	movzbl	cpu_of_apic_id(%ebx), %esi
	/* The stack of its own: a CPU may come here again, and several at a time. */
	incl	%esi
	shll	$STACK_SHIFT, %esi
	leal	stacks(%esi), %esp
	call	long_mode
	ljmp	$SEL_CODE64, $1f
	.code64
1:	movl	%esp, %esp
	call	ap_main
2:	hlt
	jmp	2b

	.align	16
boot_gdt:
	.quad	0
	.quad	0x00af9a000000ffff /* SEL_CODE64 */
	.quad	0x00cf92000000ffff /* SEL_DATA */
	.quad	0x00cf9a000000ffff /* SEL_CODE32 */
boot_gdt_end:
boot_gdtr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt

	.section .note.Xen, "a", @note
	.align	4
	.long	4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.section .tables, "aw"
	.align	4096
	.globl	boot_pml4, boot_pdpt
boot_pml4:
	.quad	boot_pdpt + 7
	.fill	511, 8, 0
boot_pdpt:
	.quad	boot_pd + 7, boot_pd + 0x1007, boot_pd + 0x2007, boot_pd + 0x3007
	.fill	508, 8, 0
/* 2 MB pages: present, writable, user. */
boot_pd:
	.set	page, 0x87
	.rept	2048
	.quad	page
	.set	page, page + 0x200000
	.endr

	.data
	.globl	boot_magic, boot_info
	.align	8
boot_magic:
	.quad	0
boot_info:
	.quad	0

/* Aligned to their size by guest.lds: as an alignment of the section it would move the header away. */
	.section .stacks, "aw", @nobits
	.globl	stacks
stacks:	.skip	MAX_CPUS * STACK_SIZE
	.align	16
	.skip	256
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
