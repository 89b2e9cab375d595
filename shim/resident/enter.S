/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* void resident_enter(const struct resident_regs *regs): load all registers and go. */
#include "shim/resident/entry/macros.h"

	.text
	.globl resident_enter
resident_enter:
	movq %rdi, %rsp
	POP_REGS
	popq %rcx
	popq %r11
	addq $8, %rsp
	iretq
