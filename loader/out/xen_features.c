/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The FEATURES string of a Xen image (xen/elfnote.h, XEN_ELFNOTE_FEATURES). A name that nobody
 * knows only matters when the image requires it; then the caller is told which one.
 */
#include <string.h>
#include <xen/features.h>

#include "notes.h"
#include "twoway/attr.h"

#define FEATURE(name)                                                                              \
	{                                                                                          \
#name, XENFEAT_##name                                                              \
	}

static const struct {
	char name[32];
	uint8_t bit;
} known[] = {
    FEATURE(writable_page_tables),
    FEATURE(writable_descriptor_tables),
    FEATURE(auto_translated_physmap),
    FEATURE(supervisor_mode_kernel),
    FEATURE(pae_pgdir_above_4gb),
    FEATURE(mmu_pt_update_preserve_ad),
    FEATURE(highmem_assist),
    FEATURE(gnttab_map_avail_bits),
    FEATURE(hvm_callback_vector),
    FEATURE(hvm_safe_pvclock),
    FEATURE(hvm_pirqs),
    FEATURE(dom0),
    FEATURE(memory_op_vnode_supported),
    FEATURE(linux_rsdp_unrestricted),
    FEATURE(not_direct_mapped),
    FEATURE(direct_mapped),
};

/* The feature's bit mask, 0 when the name is unknown. */
static uint32_t feature_mask(struct tw_bytes name)
{
	for (size_t i = 0; i < TW_ARRAY_SIZE(known); i++) {
		if (strlen(known[i].name) == name.size &&
		    !memcmp(known[i].name, name.data, name.size))
			return 1u << known[i].bit;
	}
	return 0;
}

static void add_feature(struct tw_bytes name, struct tw_xen_notes *out)
{
	bool required = name.size && name.data[0] == '!';
	uint32_t mask;

	if (required) {
		name.data++;
		name.size--;
	}
	if (!name.size)
		return;
	mask = feature_mask(name);
	out->features |= mask;
	if (!required)
		return;
	out->required |= mask;
	if (!mask && !out->unknown_feature[0])
		tw_bytes_to_string(name, out->unknown_feature, sizeof(out->unknown_feature));
}

void tw_xen_features_parse(struct tw_bytes text, struct tw_xen_notes *out)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.size; i++) {
		bool end = i == text.size || !text.data[i];

		if (!end && text.data[i] != '|')
			continue;
		add_feature((struct tw_bytes){text.data + start, i - start}, out);
		if (end)
			return;
		start = i + 1;
	}
}
