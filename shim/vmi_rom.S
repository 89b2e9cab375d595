/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The VMI ROM as a part of the shim's boot-only image (start_vmi.c puts it into low memory). */
	.section .init.data, "aw"
	.balign 16
	.globl vmi_rom_file, vmi_rom_file_end
vmi_rom_file:
	.incbin TW_VMI_ROM
vmi_rom_file_end:
	.section .note.GNU-stack, "", @progbits
