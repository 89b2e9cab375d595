/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Resident mode: every way from guest to shim and back. Assembled twice: with one page-table root for
 * kernel and user mode, and (entry_pti.S, ENTRY_PTI) with a root of its own for user mode. This is a template: each CPU runs its own
 * copy and reaches its own data relative to RIP ("vcpu" below), so that the shim needs neither GS
 * nor a known stack. Calls to C go through pointers in that data, because the copy is elsewhere
 * than it was linked.
 *
 * Rules of this code (docs/resident.md has the reasons):
 *  - The guest kernel runs at CPL 0 with the real IF always 1; its "interrupts off" is the mask byte
 *    of its vcpu_info. The shim runs with IF 0.
 *  - An exception's hardware frame already is Xen's bounce frame, and lies on the right stack (RSP0 is
 *    the guest's kernel stack): R11 and RCX are pushed on it and the guest's handler is entered.
 *  - In kernel mode GS is the guest kernel's; a frame's CPL tells which GS is loaded. Only an
 *    interrupted RIP inside the shim leaves that open, so nothing is delivered there.
 */
#ifndef ENTRY_TABLE
#define ENTRY_TABLE entry_plain
#endif

#include "asm-offsets.h"
#include "shim/layout.h"
#include "shim/resident/area.h"
#include "shim/resident/entry_macros.h"

#define IRET_CALL      23 /* __HYPERVISOR_iret */
#define VSYSCALL_START -0xa00000 /* 0xffffffffff600000: the one user page at a negative address */
#define RFLAGS_IF      0x200
#define RFLAGS_TF      0x100
#define RFLAGS_STRIP   0x23000 /* VM, IOPL: never from a guest's frame */

	.section .init.entry, "ax" /* boot only: each CPU gets a copy */
	.balign 4096
entry_begin:
	.set vcpu, entry_begin + AREA_DATA

/* ---- SYSCALL: a hypercall of the kernel, or a system call of user mode ---------------------- */

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
	pushq $SEL_USER_DS
	pushq vcpu + V_SCRATCH(%rip)
	pushq %r11
	pushq $SEL_USER_CS
	pushq %rcx
	pushq %r11
	pushq %rcx
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
	pushq $SEL_USER_DS
	pushq vcpu + V_SCRATCH(%rip)
	pushq %r11
	pushq $SEL_USER_CS
	pushq %rcx
	pushq %r11
	pushq %rcx
	leaq vcpu + V_CB_SYSCALL(%rip), %rcx
	jmp bounce_go

	/* Compatibility-mode SYSCALL (AMD) and SYSENTER: the guest fills in what the CPU forgot. */
entry_cstar:
	ENTER_SYSCALL
	pushq $SEL_USER_DS
	pushq vcpu + V_SCRATCH(%rip)
	pushq %r11
	pushq $SEL_USER_CS32
	pushq %rcx
	pushq %r11
	pushq %rcx
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

/* ---- The guest's iret: RAX R11 RCX flags | RIP CS RFLAGS RSP SS on its stack ----------------- */

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

/* ---- Exceptions ------------------------------------------------------------------------------ */

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
	popq %rcx
	popq %r11
	addq $8, %rsp
	iretq
1:	POP_REGS
	SLOW_EXIT_USER
	popq %rcx
	popq %r11
	addq $8, %rsp
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
	popq %rcx
	popq %r11
	addq $8, %rsp
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
	popq %rcx
	popq %r11
	addq $8, %rsp
	iretq

/* ---- The shim's own interrupts: timer, kick, TLB, console ------------------------------------- */

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
	pushq %rax
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	movl 9 * 8(%rsp), %edi
	movq %rsp, %rax
	movq vcpu + V_SHIM_SP(%rip), %rsp
	pushq %rax
	pushq %rax
	call *vcpu + V_ON_INTERRUPT(%rip)
	popq %rsp
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rax
	cmpb $0, vcpu + V_NMI_WANTED(%rip)
	jne irq_nmi
	movq vcpu + V_UPCALL(%rip), %rcx
	cmpw $1, (%rcx)
	je irq_event
	testb $3, 4 * 8(%rsp)
	jnz irq_exit_user
	popq %rcx
	popq %r11
	addq $8, %rsp
	iretq
irq_event:
	DROP_ERROR
	jmp event_enter
irq_user:
	ENTER_TRAP 8
	jmp irq_go
irq_exit_user:
	SLOW_EXIT_USER
	popq %rcx
	popq %r11
	addq $8, %rsp
	jmp entry_iretq_user
irq_nmi:
	movl $0x102, %ecx
	SLOW_TRAP V_ON_TRAP
	jmp slow_done
irq_shim: /* from the shim's idle loop: stay on its stack, deliver nothing */
	pushq %rax
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	movl 9 * 8(%rsp), %edi
	subq $8, %rsp
	call *vcpu + V_ON_INTERRUPT(%rip)
	addq $8, %rsp
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rax
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
	popq %rcx
	popq %r11
	addq $8, %rsp
	iretq

/* ---- One stub per vector, 16 bytes each: the IDT points here ------------------------------------ */

	.balign 16
entry_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if vector == 14
	jmp entry_pf
	.elseif vector == 6
	jmp entry_ud
	.elseif vector >= VEC_FIRST
	pushq $vector
	jmp irq_common
	.else
	pushq %r11
	pushq %rcx
	movl $vector, %ecx
	.if vector == 2 || vector == 1 || vector == 18
	jmp ist_noerr
	.elseif vector == 8
	jmp ist_err
	.elseif vector == 10 || vector == 11 || vector == 12 || vector == 13 || vector == 17 || vector == 21
	jmp trap_err
	.else
	jmp trap_noerr
	.endif
	.endif
	.set vector, vector + 1
	.endr
/* Padded to the size of its pages; the assembler complains if it is larger. */
	.org entry_begin + AREA_CODE_PAGES * 4096

	/* struct entry_code: where the pieces lie. */
	.section .init.data, "aw"
	.balign 8
	.globl ENTRY_TABLE
ENTRY_TABLE:
	.quad entry_begin, entry_lstar, entry_lstar_any, entry_lstar_low, entry_cstar
	.quad entry_sysenter, entry_stubs, entry_iretq_user
