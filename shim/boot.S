/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From the boot loader (Multiboot 1 or PVH: 32-bit, paging off) to long mode at the shim's own
 * addresses. Boot only. A CPU that cannot run 64-bit guests gets one clear line and a stop.
 */
#include "shim/layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010003 /* page-aligned modules, memory map, addresses below */

#define COM1	 0x3f8
#define DEBUGCON 0xe9

	.section .boot.header, "a"
	.balign 8
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long shim_load_start
	.long shim_load_end
	.long shim_bss_end
	.long boot_multiboot

	/* xen/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY makes QEMU, Xen, Firecracker and others start us. */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18
	.asciz "Xen"
	.long boot_pvh

	.section .boot.text, "ax"
	.code32
	.globl boot_multiboot, boot_pvh
boot_multiboot:
	movl %eax, %ebp /* 0x2badb002 */
	jmp boot_common
boot_pvh:
	xorl %ebp, %ebp
boot_common:
	cli
	cld
	movl %ebx, %edi /* address of the loader's information */
	movl $(boot_stack_end - SHIM_IMAGE), %esp

	/* CPUID at all? (EFLAGS.ID can be flipped) */
	pushfl
	popl %eax
	movl %eax, %ecx
	xorl $0x200000, %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	xorl %ecx, %eax
	testl $0x200000, %eax
	movl $no_long_mode, %esi
	jz boot_refuse

	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb boot_refuse
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc boot_refuse
	/* Not the bit of SYSCALL: Intel's CPUs show it in 64-bit mode only, and all that have long mode have it. */
	movl $no_nx, %esi
	btl $20, %edx
	jnc boot_refuse

	/*
	 * Boot page tables: the first 4 GB one to one and as direct map (2 MB pages), and the image's
	 * 4 MB at its own address.
	 */
	movl $(boot_pd - SHIM_IMAGE), %ebx
	movl $0x83, %eax
	movl $2048, %ecx
1:	movl %eax, (%ebx)
	movl $0, 4(%ebx)
	addl $0x200000, %eax
	addl $8, %ebx
	loop 1b
	movl $(boot_pdpt - SHIM_IMAGE), %ebx
	movl $(boot_pd - SHIM_IMAGE + 3), %eax
	movl $4, %ecx
1:	movl %eax, (%ebx)
	addl $0x1000, %eax
	addl $8, %ebx
	loop 1b
	movl $(boot_pml4 - SHIM_IMAGE), %ebx
	movl $(boot_pdpt - SHIM_IMAGE + 3), %eax
	movl %eax, (%ebx)
	movl %eax, SHIM_SLOT_IMAGE * 8(%ebx)
	movl %eax, SHIM_SLOT_DIRECT * 8(%ebx)

	movl $0x6a0, %eax /* PAE, PGE, OSFXSR, OSXMMEXCPT: the decompressors use SSE */
	movl %eax, %cr4
	movl %ebx, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x901, %eax /* LME, NXE, SCE */
	wrmsr
	movl $0x80010033, %eax /* PG, WP, NE, ET, MP, PE; cache on */
	movl %eax, %cr0
	lgdtl boot_gdt_ptr
	ljmpl $8, $boot_long

	/* esi: the reason. Say it on COM1 and the debug port, then stop. */
boot_refuse:
	movl $COM1 + 3, %edx
	movb $0x03, %al
	outb %al, %dx
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, $DEBUGCON
	movl $COM1, %edx
	outb %al, %dx
	movl $20000, %ecx /* a real UART needs time; give it some without asking */
3:	pause
	loop 3b
	jmp 1b
2:	movw $0x2000, %ax /* power off where this port is ACPI's (QEMU's PIIX4, ICH9) */
	movw $0x604, %dx
	outw %ax, %dx
4:	cli
	hlt
	jmp 4b

no_long_mode:
	.asciz "twoway: this CPU has no 64-bit long mode; give the VM a 64-bit CPU model\r\ntwoway-end: error no long mode\n"
no_nx:
	.asciz "twoway: this CPU has no NX (execute disable); enable it in the VM's CPU model\r\ntwoway-end: error no NX\n"

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code */
	.quad 0x00cf93000000ffff /* data */
boot_gdt_end:
boot_gdt_ptr:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt

	.code64
boot_long:
	movl $16, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movabsq $boot_stack_end, %rsp
	xorl %eax, %eax /* FS base 0: a stack canary is read from low memory, the same each time */
	xorl %edx, %edx
	movl $0xc0000100, %ecx
	wrmsr
	movl %edi, %esi
	movl %ebp, %edi
	movabsq $start, %rax
	xorl %ebp, %ebp
	call *%rax
	ud2

	.section .init.bss, "aw", @nobits
	.balign 4096
	.globl boot_pml4, boot_pdpt, boot_image_pdpt, boot_image_pd
boot_pml4:	.skip 4096
boot_pdpt:	.skip 4096
boot_pd:	.skip 4 * 4096
boot_image_pdpt: .skip 4096 /* these two are for the image when it has moved (move.c) */
boot_image_pd:	.skip 4096
boot_stack:	.skip 65536
	.globl boot_stack, boot_stack_end
boot_stack_end:
