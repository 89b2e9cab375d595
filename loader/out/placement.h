/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where everything of a nested guest lies at its start: internal header of the nested loaders. The
 * order of use is: start, find or fits, take (once per piece of the kernel), settle, then alloc.
 */
#ifndef LOADER_OUT_PLACEMENT_H
#define LOADER_OUT_PLACEMENT_H

#include "twoway/attr.h"
#include "twoway/nested_image.h"

#define PLACEMENT_4G 0x100000000ull

/*
 * Each region of the map, keep-out, module and allocation can split a piece of memory in two at
 * most; there are fewer than 256 of them together. A list that would overflow loses the piece
 * instead.
 */
#define PLACEMENT_RANGES 384

struct placement_range {
	uint64_t base, end; /* bytes, [base, end) */
};

struct placement_list {
	unsigned int count;
	struct placement_range r[PLACEMENT_RANGES]; /* ascending, apart from each other */
};

struct placement_module {
	uint64_t base, size;
	const char *cmdline;
};

struct placement {
	const struct nested_image_request *req;
	struct placement_list ram;   /* where the kernel may go: RAM without keep-outs */
	struct placement_list free;  /* where the loader may put things: filled by settle */
	struct placement_list taken; /* the kernel's pieces */
	unsigned int modules_count;  /* [0] is the image itself */
	struct placement_module modules[TW_MAX_MODULES];
};

/* ---- placement_list.c ---- */

/* Add [base, end), joined with what it touches. */
void placement_add(struct placement_list *list, uint64_t base, uint64_t end);
/* Cut [base, end) out. */
void placement_cut(struct placement_list *list, uint64_t base, uint64_t end);
/* Is all of [base, base + size) in it? False when that wraps. */
bool placement_inside(const struct placement_list *list, uint64_t base, uint64_t size);
/* Is any of [base, base + size) in it? */
bool placement_touches(const struct placement_list *list, uint64_t base, uint64_t size);
/*
 * The lowest (highest) address, a multiple of align, of size bytes in the list that lie in
 * [from, limit). align is a power of two. False when there are none.
 */
bool placement_lowest(const struct placement_list *list, uint64_t size, uint64_t align,
		      uint64_t from, uint64_t limit, uint64_t *base);
bool placement_highest(const struct placement_list *list, uint64_t size, uint64_t align,
		       uint64_t from, uint64_t limit, uint64_t *base);

/* ---- placement.c ---- */

/* Check the request and begin. 0, or -EINVAL, -E2BIG with *why. */
int placement_start(struct placement *p, const struct nested_image_request *req, const char **why);
/* The image's bytes where they are now; .data NULL when they cannot be reached. */
struct tw_bytes placement_image(const struct placement *p);
/* A piece of the kernel goes to [base, base + size). -ENOMEM when that is not all free RAM below 4
 * GB. */
int placement_take(struct placement *p, uint64_t base, uint64_t size, const char **why);
/*
 * Move the modules (the image too) that are in the way of what was taken, that are not wholly in
 * the guest's RAM, that do not begin on a page boundary or that reach beyond limit.
 */
int placement_settle(struct placement *p, uint64_t limit, const char **why);
/* Zeroed, page-aligned memory below 4 GB for boot information; -ENOMEM when there is none. */
int placement_alloc(struct placement *p, uint64_t size, uint64_t *pa, void **data,
		    const char **why);
/* The same with a string in it. */
int placement_string(struct placement *p, const char *text, uint64_t *pa, const char **why);
/* Write a piece of the kernel: bytes, then zeros up to memory_size. The place was taken before. */
int placement_write(struct placement *p, uint64_t base, struct tw_bytes bytes, uint64_t memory_size,
		    const char **why);

#endif /* LOADER_OUT_PLACEMENT_H */
