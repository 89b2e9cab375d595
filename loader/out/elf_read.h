/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reading the tables of an ELF file (elf.h). ELF32 headers are widened to their ELF64 form here, so
 * that everything above knows one form only. The file may lie at any alignment: headers are copied.
 */
#ifndef LOADER_OUT_ELF_READ_H
#define LOADER_OUT_ELF_READ_H

#include <elf.h>

#include "twoway/image.h"

/* [offset, offset + size) of the file; .data is NULL when any of it lies outside. */
struct tw_bytes tw_elf_range(struct tw_bytes file, uint64_t offset, uint64_t size);

/* The file header; the caller has checked e_ident and that the file holds one. */
void tw_elf_header(const struct tw_elf *elf, Elf64_Ehdr *out);

/* Program header i of a table that lies in the file. */
void tw_elf_program_header(const struct tw_elf *elf, const Elf64_Ehdr *ehdr, unsigned int i,
			   Elf64_Phdr *out);

/* Section header i of a table that lies in the file. */
void tw_elf_section_header(const struct tw_elf *elf, const Elf64_Ehdr *ehdr, unsigned int i,
			   Elf64_Shdr *out);

#endif /* LOADER_OUT_ELF_READ_H */
