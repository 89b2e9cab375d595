/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ELF images, checked once so that nobody has to check again: segments lie in the file, do not wrap
 * and do not overlap in physical memory, and the tables lie in the file. Only what a kernel image
 * can be is accepted: little-endian ET_EXEC or ET_DYN for x86-64 (class 64) or i386 (class 32).
 */
#include <errno.h>
#include <string.h>

#include "elf_read.h"
#include "image_fail.h"

static int check_ident(struct tw_bytes file, const char **why)
{
	if (file.size < EI_NIDENT || memcmp(file.data, ELFMAG, SELFMAG))
		return tw_fail(-ENOEXEC, why, "not an ELF file");
	if (file.data[EI_CLASS] != ELFCLASS64 && file.data[EI_CLASS] != ELFCLASS32)
		return tw_fail(-EINVAL, why, "the ELF class is neither 32 nor 64 bits");
	if (file.data[EI_DATA] != ELFDATA2LSB)
		return tw_fail(-EINVAL, why, "the ELF file is big-endian: not for x86");
	if (file.data[EI_VERSION] != EV_CURRENT)
		return tw_fail(-EINVAL, why, "the ELF version is not 1");
	return 0;
}

/* True when num entries at off do not lie in the file, or are smaller than min. */
static bool table_outside(struct tw_bytes file, uint64_t off, unsigned int num, unsigned int size,
			  size_t min)
{
	return size < min || !tw_elf_range(file, off, (uint64_t)num * size).data;
}

static int check_header(const struct tw_elf *elf, const Elf64_Ehdr *e, const char **why)
{
	size_t phdr = elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	size_t shdr = elf->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

	if (e->e_machine != (elf->is64 ? EM_X86_64 : EM_386))
		return tw_fail(-EINVAL, why, "the ELF file is not for x86-64 or i386");
	if (e->e_type != ET_EXEC && e->e_type != ET_DYN)
		return tw_fail(-EINVAL, why,
			       "the ELF file is no executable (an object file or core?)");
	if (!e->e_phnum || e->e_phnum == PN_XNUM)
		return tw_fail(-EINVAL, why, "the ELF file has no usable program headers");
	if (table_outside(elf->file, e->e_phoff, e->e_phnum, e->e_phentsize, phdr))
		return tw_fail(-EINVAL, why,
			       "the ELF program headers lie outside the file; is it complete?");
	if (e->e_shnum && table_outside(elf->file, e->e_shoff, e->e_shnum, e->e_shentsize, shdr))
		return tw_fail(-EINVAL, why,
			       "the ELF section headers lie outside the file; is it complete?");
	return 0;
}

static int check_segment(struct tw_bytes file, const Elf64_Phdr *p, const char **why)
{
	if (!tw_elf_range(file, p->p_offset, p->p_filesz).data)
		return tw_fail(-EINVAL, why,
			       "an ELF segment lies outside the file; is it complete?");
	if (p->p_filesz > p->p_memsz)
		return tw_fail(-EINVAL, why, "an ELF segment is larger in the file than in memory");
	if (p->p_paddr > UINT64_MAX - p->p_memsz || p->p_vaddr > UINT64_MAX - p->p_memsz)
		return tw_fail(-EINVAL, why,
			       "an ELF segment wraps around the end of the address space");
	return 0;
}

/* Insert a segment where its physical address belongs; refuse overlap with its neighbours. */
static int add_segment(struct tw_elf *elf, const Elf64_Phdr *p, const char **why)
{
	struct tw_elf_segment *s = elf->segments;
	unsigned int at = elf->segments_count;

	if (at == TW_ELF_MAX_SEGMENTS)
		return tw_fail(-E2BIG, why, "the ELF file has more than 32 loadable segments");
	while (at && s[at - 1].paddr > p->p_paddr)
		at--;
	if ((at && s[at - 1].paddr + s[at - 1].memsz > p->p_paddr) ||
	    (at < elf->segments_count && p->p_paddr + p->p_memsz > s[at].paddr))
		return tw_fail(-EINVAL, why, "two ELF segments overlap in physical memory");
	memmove(s + at + 1, s + at, (elf->segments_count - at) * sizeof(*s));
	s[at] = (struct tw_elf_segment){.offset = p->p_offset,
					.vaddr = p->p_vaddr,
					.paddr = p->p_paddr,
					.filesz = p->p_filesz,
					.memsz = p->p_memsz,
					.flags = p->p_flags};
	elf->segments_count++;
	return 0;
}

