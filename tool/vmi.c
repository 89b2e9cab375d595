/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMI in files: whether a ROM is one that guests take, and whether a kernel can use one. The conditions are
 * those of Linux (arch/x86/kernel/vmi_32.c) and of BIOSes, all of them: a ROM that fails one is refused
 * by somebody. A kernel says nothing about VMI in its headers; its strings do.
 */
#include <elf.h>
#include <string.h>

#include "abi/vmi.h"
#include "tool.h"

#define PCIR_SIZE 24
#define PNP_SIZE  32
#define POST_SIZE 4 /* the entry's bytes in the header */

/* The name of the clock event device, in every Linux that has VMI's timer, and in no other. */
static const char mark[] = "vmi-timer";

bool vmi_rom_like(struct tw_bytes file)
{
	return (file.size >= 2 && !memcmp(file.data, "\x55\xaa", 2)) ||
	       (file.size >= 12 && !memcmp(file.data + 8, "cVmi", 4));
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

static bool inside(struct tw_bytes file, size_t offset, size_t n)
{
	return offset && offset <= file.size && n <= file.size - offset;
}

/* Both are what a BIOS reads; PCIR is what the guest reads, too. */
static const char *check_bios(struct tw_bytes file, const struct vmi_rom *rom)
{
	const uint8_t *pcir = file.data + rom->pci_offset, *pnp = file.data + rom->pnp_offset;

	if (!inside(file, rom->pci_offset, PCIR_SIZE) || memcmp(pcir, "PCIR", 4))
		return "there is no PCIR structure where the header says";
	if (pcir[4] + 256 * pcir[5] != VMI_PCI_VENDOR || pcir[6] + 256 * pcir[7] != VMI_PCI_DEVICE)
		return "its PCI vendor and device are not VMI's: Linux would warn";
	if (pcir[16] + 256 * pcir[17] != rom->blocks)
		return "PCIR and header name different lengths";
	if (rom->pnp_offset && (!inside(file, rom->pnp_offset, PNP_SIZE) || memcmp(pnp, "$PnP", 4)))
		return "there is no $PnP structure where the header says";
	if (rom->pnp_offset && sum(pnp, PNP_SIZE))
		return "the $PnP structure's checksum is wrong";
	return NULL;
}

static const char *check_license(struct tw_bytes file, const struct vmi_rom *rom)
{
	const char *license = (const char *)file.data + rom->license_offset;

	if (!inside(file, rom->license_offset, 1) ||
	    !memchr(license, 0, file.size - rom->license_offset))
		return "it has no licence string: guests take only GPL ROMs";
	if (strcmp(license, "GPL") && strcmp(license, "GPL v2"))
		return "its licence string is neither \"GPL\" nor \"GPL v2\": guests refuse it";
	return NULL;
}

const char *vmi_rom_problem(struct tw_bytes file)
{
	struct vmi_rom rom;
	const char *why;

	if (file.size < 2 || memcmp(file.data, "\x55\xaa", 2))
		return "it does not start with an option ROM's signature";
	if (file.size < sizeof(rom))
		return "it is too short for a VMI header";
	memcpy(&rom, file.data, sizeof(rom));
	if (!rom.blocks || rom.blocks * 512u != file.size)
		return "the length in its header is not the file's";
	if (sum(file.data, file.size))
		return "the sum of its bytes is not 0: BIOSes ignore it";
	if (rom.signature != VMI_SIGNATURE)
		return "it has no \"cVmi\" signature: an option ROM, but not of VMI";
	if (rom.api_major != VMI_API_MAJOR)
		return "its VMI version is not 3: guests refuse it";
	if (rom.init[0] != 0xe9 && rom.init[0] != 0xeb)
		return "there is no jump where guests call vmi_init";
	if (rom.get_reloc[0] != 0xe9 && rom.get_reloc[0] != 0xeb)
		return "there is no jump where guests call get_reloc";
	why = check_license(file, &rom);
	return why ? why : check_bios(file, &rom);
}

json_t *vmi_rom_json(const char *path, struct tw_bytes file)
{
	const char *why = vmi_rom_problem(file);
	struct vmi_rom rom = { 0 };
	json_t *all;

	memcpy(&rom, file.data, file.size < sizeof(rom) ? file.size : sizeof(rom));
	all = must(json_pack("{s:s, s:s, s:I, s:b, s:s?}", "file", path, "format",
			     rom.signature == VMI_SIGNATURE ? "VMI option ROM" : "option ROM", "size",
			     (json_int_t)file.size, "ok", !why, "problem", why));
	if (rom.signature != VMI_SIGNATURE)
		return all;
	json_object_set_new(all, "vmi_version", json_sprintf("%u.%u", rom.api_major, rom.api_minor));
	json_object_set_new(all, "virtual_top", json_sprintf("0x%08x", rom.virtual_top));
	return all;
}

enum vmi_sign vmi_kernel_sign(const struct image *image)
{
	struct tw_bytes code = image->unpacked ?
				       (struct tw_bytes){ image->unpacked, image->unpacked_size } :
				       image->file;

	if (!image->has_elf)
		return image->is_bzimage || image->is_old_bzimage ? VMI_UNKNOWN : VMI_NO;
	if (image->elf.machine != EM_386)
		return VMI_NO;
	return memmem(code.data, code.size, mark, sizeof(mark)) ? VMI_YES : VMI_NO;
}
