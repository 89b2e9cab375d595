/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * twoway's VMI ROM as a file that somebody puts into memory: a BIOS at POST (shim/vmi/header.S), or our
 * own loader, which starts a kernel after POST (loader/out/vmi_rom.c). Both make the ROM longer by what it
 * needs zeroed behind its file. How much that is stands in a byte that VMI's header leaves free. Assembly
 * may include the numbers.
 */
#ifndef TWOWAY_VMI_ROM_H
#define TWOWAY_VMI_ROM_H

/* Bytes of the header that are ours (VMI: reserved, 32 to 127). */
#define VMI_ROM_OPTIONS	 32 /* bit 0: serve all calls by code */
#define VMI_ROM_CHECKSUM 33 /* makes the sum of all bytes 0 */
#define VMI_ROM_MORE	 34 /* blocks of 512 bytes by which it must grow before vmi_init */

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stdint.h>

#include "twoway/boot.h"
#include "twoway/image.h"

struct vmi_rom_request {
	struct tw_bytes rom;
	/* bytes bytes of physical memory at pa, NULL when they cannot be reached. */
	void *(*memory)(uint64_t pa, uint64_t bytes);
	/* Let [pa, end) below 1 MB be written, where a chipset keeps that from us. */
	void (*unlock)(uint32_t pa, uint32_t end);
};

struct vmi_rom_place {
	uint32_t base, size; /* physical, bytes */
	bool found;	     /* a VMI ROM was there before: guests take the first, so ours was not put */
};

/*
 * Put the ROM behind the option ROMs that are there, where guests look for it, grown and with a right
 * checksum. 0, or with *why: -EINVAL (it is no VMI ROM), -ENOSPC (no room), -EACCES (that memory
 * cannot be written).
 */
int vmi_rom_place(const struct vmi_rom_request *req, struct vmi_rom_place *place, const char **why);

/* ---- loader/out/map.c ---- */

/* The memory map in ascending order. */
void tw_map_sort(struct tw_boot *boot);
/*
 * Make [base, base + size) reserved in a sorted map, whatever it was, RAM or a hole. False when the map
 * has no room for the pieces: nothing is changed then.
 */
bool tw_map_reserve(struct tw_boot *boot, uint64_t base, uint64_t size);
#endif /* __ASSEMBLY__ */

#endif /* TWOWAY_VMI_ROM_H */
