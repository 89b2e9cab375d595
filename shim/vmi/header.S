/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ROM's header: an option ROM for the BIOS (signature, length, checksum, PCIR, $PnP) and a VMI ROM for
 * the guest ("cVmi"). The checksum byte is filled after linking. The BIOS' entry only takes memory: all
 * is done when the guest calls vmi_init. Layout: struct vmi_rom in abi/vmi.h; PCI firmware
 * specification 3.0, 5.1; Plug and Play BIOS specification 1.0A.
 */
#include "abi/vmi.h"
#include "shim/vmi/rom.h"
#include "twoway/vmi_rom.h"

	.section .rom.header, "ax"
	.code32
	.globl rom_header
rom_header:
	.word	VMI_ROM_SIGNATURE
	.byte	rom_blocks
	.byte	0xeb, post - . - 1, 0, 0	/* the BIOS calls here */
	.byte	0
	.long	VMI_SIGNATURE
	.byte	VMI_API_MINOR, VMI_API_MAJOR
	.byte	2, 0			/* jump slots */
	.long	ROM_VIRTUAL_TOP
	.word	0
	.word	license - rom_header
	.word	pcir - rom_header
	.word	pnp - rom_header
	.long	0
	.org	rom_header + VMI_ROM_OPTIONS
	.globl rom_options
rom_options:				/* reserved by VMI, must not matter to guests */
	.byte	rom_serve_all
	.org	rom_header + VMI_ROM_CHECKSUM
	.globl rom_checksum
rom_checksum:
	.byte	0
	.org	rom_header + VMI_ROM_MORE
	.byte	rom_more_blocks		/* for a loader that does what POST does */

/*
 * POST, in real mode: make the ROM longer by what is zero and its pool, if that ends below 0xE0000 and no other ROM
 * begins in it. Called twice, it has
 * grown already. The sum of all bytes stays 0, since what is added is zero.
 */
	.code16
post:	pushaw
	pushw	%es
	movw	%cs, %ax
	movw	%ax, %es
	addw	$rom_grown_segments, %ax
	jc	1f
	cmpw	$0xe000, %ax
	ja	1f
	cmpb	$rom_blocks, %es:2
	jne	1f
	movw	$rom_behind, %di
2:	cmpw	$VMI_ROM_SIGNATURE, %es:(%di)
	je	1f
	addw	$VMI_SCAN_STEP, %di
	cmpw	$rom_grown, %di
	jb	2b
	addb	$rom_more_blocks, %es:2
	subb	$rom_more_blocks, %es:(rom_checksum - rom_header)
	movw	$rom_image, %di
	movw	$rom_more_words, %cx
	xorw	%ax, %ax
	cld
	rep stosw
1:	popw	%es
	popaw
	lretw
	.code32
	.org	rom_header + VMI_OFF_INIT
	.byte	0xe9			/* near jumps, five bytes: the slots have eight */
	.long	rom_init - . - 4
	.org	rom_header + VMI_OFF_GET_RELOC
	.byte	0xe9
	.long	vmi_get_reloc - . - 4
	.org	rom_header + 144

	/* PCIR must lie on a 4-byte boundary. */
	.balign	4
pcir:	.ascii	"PCIR"
	.word	VMI_PCI_VENDOR, VMI_PCI_DEVICE
	.word	0			/* no device list */
	.word	24			/* length of this */
	.byte	0			/* its revision */
	.byte	0, 0, 0xff		/* class: unclassified */
	.word	rom_blocks
	.byte	VMI_API_MINOR, VMI_API_MAJOR
	.byte	0			/* code type: x86 PC */
	.byte	0x80			/* the last image */
	.word	0

	/* Without boot vectors: the BIOS calls the entry and expects nothing more. 16-byte boundary. */
	.balign	16
pnp:	.ascii	"$PnP"
	.byte	1, 2			/* revision, length in 16 bytes */
	.word	0			/* no further header */
	.byte	0
	.byte	pnp_sum			/* its own checksum */
	.long	0			/* device id */
	.word	manufacturer - rom_header
	.word	product - rom_header
	.byte	0, 0, 0xff
	.byte	0x20			/* ROM may be read-only */
	.word	0, 0, 0, 0, 0
	/* The sum of the 32 bytes above is 0. */
	.set	pnp_text, 0x24 + 0x50 + 0x6e + 0x50 + 1 + 2 + 0xff + 0x20
	.set	pnp_names, ((manufacturer - rom_header) & 0xff) + ((manufacturer - rom_header) >> 8) + ((product - rom_header) & 0xff) + ((product - rom_header) >> 8)
	.set	pnp_sum, (0x1000 - pnp_text - pnp_names) & 0xff

/* A statement about this code, which is GPL-2.0 or MIT: guests take nothing else. */
license:
	.asciz	"GPL v2"
manufacturer:
	.asciz	"twoway"
product:
	.asciz	"twoway VMI " TW_VERSION
