/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copies between guest virtual memory and the shim. A fault inside them ends the copy: the fault
 * handler finds the instruction in .ex_table and goes on at its fix-up. With SMAP, a privileged
 * guest's user pointers (privcmd) are legal, so AC is set around the copy.
 *
 * uint64_t tw_copy_from_guest(void *to, uint64_t from, uint64_t n);
 * uint64_t tw_copy_to_guest(uint64_t to, const void *from, uint64_t n);
 * Both return the bytes not copied.
 */
	.text
	.globl tw_copy_from_guest, tw_copy_to_guest
tw_copy_from_guest:
tw_copy_to_guest:
	movq %rdx, %rcx
	movl %edx, %eax
	shrq $3, %rcx
	andl $7, %eax
	cmpb $0, resident_smap(%rip)
	jne 5f
1:	rep movsq
	movl %eax, %ecx
2:	rep movsb
	xorl %eax, %eax
	ret
	/* words left in rcx when the first loop faults, bytes when the second does */
3:	leaq (%rax, %rcx, 8), %rax
	ret
4:	movl %ecx, %eax
	ret

5:	stac
6:	rep movsq
	movl %eax, %ecx
7:	rep movsb
	clac
	xorl %eax, %eax
	ret
8:	leaq (%rax, %rcx, 8), %rax
	clac
	ret
9:	movl %ecx, %eax
	clac
	ret

	.section .ex_table, "a"
	.quad 1b, 3b
	.quad 2b, 4b
	.quad 6b, 8b
	.quad 7b, 9b
