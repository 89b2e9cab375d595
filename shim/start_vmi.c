/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * abi=vmi: the VMI ROM goes where guests look for it, the kernel where it wants to be, and then the shim
 * is gone: the ROM is all that a VMI guest needs, and it brings host sides of its own. So this mode keeps no
 * memory, starts no CPU and touches no device; the machine is the guest's as the firmware left it. The
 * kernel starts in 32-bit mode without paging, a bzImage by its 32-bit entry. Boot only.
 */
#include "shim/pam.h"
#include "shim/shim.h"
#include "twoway/nested_image.h"
#include "twoway/vmi_rom.h"

#define MAPPED (1ull << 32) /* what the boot page tables show */

/* vmi_rom.S, leave.S */
extern const char vmi_rom_file[], vmi_rom_file_end[], leave_begin[], leave_end[];

typedef void (*leave_fn)(uint64_t entry, uint64_t esi, uint64_t eax, uint64_t ebx, const void *gdtr)
	__attribute__((noreturn));

struct gdt_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static TW_INIT void *memory_at(uint64_t pa, uint64_t bytes)
{
	return pa < MAPPED && bytes <= MAPPED - pa ? hw_phys(pa) : NULL;
}

static TW_INIT void unlock(uint32_t pa, uint32_t end)
{
	pam_unlock((unsigned long)hw_phys(0), pa, end);
}

static TW_INIT void put_rom(struct tw_boot *boot)
{
	const struct vmi_rom_request request = {
		.rom = { (const uint8_t *)vmi_rom_file, (size_t)(vmi_rom_file_end - vmi_rom_file) },
		.memory = memory_at,
		.unlock = unlock,
	};
	struct vmi_rom_place place;
	const char *why = "";

	if (vmi_rom_place(&request, &place, &why))
		tw_fatal("abi=vmi: %s", why);
	if (!tw_map_reserve(boot, place.base, place.size))
		tw_fatal("abi=vmi: the memory map has too many pieces");
	log_banner("VMI guest, ROM at 0x%x%s, %llu MB", place.base, place.found ? " (not ours: it was there)" : "",
		   (unsigned long long)(memory_total + (1 << 20) - 1) >> 20);
}

/* RAM in whole pages, as loaders want it. */
static TW_INIT void align_map(struct tw_boot *boot)
{
	for (unsigned int i = 0; i < boot->regions_count; i++) {
		struct tw_region *r = &boot->regions[i];
		uint64_t start = TW_ALIGN_UP(r->base, TW_PAGE_SIZE), end = (r->base + r->size) & TW_PAGE_MASK;

		if (r->type == TW_MEM_RAM)
			*r = (struct tw_region){ start, end > start ? end - start : 0, TW_MEM_RAM };
	}
}

static TW_INIT void load(const struct tw_boot *boot, struct nested_image_start *start)
{
	const struct tw_region keep_out[] = {
		{ 0, TW_PAGE_SIZE, 0 },
		{ SHIM_TRAMPOLINE, TW_PAGE_SIZE, 0 },
		{ image_pa(image_start), (uint64_t)(shim_end - image_start), 0 },
	};
	const struct nested_image_request request = {
		.modules = boot->modules,
		.modules_count = boot->modules_count,
		.map = boot->regions,
		.map_count = boot->regions_count,
		.keep_out = keep_out,
		.keep_out_count = TW_ARRAY_SIZE(keep_out),
		.rsdp = boot->rsdp,
		.entry32 = true,
		.memory = memory_at,
	};
	const char *why = "";

	if (nested_image_load(&request, start, &why))
		tw_fatal("the kernel cannot be started: %s", why);
	tw_info("%s kernel at 0x%llx, entry 0x%llx", nested_image_kind_name(start->kind),
		(unsigned long long)start->image_low, (unsigned long long)start->rip);
}

/* The last code runs below 1 MB, where nothing of the guest lies: the image is the guest's memory already. */
static TW_INIT void __attribute__((noreturn)) leave(const struct nested_image_start *start)
{
	const struct gdt_register gdtr = { start->gdt_limit, start->gdt_base };

	__builtin_memcpy((void *)SHIM_TRAMPOLINE, leave_begin, (size_t)(leave_end - leave_begin));
	((leave_fn)SHIM_TRAMPOLINE)(start->rip, start->rsi, start->rax, start->rbx, &gdtr);
}

TW_INIT void start_vmi(struct tw_boot *boot)
{
	struct nested_image_start first;

	if (options.ledger)
		tw_warn("abi=vmi: there is no ledger, since the shim does not stay");
	align_map(boot);
	tw_map_sort(boot);
	put_rom(boot);
	load(boot, &first);
	leave(&first);
}
