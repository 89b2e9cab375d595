/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * malloc for the decompression libraries while the shim boots. The heap is one run of memory that
 * is later the guest's, used as a stack of blocks: a block that is freed is taken back as soon as
 * nothing that still lives lies above it. That is how the libraries work (set up, run, tear down),
 * it costs a handful of instructions a call, and it cannot fragment while one stream is unpacked.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "twoway/image.h"

#define ALIGNMENT 16ul

struct block { /* stands before the memory that it describes */
	struct block *below;
	bool free;
} __attribute__((aligned(ALIGNMENT)));

static struct block *top; /* highest block in use */
static uintptr_t next;	  /* first free byte, aligned */
static uintptr_t end;

void tw_heap_init(void *base, size_t size)
{
	uintptr_t first = (uintptr_t)base, limit = first + size;

	next = (first + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	end = limit > next ? limit : next;
	top = NULL;
}

size_t tw_heap_left(void)
{
	return end - next;
}

void *malloc(size_t size)
{
	struct block *block = (struct block *)next;
	size_t left = end - next;

	if (left < sizeof(*block) || size > left - sizeof(*block))
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (size > left - sizeof(*block))
		return NULL;
	block->below = top;
	block->free = false;
	top = block;
	next += sizeof(*block) + size;
	return block + 1;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	p = malloc(bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

void free(void *p)
{
	if (!p)
		return;
	((struct block *)p - 1)->free = true;
	for (; top && top->free; top = top->below)
		next = (uintptr_t)top;
}
