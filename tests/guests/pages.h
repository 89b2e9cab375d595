/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Fresh pages for small programs that run in a guest (tests/bench, tests/guests/nested). */
#ifndef TESTS_GUESTS_PAGES_H
#define TESTS_GUESTS_PAGES_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096ul

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Anonymous private memory that no page has been touched of. */
static inline char *map_pages(size_t pages)
{
	char *memory =
	    mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

#endif /* TESTS_GUESTS_PAGES_H */
