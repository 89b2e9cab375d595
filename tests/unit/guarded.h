/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Memory that ends where a page without any rights begins. The address sanitizer does not see what
 * the decompression libraries do, as they are not built with it; this stops them at the first byte.
 */
#ifndef TESTS_GUARDED_H
#define TESTS_GUARDED_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define GUARD_PAGE 4096ul

static inline size_t guarded_room(size_t size)
{
	return (size + GUARD_PAGE - 1) & ~(GUARD_PAGE - 1);
}

/* size bytes that end at a guard page; guarded_free() with the same size gives them back. */
static inline uint8_t *guarded_alloc(size_t size)
{
	size_t room = guarded_room(size);
	uint8_t *p = mmap(NULL, room + GUARD_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || mprotect(p + room, GUARD_PAGE, PROT_NONE))
		abort();
	return p + room - size;
}

static inline void guarded_free(uint8_t *p, size_t size)
{
	if (p)
		munmap(p + size - guarded_room(size), guarded_room(size) + GUARD_PAGE);
}

#endif /* TESTS_GUARDED_H */
