/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The two classes of ELF headers in one form, see elf_read.h. */
#include <string.h>

#include "elf_read.h"

struct tw_bytes tw_elf_range(struct tw_bytes file, uint64_t offset, uint64_t size)
{
	if (offset > file.size || size > file.size - offset)
		return (struct tw_bytes){0};
	return (struct tw_bytes){file.data + offset, size};
}

void tw_elf_header(const struct tw_elf *elf, Elf64_Ehdr *out)
{
	Elf32_Ehdr e;

	if (elf->is64) {
		memcpy(out, elf->file.data, sizeof(*out));
		return;
	}
	memcpy(&e, elf->file.data, sizeof(e));
	memcpy(out->e_ident, e.e_ident, EI_NIDENT);
	out->e_type = e.e_type;
	out->e_machine = e.e_machine;
	out->e_version = e.e_version;
	out->e_entry = e.e_entry;
	out->e_phoff = e.e_phoff;
	out->e_shoff = e.e_shoff;
	out->e_flags = e.e_flags;
	out->e_ehsize = e.e_ehsize;
	out->e_phentsize = e.e_phentsize;
	out->e_phnum = e.e_phnum;
	out->e_shentsize = e.e_shentsize;
	out->e_shnum = e.e_shnum;
	out->e_shstrndx = e.e_shstrndx;
}

void tw_elf_program_header(const struct tw_elf *elf, const Elf64_Ehdr *ehdr, unsigned int i,
			   Elf64_Phdr *out)
{
	const uint8_t *at = elf->file.data + ehdr->e_phoff + (uint64_t)i * ehdr->e_phentsize;
	Elf32_Phdr p;

	if (elf->is64) {
		memcpy(out, at, sizeof(*out));
		return;
	}
	memcpy(&p, at, sizeof(p));
	out->p_type = p.p_type;
	out->p_flags = p.p_flags;
	out->p_offset = p.p_offset;
	out->p_vaddr = p.p_vaddr;
	out->p_paddr = p.p_paddr;
	out->p_filesz = p.p_filesz;
	out->p_memsz = p.p_memsz;
	out->p_align = p.p_align;
}

void tw_elf_section_header(const struct tw_elf *elf, const Elf64_Ehdr *ehdr, unsigned int i,
			   Elf64_Shdr *out)
{
	const uint8_t *at = elf->file.data + ehdr->e_shoff + (uint64_t)i * ehdr->e_shentsize;
	Elf32_Shdr s;

	if (elf->is64) {
		memcpy(out, at, sizeof(*out));
		return;
	}
	memcpy(&s, at, sizeof(s));
	out->sh_name = s.sh_name;
	out->sh_type = s.sh_type;
	out->sh_flags = s.sh_flags;
	out->sh_addr = s.sh_addr;
	out->sh_offset = s.sh_offset;
	out->sh_size = s.sh_size;
	out->sh_link = s.sh_link;
	out->sh_info = s.sh_info;
	out->sh_addralign = s.sh_addralign;
	out->sh_entsize = s.sh_entsize;
}
