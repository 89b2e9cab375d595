/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A small i386 kernel like those of 2006, for the VMI tests: Multiboot, or the 32-bit part of a bzImage (setup.S is the
 * rest); linked at 3 GB, with or without PAE ("pae" in its command line), low memory mapped at 3 GB as
 * Linux maps it. Also the code around calls with all registers seen, interrupt stubs, and the start of
 * further processors.
 */
#define OFFSET 0xc0000000
#define PA(x) ((x) - OFFSET)
#define CMDLINE_MAX 256

	.section .head, "ax"
	.code32
/* A boot loader enters a bzImage here, at the start, with esi = boot_params. What it left is kept for boot.c. */
	movl	%ebx, PA(boot_state)
	movl	%ebp, PA(boot_state) + 4
	movl	%edi, PA(boot_state) + 8
	movl	$PA(stack_end), %esp
	pushfl
	popl	PA(boot_state) + 12
	movl	%cr0, %eax
	movl	%eax, PA(boot_state) + 16
	movl	%cs, %eax
	movl	%eax, PA(boot_state) + 20
	movl	%ds, %eax
	movl	%eax, PA(boot_state) + 24
	movl	%ss, %eax
	movl	%eax, PA(boot_state) + 28
	cld
	movl	0x228(%esi), %eax	/* the command line */
	movl	0x218(%esi), %edx	/* the initrd */
	movl	$PA(boot_params), %edi
	movl	$1024, %ecx
	rep	movsl
	movl	%edx, %esi
	movl	$PA(boot_initrd), %edi
	movl	$16, %ecx
	testl	%edx, %edx
	jz	both
	rep	movsb
	jmp	both

	.balign 4
	.long	0x1badb002, 2, -(0x1badb002 + 2)
	.globl	_start
_start:
	movl	16(%ebx), %eax		/* the command line, with the file's name in front */
both:					/* eax: the command line */
	cli
	cld
	movl	%eax, %esi
	movl	$PA(cmdline), %edi
	movl	$(CMDLINE_MAX - 1), %ecx
	rep	movsb			/* what lies behind its end does no harm */
	movl	$PA(page_dir), %edi	/* page_dir and pmd are zero: in .bss */
	movl	$PA(cmdline), %eax	/* its first letter p: pae */
	cmpb	$'p', (%eax)
	je	1f
	/* QEMU puts the file's name in front: the word after the first space counts */
3:	incl	%eax
	cmpb	$0, (%eax)
	je	2f
	cmpb	$' ', (%eax)
	jne	3b
	cmpb	$'p', 1(%eax)
	je	1f
2:	movl	$0x83, %eax		/* 4 MB pages: 16 MB at 0 and at 3 GB */
	xorl	%ecx, %ecx
4:	movl	%eax, (%edi,%ecx,4)
	movl	%eax, 768 * 4(%edi,%ecx,4)
	addl	$0x400000, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jne	4b
	movl	$0x10, %eax
	jmp	5f
1:	movl	$PA(pmd) + 1, %eax	/* the same PMD page for the first and the last GB */
	movl	%eax, (%edi)
	movl	%eax, 24(%edi)
	movl	$PA(pmd), %ebx
	movl	$0x83, %eax
	xorl	%ecx, %ecx
