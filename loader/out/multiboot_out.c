/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Multiboot 1 images (GNU Multiboot Specification 0.6.96): ELF files of either class, or any file
 * whose header describes the one piece to load (the "a.out kludge"). The latter wins when both are
 * there, as the specification says. A 64-bit ELF file is started in 32-bit mode like any other:
 * that is what GRUB does, and test kernels rely on it.
 */
#include <errno.h>
#include <string.h>

#include "image_fail.h"
#include "nested_start.h"
#include "twoway/phys.h"

#define SEARCH	     8192 /* the header lies in this much of the file */
#define HEADER_SIZE  12
#define ADDRESS_SIZE 32 /* the header with its address fields */
#define MAGIC	     0x1badb002u
#define BOOT_MAGIC   0x2badb002u /* in EAX at the start */

/* The header's words. */
#define FLAGS	      4
#define CHECKSUM      8
#define HEADER_ADDR   12
#define LOAD_ADDR     16
#define LOAD_END_ADDR 20
#define BSS_END_ADDR  24
#define ENTRY_ADDR    28

#define FLAG_VIDEO     (1u << 2) /* a wish for a video mode: we may leave it unfulfilled */
#define FLAGS_REQUIRED 0xffffu	 /* below this: to be refused when unknown */
#define FLAGS_KNOWN    0x7u	 /* page-aligned modules, memory information, video */
#define FLAG_ADDRESSES (1u << 16)

/* Offset of the header in the file, or its size when there is none. */
static size_t find_header(struct tw_bytes file)
{
	size_t end = file.size < SEARCH ? file.size : SEARCH;

	for (size_t at = 0; at + HEADER_SIZE <= end; at += 4) {
		const uint8_t *h = file.data + at;

		if (tw_load32(h) == MAGIC &&
		    MAGIC + tw_load32(h + FLAGS) + tw_load32(h + CHECKSUM) == 0)
			return at;
	}
	return file.size;
}

/* The piece that the address fields describe. An end of 0 means the file's end, or no bss. */
static int read_addresses(struct tw_bytes file, size_t at, struct multiboot_image *out,
			  const char **why)
{
	const char *bad = "the Multiboot header's address fields contradict each other or the file";
	const uint8_t *h = file.data + at;
	uint32_t header, load, load_end, bss_end;
	size_t offset, size;

	if (file.size - at < ADDRESS_SIZE)
		return tw_fail(-EINVAL, why, "the Multiboot header is cut off");
	header = tw_load32(h + HEADER_ADDR);
	load = tw_load32(h + LOAD_ADDR);
	load_end = tw_load32(h + LOAD_END_ADDR);
	bss_end = tw_load32(h + BSS_END_ADDR);
	if (header < load || header - load > at)
		return tw_fail(-EINVAL, why, bad);
	offset = at - (header - load);
	size = load_end ? load_end - load : file.size - offset;
	if ((load_end && load_end < load) || size > file.size - offset)
		return tw_fail(-EINVAL, why, bad);
	out->piece_offset = offset;
	out->piece_size = size;
	out->piece_base = load;
	out->piece_memory = size;
	if (bss_end && bss_end - load > size && bss_end > load)
		out->piece_memory = bss_end - load;
	out->entry = tw_load32(h + ENTRY_ADDR);
	if (out->entry < load || out->entry - load >= out->piece_memory)
		return tw_fail(-EINVAL, why,
			       "the Multiboot header's entry lies outside the kernel");
	return 0;
}

/* ELF files give a virtual entry point as a rule, some a physical one. */
static int physical_entry(const struct tw_elf *elf, uint32_t *entry, const char **why)
{
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < elf->segments_count; i++) {
			const struct tw_elf_segment *s = &elf->segments[i];
			uint64_t offset = elf->entry - (pass ? s->paddr : s->vaddr);

			if (offset >= s->memsz || s->paddr + offset >= PLACEMENT_4G)
				continue;
			*entry = (uint32_t)(s->paddr + offset);
			return 0;
		}
	}
	return tw_fail(-EINVAL, why, "the Multiboot kernel's entry lies outside its segments");
}

int multiboot_parse(struct tw_bytes file, struct multiboot_image *out, struct tw_elf *elf,
		    const char **why)
{
	size_t at = find_header(file);
	int rc;

	*out = (struct multiboot_image){0};
	if (at == file.size)
		return tw_fail(-ENOEXEC, why, "there is no Multiboot header");
	out->flags = tw_load32(file.data + at + FLAGS);
	if (out->flags & FLAGS_REQUIRED & ~FLAGS_KNOWN)
		return tw_fail(-ENOSYS, why,
			       "the Multiboot header requires a feature that nobody knows");
	out->address_fields = out->flags & FLAG_ADDRESSES;
	if (out->address_fields)
		return read_addresses(file, at, out, why);
	rc = tw_elf_parse(file, elf, why);
	if (rc == -ENOEXEC)
		return tw_fail(-EINVAL, why,
			       "the Multiboot kernel is no ELF file and its header has no address "
			       "fields");
	return rc ? rc : physical_entry(elf, &out->entry, why);
}

/* Take the kernel's place, let the modules move out of it, then write it. */
static int place(struct placement *p, const struct multiboot_image *image, const struct tw_elf *elf,
		 const char **why)
{
	struct tw_bytes piece;
	int rc = image->address_fields
		     ? placement_take(p, image->piece_base, image->piece_memory, why)
		     : elf_take(p, elf, why);

	if (!rc)
		rc = placement_settle(p, PLACEMENT_4G, why);
	if (rc)
		return rc;
	if (!image->address_fields)
		return elf_write(p, elf, why);
	piece = (struct tw_bytes){placement_image(p).data + image->piece_offset, image->piece_size};
	return placement_write(p, image->piece_base, piece, image->piece_memory, why);
}

int multiboot_load(struct placement *p, struct nested_image_start *start, const char **why)
{
	static struct tw_elf elf; /* large, and boot only */
	struct multiboot_image image;
	int rc = multiboot_parse(placement_image(p), &image, &elf, why);

	if (!rc)
		rc = place(p, &image, &elf, why);
	if (!rc)
		rc = multiboot_info(p, &start->rbx, why);
	if (!rc)
		rc = nested_start_flat(p, start, image.entry, why);
	if (rc)
		return rc;
	start->kind = NESTED_IMAGE_MULTIBOOT;
	start->rax = BOOT_MAGIC;
	start->image_low = image.address_fields ? image.piece_base : elf.paddr_low;
	start->image_high =
	    image.address_fields ? image.piece_base + image.piece_memory : elf.paddr_high;
	return 0;
}
