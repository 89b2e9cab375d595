/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The nested loaders among themselves: one pair of functions per kind of image. */
#ifndef LOADER_OUT_NESTED_START_H
#define LOADER_OUT_NESTED_START_H

#include "placement.h"

/* ---- nested_cpu.c: register states ---- */

/* A flat 32-bit CPU without paging at entry. */
int nested_start_flat(struct placement *p, struct nested_image_start *start, uint32_t entry,
		      const char **why);
/* A 64-bit CPU at entry whose page tables map the first 4 GB to themselves. */
int nested_start_long(struct placement *p, struct nested_image_start *start, uint64_t entry,
		      const char **why);

/* ---- linux_boot.c ---- */

/* What the header of a bzImage says, checked. */
struct linux_boot {
	uint32_t setup_size;	  /* bytes of real-mode part in front of the kernel proper */
	uint32_t header_end;	  /* in the file: the setup header is [0x1f1, header_end) */
	uint64_t pref_address;	  /* where it wants to be */
	uint64_t size;		  /* bytes it needs from there on, at least its own */
	uint32_t alignment;	  /* power of two; 0: must be at pref_address */
	uint32_t initrd_addr_max; /* last byte that the initrd may use */
	uint32_t cmdline_size;	  /* longest command line, without its NUL */
	bool entry64;
};
/* 0; -ENOEXEC when it is no bzImage, -EINVAL when it is one that cannot be started. */
int linux_boot_parse(struct tw_bytes file, struct linux_boot *out, const char **why);
int linux_boot_load(struct placement *p, struct nested_image_start *start, const char **why);

/* ---- linux_boot_params.c ---- */

/* Fill the zero page at data from the image's setup header and the request. */
int linux_boot_params(struct placement *p, const struct linux_boot *image, uint32_t load_address,
		      void *data, const char **why);

/* ---- multiboot_out.c ---- */

/* What a Multiboot 1 image says, checked. */
struct multiboot_image {
	uint32_t flags;
	bool address_fields;		   /* one piece, described by the header; otherwise ELF */
	size_t piece_offset, piece_size;   /* in the file */
	uint64_t piece_base, piece_memory; /* where it goes, and its size with its bss */
	uint32_t entry;			   /* physical */
};
/* elf gets the segments when the image is an ELF file. */
int multiboot_parse(struct tw_bytes file, struct multiboot_image *out, struct tw_elf *elf,
		    const char **why);
int multiboot_load(struct placement *p, struct nested_image_start *start, const char **why);

/* ---- multiboot_info.c ---- */

/* Make the Multiboot information; its address goes to *pa. */
int multiboot_info(struct placement *p, uint64_t *pa, const char **why);

/* ---- pvh_elf.c ---- */

/* 0 with the entry point; -ENOEXEC when there is no ELF file or no PVH note. */
int pvh_parse(struct tw_bytes file, struct tw_elf *elf, uint32_t *entry, const char **why);
int pvh_load(struct placement *p, struct nested_image_start *start, const char **why);

/* ---- elf_place.c ---- */

/* Take the places of all segments, at their physical addresses. */
int elf_take(struct placement *p, const struct tw_elf *elf, const char **why);
/* Write them, from where the image lies now. */
int elf_write(struct placement *p, const struct tw_elf *elf, const char **why);

#endif /* LOADER_OUT_NESTED_START_H */
