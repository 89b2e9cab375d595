/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Multiboot information that a guest finds in EBX: memory sizes and map, command line, modules
 * with their strings, the loader's name. All of it lies below 4 GB, so 32 bits hold every address.
 */
#include <stddef.h>
#include <string.h>

#include "nested_start.h"

#define HAS_MEMORY  (1u << 0)
#define HAS_CMDLINE (1u << 2)
#define HAS_MODULES (1u << 3)
#define HAS_MAP	    (1u << 6)
#define HAS_LOADER  (1u << 9)

struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, loader_name;
	uint32_t apm_table, vbe[4], framebuffer[6]; /* not offered: zero */
};
_Static_assert(offsetof(struct info, mmap_length) == 44 && offsetof(struct info, loader_name) == 64,
	       "the layout of the specification, section 3.3");

struct info_module {
	uint32_t start, end, string, reserved;
};

struct info_map_entry {
	uint32_t size; /* of what follows */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

#define LOW_MAX 0xa0000ull
#define ONE_MB	0x100000ull

/* KB of RAM without a hole from base on, at most to limit. */
static uint32_t run_kb(const struct nested_image_request *req, uint64_t base, uint64_t limit)
{
	uint64_t end = base;

	for (unsigned int i = 0; i < req->map_count; i++) {
		const struct tw_region *r = &req->map[i];

		if (r->type == TW_MEM_RAM && r->base <= end && r->base + r->size > end)
			end = r->base + r->size;
	}
	return (uint32_t)(((end < limit ? end : limit) - base) >> 10);
}

static int add_map(struct placement *p, struct info *info, const char **why)
{
	struct info_map_entry *entry;
	uint64_t pa, bytes = p->req->map_count * sizeof(*entry);
	void *data;
	int rc = placement_alloc(p, bytes, &pa, &data, why);

	if (rc)
		return rc;
	entry = data;
	for (unsigned int i = 0; i < p->req->map_count; i++) {
		const struct tw_region *r = &p->req->map[i];

		entry[i] = (struct info_map_entry){sizeof(*entry) - sizeof(entry->size), r->base,
						   r->size, r->type};
	}
	info->mmap_addr = (uint32_t)pa;
	info->mmap_length = (uint32_t)bytes;
	return 0;
}

static int add_modules(struct placement *p, struct info *info, const char **why)
{
	struct info_module *out;
	uint64_t pa, string;
	void *data;
	int rc;

	if (p->modules_count < 2)
		return 0;
	rc = placement_alloc(p, (p->modules_count - 1) * sizeof(*out), &pa, &data, why);
	out = data;
	for (unsigned int i = 1; i < p->modules_count && !rc; i++, out++) {
		const struct placement_module *m = &p->modules[i];

		rc = placement_string(p, m->cmdline, &string, why);
		if (!rc)
			*out = (struct info_module){
			    (uint32_t)m->base, (uint32_t)(m->base + m->size), (uint32_t)string, 0};
	}
	info->mods_addr = (uint32_t)pa;
	info->mods_count = p->modules_count - 1;
	return rc;
}

int multiboot_info(struct placement *p, uint64_t *pa, const char **why)
{
	struct info *info;
	uint64_t cmdline, name;
	void *data;
	int rc = placement_alloc(p, sizeof(*info), pa, &data, why);

	if (rc)
		return rc;
	info = data;
	info->flags = HAS_MEMORY | HAS_CMDLINE | HAS_MODULES | HAS_MAP | HAS_LOADER;
	info->mem_lower = run_kb(p->req, 0, LOW_MAX);
	info->mem_upper = run_kb(p->req, ONE_MB, PLACEMENT_4G);
	rc = placement_string(p, p->modules[0].cmdline, &cmdline, why);
	if (!rc)
		rc = placement_string(p, "twoway", &name, why);
	if (!rc)
		rc = add_map(p, info, why);
	if (!rc)
		rc = add_modules(p, info, why);
	if (rc)
		return rc;
	info->cmdline = (uint32_t)cmdline;
	info->loader_name = (uint32_t)name;
	return 0;
}
