/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * PVH (xen/arch-x86/hvm/start_info.h): ELF files with a 32-bit entry point in a Xen note, as
 * Linux's vmlinux, BSDs and unikernels have it. Segments go to their physical addresses; the entry
 * is a physical address already.
 */
#include <errno.h>
#include <stdint.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "image_fail.h"
#include "nested_start.h"

#define VERSION 1 /* with a memory map */

int pvh_parse(struct tw_bytes file, struct tw_elf *elf, uint32_t *entry, const char **why)
{
	static struct tw_xen_notes notes; /* large, and boot only */
	int rc = tw_elf_parse(file, elf, why);

	if (!rc)
		rc = tw_xen_notes_parse(elf, &notes, why);
	if (rc)
		return rc;
	if (!notes.has_phys32_entry)
		return tw_fail(-ENOEXEC, why, "there is no PVH entry note");
	*entry = notes.phys32_entry;
	for (unsigned int i = 0; i < elf->segments_count; i++)
		if (*entry - elf->segments[i].paddr < elf->segments[i].memsz)
			return 0;
	return tw_fail(-EINVAL, why, "the kernel's PVH entry lies outside its segments");
}

static int add_modules(struct placement *p, struct hvm_start_info *info, const char **why)
{
	struct hvm_modlist_entry *out;
	void *data;
	int rc;

	if (p->modules_count < 2)
		return 0;
	rc = placement_alloc(p, (p->modules_count - 1) * sizeof(*out), &info->modlist_paddr, &data,
			     why);
	out = data;
	for (unsigned int i = 1; i < p->modules_count && !rc; i++, out++) {
		out->paddr = p->modules[i].base;
		out->size = p->modules[i].size;
		rc = placement_string(p, p->modules[i].cmdline, &out->cmdline_paddr, why);
	}
	info->nr_modules = p->modules_count - 1;
	return rc;
}

static int add_map(struct placement *p, struct hvm_start_info *info, const char **why)
{
	struct hvm_memmap_table_entry *out;
	void *data;
	int rc =
	    placement_alloc(p, p->req->map_count * sizeof(*out), &info->memmap_paddr, &data, why);

	if (rc)
		return rc;
	out = data;
	/* The types are those of e820, as ours are. */
	for (unsigned int i = 0; i < p->req->map_count; i++, out++) {
		out->addr = p->req->map[i].base;
		out->size = p->req->map[i].size;
		out->type = p->req->map[i].type;
	}
	info->memmap_entries = p->req->map_count;
	return 0;
}

static int start_info(struct placement *p, uint64_t *pa, const char **why)
{
	struct hvm_start_info *info;
	void *data;
	int rc = placement_alloc(p, sizeof(*info), pa, &data, why);

	if (rc)
		return rc;
	info = data;
	info->magic = XEN_HVM_START_MAGIC_VALUE;
	info->version = VERSION;
	info->rsdp_paddr = p->req->rsdp;
	rc = placement_string(p, p->modules[0].cmdline, &info->cmdline_paddr, why);
	if (!rc)
		rc = add_modules(p, info, why);
	return rc ? rc : add_map(p, info, why);
}

int pvh_load(struct placement *p, struct nested_image_start *start, const char **why)
{
	static struct tw_elf elf; /* large, and boot only */
	uint32_t entry;
	int rc = pvh_parse(placement_image(p), &elf, &entry, why);

	if (!rc)
		rc = elf_take(p, &elf, why);
	if (!rc)
		rc = placement_settle(p, PLACEMENT_4G, why);
	if (!rc)
		rc = elf_write(p, &elf, why);
	if (!rc)
		rc = start_info(p, &start->rbx, why);
	if (rc)
		return rc;
	start->kind = NESTED_IMAGE_PVH;
	start->image_low = elf.paddr_low;
	start->image_high = elf.paddr_high;
	return nested_start_flat(p, start, entry, why);
}
