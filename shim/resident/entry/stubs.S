/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of entry.S: one stub per vector, 16 bytes each: the IDT points here. */

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
