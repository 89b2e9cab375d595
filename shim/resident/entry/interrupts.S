/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of entry.S: the shim's own interrupts: timer, kick, TLB, console. */

	.balign 64
irq_common: /* stack: vector RIP CS RFLAGS RSP SS */
	cld
	pushq %r11
	pushq %rcx
	testb $3, 4 * 8(%rsp)
	jnz irq_user
	IN_SHIM 3*8+4
	je irq_shim
irq_go:
	PUSH_SCRATCHED
	movl 9 * 8(%rsp), %edi
	movq %rsp, %rax
	movq vcpu + V_SHIM_SP(%rip), %rsp
	pushq %rax
	pushq %rax
	call *vcpu + V_ON_INTERRUPT(%rip)
	popq %rsp
	POP_SCRATCHED
	cmpb $0, vcpu + V_NMI_WANTED(%rip)
	jne irq_nmi
	movq vcpu + V_UPCALL(%rip), %rcx
	cmpw $1, (%rcx)
	je irq_event
	testb $3, 4 * 8(%rsp)
	jnz irq_exit_user
	DROP_FRAME
	iretq
irq_event:
	DROP_ERROR
	jmp event_enter
irq_user:
	ENTER_TRAP 8
	jmp irq_go
irq_exit_user:
	SLOW_EXIT_USER
	DROP_FRAME
	jmp entry_iretq_user
irq_nmi:
	movl $0x102, %ecx
	SLOW_TRAP V_ON_TRAP
	jmp slow_done
irq_shim: /* from the shim's idle loop: stay on its stack, deliver nothing */
	PUSH_SCRATCHED
	movl 9 * 8(%rsp), %edi
	subq $8, %rsp
	call *vcpu + V_ON_INTERRUPT(%rip)
	addq $8, %rsp
	POP_SCRATCHED
	/*
	 * A halt that an interrupt has overtaken must not begin: what it would wait for may have come.
	 * Only an emulator gets here (RIP at HLT): QEMU 7.2 forgets the STI shadow when a hypervisor inside
	 * it leaves and re-enters its guest between STI and HLT.
	 */
	movq 3 * 8(%rsp), %rcx
	cmpb $0xf4, (%rcx)
	jne 1f
	incq 3 * 8(%rsp)
1:
	DROP_FRAME
	iretq