static int add_notes(struct tw_elf *elf, uint64_t offset, uint64_t size, const char **why)
{
	struct tw_bytes range = tw_elf_range(elf->file, offset, size);

	if (!range.data)
		return tw_fail(-EINVAL, why, "the ELF notes lie outside the file; is it complete?");
	for (unsigned int i = 0; i < elf->notes_count; i++) {
		const struct tw_bytes *known = &elf->notes[i];

		if (range.data >= known->data && range.data + size <= known->data + known->size)
			return 0;
	}
	if (elf->notes_count == TW_ELF_MAX_NOTES)
		return tw_fail(-E2BIG, why, "the ELF file has more than 64 ranges of notes");
	elf->notes[elf->notes_count++] = range;
	return 0;
}

static int parse_segments(struct tw_elf *elf, const Elf64_Ehdr *e, const char **why)
{
	for (unsigned int i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr p;
		int rc = 0;

		tw_elf_program_header(elf, e, i, &p);
		if (p.p_type == PT_NOTE) {
			rc = add_notes(elf, p.p_offset, p.p_filesz, why);
		} else if (p.p_type == PT_LOAD && p.p_memsz) {
			rc = check_segment(elf->file, &p, why);
			if (!rc)
				rc = add_segment(elf, &p, why);
		}
		if (rc)
			return rc;
	}
	if (!elf->segments_count)
		return tw_fail(-EINVAL, why, "the ELF file has nothing to load");
	elf->paddr_low = elf->segments[0].paddr;
	elf->paddr_high = elf->segments[elf->segments_count - 1].paddr +
			  elf->segments[elf->segments_count - 1].memsz;
	return 0;
}

/* Xen's own loader looks at note sections too: some images have no PT_NOTE. */
static int parse_note_sections(struct tw_elf *elf, const Elf64_Ehdr *e, const char **why)
{
	for (unsigned int i = 0; i < e->e_shnum; i++) {
		Elf64_Shdr s;
		int rc;

		tw_elf_section_header(elf, e, i, &s);
		if (s.sh_type != SHT_NOTE)
			continue;
		rc = add_notes(elf, s.sh_offset, s.sh_size, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* The entry point is a virtual address; Linux's vmlinux and PVH images give the physical one. */
static int check_entry(const struct tw_elf *elf, const char **why)
{
	for (unsigned int i = 0; i < elf->segments_count; i++) {
		const struct tw_elf_segment *s = &elf->segments[i];

		if (elf->entry - s->vaddr < s->memsz || elf->entry - s->paddr < s->memsz)
			return 0;
	}
	/* 0 is the ELF standard's "no entry point": a Xen note may name one. */
	if (!elf->entry)
		return 0;
	return tw_fail(-EINVAL, why, "the ELF entry point lies outside all segments");
}

int tw_elf_parse(struct tw_bytes file, struct tw_elf *out, const char **why)
{
	Elf64_Ehdr e;
	int rc = check_ident(file, why);

	*out = (struct tw_elf){.file = file};
	if (rc)
		return rc;
	out->is64 = file.data[EI_CLASS] == ELFCLASS64;
	if (file.size < (out->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return tw_fail(-EINVAL, why, "the ELF header is cut off; is the file complete?");
	tw_elf_header(out, &e);
	out->machine = e.e_machine;
	out->type = e.e_type;
	out->entry = e.e_entry;
	rc = check_header(out, &e, why);
	if (!rc)
		rc = parse_segments(out, &e, why);
	if (!rc)
		rc = parse_note_sections(out, &e, why);
	return rc ? rc : check_entry(out, why);
}
