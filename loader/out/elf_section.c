/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sections and symbols of an ELF file by name. Loading needs neither; they serve `inspect`, VMI and
 * Xen images from before ELF notes. What is malformed is treated as absent.
 */
#include <string.h>

#include "elf_read.h"

/* Does the string at offset at of the table equal name? The table may end without a NUL. */
static bool name_is(struct tw_bytes table, uint64_t at, const char *name)
{
	size_t n = strlen(name) + 1;

	return at <= table.size && n <= table.size - at && !memcmp(table.data + at, name, n);
}

/* Contents of section i; empty when it has none in the file. */
static struct tw_bytes contents(const struct tw_elf *elf, const Elf64_Ehdr *e, unsigned int i)
{
	Elf64_Shdr s;

	if (i >= e->e_shnum)
		return (struct tw_bytes){0};
	tw_elf_section_header(elf, e, i, &s);
	if (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL)
		return (struct tw_bytes){0};
	return tw_elf_range(elf->file, s.sh_offset, s.sh_size);
}

struct tw_bytes tw_elf_section(const struct tw_elf *elf, const char *name)
{
	struct tw_bytes names;
	Elf64_Ehdr e;

	tw_elf_header(elf, &e);
	names = contents(elf, &e, e.e_shstrndx);
	for (unsigned int i = 0; i < e.e_shnum; i++) {
		Elf64_Shdr s;

		tw_elf_section_header(elf, &e, i, &s);
		if (name_is(names, s.sh_name, name))
			return contents(elf, &e, i);
	}
	return (struct tw_bytes){0};
}

/* Symbol i of a table of this class. */
static void read_symbol(const struct tw_elf *elf, struct tw_bytes table, size_t i, Elf64_Sym *out)
{
	Elf32_Sym s;

	if (elf->is64) {
		memcpy(out, table.data + i * sizeof(*out), sizeof(*out));
		return;
	}
	memcpy(&s, table.data + i * sizeof(s), sizeof(s));
	*out = (Elf64_Sym){.st_name = s.st_name, .st_shndx = s.st_shndx, .st_value = s.st_value};
}

static uint64_t find_symbol(const struct tw_elf *elf, struct tw_bytes table, struct tw_bytes names,
			    const char *name)
{
	size_t count = table.size / (elf->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));

	for (size_t i = 0; i < count; i++) {
		Elf64_Sym s;

		read_symbol(elf, table, i, &s);
		if (s.st_shndx != SHN_UNDEF && name_is(names, s.st_name, name))
			return s.st_value;
	}
	return 0;
}

uint64_t tw_elf_symbol(const struct tw_elf *elf, const char *name)
{
	Elf64_Ehdr e;

	tw_elf_header(elf, &e);
	for (unsigned int i = 0; i < e.e_shnum; i++) {
		Elf64_Shdr s;

		tw_elf_section_header(elf, &e, i, &s);
		if (s.sh_type == SHT_SYMTAB)
			return find_symbol(elf, contents(elf, &e, i), contents(elf, &e, s.sh_link),
					   name);
	}
	return 0;
}
