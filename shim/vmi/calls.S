/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Code for every call: a table by number, and the native instructions for those that a guest better
 * executes itself. These are handed out only when everything is to be served (rom_options); they
 * have the exact registers of the calls: arguments in EAX, EDX, ECX, then the stack; results in EAX or
 * EDX:EAX. 29 to 32 change nothing but what they are for.
 */
#include "abi/vmi.h"

	.text
	.code32
	.macro	entry name
	.balign	4
\name:
	.endm

	entry	c_wrmsr
	wrmsr
	ret
	entry	c_rdmsr
	rdmsr
	ret
	entry	c_set_gdt
	lgdt	(%eax)
	ret
	entry	c_set_ldt
	lldt	%ax
	ret
	entry	c_set_idt
	lidt	(%eax)
	ret
	entry	c_set_tr
	ltr	%ax
	ret
	entry	c_get_gdt
	sgdt	(%eax)
	ret
	entry	c_get_ldt
	xorl	%eax, %eax
	sldt	%ax
	ret
	entry	c_get_idt
	sidt	(%eax)
	ret
	entry	c_get_tr
	xorl	%eax, %eax
	str	%ax
	ret
	entry	c_write_descriptor	/* table, index, low; high on the stack */
	leal	(%eax,%edx,8), %eax
	movl	4(%esp), %edx
	movl	%ecx, (%eax)
	movl	%edx, 4(%eax)
	ret
	entry	c_set_cr0
	movl	%eax, %cr0
	ret
	entry	c_set_cr2
	movl	%eax, %cr2
	ret
	entry	c_set_cr3
	movl	%eax, %cr3
	ret
	entry	c_set_cr4
	movl	%eax, %cr4
	ret
	entry	c_get_cr0
	movl	%cr0, %eax
	ret
	entry	c_get_cr2
	movl	%cr2, %eax
	ret
	entry	c_get_cr3
	movl	%cr3, %eax
	ret
	entry	c_get_cr4
	movl	%cr4, %eax
	ret
	entry	c_wbinvd
	wbinvd
	ret
	entry	c_rdpmc
	rdpmc
	ret
	entry	c_rdtsc
	rdtsc
	ret
	entry	c_clts
	clts
	ret
	entry	c_sti
	sti
	ret
	entry	c_cli
	cli
	ret
	entry	c_get_if		/* popl would do, but flags only: all of them stay */
	pushfl
	movl	(%esp), %eax
	andl	$0x200, %eax
	popfl
	ret
	entry	c_set_if		/* the interrupt flag alone, from eax */
	testl	$0x200, %eax
	jz	1f
	sti
	ret
1:	cli
	ret
	entry	c_iret
	iretl
	entry	c_sysexit
	sti
	sysexit

/* SetPxE eax to (edx); the long one EDX:EAX to (ecx), the high word first: a present entry is never torn. */
	entry	c_set_pxe
	movl	%eax, (%edx)
	ret
	entry	c_set_pxe_long
	movl	$0, (%ecx)
	movl	%edx, 4(%ecx)
	movl	%eax, (%ecx)
	ret
	entry	c_nothing
	ret
	entry	c_identity
	ret
	entry	c_inval_page
	invlpg	(%eax)
	ret
	entry	c_flush_tlb
	testb	$VMI_FLUSH_GLOBAL, %al
	jnz	1f
2:	movl	%cr3, %eax
	movl	%eax, %cr3
	ret
1:	movl	%cr4, %eax		/* toggling PGE flushes global entries, too */
	testb	$0x80, %al
	jz	2b
	andb	$0x7f, %al
	movl	%eax, %cr4
	orb	$0x80, %al
	movl	%eax, %cr4
	ret

/* Debug registers by number: eax, value in edx. 4 and 5 are 6 and 7. */
	.macro	debug_table get
	andl	$7, %eax
	pushl	%ebx
	call	3f
3:	popl	%ebx
	leal	(4f - 3b)(%ebx,%eax,8), %eax
	popl	%ebx
	jmp	*%eax
	.balign	8
4:	.irp	n, 0, 1, 2, 3, 6, 7, 6, 7
	.balign	8
	.if	\get
	movl	%db\n, %eax
	.else
	movl	%edx, %db\n
	.endif
	ret
	.endr
	.endm
	entry	c_set_dr
	debug_table 0
	entry	c_get_dr
	debug_table 1

/* Ports: number in edx, data in eax; strings: port edx, memory and count in registers of the instruction. */
	.irp	n, l, b, w
	entry	c_in\n
	in\n	%dx
	ret
	entry	c_ins\n
	rep	ins\n
	ret
	entry	c_out\n
	out\n	%dx
	ret
	entry	c_outs\n
	rep	outs\n
	ret
	.endr

	entry	c_iopl			/* the field in eax, as in the flags */
	pushfl
	andl	$0x3000, %eax
	andl	$~0x3000, (%esp)
	orl	%eax, (%esp)
	popfl
	ret

/* By call number; 0: no such call. Relocated by vmi_init. */
	.data
	.balign	4
	.globl rom_entries
rom_entries:
	.irp	name, rom_cpuid, c_wrmsr, c_rdmsr, c_set_gdt, c_set_ldt, c_set_idt, c_set_tr, c_get_gdt, c_get_ldt, c_get_idt
	.long	\name
	.endr
	.irp	name, c_get_tr, c_write_descriptor, c_write_descriptor, c_write_descriptor, c_nothing
	.long	\name
	.endr
	.irp	name, c_set_cr0, c_set_cr2, c_set_cr3, c_set_cr4, c_get_cr0, c_get_cr2, c_get_cr3, c_get_cr4
	.long	\name
	.endr
	.irp	name, c_wbinvd, c_set_dr, c_get_dr, c_rdpmc, c_rdtsc, c_clts, c_sti, c_cli, c_get_if, c_set_if
	.long	\name
	.endr
	.irp	name, c_iret, c_sysexit, vmi_halt, vmi_reboot, vmi_shutdown
	.long	\name
	.endr
	.irp	name, c_set_pxe, c_set_pxe_long, c_nothing, c_nothing, c_identity, c_identity, c_nothing, c_nothing
	.long	\name
	.endr
	.irp	name, c_inval_page, c_flush_tlb, c_nothing
	.long	\name
	.endr
	.irp	name, c_inl, c_inb, c_inw, c_insl, c_insb, c_insw, c_outl, c_outb, c_outw, c_outsl, c_outsb, c_outsw
	.long	\name
	.endr
	.irp	name, c_iopl, vmi_ap_state, vmi_apic_write, vmi_apic_read, c_nothing
	.long	\name
	.endr
	.irp	name, vmi_cycle_frequency, vmi_cycle_counter, vmi_set_alarm, vmi_cancel_alarm
	.long	\name
	.endr
	.irp	name, vmi_wallclock, vmi_wallclock_updated
	.long	\name
	.endr
	.long	0
	.long	c_nothing
	.if	(. - rom_entries) - 4 * VMI_CALLS
	.error	"the table of calls has a wrong length"
	.endif
	.section .note.GNU-stack, "", @progbits
