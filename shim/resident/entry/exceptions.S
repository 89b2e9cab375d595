/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of entry.S: exceptions, bounced to the guest's handlers or given to C. */

	/*
	 * Enter the guest's gate at RCX. Stack: RCX R11 RIP CS RFLAGS RSP SS (no error code: bounce_go) or
	 * with an error code under R11 (bounce_go_err). GS is the kernel's.
	 */
	.macro BOUNCE_GO cs
	movq vcpu + V_UPCALL(%rip), %r11
	cmpb $0, UPCALL_MASK(%r11)
	jne .Lmasked_\@
	testb $1, GATE_MASK(%rcx)
	jz .Lgo_\@
	movb $1, UPCALL_MASK(%r11)
.Lgo_\@:	movq GATE_ADDRESS(%rcx), %rcx
	testq %rcx, %rcx
	jz no_gate
	sti
	jmp *%rcx
.Lmasked_\@:
	movb $1, \cs+4(%rsp) /* saved_upcall_mask */
	andl $~RFLAGS_IF, \cs+8(%rsp)
	jmp .Lgo_\@
	.endm

	.macro IN_SHIM rip_high /* is that RIP ours? ZF; destroys r11 */
	movl \rip_high(%rsp), %r11d
	andl $SHIM_RIP_HIGH_MASK, %r11d
	cmpl $SHIM_RIP_HIGH, %r11d
	.endm

	.balign 64
trap_noerr: /* rcx = vector; RCX R11 on the frame */
	testb $3, 3 * 8(%rsp)
	jz 1f
	ENTER_TRAP 7
0:	shll $4, %ecx
	leaq vcpu + V_TRAP(%rip), %r11
	addq %r11, %rcx
bounce_go:
	BOUNCE_GO 3*8
1:	IN_SHIM 2*8+4
	jne 0b
	ADD_ERROR
	jmp shim_fault

trap_err:
	testb $3, 4 * 8(%rsp)
	jz 1f
	ENTER_TRAP 8
0:	shll $4, %ecx
	leaq vcpu + V_TRAP(%rip), %r11
	addq %r11, %rcx
bounce_go_err:
	BOUNCE_GO 4*8
1:	IN_SHIM 3*8+4
	jne 0b
	jmp shim_fault

	/* Page fault: the address goes to vcpu_info.arch.cr2 first. */
	.balign 64
entry_pf:
	pushq %r11
	pushq %rcx
	testb $3, 4 * 8(%rsp)
	jz 1f
	movl $14, %ecx
	ENTER_TRAP 8
0:	movq %cr2, %rcx
	movq vcpu + V_CR2(%rip), %r11
	movq %rcx, (%r11)
	leaq vcpu + V_TRAP + 14 * GATE_SIZE(%rip), %rcx
	jmp bounce_go_err
1:	IN_SHIM 3*8+4
	movl $14, %ecx
	je shim_fault
	/*
	 * A kernel store to a present, read-only page: perhaps a page table (Linux makes them so). All
	 * bits of the error code count: a store that a protection key forbids is not one of these.
	 */
	cmpl $3, 2 * 8(%rsp)
	jne 0b
	SLOW_TRAP V_ON_TRAP
	jz 2f
	jmp slow_done
2:	POP_REGS
	jmp 0b

	/* Invalid opcode: maybe Xen's emulation prefix (ud2a "xen" cpuid), from any mode. */
entry_ud:
	pushq %r11
	pushq %rcx
	ADD_ERROR
	testb $3, 4 * 8(%rsp)
	jz 1f
	ENTER_TRAP 8
0:	movl $6, %ecx
	SLOW_TRAP V_ON_TRAP
	jz 2f
	jmp slow_done
2:	POP_REGS
	DROP_ERROR
	movl $6 * GATE_SIZE, %ecx
	leaq vcpu + V_TRAP(%rip), %r11
	addq %r11, %rcx
	jmp bounce_go
1:	IN_SHIM 3*8+4
	jne 0b
	movl $6, %ecx
	jmp shim_fault

	/* C handled it: RAX names the registers to go on with (GS is the kernel's if CS is). */
slow_done:
	movq %rax, %rsp
	testb $3, 17 * 8(%rsp)
	jnz 1f
	POP_REGS
	DROP_FRAME
	iretq
1:	POP_REGS
	SLOW_EXIT_USER
	DROP_FRAME
	jmp entry_iretq_user

	/* An exception inside the shim itself; rcx = vector. Its own stack: see resident_fault(). */
shim_fault:
	cld
	FAULT_ENTER
	PUSH_REGS
	movq %rsp, %rdi
	movl %ecx, %esi
	movq vcpu + V_FAULT_SP(%rip), %rsp
	call *vcpu + V_ON_FAULT(%rip)
	movq %rax, %rsp
	POP_REGS
	DROP_FRAME
	iretq

	/* The guest has no handler where it needs one, or may not do this. C says so and ends the guest. */
no_gate:
	movl $RESIDENT_NO_HANDLER, %esi
end_guest:
	cld
	movq vcpu + V_SHIM_SP(%rip), %rsp
	xorl %edi, %edi
	call *vcpu + V_ON_FAULT(%rip)
	ud2

	/* NMI, #DB, #DF, #MC: on stacks of their own, everything else in C. rcx = vector. */
ist_noerr:
	ADD_ERROR
ist_err:
	cld
	PUSH_REGS
	movq %rsp, %rdi
	movl %ecx, %esi
	IST_ENTER
	subq $8, %rsp
	call *vcpu + V_ON_TRAP(%rip)
	movq %rax, %rsp
	IST_EXIT
	POP_REGS
	DROP_FRAME
	iretq

