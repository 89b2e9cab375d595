/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of entry.S: SYSCALL and SYSENTER: a hypercall of the kernel, or a system call of user mode. */

	.balign 64
entry_lstar: /* the callback is set and masks events, as Linux has it */
	testq %rcx, %rcx
	jns user_syscall
kernel_syscall:
	cmpq $VSYSCALL_START, %rcx
	jae high_syscall

	/* The registers of the call: RAX number, RDI RSI RDX R10 R8 arguments; keep all but RAX RCX R11. */
hypercall:
	cmpl $IRET_CALL, %eax
	je guest_iret
	movq %rsp, %r11
	movq vcpu + V_SHIM_SP(%rip), %rsp
	pushq %r11
	pushq %rcx
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %r8
	pushq %r9
	pushq %r10
	movq %r10, %rcx
	movq vcpu + V_GUEST(%rip), %r9
	movl %eax, %eax
	cmpq vcpu + V_CALLS_COUNT(%rip), %rax
	jae 2f
	movq vcpu + V_CALLS_TABLE(%rip), %r11
	call *(%r11, %rax, 8)
1:	popq %r10
	popq %r9
	popq %r8
	popq %rdx
	popq %rsi
	popq %rdi
	popq %rcx
	popq %rsp
	movq vcpu + V_UPCALL(%rip), %r11
	cmpw $1, (%r11) /* pending and not masked */
	je 3f
	sti /* no interrupt before the jump has reached the guest: STI shadow */
	jmp *%rcx
2:	movl %eax, %edi
	call *vcpu + V_ON_UNKNOWN(%rip)
	jmp 1b

	/* An event on the way back to the kernel: build the frame that an interrupt at RCX makes. */
3:	movq %rsp, vcpu + V_SCRATCH(%rip)
	andq $-16, %rsp
	pushq $SEL_KERNEL_SS
	pushq vcpu + V_SCRATCH(%rip)
	pushq $RFLAGS_IF | 2
	pushq $SEL_KERNEL_CS
	pushq %rcx
	pushq %r11
	pushq %rcx
	jmp event_enter

	/* A SYSCALL from the top of the address space: kernel code there, or the vsyscall page. */
high_syscall:
	cmpq $VSYSCALL_START + 0x1000, %rcx
	ja hypercall
	jmp user_syscall_any

user_syscall:
	ENTER_SYSCALL
	SYSCALL_FRAME SEL_USER_CS
	movq vcpu + V_UPCALL(%rip), %rcx
	cmpb $0, UPCALL_MASK(%rcx)
	jne 1f
	movb $1, UPCALL_MASK(%rcx)
	sti
	jmp *vcpu + V_CB_SYSCALL + GATE_ADDRESS(%rip)
1:	leaq vcpu + V_CB_SYSCALL(%rip), %rcx
	jmp bounce_go

	/* The same for a guest whose callback keeps events on, or that has none yet. */
entry_lstar_any:
	testq %rcx, %rcx
	js kernel_syscall
user_syscall_any:
	ENTER_SYSCALL
	SYSCALL_FRAME SEL_USER_CS
	leaq vcpu + V_CB_SYSCALL(%rip), %rcx
	jmp bounce_go

	/* Compatibility-mode SYSCALL (AMD) and SYSENTER: the guest fills in what the CPU forgot. */
entry_cstar:
	ENTER_SYSCALL
	SYSCALL_FRAME SEL_USER_CS32
	leaq vcpu + V_CB_SYSCALL32(%rip), %rcx
	cmpq $0, GATE_ADDRESS(%rcx)
	jne bounce_go
	subq $2, 2 * 8(%rsp) /* a CPU without this instruction gives #UD */
	leaq vcpu + V_TRAP + 6 * GATE_SIZE(%rip), %rcx
	jmp bounce_go
entry_sysenter:
	ENTER_SYSCALL
	pushq $SEL_USER_DS
	pushq $0
	pushfq
	orl $RFLAGS_IF, (%rsp)
	andl $~RFLAGS_TF, (%rsp)
	pushq $SEL_USER_CS32
	pushq $0
	pushq %r11
	pushq %rcx
	pushq $2 /* SYSENTER leaves NT, AC and TF as user mode had them; NT would spoil every iret */
	popfq
	leaq vcpu + V_CB_SYSENTER(%rip), %rcx
	jmp bounce_go

	/*
	 * Kernels linked at low addresses (GRUB, Mini-OS) cannot be told from user mode by RCX. They have
	 * no user mode: with this entry every SYSCALL is a hypercall and iret to user mode is refused.
	 */
entry_lstar_low:
	cmpl $IRET_CALL, %eax
	jne hypercall
	testb $3, 5 * 8(%rsp)
	jz guest_iret
	movl $RESIDENT_NO_USER_MODE, %esi
	jmp end_guest

