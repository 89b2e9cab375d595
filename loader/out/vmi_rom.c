/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a BIOS does at POST with an option ROM, done later for the VMI ROM: find a place behind the others,
 * make the memory writable, copy it, and let it grow. The ROM's own 16-bit entry would only do the last,
 * and to go to real mode for that is not worth it: the ROM says by how much it grows. The memory stays
 * writable, as the ROM wants it.
 */
#include <errno.h>
#include <string.h>

#include "abi/vmi.h"
#include "image_fail.h"
#include "twoway/attr.h"
#include "twoway/vmi_rom.h"

#define BLOCK	 512u
#define BLOCKS_MAX 255u /* a byte says how many */

static bool is_rom(const uint8_t *p)
{
	return p[0] == (VMI_ROM_SIGNATURE & 0xff) && p[1] == VMI_ROM_SIGNATURE >> 8;
}

/* As guests look: what they would take before ours. */
static bool is_vmi(const uint8_t *p)
{
	struct vmi_rom rom;

	memcpy(&rom, p, sizeof(rom));
	return is_rom(p) && rom.signature == VMI_SIGNATURE && rom.api_major == VMI_API_MAJOR;
}

/* The first place behind all option ROMs; found when one of them is a VMI ROM. */
static void find_place(const uint8_t *area, struct vmi_rom_place *place)
{
	uint32_t at = VMI_SCAN_FROM;

	*place = (struct vmi_rom_place){.base = VMI_SCAN_FROM};
	while (at < VMI_SCAN_TO) {
		const uint8_t *p = area + (at - VMI_SCAN_FROM);
		uint32_t size = is_rom(p) ? TW_ALIGN_UP(p[2] * BLOCK, VMI_SCAN_STEP) : 0;

		if (is_vmi(p)) {
			*place = (struct vmi_rom_place){at, p[2] * BLOCK, true};
			return;
		}
		at += size ? size : VMI_SCAN_STEP;
		if (size)
			place->base = at;
	}
}

static bool word_writable(volatile uint32_t *word)
{
	uint32_t old = *word;
	bool good;

	*word = ~old;
	good = *word == ~old;
	*word = old;
	return good;
}

/* Chipsets protect 16 KB pieces: a word of each 2 KB tells. */
static bool writable(uint8_t *to, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += VMI_SCAN_STEP)
		if (!word_writable((uint32_t *)(to + at)))
			return false;
	return word_writable((uint32_t *)(to + size - 4));
}

static int check_rom(struct tw_bytes rom, const char **why)
{
	if (rom.size < sizeof(struct vmi_rom) || !is_vmi(rom.data) ||
	    rom.data[2] * BLOCK != rom.size)
		return tw_fail(-EINVAL, why, "the VMI ROM of this build is damaged");
	return 0;
}

static void grow(uint8_t *rom, uint32_t image, uint32_t size)
{
	uint8_t more = rom[VMI_ROM_MORE];

	rom[2] = (uint8_t)(rom[2] + more);
	rom[VMI_ROM_CHECKSUM] = (uint8_t)(rom[VMI_ROM_CHECKSUM] - more);
	memset(rom + image, 0, size - image);
}

int vmi_rom_place(const struct vmi_rom_request *req, struct vmi_rom_place *place, const char **why)
{
	uint8_t *area = req->memory(VMI_SCAN_FROM, VMI_SCAN_TO - VMI_SCAN_FROM), *to;
	uint32_t blocks;
	int rc = check_rom(req->rom, why);

	if (rc)
		return rc;
	if (!area)
		return tw_fail(-EACCES, why, "the memory where VMI guests look for a ROM cannot be reached");
	find_place(area, place);
	if (place->found)
		return 0;
	blocks = req->rom.data[2] + req->rom.data[VMI_ROM_MORE];
	place->size = blocks * BLOCK;
	if (blocks > BLOCKS_MAX || place->base + place->size > VMI_SCAN_TO)
		return tw_fail(-ENOSPC, why,
			       "the option ROMs of this machine leave no room for the VMI ROM below "
			       "0xe0000; take devices with ROMs away");
	to = area + (place->base - VMI_SCAN_FROM);
	if (!writable(to, place->size))
		req->unlock(place->base, place->base + place->size);
	if (!writable(to, place->size))
		return tw_fail(-EACCES, why,
			       "the memory where VMI guests look for a ROM cannot be written on this "
			       "machine; give it the ROM as an option ROM");
	memcpy(to, req->rom.data, req->rom.size);
	grow(to, (uint32_t)req->rom.size, place->size);
	return 0;
}
