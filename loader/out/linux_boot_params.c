/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Linux's zero page (struct boot_params): the setup header as the image has it, then what a boot
 * loader fills in. All else stays zero, as the protocol demands.
 */
#include <asm/bootparam.h>
#include <string.h>

#include "nested_start.h"

#define HEADER_AT      offsetof(struct boot_params, hdr)
#define LOADER_UNKNOWN 0xff /* type_of_loader: one without a number of its own */
#define VIDEO_NORMAL   0xffff
_Static_assert(HEADER_AT == 0x1f1, "the setup header lies in the zero page as in the file");
_Static_assert(TW_MAX_REGIONS <= E820_MAX_ENTRIES_ZEROPAGE, "any memory map fits the zero page");

static void fill_map(const struct nested_image_request *req, struct boot_params *params)
{
	for (unsigned int i = 0; i < req->map_count; i++) {
		params->e820_table[i].addr = req->map[i].base;
		params->e820_table[i].size = req->map[i].size;
		params->e820_table[i].type = req->map[i].type;
	}
	params->e820_entries = (__u8)req->map_count;
}

int linux_boot_params(struct placement *p, const struct linux_boot *image, uint32_t load_address,
		      void *data, const char **why)
{
	struct boot_params *params = data;
	uint64_t cmdline;
	int rc = placement_string(p, p->modules[0].cmdline, &cmdline, why);

	if (rc)
		return rc;
	memcpy(&params->hdr, placement_image(p).data + HEADER_AT, image->header_end - HEADER_AT);
	params->hdr.type_of_loader = LOADER_UNKNOWN;
	params->hdr.vid_mode = VIDEO_NORMAL;
	params->hdr.code32_start = load_address;
	params->hdr.cmd_line_ptr = (uint32_t)cmdline;
	params->hdr.setup_data = 0;
	params->hdr.ramdisk_image = 0;
	params->hdr.ramdisk_size = 0;
	if (p->modules_count > 1 && p->modules[1].size) {
		params->hdr.ramdisk_image = (uint32_t)p->modules[1].base;
		params->hdr.ramdisk_size = (uint32_t)p->modules[1].size;
	}
	params->acpi_rsdp_addr = p->req->rsdp;
	fill_map(p->req, params);
	return 0;
}
