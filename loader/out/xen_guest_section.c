/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The "__xen_guest" section, which Xen 3.0 images carry instead of ELF notes: a string of
 * KEY=value pairs with commas between (the LEGACY lines in xen/elfnote.h name the keys). Unknown
 * keys are ignored, as Xen does; numbers are C constants.
 */
#include <string.h>

#include "notes.h"
#include "twoway/attr.h"

static unsigned int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Read 0x... or decimal up to the first other character; more than 64 bits wrap harmlessly. */
static uint64_t parse_number(struct tw_bytes text)
{
	unsigned int base = 10;
	uint64_t value = 0;
	size_t i = 0;

	if (text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	}
	for (; i < text.size && digit_value(text.data[i]) < base; i++)
		value = value * base + digit_value(text.data[i]);
	return value;
}

static bool key_is(struct tw_bytes key, const char *name)
{
	return key.size == strlen(name) && !memcmp(key.data, name, key.size);
}

static void add_pair(struct tw_bytes key, struct tw_bytes value, struct tw_xen_notes *out,
		     bool *paddr_offset_given)
{
	if (key_is(key, "GUEST_OS")) {
		tw_bytes_to_string(value, out->guest_os, sizeof(out->guest_os));
	} else if (key_is(key, "GUEST_VER")) {
		tw_bytes_to_string(value, out->guest_version, sizeof(out->guest_version));
	} else if (key_is(key, "XEN_VER")) {
		tw_bytes_to_string(value, out->xen_version, sizeof(out->xen_version));
	} else if (key_is(key, "LOADER")) {
		tw_bytes_to_string(value, out->loader, sizeof(out->loader));
	} else if (key_is(key, "FEATURES")) {
		tw_xen_features_parse(value, out);
	} else if (key_is(key, "VIRT_BASE")) {
		out->virt_base = parse_number(value);
	} else if (key_is(key, "VIRT_ENTRY")) {
		out->entry = parse_number(value);
		out->has_entry = true;
	} else if (key_is(key, "ELF_PADDR_OFFSET")) {
		out->paddr_offset = parse_number(value);
		*paddr_offset_given = true;
	} else if (key_is(key, "HYPERCALL_PAGE")) {
		/* A page number counted from VIRT_BASE, which may come later in the string. */
		out->hypercall_page = parse_number(value) << TW_PAGE_SHIFT;
		out->has_hypercall_page = true;
	}
}

/* Bytes of text before its first c, or all of them. */
static size_t length_before(struct tw_bytes text, uint8_t c)
{
	size_t n = 0;

	while (n < text.size && text.data[n] != c)
		n++;
	return n;
}

void tw_xen_guest_section_parse(struct tw_bytes text, struct tw_xen_notes *out,
				bool *paddr_offset_given)
{
	text.size = length_before(text, '\0');
	while (text.size) {
		size_t length = length_before(text, ',');
		struct tw_bytes pair = {text.data, length};
		size_t key = length_before(pair, '=');

		if (key < length)
			add_pair((struct tw_bytes){pair.data, key},
				 (struct tw_bytes){pair.data + key + 1, length - key - 1}, out,
				 paddr_offset_given);
		if (length < text.size)
			length++;
		text.data += length;
		text.size -= length;
	}
	if (out->has_hypercall_page)
		out->hypercall_page += out->virt_base;
}
