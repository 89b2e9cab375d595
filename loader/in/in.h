/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Boot protocols, inbound: each reader copies what its boot loader left in memory to one struct
 * tw_boot, so that nobody later depends on memory that will be reused. The information is hostile:
 * strings are cut (with a warning), ranges that wrap are refused.
 */
#ifndef LOADER_IN_IN_H
#define LOADER_IN_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/boot.h"

/* Modules and memory map entries beyond this are not believed. */
#define IN_ENTRIES_MAX 4096

/*
 * Fill *out from Multiboot 1's information / PVH's hvm_start_info at that physical address. 0, or
 * -EINVAL (malformed), -E2BIG (does not fit struct tw_boot) with *why set to one line.
 */
int multiboot_read(uint32_t info_pa, struct tw_boot *out, const char **why);
int pvh_read(uint32_t start_info_pa, struct tw_boot *out, const char **why);

/*
 * bundle.c: when the only module is a bundle (a newc cpio archive), replace it by the modules inside, the
 * kernel first. 0 (also when it is none), or -EINVAL, -E2BIG with *why set to one line.
 */
int bundle_open(struct tw_boot *out, const char **why);

/* strings.c */

/*
 * Copy the string at pa to out[TW_CMDLINE_MAX]; what names it in the warning when it is cut. With
 * strip the first word (the file's name) goes. pa 0 gives "". False: out of reach.
 */
bool in_string(uint64_t pa, bool strip, const char *what, char *out);

/* memory.c: the memory map, collected raw, then put in order once. */

/* Start an empty map. */
void in_memory_start(void);
/* One raw entry; empty ones are dropped. 0 or a negative errno with *why. */
int in_memory_add(uint64_t base, uint64_t size, uint32_t type, const char **why);
/*
 * Sorted, not overlapping, neighbours of one type merged; where entries overlap RAM loses. RAM is
 * rounded inwards to pages. 0, or -EINVAL without any RAM, -E2BIG.
 */
int in_memory_finish(struct tw_boot *out, const char **why);

#endif /* LOADER_IN_IN_H */
