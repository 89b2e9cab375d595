/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Xen ELF notes for people: every note of the image, by its name in xen/elfnote.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>

#include "../loader/out/notes.h"
#include "tool.h"

#ifndef XEN_ELFNOTE_PHYS32_RELOC /* since Xen 4.20: alignment, lowest and highest address */
#define XEN_ELFNOTE_PHYS32_RELOC 19
#endif

static const struct {
	const char *name;
	bool number; /* the description is a number of 4 or 8 bytes; otherwise text */
} known[] = {
	[XEN_ELFNOTE_INFO] = { "INFO", false },
	[XEN_ELFNOTE_ENTRY] = { "ENTRY", true },
	[XEN_ELFNOTE_HYPERCALL_PAGE] = { "HYPERCALL_PAGE", true },
	[XEN_ELFNOTE_VIRT_BASE] = { "VIRT_BASE", true },
	[XEN_ELFNOTE_PADDR_OFFSET] = { "PADDR_OFFSET", true },
	[XEN_ELFNOTE_XEN_VERSION] = { "XEN_VERSION", false },
	[XEN_ELFNOTE_GUEST_OS] = { "GUEST_OS", false },
	[XEN_ELFNOTE_GUEST_VERSION] = { "GUEST_VERSION", false },
	[XEN_ELFNOTE_LOADER] = { "LOADER", false },
	[XEN_ELFNOTE_PAE_MODE] = { "PAE_MODE", false },
	[XEN_ELFNOTE_FEATURES] = { "FEATURES", false },
	[XEN_ELFNOTE_BSD_SYMTAB] = { "BSD_SYMTAB", false },
	[XEN_ELFNOTE_HV_START_LOW] = { "HV_START_LOW", true },
	[XEN_ELFNOTE_L1_MFN_VALID] = { "L1_MFN_VALID", true },
	[XEN_ELFNOTE_SUSPEND_CANCEL] = { "SUSPEND_CANCEL", true },
	[XEN_ELFNOTE_INIT_P2M] = { "INIT_P2M", true },
	[XEN_ELFNOTE_MOD_START_PFN] = { "MOD_START_PFN", true },
	[XEN_ELFNOTE_SUPPORTED_FEATURES] = { "SUPPORTED_FEATURES", true },
	[XEN_ELFNOTE_PHYS32_ENTRY] = { "PHYS32_ENTRY", true },
	[XEN_ELFNOTE_PHYS32_RELOC] = { "PHYS32_RELOC", true },
};

/* Text from a hostile image goes to a terminal and into JSON: only printable ASCII does. */
static json_t *printable(struct tw_bytes desc)
{
	struct buffer out = { 0 };
	json_t *string;

	buffer_add(&out, "", 0);
	for (size_t i = 0; i < desc.size && i < 512 && desc.data[i]; i++) {
		char c = (char)desc.data[i];

		buffer_add(&out, isascii(c) && isprint(c) ? &c : "?", 1);
	}
	string = json_string(out.data);
	free(out.data);
	return string;
}

static json_t *bytes(struct tw_bytes desc)
{
	struct buffer out = { 0 };
	json_t *string;
	char hex[4];

	buffer_add(&out, "", 0);
	for (size_t i = 0; i < desc.size && i < 64; i++) {
		snprintf(hex, sizeof(hex), "%s%02x", i ? " " : "", desc.data[i]);
		buffer_add(&out, hex, strlen(hex));
	}
	string = json_string(out.data);
	free(out.data);
	return string;
}

static json_t *value(bool number, struct tw_bytes desc)
{
	uint64_t v = 0;

	if (!number)
		return printable(desc);
	if (desc.size != 4 && desc.size != 8)
		return bytes(desc); /* e.g. L1_MFN_VALID: a mask and a value */
	memcpy(&v, desc.data, desc.size);
	return json_sprintf("0x%llx", (unsigned long long)v);
}

static json_t *one(const struct tw_note *note)
{
	bool in_table = note->type < sizeof(known) / sizeof(*known) && known[note->type].name;

	return json_pack("{s:s, s:i, s:o}", "name", in_table ? known[note->type].name : "unknown",
			 "type", (int)note->type, "value",
			 in_table ? value(known[note->type].number, note->desc)
				  : bytes(note->desc));
}

json_t *notes_json(const struct tw_elf *elf)
{
	json_t *all = must(json_array());
	struct tw_note note;
	const char *why;

	for (unsigned int i = 0; i < elf->notes_count; i++) {
		struct tw_bytes rest = elf->notes[i];

		while (tw_note_next(&rest, &note, &why) > 0)
			if (note.name.size == 4 && !memcmp(note.name.data, "Xen", 4))
				json_array_append_new(all, one(&note));
	}
	return all;
}
