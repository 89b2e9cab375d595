/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of entry.S: the guest's iret. RAX R11 RCX flags and RIP CS RFLAGS RSP SS are on its stack. */

	.balign 64
guest_iret:
	incq vcpu + V_IRETS(%rip)
	movq vcpu + V_UPCALL(%rip), %r11
	movl 6 * 8(%rsp), %ecx
	testl $RFLAGS_IF, %ecx
	jz iret_masked
	movb $0, UPCALL_MASK(%r11)
	cmpb $0, (%r11) /* by byte: a word would wait for the store above */
	jne iret_event
iret_flags:
	andl $~RFLAGS_STRIP, %ecx
	movl %ecx, 6 * 8(%rsp)
	testb $3, 5 * 8(%rsp)
	jz 1f
	EXIT_USER
	popq %rax
	popq %r11
	popq %rcx
	addq $8, %rsp
entry_iretq_user:
	iretq

1:	movq $SEL_KERNEL_CS, 5 * 8(%rsp)
	movq $SEL_KERNEL_SS, 8 * 8(%rsp)
	popq %rax
	popq %r11
	popq %rcx
	addq $8, %rsp
entry_iretq_kernel:
	iretq

iret_masked:
	movb $1, UPCALL_MASK(%r11)
	orl $RFLAGS_IF, %ecx
	jmp iret_flags

	/* An event waits: enter its callback as if it had hit right after the iret. */
iret_event:
	movq (%rsp), %rax
	movq 8(%rsp), %r11
	movq %r11, 24(%rsp)
	addq $16, %rsp
	movl $0, 3 * 8 + 4(%rsp) /* the mask was clear */

	/* Stack: RCX R11 RIP CS RFLAGS RSP SS; GS is the kernel's. */
event_enter:
	movq vcpu + V_UPCALL(%rip), %r11
	movb $1, UPCALL_MASK(%r11)
	movq vcpu + V_CB_EVENT + GATE_ADDRESS(%rip), %rcx
	testq %rcx, %rcx
	jz no_gate
	sti
	jmp *%rcx

