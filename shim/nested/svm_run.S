/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SVM's world switch. VMRUN itself saves and loads what the shim needs (CS, SS, DS, ES, control
 * registers, RSP, RAX); FS, GS, TR, LDTR and the SYSCALL MSRs stay the guest's all the time, since
 * nothing in the shim uses them: so there is no VMLOAD or VMSAVE here. The FPU is the guest's, too.
 */
#include "nested-offsets.h"

	.text
	/* void svm_run(struct nested_cpu *c): never returns */
	.globl svm_run
	.balign 64
svm_run:
	movq NC_STACK(%rdi), %rsp
	pushq %rdi
	pushq %rdi
	clgi
	.balign 16
1:	movq NC_VMCB_PA(%rdi), %rax
	movq NC_RBX(%rdi), %rbx
	movq NC_RCX(%rdi), %rcx
	movq NC_RDX(%rdi), %rdx
	movq NC_RSI(%rdi), %rsi
	movq NC_RBP(%rdi), %rbp
	movq NC_R8(%rdi), %r8
	movq NC_R9(%rdi), %r9
	movq NC_R10(%rdi), %r10
	movq NC_R11(%rdi), %r11
	movq NC_R12(%rdi), %r12
	movq NC_R13(%rdi), %r13
	movq NC_R14(%rdi), %r14
	movq NC_R15(%rdi), %r15
	movq NC_RDI(%rdi), %rdi
	vmrun %rax
	pushq %rdi
	movq 8(%rsp), %rdi
	popq NC_RDI(%rdi)
	movq %rbx, NC_RBX(%rdi)
	movq %rcx, NC_RCX(%rdi)
	movq %rdx, NC_RDX(%rdi)
	movq %rsi, NC_RSI(%rdi)
	movq %rbp, NC_RBP(%rdi)
	movq %r8, NC_R8(%rdi)
	movq %r9, NC_R9(%rdi)
	movq %r10, NC_R10(%rdi)
	movq %r11, NC_R11(%rdi)
	movq %r12, NC_R12(%rdi)
	movq %r13, NC_R13(%rdi)
	movq %r14, NC_R14(%rdi)
	movq %r15, NC_R15(%rdi)
	call svm_exit
	movq (%rsp), %rdi
	jmp 1b

	/* void svm_load_state(uint64_t vmcb_pa): FS, GS, TR, LDTR and the MSRs of a fresh guest */
	.globl svm_load_state
svm_load_state:
	movq %rdi, %rax
	vmload %rax
	ret

	/* A guest of one CPUID and no more: what an exit costs (cost.c). In the text: data cannot be executed. */
	.globl svm_probe_code
svm_probe_code:
	cpuid
	.globl svm_probe_run
svm_probe_run: /* rdi: VMCB; all registers but RAX are left alone by that guest */
	pushq %rbx
	movq %rdi, %rax
	clgi
	vmrun %rax
	stgi
	popq %rbx
	ret
