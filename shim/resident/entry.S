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
#include "shim/resident/entry/macros.h"

#define IRET_CALL      23 /* __HYPERVISOR_iret */
#define VSYSCALL_START -0xa00000 /* 0xffffffffff600000: the one user page at a negative address */
#define RFLAGS_IF      0x200
#define RFLAGS_TF      0x100
#define RFLAGS_STRIP   0x23000 /* VM, IOPL: never from a guest's frame */

	.section .init.entry, "ax" /* boot only: each CPU gets a copy */
	.balign 4096
entry_begin:
	.set vcpu, entry_begin + AREA_DATA

#include "shim/resident/entry/syscall.S"
#include "shim/resident/entry/iret.S"
#include "shim/resident/entry/exceptions.S"
#include "shim/resident/entry/interrupts.S"
#include "shim/resident/entry/stubs.S"

/* Padded to the size of its pages; the assembler complains if it is larger. */
	.org entry_begin + AREA_CODE_PAGES * 4096

	/* struct entry_code: where the pieces lie. */
	.section .init.data, "aw"
	.balign 8
	.globl ENTRY_TABLE
ENTRY_TABLE:
	.quad entry_begin, entry_lstar, entry_lstar_any, entry_lstar_low, entry_cstar
	.quad entry_sysenter, entry_stubs, entry_iretq_user
