/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Good images for the fuzzer to start from: a fuzzer that has to guess an ELF header, a boot header
 * and a checksum first finds little behind them. They are made here, with the unit tests' builders,
 * so that no binary files need to be kept.
 */
#ifndef TESTS_FUZZ_IMAGE_SEED_H
#define TESTS_FUZZ_IMAGE_SEED_H

#include <asm/bootparam.h>
#include <xen/elfnote.h>

#define IB_PHDRS 5
#define IB_SHDRS 5
#include "image_builder.h"
#include "packer.h"

#define SEED_SECTION "GUEST_OS=x,VIRT_BASE=0xc0000000,HYPERCALL_PAGE=2,FEATURES=!dom0"
#define SEED_NAMES   "\0__xen_guest\0hypercall_page"

/* An ELF file with two segments, Xen notes or (legacy) a __xen_guest section, and a symbol. */
static inline struct tw_bytes seed_elf(bool is64, bool legacy)
{
	static struct image_builder ib;
	uint64_t va = is64 ? 0xffffffff81000000 : 0xc1000000;
	Elf64_Sym symbol = {.st_name = 13, .st_shndx = 1, .st_value = 5};

	ib_start(&ib, is64);
	ib_segment(&ib, PT_LOAD, va, 0x1000000, 0x80, 0x8000);
	ib_segment(&ib, PT_LOAD, va + 0x8000, 0x1008000, 0x10, 0x1000);
	ib.e.e_entry = va;
	ib_notes_begin(&ib);
	if (!legacy) {
		ib_note_text(&ib, XEN_ELFNOTE_GUEST_OS, "linux");
		ib_note_text(&ib, XEN_ELFNOTE_FEATURES, "!writable_page_tables|dom0|!x");
		ib_note_u64(&ib, XEN_ELFNOTE_VIRT_BASE, va - 0x1000000);
		ib_note_u64(&ib, XEN_ELFNOTE_ENTRY, va + 8);
		ib_note_u64(&ib, XEN_ELFNOTE_HYPERCALL_PAGE, va + 0x1000);
		ib_note_u64(&ib, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
		ib_note_u32(&ib, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000010);
	}
	ib_notes_end(&ib);
	ib_section(&ib, SHT_STRTAB, 0, SEED_NAMES, sizeof(SEED_NAMES));
	ib_section(&ib, legacy ? SHT_PROGBITS : SHT_NOTE, legacy, SEED_SECTION,
		   legacy ? sizeof(SEED_SECTION) : 0);
	ib_section(&ib, SHT_SYMTAB, 0, &symbol, sizeof(symbol));
	return ib_finish(&ib);
}

/* The kernel as a bzImage, with its size appended. */
static inline void seed_bzimage(struct packed *out, const struct packed *kernel, uint32_t unpacked)
{
	struct setup_header h = {.setup_sects = 1,
				 .boot_flag = 0xaa55,
				 .header = 0x53726448,
				 .version = 0x20f,
				 .kernel_version = 0x100,
				 .payload_length = (uint32_t)kernel->size + 4};
	static uint8_t setup[1024];

	memcpy(setup + 0x1f1, &h, sizeof(h));
	memcpy(setup + 0x300, "6.1.0", 6);
	pk_append(out, setup, sizeof(setup));
	pk_append(out, kernel->data, kernel->size);
	pk_append(out, &unpacked, sizeof(unpacked));
}

/* Seed number n, any number; free() its data. */
static inline struct packed seed_image(unsigned int n)
{
	static const enum tw_compression comps[] = {TW_COMP_NONE, TW_COMP_GZIP, TW_COMP_XZ,
						    TW_COMP_LZ4, TW_COMP_ZSTD};
	struct tw_bytes elf = seed_elf(n & 1, n & 2);
	enum tw_compression comp = comps[n / 8 % 5];
	struct packed kernel = {0}, image = {0};

	if (comp == TW_COMP_NONE)
		pk_append(&kernel, elf.data, elf.size);
	else
		pk_pack(&kernel, comp, elf.data, elf.size);
	free((void *)elf.data);
	if (!(n & 4))
		return kernel;
	seed_bzimage(&image, &kernel, (uint32_t)elf.size);
	free(kernel.data);
	return image;
}

#endif /* TESTS_FUZZ_IMAGE_SEED_H */
