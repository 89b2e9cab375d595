/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The parts of Xen note parsing: the walk, the feature names, the old "__xen_guest" string. */
#ifndef LOADER_OUT_NOTES_H
#define LOADER_OUT_NOTES_H

#include "twoway/image.h"

/* ---- note_walk.c ---- */

struct tw_note {
	uint32_t type;
	struct tw_bytes name; /* with its final NUL */
	struct tw_bytes desc;
	bool cut; /* the description runs over the end of the notes: desc is what there is of it */
};

/*
 * Take the next note off the front of *rest. Returns 1 with *out set, 0 at the end, -EINVAL with
 * *why set when the header or name of a note runs over the end of the range.
 */
int tw_note_next(struct tw_bytes *rest, struct tw_note *out, const char **why);

/* ---- xen_features.c ---- */

/* Read "!name|name|...": '!' marks what the image requires. Adds to features and required. */
void tw_xen_features_parse(struct tw_bytes text, struct tw_xen_notes *out);

/* ---- xen_guest_section.c ---- */

/* Read "KEY=value,KEY=value,..." of a __xen_guest section. *paddr_offset_given as for notes. */
void tw_xen_guest_section_parse(struct tw_bytes text, struct tw_xen_notes *out,
				bool *paddr_offset_given);

/* Copy text up to its first NUL, cut to what to[0..size) holds; always ended by a NUL. */
void tw_bytes_to_string(struct tw_bytes text, char *to, size_t size);

#endif /* LOADER_OUT_NOTES_H */
