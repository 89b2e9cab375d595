/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Letting in what waits while the shim runs. Under SVM that is held back by GIF, which is 0 from each
 * exit to the next entry, and by IF: so these few steps are the backend's own. What is let in lands in
 * host_trap.S.
 */
	.text
	.globl backend_take_nmi, backend_take_interrupt
backend_take_nmi:
	stgi
	nop
	clgi
	ret
backend_take_interrupt: /* the handler clears IF in the frame: one and no more */
	stgi
	sti
	nop
	nop
	cli
	clgi
	ret

	/*
	 * Waiting. An NMI between STGI and HLT would be slept over; the handler sees RIP in this
	 * range and starts it again (an interrupt makes it leave).
	 */
	.globl backend_wait, backend_wait_interrupt, backend_wait_first, backend_wait_begin, backend_wait_end
backend_wait_interrupt:
	stgi
backend_wait_first:
	sti
	jmp backend_wait_begin
backend_wait:
	stgi
backend_wait_begin:
	cmpl $0, (%rdi)
	jne backend_wait_end
	hlt
backend_wait_end:
	cli
	clgi
	ret
