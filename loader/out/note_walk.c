/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Walking a range of ELF notes: a header of three words, then name and description, each padded to
 * 4 bytes. All sums are in 64 bits, so sizes near 2^32 cannot wrap.
 *
 * GRUB for i386 Xen PV ends its notes with one whose size claims 12 bytes and that has 4 of them;
 * Xen boots it. So a last description that runs over is handed out as far as it goes, marked.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "image_fail.h"
#include "notes.h"
#include "twoway/attr.h"

/* Less than a header is left: padding is zero bytes, anything else is a note cut in two. */
static bool is_padding(struct tw_bytes rest)
{
	for (size_t i = 0; i < rest.size; i++) {
		if (rest.data[i])
			return false;
	}
	return true;
}

int tw_note_next(struct tw_bytes *rest, struct tw_note *out, const char **why)
{
	uint64_t name_end, desc_at, desc_end, next;
	Elf64_Nhdr n; /* same layout as Elf32_Nhdr */

	if (rest->size < sizeof(n)) {
		if (is_padding(*rest))
			return 0;
		return tw_fail(-EINVAL, why, "an ELF note is cut off");
	}
	memcpy(&n, rest->data, sizeof(n));
	name_end = sizeof(n) + (uint64_t)n.n_namesz;
	desc_at = TW_ALIGN_UP(name_end, 4);
	desc_end = desc_at + n.n_descsz;
	if (name_end > rest->size)
		return tw_fail(-EINVAL, why,
			       "the name of an ELF note runs over the end of the notes");
	out->type = n.n_type;
	out->name = (struct tw_bytes){rest->data + sizeof(n), n.n_namesz};
	out->cut = desc_end > rest->size;
	if (desc_at > rest->size)
		desc_at = rest->size;
	out->desc =
	    (struct tw_bytes){rest->data + desc_at, out->cut ? rest->size - desc_at : n.n_descsz};
	next = TW_ALIGN_UP(desc_end, 4);
	if (next > rest->size)
		next = rest->size;
	*rest = (struct tw_bytes){rest->data + next, rest->size - next};
	return 1;
}
