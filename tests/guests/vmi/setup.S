/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What makes a bzImage of the VMI test kernel: two sectors with the setup header of boot protocol 2.06, as Linux
 * 2.6.22 has it, in front of the 32-bit part. No field behind cmdline_size existed then: code lies there, as in a real
 * kernel. Documentation/arch/x86/boot.rst.
 */
	.code16
	.text
	.org	0x1f1
	.byte	1			/* setup_sects: one behind the boot sector */
	.word	0			/* root_flags */
	.long	paragraphs		/* syssize, from the linker */
	.word	0, 0, 0			/* ram_size, vid_mode, root_dev */
	.word	0xaa55			/* boot_flag */
	.byte	0xeb, 3f - . - 1	/* jump: the header's end */
	.ascii	"HdrS"
	.word	0x0206			/* version */
	.long	0			/* realmode_swtch */
	.word	0			/* start_sys_seg */
	.word	0			/* kernel_version: none */
	.byte	0			/* type_of_loader */
	.byte	1			/* loadflags: loaded high */
	.word	0			/* setup_move_size */
	.long	0x100000		/* code32_start */
	.long	0, 0			/* initrd */
	.long	0			/* bootsect_kludge */
	.word	0, 0			/* heap_end_ptr, pad */
	.long	0			/* cmd_line_ptr */
	.long	0x37ffffff		/* initrd_addr_max */
	.long	0x100000		/* kernel_alignment */
	.byte	0			/* relocatable_kernel: no, it is linked at 1 MB */
	.byte	0, 0, 0
	.long	255			/* cmdline_size */
/* Entered by a BIOS' boot loader, ds = this segment. All that a real kernel asks the BIOS here is left out. */
3:	cli
	xorl	%esi, %esi
	movw	%ds, %si
	shll	$4, %esi		/* boot_params: these sectors, with the header where it belongs */
	leal	gdt(%esi), %eax
	movl	%eax, gdt_register + 2
	lgdtl	gdt_register
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	jmp	4f
4:	movw	$0x18, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	ljmpl	$0x10, $0x100000
	.balign	8
gdt:	.quad	0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	31
	.long	0
	.org	1024
	.section .note.GNU-stack, "", @progbits
