/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Builds small ELF files for the image tests: good ones first, whose headers a test then spoils.
 * Headers are kept in their ELF64 form and narrowed when the file is written, so each test can run
 * for both classes. The finished file lies in a heap block of its exact size: a read behind its end
 * is then an error that the address sanitizer sees.
 */
#ifndef TESTS_IMAGE_BUILDER_H
#define TESTS_IMAGE_BUILDER_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "twoway/image.h"

/* Room for headers; a file that wants to be small defines less before it includes this. */
#ifndef IB_PHDRS
#define IB_PHDRS 80
#define IB_SHDRS 80
#endif
#define IB_PHDRS_AT 0x40
#define IB_SHDRS_AT (IB_PHDRS_AT + IB_PHDRS * sizeof(Elf64_Phdr))
#define IB_BODY_AT  (IB_SHDRS_AT + IB_SHDRS * sizeof(Elf64_Shdr))
#define IB_BODY_MAX 0x8000

struct image_builder {
	bool is64;
	Elf64_Ehdr e;
	Elf64_Phdr p[IB_PHDRS];
	Elf64_Shdr s[IB_SHDRS];
	uint8_t body[IB_BODY_MAX];
	size_t body_size;
	size_t notes_at; /* in the body, set by ib_notes_begin */
};

static inline void ib_start(struct image_builder *ib, bool is64)
{
	memset(ib, 0, sizeof(*ib));
	ib->is64 = is64;
	memcpy(ib->e.e_ident, ELFMAG, SELFMAG);
	ib->e.e_ident[EI_CLASS] = is64 ? ELFCLASS64 : ELFCLASS32;
	ib->e.e_ident[EI_DATA] = ELFDATA2LSB;
	ib->e.e_ident[EI_VERSION] = EV_CURRENT;
	ib->e.e_type = ET_EXEC;
	ib->e.e_machine = is64 ? EM_X86_64 : EM_386;
	ib->e.e_version = EV_CURRENT;
	ib->e.e_phoff = IB_PHDRS_AT;
	ib->e.e_shoff = IB_SHDRS_AT;
	ib->e.e_phentsize = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	ib->e.e_shentsize = is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

/* Append bytes to the body; returns their offset in the file. */
static inline uint64_t ib_data(struct image_builder *ib, const void *data, size_t size)
{
	uint64_t at = IB_BODY_AT + ib->body_size;

	if (ib->body_size + size > IB_BODY_MAX)
		abort();
	if (data)
		memcpy(ib->body + ib->body_size, data, size);
	ib->body_size += size;
	return at;
}

static inline Elf64_Phdr *ib_segment(struct image_builder *ib, uint32_t type, uint64_t vaddr,
				     uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	Elf64_Phdr *p = &ib->p[ib->e.e_phnum++];

	*p = (Elf64_Phdr){.p_type = type,
			  .p_flags = PF_R | PF_X,
			  .p_offset = ib_data(ib, NULL, filesz),
			  .p_vaddr = vaddr,
			  .p_paddr = paddr,
			  .p_filesz = filesz,
			  .p_memsz = memsz};
	return p;
}

static inline Elf64_Shdr *ib_section(struct image_builder *ib, uint32_t type, uint32_t name,
				     const void *data, size_t size)
{
	Elf64_Shdr *s = &ib->s[ib->e.e_shnum++];

	*s = (Elf64_Shdr){.sh_type = type,
			  .sh_name = name,
			  .sh_offset = ib_data(ib, data, size),
			  .sh_size = size};
	return s;
}

/* Notes: begin, any number of ib_note, then a PT_NOTE over them. */
static inline void ib_notes_begin(struct image_builder *ib)
{
	ib->notes_at = ib->body_size;
}

static inline void ib_note(struct image_builder *ib, uint32_t type, const char *name,
			   const void *desc, uint32_t desc_size)
{
	uint32_t name_size = (uint32_t)strlen(name) + 1;
	uint32_t header[3] = {name_size, desc_size, type};

	ib_data(ib, header, sizeof(header));
	ib_data(ib, name, name_size);
	ib_data(ib, NULL, -name_size & 3);
	ib_data(ib, desc, desc_size);
	ib_data(ib, NULL, -desc_size & 3);
}

static inline void ib_note_text(struct image_builder *ib, uint32_t type, const char *text)
{
	ib_note(ib, type, "Xen", text, (uint32_t)strlen(text) + 1);
}

static inline void ib_note_u64(struct image_builder *ib, uint32_t type, uint64_t value)
{
	ib_note(ib, type, "Xen", &value, sizeof(value));
}

static inline void ib_note_u32(struct image_builder *ib, uint32_t type, uint32_t value)
{
	ib_note(ib, type, "Xen", &value, sizeof(value));
}

static inline Elf64_Phdr *ib_notes_end(struct image_builder *ib)
{
	Elf64_Phdr *p = ib_segment(ib, PT_NOTE, 0, 0, 0, 0);

	p->p_offset = IB_BODY_AT + ib->notes_at;
	p->p_filesz = ib->body_size - ib->notes_at;
	return p;
}

static inline void ib_write32(const struct image_builder *ib, uint8_t *file)
{
	Elf32_Ehdr e = {.e_type = ib->e.e_type,
			.e_machine = ib->e.e_machine,
			.e_version = ib->e.e_version,
			.e_entry = (uint32_t)ib->e.e_entry,
			.e_phoff = (uint32_t)ib->e.e_phoff,
			.e_shoff = (uint32_t)ib->e.e_shoff,
			.e_phentsize = ib->e.e_phentsize,
			.e_phnum = ib->e.e_phnum,
			.e_shentsize = ib->e.e_shentsize,
			.e_shnum = ib->e.e_shnum,
			.e_shstrndx = ib->e.e_shstrndx};

	memcpy(e.e_ident, ib->e.e_ident, EI_NIDENT);
	memcpy(file, &e, sizeof(e));
	for (unsigned int i = 0; i < IB_PHDRS; i++) {
		Elf32_Phdr p = {.p_type = ib->p[i].p_type,
				.p_offset = (uint32_t)ib->p[i].p_offset,
				.p_vaddr = (uint32_t)ib->p[i].p_vaddr,
				.p_paddr = (uint32_t)ib->p[i].p_paddr,
				.p_filesz = (uint32_t)ib->p[i].p_filesz,
				.p_memsz = (uint32_t)ib->p[i].p_memsz,
				.p_flags = ib->p[i].p_flags};

		memcpy(file + IB_PHDRS_AT + i * sizeof(p), &p, sizeof(p));
	}
	for (unsigned int i = 0; i < IB_SHDRS; i++) {
		Elf32_Shdr s = {.sh_name = ib->s[i].sh_name,
				.sh_type = ib->s[i].sh_type,
				.sh_offset = (uint32_t)ib->s[i].sh_offset,
				.sh_size = (uint32_t)ib->s[i].sh_size,
				.sh_link = ib->s[i].sh_link};

		memcpy(file + IB_SHDRS_AT + i * sizeof(s), &s, sizeof(s));
	}
}

/* The finished file, in a heap block of its own; free() its data. */
static inline struct tw_bytes ib_finish(const struct image_builder *ib)
{
	size_t size = IB_BODY_AT + ib->body_size;
	uint8_t *file = calloc(1, size);

	if (!file)
		abort();
	if (ib->is64) {
		memcpy(file, &ib->e, sizeof(ib->e));
		memcpy(file + IB_PHDRS_AT, ib->p, sizeof(ib->p));
		memcpy(file + IB_SHDRS_AT, ib->s, sizeof(ib->s));
	} else {
		ib_write32(ib, file);
	}
	memcpy(file + IB_BODY_AT, ib->body, ib->body_size);
	return (struct tw_bytes){file, size};
}

#endif /* TESTS_IMAGE_BUILDER_H */
