/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Multiboot 1: GRUB, QEMU's -kernel with -initrd modules, syslinux, iPXE. */
#include <asm-generic/errno.h>

#include "in.h"
#include "multiboot.h"
#include "twoway/attr.h"
#include "twoway/log.h"
#include "twoway/phys.h"

/* GRUB 2 gives strings without the file's name; all other known loaders put it in front. */
static TW_INIT bool is_grub2(const uint8_t *info)
{
	static const char name[] TW_INITDATA = "GRUB 2";
	const uint8_t *p = NULL;

	if (tw_load32(info + MB_FLAGS) & MB_HAS_LOADER)
		p = tw_phys_range(tw_load32(info + MB_LOADER_NAME), sizeof(name) - 1);
	for (unsigned int i = 0; p && i < sizeof(name) - 1; i++)
		if (p[i] != (uint8_t)name[i])
			return false;
	return p != NULL;
}

static TW_INIT int read_module(const uint8_t *mod, bool strip, struct tw_module *out,
			       const char **why)
{
	uint32_t start = tw_load32(mod + MB_MOD_START), end = tw_load32(mod + MB_MOD_END);

	if (end < start) {
		*why = "a Multiboot module ends before it starts";
		return -EINVAL;
	}
	out->base = start;
	out->size = end - start;
	if (!in_string(tw_load32(mod + MB_MOD_STRING), strip, "a module", out->cmdline)) {
		*why = "a Multiboot module's string lies outside memory";
		return -EINVAL;
	}
	return 0;
}

static TW_INIT int read_modules(const uint8_t *info, bool strip, struct tw_boot *out,
				const char **why)
{
	uint32_t count = tw_load32(info + MB_MODS_COUNT);
	const uint8_t *mods;
	int err;

	if (!(tw_load32(info + MB_FLAGS) & MB_HAS_MODS) || !count)
		return 0;
	mods = count <= IN_ENTRIES_MAX
		   ? tw_phys_range(tw_load32(info + MB_MODS_ADDR), count * MB_MOD_SIZE)
		   : NULL;
	if (!mods) {
		*why = "the Multiboot module list lies outside memory";
		return -EINVAL;
	}
	if (count > TW_MAX_MODULES) {
		tw_warn("%u modules: only the first %u are used", count, TW_MAX_MODULES);
		count = TW_MAX_MODULES;
	}
	for (uint32_t i = 0; i < count; i++) {
		err = read_module(mods + i * MB_MOD_SIZE, strip, &out->modules[i], why);
		if (err)
			return err;
		out->modules_count++;
	}
	return 0;
}

static TW_INIT int read_mmap(const uint8_t *info, const char **why)
{
	uint32_t length = tw_load32(info + MB_MMAP_LENGTH), at = 0;
	const uint8_t *map = tw_phys_range(tw_load32(info + MB_MMAP_ADDR), length);
	int err;

	if (!map) {
		*why = "the Multiboot memory map lies outside memory";
		return -EINVAL;
	}
	while (at < length) {
		const uint8_t *entry = map + at;
		uint32_t size;

		if (length - at < 4 + MB_MMAP_MIN)
			break;
		size = tw_load32(entry + MB_MMAP_SIZE);
		if (size < MB_MMAP_MIN || size > length - at - 4) {
			*why = "the Multiboot memory map has an entry of impossible size";
			return -EINVAL;
		}
		err = in_memory_add(tw_load64(entry + MB_MMAP_BASE), tw_load64(entry + MB_MMAP_LEN),
				    tw_load32(entry + MB_MMAP_TYPE), why);
		if (err)
			return err;
		at += size + 4;
	}
	return 0;
}

/* Without a map: what is below 640 KB and what follows 1 MB, up to the first hole. */
static TW_INIT int read_sizes(const uint8_t *info, const char **why)
{
	int err = in_memory_add(0, (uint64_t)tw_load32(info + MB_MEM_LOWER) << 10, TW_MEM_RAM, why);

	if (err)
		return err;
	return in_memory_add(1u << 20, (uint64_t)tw_load32(info + MB_MEM_UPPER) << 10, TW_MEM_RAM,
			     why);
}

TW_INIT int multiboot_read(uint32_t info_pa, struct tw_boot *out, const char **why)
{
	const uint8_t *info = tw_phys_range(info_pa, MB_INFO_SIZE);
	uint32_t flags;
	bool strip;
	int err = 0;

	if (!info || !info_pa) {
		*why = "the Multiboot information lies outside memory";
		return -EINVAL;
	}
	out->protocol = "multiboot";
	out->rsdp = 0;
	out->modules_count = 0;
	flags = tw_load32(info + MB_FLAGS);
	strip = !is_grub2(info);
	if (!in_string(flags & MB_HAS_CMDLINE ? tw_load32(info + MB_CMDLINE) : 0, strip, "twoway",
		       out->cmdline)) {
		*why = "the Multiboot command line lies outside memory";
		return -EINVAL;
	}
	in_memory_start();
	if (flags & MB_HAS_MMAP)
		err = read_mmap(info, why);
	else if (flags & MB_HAS_MEM)
		err = read_sizes(info, why);
	if (!err)
		err = in_memory_finish(out, why);
	return err ? err : read_modules(info, strip, out, why);
}