6:	movl	%eax, (%ebx,%ecx,8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$8, %ecx
	jne	6b
	movl	$0x20, %eax
5:	movl	%eax, %cr4
	movl	%edi, %cr3
	movl	%cr0, %eax
	orl	$0x80010000, %eax
	movl	%eax, %cr0
	movl	$7f, %eax
	jmp	*%eax
7:	lgdt	gdt_register
	ljmp	$0x10, $8f
8:	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$stack_end, %esp
	xorl	%eax, %eax		/* low memory is only at 3 GB from here on: what relies on physical addresses fails */
	movl	%eax, page_dir		/* four entries of 32 bits, or the first two of 64 */
	movl	%eax, page_dir + 4
	movl	%eax, page_dir + 8
	movl	%eax, page_dir + 12
	movl	%cr3, %eax
	movl	%eax, %cr3
	movl	$cmdline, %eax
	call	guest_main
9:	hlt
	jmp	9b

	.text
/* void call_seen(struct registers *r) regparm: call r->target with all of r's registers; see guest.h. */
	.globl	call_seen
call_seen:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	%eax, seen
	movl	%esp, seen_esp
	pushl	44(%eax)		/* stack arguments, the last first */
	pushl	40(%eax)
	pushl	32(%eax)		/* flags */
	movl	4(%eax), %ecx
	movl	8(%eax), %edx
	movl	12(%eax), %ebx
	movl	16(%eax), %esi
	movl	20(%eax), %edi
	movl	24(%eax), %ebp
	movl	0(%eax), %eax
	popfl
	pushl	%eax
	movl	seen, %eax
	movl	28(%eax), %eax
	movl	%eax, target
	popl	%eax
	call	*target
	pushfl
	pushl	%eax
	movl	seen, %eax
	movl	%ecx, 4(%eax)
	movl	%edx, 8(%eax)
	movl	%ebx, 12(%eax)
	movl	%esi, 16(%eax)
	movl	%edi, 20(%eax)
	movl	%ebp, 24(%eax)
	popl	%ecx
	movl	%ecx, 0(%eax)
	popl	32(%eax)
	addl	$8, %esp
	movl	seen_esp, %ecx
	subl	%esp, %ecx
	movl	%ecx, 36(%eax)		/* 0 when the callee left the arguments alone */
	movl	seen_esp, %esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

/* uint64_t vmi_asked(void *function, uint32_t eax): the jump slots. */
	.globl	vmi_asked
vmi_asked:
	xchgl	%eax, %edx
	jmp	*%edx

/* Interrupts: one stub a vector; the number goes to C. Exceptions with an error code are fatal anyhow. */
	.globl	stubs
	.balign	16
stubs:
	.set	n, 0
	.rept	64
	.balign	16
	pushl	$n
	jmp	common
	.set	n, n + 1
	.endr
common:
	pushal
	movl	32(%esp), %eax
	movl	36(%esp), %edx
	call	guest_interrupt
	popal
	addl	$4, %esp
	iretl

/* The trampoline of a further processor, copied to the page of its STARTUP IPI: only real mode. */
	.globl	trampoline, trampoline_end
trampoline:
	.code16
	cli
	movw	$0, %ax
	movw	%ax, %ds
	incw	0x900			/* "came by real mode": a counter below 1 MB */
1:	hlt
	jmp	1b
	.code32
trampoline_end:

	.globl	ap_entry
ap_entry:				/* where SetInitialAPState leads; all registers are the state's */
	pushl	%eax
	movl	%cr3, %eax
	popl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	pushl	%eax
	movl	%esp, %eax
	call	guest_ap
1:	hlt
	jmp	1b

	.globl	sysexit_there, iret_there
sysexit_there:
	ret
iret_there:
	ret

	.data
	.balign	8
	.globl	gdt
gdt:	.quad	0, 0
	.quad	0x00cf9b000000ffff, 0x00cf93000000ffff
	.quad	0, 0, 0, 0		/* 0x20, 0x28: TSS of two processors; 0x30: an LDT */
	.globl	gdt_register
gdt_register:
	.word	63
	.long	gdt
seen:	.long	0
seen_esp: .long	0
target:	.long	0

	.bss
	.balign	4096
	.globl	page_dir, pmd, boot_params, boot_state, boot_initrd
page_dir:
	.skip	4096
pmd:	.skip	4096
boot_params:
	.skip	4096
cmdline:
	.skip	CMDLINE_MAX
boot_state:
	.skip	32
boot_initrd:
	.skip	16
	.skip	16384
	.globl	stack_end
stack_end:
	.section .note.GNU-stack, "", @progbits
