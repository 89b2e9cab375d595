/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ELF segments at their physical addresses, for kernels that are started without paging. The image
 * may have moved between the two steps, so segments are found by their offset in the file.
 */
#include "nested_start.h"

int elf_take(struct placement *p, const struct tw_elf *elf, const char **why)
{
	int rc = 0;

	for (unsigned int i = 0; i < elf->segments_count && !rc; i++)
		rc = placement_take(p, elf->segments[i].paddr, elf->segments[i].memsz, why);
	return rc;
}

int elf_write(struct placement *p, const struct tw_elf *elf, const char **why)
{
	const uint8_t *file = placement_image(p).data;
	int rc = 0;

	for (unsigned int i = 0; i < elf->segments_count && !rc; i++) {
		const struct tw_elf_segment *s = &elf->segments[i];
		struct tw_bytes bytes = {file + s->offset, s->filesz};

		rc = placement_write(p, s->paddr, bytes, s->memsz, why);
	}
	return rc;
}
