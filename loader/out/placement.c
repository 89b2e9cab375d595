/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Placing a nested guest. The kernel decides first, since most have one address only (1 MB or
 * 16 MB), and that is where boot loaders put our modules too; then what lies in its way moves to
 * the top of memory, and the boot information goes to the top as well, far from where small kernels
 * take the memory behind their own end. The place that a module has left is not used again: then no
 * copy can spoil the source of a later one, in whatever order they are made.
 */
#include <errno.h>
#include <string.h>

#include "image_fail.h"
#include "placement.h"

#define LOW_MEMORY 0x100000ull /* below it only what the kernel itself wants there */
#define LAST_PAGE  (UINT64_MAX - TW_PAGE_SIZE) /* so that ends can be rounded up */

static int check_map(const struct nested_image_request *req, const char **why)
{
	uint64_t end = 0;

	if (req->map_count > TW_MAX_REGIONS)
		return tw_fail(-E2BIG, why, "the guest's memory map has more than 128 entries");
	for (unsigned int i = 0; i < req->map_count; i++) {
		const struct tw_region *r = &req->map[i];

		if (r->base < end || r->size > UINT64_MAX - r->base)
			return tw_fail(-EINVAL, why,
				       "the guest's memory map is not in order or overlaps");
		end = r->base + r->size;
	}
	return 0;
}

int placement_start(struct placement *p, const struct nested_image_request *req, const char **why)
{
	int rc = check_map(req, why);

	memset(p, 0, sizeof(*p));
	p->req = req;
	if (rc)
		return rc;
	if (!req->modules_count || req->modules_count > TW_MAX_MODULES)
		return tw_fail(-EINVAL, why, "there is no guest kernel, or too many modules");
	for (unsigned int i = 0; i < req->map_count; i++) {
		const struct tw_region *r = &req->map[i];

		if (r->type == TW_MEM_RAM)
			placement_add(&p->ram, r->base, r->base + r->size);
	}
	for (unsigned int i = 0; i < req->keep_out_count; i++) {
		const struct tw_region *r = &req->keep_out[i];
		uint64_t room = UINT64_MAX - r->base;

		placement_cut(&p->ram, r->base, r->base + (r->size < room ? r->size : room));
	}
	for (unsigned int i = 0; i < req->modules_count; i++) {
		const struct tw_module *m = &req->modules[i];

		if (m->base > LAST_PAGE || m->size > LAST_PAGE - m->base)
			return tw_fail(-EINVAL, why, "a boot module's range wraps");
		p->modules[i] = (struct placement_module){m->base, m->size, m->cmdline};
	}
	p->modules_count = req->modules_count;
	return 0;
}

struct tw_bytes placement_image(const struct placement *p)
{
	const struct placement_module *m = &p->modules[0];

	if (!m->size)
		return (struct tw_bytes){0};
	return (struct tw_bytes){p->req->memory(m->base, m->size), m->size};
}

/* Would more memory have helped? */
static bool beyond_ram(const struct placement *p, uint64_t end)
{
	for (unsigned int i = 0; i < p->ram.count; i++)
		if (p->ram.r[i].end >= end)
			return false;
	return true;
}

int placement_take(struct placement *p, uint64_t base, uint64_t size, const char **why)
{
	if (placement_inside(&p->ram, base, size) && base + size <= PLACEMENT_4G) {
		placement_add(&p->taken, base, base + size);
		return 0;
	}
	if (size < PLACEMENT_4G && base < PLACEMENT_4G - size && beyond_ram(p, base + size))
		return tw_fail(-ENOMEM, why,
			       "the kernel's own load address lies beyond the end of memory; give "
			       "the VM more");
	return tw_fail(
	    -ENOMEM, why,
	    "the kernel's own load address is no free memory here (the firmware or twoway "
	    "itself is there); use a kernel that is relocatable or linked elsewhere");
}

static bool can_stay(const struct placement *p, const struct placement_module *m, uint64_t limit)
{
	return !(m->base & ~TW_PAGE_MASK) && placement_inside(&p->ram, m->base, m->size) &&
	       !placement_touches(&p->taken, m->base, m->size) && m->base + m->size <= limit;
}

static int move_module(struct placement *p, struct placement_module *m, uint64_t limit,
		       const char **why)
{
	void *from = p->req->memory(m->base, m->size), *to;
	uint64_t base;

	if (!placement_highest(&p->free, m->size, TW_PAGE_SIZE, LOW_MEMORY, limit, &base))
		return tw_fail(
		    -ENOMEM, why,
		    "too little memory to move the boot modules out of the kernel's way; "
		    "give the VM more");
	to = p->req->memory(base, m->size);
	if (!from || !to)
		return tw_fail(-EINVAL, why, "a boot module lies outside memory");
	memcpy(to, from, m->size);
	placement_cut(&p->free, base, TW_ALIGN_UP(base + m->size, TW_PAGE_SIZE));
	m->base = base;
	return 0;
}

int placement_settle(struct placement *p, uint64_t limit, const char **why)
{
	p->free = p->ram;
	for (unsigned int i = 0; i < p->taken.count; i++)
		placement_cut(&p->free, p->taken.r[i].base & TW_PAGE_MASK,
			      TW_ALIGN_UP(p->taken.r[i].end, TW_PAGE_SIZE));
	for (unsigned int i = 0; i < p->modules_count; i++) {
		const struct placement_module *m = &p->modules[i];

		placement_cut(&p->free, m->base & TW_PAGE_MASK,
			      TW_ALIGN_UP(m->base + m->size, TW_PAGE_SIZE));
	}
	for (unsigned int i = 0; i < p->modules_count; i++) {
		struct placement_module *m = &p->modules[i];
		/* The image is only read from, by us: anywhere will do. */
		uint64_t top = i && limit < PLACEMENT_4G ? limit : PLACEMENT_4G;
		int rc = 0;

		if (m->size &&
		    (i ? !can_stay(p, m, top) : placement_touches(&p->taken, m->base, m->size)))
			rc = move_module(p, m, top, why);
		if (rc)
			return rc;
	}
	return 0;
}

int placement_alloc(struct placement *p, uint64_t size, uint64_t *pa, void **data, const char **why)
{
	if (!placement_highest(&p->free, size, TW_PAGE_SIZE, LOW_MEMORY, PLACEMENT_4G, pa))
		return tw_fail(
		    -ENOMEM, why,
		    "too little memory for the guest's boot information; give the VM more");
	placement_cut(&p->free, *pa, TW_ALIGN_UP(*pa + size, TW_PAGE_SIZE));
	*data = p->req->memory(*pa, size);
	if (!*data)
		return tw_fail(-EINVAL, why, "memory of the map cannot be reached");
	memset(*data, 0, size);
	return 0;
}

int placement_string(struct placement *p, const char *text, uint64_t *pa, const char **why)
{
	size_t size = strlen(text) + 1;
	void *data;
	int rc = placement_alloc(p, size, pa, &data, why);

	if (!rc)
		memcpy(data, text, size);
	return rc;
}

int placement_write(struct placement *p, uint64_t base, struct tw_bytes bytes, uint64_t memory_size,
		    const char **why)
{
	uint8_t *to = p->req->memory(base, memory_size);

	if (!to)
		return tw_fail(-EINVAL, why, "memory of the map cannot be reached");
	if (bytes.size)
		memcpy(to, bytes.data, bytes.size);
	memset(to + bytes.size, 0, memory_size - bytes.size);
	return 0;
}
