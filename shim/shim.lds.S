/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The image, in this order: boot code at its physical address (32-bit), boot-only parts (given to
 * the guest before it starts), resident parts, then everything that is zero. File offsets and load
 * addresses grow in step, because Multiboot's address fields describe one run of bytes.
 */
#include "shim/layout.h"
#include "shim/resident/area.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_pvh)

PHDRS {
	boot PT_LOAD FLAGS(5);
	init PT_LOAD FLAGS(7);
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

SECTIONS {
	. = SHIM_LOAD;
	shim_load_start = .;
	.boot : AT(SHIM_LOAD) {
		*(.boot.header)
		*(.boot.text)
		. = ALIGN(16);
	} :boot
	.note : { KEEP(*(.note.pvh)) } :boot :note
	. = ALIGN(4096);
	. += SHIM_IMAGE;

	init_start = .;
	.init : AT(ADDR(.init) - SHIM_IMAGE) {
		*(.init.text .init.data)
		*loader?*.o(.text .text.* .rodata .rodata.* .data .data.*)
		*.a:*(.text .text.* .rodata .rodata.* .data .data.* .data.rel.ro* .tdata*)
		*(.init_array*)
		. = ALIGN(4096);
	} :init
	init_end = .;

	resident_start = .;
	.text : AT(ADDR(.text) - SHIM_IMAGE) {
		*(.text .text.*)
		. = ALIGN(4096);
		entry_template = .;
		*(.entry)
		entry_template_end = .;
		. = ALIGN(4096);
	} :text
	rodata_start = .;
	.rodata : AT(ADDR(.rodata) - SHIM_IMAGE) {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		ex_table_start = .;
		*(.ex_table)
		ex_table_end = .;
		. = ALIGN(4096);
	} :text
	rodata_end = .;
	.data : AT(ADDR(.data) - SHIM_IMAGE) {
		*(.data .data.* .got .got.plt)
		. = ALIGN(16);
	} :data
	shim_load_end = . - SHIM_IMAGE;
	.bss : AT(ADDR(.bss) - SHIM_IMAGE) {
		*shim?shim?*.o(.bss .bss.* COMMON)
		*translators?*.o(.bss .bss.* COMMON)
		. = ALIGN(4096);
	} :data
	resident_end = .;
	.init_bss (NOLOAD) : AT(ADDR(.init_bss) - SHIM_IMAGE) {
		*(.init.bss)
		*(.bss .bss.* .tbss* COMMON)
		. = ALIGN(4096);
	} :data
	shim_end = .;
	shim_bss_end = . - SHIM_IMAGE;

	/DISCARD/ : { *(.comment .note.GNU-stack .note.gnu.property .eh_frame .eh_frame_hdr) }
}
ASSERT(shim_bss_end < SHIM_LOAD + 0x400000, "the image must fit the 4 MB that the boot page tables map")
ASSERT(entry_end - entry_begin <= AREA_CODE_PAGES * 4096, "the entry code outgrew its pages")
