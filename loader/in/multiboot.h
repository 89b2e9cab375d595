/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Multiboot 1 as far as the shim reads it (GNU Multiboot Specification 0.6.96). Byte offsets, since
 * the structures are read from memory that may be unaligned and out of reach.
 */
#ifndef LOADER_IN_MULTIBOOT_H
#define LOADER_IN_MULTIBOOT_H

#define MB_INFO_SIZE   88 /* without VBE and framebuffer, which are not read */
#define MB_FLAGS       0
#define MB_MEM_LOWER   4 /* KB from 0 */
#define MB_MEM_UPPER   8 /* KB from 1 MB */
#define MB_CMDLINE     16
#define MB_MODS_COUNT  20
#define MB_MODS_ADDR   24
#define MB_MMAP_LENGTH 44
#define MB_MMAP_ADDR   48
#define MB_LOADER_NAME 64

/* Bits of MB_FLAGS: which fields hold something. */
#define MB_HAS_MEM     (1u << 0)
#define MB_HAS_CMDLINE (1u << 2)
#define MB_HAS_MODS    (1u << 3)
#define MB_HAS_MMAP    (1u << 6)
#define MB_HAS_LOADER  (1u << 9)

/* A module: start, end (exclusive), string, reserved. */
#define MB_MOD_SIZE   16
#define MB_MOD_START  0
#define MB_MOD_END    4
#define MB_MOD_STRING 8

/* A memory map entry: its size without this field, then base, length, type as in e820. */
#define MB_MMAP_SIZE 0
#define MB_MMAP_BASE 4
#define MB_MMAP_LEN  12
#define MB_MMAP_TYPE 20
#define MB_MMAP_MIN  20 /* smallest value of the size field */

#endif /* LOADER_IN_MULTIBOOT_H */
