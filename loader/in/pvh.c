/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * PVH (xen/arch-x86/hvm/start_info.h): Xen, QEMU's -kernel, Firecracker, Cloud Hypervisor. QEMU
 * hands over one module only, its -initrd. Strings carry no file names: nothing is stripped.
 */
#include <asm-generic/errno.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "in.h"
#include "twoway/attr.h"
#include "twoway/log.h"
#include "twoway/phys.h"

#define V1_SIZE sizeof(struct hvm_start_info)

/* Fields by offset, since the structure may be unaligned. */
#define field32(p, type, name) tw_load32((p) + offsetof(struct type, name))
#define field64(p, type, name) tw_load64((p) + offsetof(struct type, name))

static TW_INIT int read_module(const uint8_t *mod, struct tw_module *out, const char **why)
{
	out->base = field64(mod, hvm_modlist_entry, paddr);
	out->size = field64(mod, hvm_modlist_entry, size);
	if (out->size > UINT64_MAX - out->base) {
		*why = "a PVH module's range wraps";
		return -EINVAL;
	}
	if (!in_string(field64(mod, hvm_modlist_entry, cmdline_paddr), false, "a module",
		       out->cmdline)) {
		*why = "a PVH module's string lies outside memory";
		return -EINVAL;
	}
	return 0;
}

static TW_INIT int read_modules(const uint8_t *info, struct tw_boot *out, const char **why)
{
	uint32_t count = field32(info, hvm_start_info, nr_modules);
	const uint8_t *mods;
	int err;

	if (!count)
		return 0;
	mods = count <= IN_ENTRIES_MAX ? tw_phys_range(field64(info, hvm_start_info, modlist_paddr),
						       count * sizeof(struct hvm_modlist_entry))
				       : NULL;
	if (!mods) {
		*why = "the PVH module list lies outside memory";
		return -EINVAL;
	}
	if (count > TW_MAX_MODULES) {
		tw_warn("%u modules: only the first %u are used", count, TW_MAX_MODULES);
		count = TW_MAX_MODULES;
	}
	for (uint32_t i = 0; i < count; i++) {
		err =
		    read_module(mods + i * sizeof(struct hvm_modlist_entry), &out->modules[i], why);
		if (err)
			return err;
		out->modules_count++;
	}
	return 0;
}

static TW_INIT int read_memory(const uint8_t *info, const char **why)
{
	uint32_t count = field32(info, hvm_start_info, memmap_entries);
	const size_t size = sizeof(struct hvm_memmap_table_entry);
	const uint8_t *map;

	if (!count) {
		*why = "the PVH loader gives no memory map: it needs a newer version";
		return -EINVAL;
	}
	map = count <= IN_ENTRIES_MAX
		  ? tw_phys_range(field64(info, hvm_start_info, memmap_paddr), count * size)
		  : NULL;
	if (!map) {
		*why = "the PVH memory map lies outside memory";
		return -EINVAL;
	}
	/* The types are those of e820; what is beyond becomes reserved. */
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = map + i * size;
		int err = in_memory_add(field64(entry, hvm_memmap_table_entry, addr),
					field64(entry, hvm_memmap_table_entry, size),
					field32(entry, hvm_memmap_table_entry, type), why);

		if (err)
			return err;
	}
	return 0;
}

TW_INIT int pvh_read(uint32_t start_info_pa, struct tw_boot *out, const char **why)
{
	const uint8_t *info = tw_phys_range(start_info_pa, V1_SIZE);
	int err;

	if (!info || field32(info, hvm_start_info, magic) != XEN_HVM_START_MAGIC_VALUE) {
		*why = "there is no PVH start information: the loader is neither Multiboot nor PVH";
		return -EINVAL;
	}
	/* Version 0 leaves the memory map to a Xen hypercall, which only Xen answers. */
	if (!field32(info, hvm_start_info, version)) {
		*why = "the PVH start information is version 0, without a memory map: Xen 4.12 or "
		       "later, "
		       "or another loader is needed";
		return -EINVAL;
	}
	out->protocol = "pvh";
	out->rsdp = field64(info, hvm_start_info, rsdp_paddr);
	out->modules_count = 0;
	if (!in_string(field64(info, hvm_start_info, cmdline_paddr), false, "twoway",
		       out->cmdline)) {
		*why = "the PVH command line lies outside memory";
		return -EINVAL;
	}
	in_memory_start();
	err = read_memory(info, why);
	if (!err)
		err = in_memory_finish(out, why);
	return err ? err : read_modules(info, out, why);
}
