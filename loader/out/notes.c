/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a Xen image says of itself: ELF notes named "Xen" (xen/elfnote.h), or in images from before
 * them the __xen_guest section. The defaults and the checks are those of Xen's own loader
 * (libelf-dominfo.c), so an image that Xen boots passes here. Of a note that stands twice the last
 * one counts, as there; FEATURES and SUPPORTED_FEATURES add up.
 */
#include <errno.h>
#include <string.h>
#include <xen/elfnote.h>

#include "image_fail.h"
#include "notes.h"
#include "twoway/attr.h"

void tw_bytes_to_string(struct tw_bytes text, char *to, size_t size)
{
	size_t n = 0;

	for (; n < text.size && n < size - 1 && text.data[n]; n++)
		to[n] = (char)text.data[n];
	to[n] = '\0';
}

/* A numeric note is 4 or 8 bytes. */
static int read_number(const struct tw_note *note, uint64_t *value, const char **why)
{
	uint32_t v32;

	if (note->cut)
		return tw_fail(-EINVAL, why, "a numeric Xen note runs over the end of the notes");
	if (note->desc.size == sizeof(*value)) {
		memcpy(value, note->desc.data, sizeof(*value));
		return 0;
	}
	if (note->desc.size != sizeof(v32))
		return tw_fail(-EINVAL, why, "a numeric Xen note is neither 4 nor 8 bytes long");
	memcpy(&v32, note->desc.data, sizeof(v32));
	*value = v32;
	return 0;
}

/* Take a note whose value is text; false when the type is another. */
static bool add_text(const struct tw_note *note, struct tw_xen_notes *out)
{
	switch (note->type) {
	case XEN_ELFNOTE_GUEST_OS:
		tw_bytes_to_string(note->desc, out->guest_os, sizeof(out->guest_os));
		return true;
	case XEN_ELFNOTE_GUEST_VERSION:
		tw_bytes_to_string(note->desc, out->guest_version, sizeof(out->guest_version));
		return true;
	case XEN_ELFNOTE_XEN_VERSION:
		tw_bytes_to_string(note->desc, out->xen_version, sizeof(out->xen_version));
		return true;
	case XEN_ELFNOTE_LOADER:
		tw_bytes_to_string(note->desc, out->loader, sizeof(out->loader));
		return true;
	case XEN_ELFNOTE_FEATURES:
		tw_xen_features_parse(note->desc, out);
		return true;
	}
	return false;
}

/* Where the value of a numeric note goes; NULL for a type that nothing here needs. */
static uint64_t *number_field(uint32_t type, struct tw_xen_notes *out, uint64_t *scratch)
{
	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		return &out->entry;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		return &out->hypercall_page;
	case XEN_ELFNOTE_VIRT_BASE:
		return &out->virt_base;
	case XEN_ELFNOTE_PADDR_OFFSET:
		return &out->paddr_offset;
	case XEN_ELFNOTE_INIT_P2M:
		return &out->init_p2m;
	case XEN_ELFNOTE_HV_START_LOW:
		return &out->hv_start_low;
	case XEN_ELFNOTE_MOD_START_PFN:
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
	case XEN_ELFNOTE_PHYS32_ENTRY:
		return scratch;
	}
	return NULL;
}

static int add_number(const struct tw_note *note, struct tw_xen_notes *out, const char **why)
{
	uint64_t value = 0, *field = number_field(note->type, out, &value);
	int rc = field ? read_number(note, field, why) : 0;

	if (rc)
		return rc;
	switch (note->type) {
	case XEN_ELFNOTE_ENTRY:
		out->has_entry = true;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		out->has_hypercall_page = true;
		break;
	case XEN_ELFNOTE_INIT_P2M:
		out->has_init_p2m = true;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		out->mod_start_pfn = value != 0;
		break;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		out->features |= (uint32_t)value;
		break;
	case XEN_ELFNOTE_PHYS32_ENTRY:
		if (value > UINT32_MAX)
			return tw_fail(-EINVAL, why, "the PVH entry point lies above 4 GB");
		out->phys32_entry = (uint32_t)value;
		out->has_phys32_entry = true;
		break;
	}
	return 0;
}

static int walk_notes(struct tw_bytes range, struct tw_xen_notes *out, const char **why)
{
	struct tw_note note;
	int rc;

	while ((rc = tw_note_next(&range, &note, why)) > 0) {
		if (note.name.size != sizeof("Xen") || memcmp(note.name.data, "Xen", sizeof("Xen")))
			continue;
		out->present = true;
		if (!add_text(&note, out))
			rc = add_number(&note, out, why);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* Virtual addresses of the loaded image, by the rule of libelf's elf_xen_addr_calc_check. */
static int place_image(const struct tw_elf *elf, struct tw_xen_notes *out, const char **why)
{
	uint64_t size = elf->paddr_high - elf->paddr_low;
	uint64_t offset = elf->paddr_low - out->paddr_offset;

	if (elf->paddr_low < out->paddr_offset || offset > UINT64_MAX - out->virt_base ||
	    size > UINT64_MAX - out->virt_base - offset)
		return tw_fail(-EINVAL, why,
			       "the Xen notes place the image outside the address space");
	out->virt_low = out->virt_base + offset;
	out->virt_high = out->virt_low + size;
	return 0;
}

static bool inside(const struct tw_xen_notes *notes, uint64_t va, uint64_t size)
{
	return va >= notes->virt_low && va < notes->virt_high && size <= notes->virt_high - va;
}

static int check_addresses(const struct tw_elf *elf, const struct tw_xen_notes *out,
			   const char **why)
{
	/* An image for PVH only needs no PV entry point: its ELF entry may be anything. */
	if ((out->has_entry || !out->has_phys32_entry) && !inside(out, out->entry, 1))
		return tw_fail(-EINVAL, why, "the Xen entry point lies outside the image");
	if (out->has_hypercall_page && (out->hypercall_page & ~TW_PAGE_MASK ||
					!inside(out, out->hypercall_page, TW_PAGE_SIZE)))
		return tw_fail(-EINVAL, why, "the hypercall page is no page inside the image");
	if (out->has_init_p2m && inside(out, out->init_p2m, 0))
		return tw_fail(-EINVAL, why, "the Xen notes place the P2M list inside the image");
	if (out->has_phys32_entry &&
	    (out->phys32_entry < elf->paddr_low || out->phys32_entry >= elf->paddr_high))
		return tw_fail(-EINVAL, why, "the PVH entry point lies outside the image");
	return 0;
}

int tw_xen_notes_parse(const struct tw_elf *elf, struct tw_xen_notes *out, const char **why)
{
	bool paddr_offset_given = false;
	struct tw_bytes section;
	int rc;

	*out = (struct tw_xen_notes){0};
	for (unsigned int i = 0; i < elf->notes_count; i++) {
		rc = walk_notes(elf->notes[i], out, why);
		if (rc)
			return rc;
	}
	section = tw_elf_section(elf, "__xen_guest");
	if (!out->present && section.data) {
		out->present = out->legacy = true;
		tw_xen_guest_section_parse(section, out, &paddr_offset_given);
		if (!paddr_offset_given)
			out->paddr_offset = out->virt_base;
	}
	if (!out->has_entry)
		out->entry = elf->entry;
	if (!out->present)
		return 0;
	rc = place_image(elf, out, why);
	return rc ? rc : check_addresses(elf, out, why);
}
