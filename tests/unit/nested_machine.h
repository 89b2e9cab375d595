/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A machine for the nested loaders' tests: RAM from 0 on as one heap block (so that the address
 * sanitizer sees what is written outside), a memory map as a PC has it, and boot modules where a
 * test wants them. The load itself is wrapped so that each test reads as: put, load, look.
 */
#ifndef TESTS_NESTED_MACHINE_H
#define TESTS_NESTED_MACHINE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "twoway/attr.h"
#include "twoway/nested_image.h"

#define MACHINE_SIZE (64ul << 20)
#define MACHINE_RSDP 0xf5a30ull
#define MACHINE_SHIM 0x3e00000ull /* the shim's resident memory, to the end */
#define MACHINE_LOW  0x9f000ull	  /* end of RAM below 1 MB */
#define MACHINE_FLAT 0x11ull	  /* CR0 without paging */
#define MACHINE_CODE 0x10
#define MACHINE_DATA 0x18

static struct tw_module machine_modules[TW_MAX_MODULES];
static struct tw_region machine_map[TW_MAX_REGIONS], machine_keep_out[4];
static struct nested_image_request machine;
static struct nested_image_start started;
static const char *machine_why;

static inline void *machine_memory(uint64_t pa, uint64_t bytes)
{
	uint8_t *start = hw_phys(pa);

	if (!bytes || !start || bytes > MACHINE_SIZE ||
	    hw_phys(pa + bytes - 1) != start + bytes - 1)
		return NULL;
	return start;
}

static inline void machine_reset(void)
{
	static const struct tw_region map[] = {
	    {0, MACHINE_LOW, TW_MEM_RAM},
	    {MACHINE_LOW, 0x100000 - MACHINE_LOW, TW_MEM_RESERVED},
	    {0x100000, MACHINE_SHIM - 0x100000, TW_MEM_RAM},
	    {MACHINE_SHIM, MACHINE_SIZE - MACHINE_SHIM, TW_MEM_RESERVED},
	    {0xfec00000, 0x1000, TW_MEM_NVS},
	};

	mock_reset();
	mock_ram(0, MACHINE_SIZE);
	memset(machine_modules, 0, sizeof(machine_modules));
	memcpy(machine_map, map, sizeof(map));
	machine = (struct nested_image_request){
	    .modules = machine_modules,
	    .map = machine_map,
	    .map_count = TW_ARRAY_SIZE(map),
	    .keep_out = machine_keep_out,
	    .rsdp = MACHINE_RSDP,
	    .memory = machine_memory,
	};
}

/* A boot module at an address, with a string. */
static inline void machine_module(uint64_t base, const void *data, size_t size, const char *cmdline)
{
	struct tw_module *m = &machine_modules[machine.modules_count++];

	m->base = base;
	m->size = size;
	strcpy(m->cmdline, cmdline);
	if (size)
		memcpy(hw_phys(base), data, size);
}

/* A module filled with a byte. */
static inline void machine_filled(uint64_t base, uint8_t fill, size_t size, const char *cmdline)
{
	machine_module(base, NULL, 0, cmdline);
	machine_modules[machine.modules_count - 1].size = size;
	memset(hw_phys(base), fill, size);
}

static inline int machine_load(void)
{
	machine_why = NULL;
	return nested_image_load(&machine, &started, &machine_why);
}

#define ck_loaded()                                                                                \
	do {                                                                                       \
		int rc_ = machine_load();                                                          \
		ck_assert_msg(!rc_, "%d: %s", rc_, machine_why);                                   \
	} while (0)

/* The load fails with an error whose line contains text. */
#define ck_refused(error, text)                                                                    \
	do {                                                                                       \
		ck_assert_int_eq(machine_load(), error);                                           \
		ck_assert_ptr_nonnull(machine_why);                                                \
		ck_assert_msg(strstr(machine_why, text), "%s", machine_why);                       \
	} while (0)

/* size bytes at pa all hold a value. */
static inline bool machine_holds(uint64_t pa, uint8_t value, size_t size)
{
	const uint8_t *p = machine_memory(pa, size);

	for (size_t i = 0; p && i < size; i++)
		if (p[i] != value)
			return false;
	return p;
}

/* Is [base, base + size) RAM of the map, and apart from the kernel? */
static inline bool machine_apart(uint64_t base, uint64_t size)
{
	return base >= 0x100000 && base + size <= MACHINE_SHIM &&
	       (base + size <= started.image_low || base >= started.image_high);
}

/* The GDT that both states share, and selectors that fit it. */
static inline void ck_segments(uint64_t code)
{
	const uint64_t *gdt = machine_memory(started.gdt_base, 32);

	ck_assert_ptr_nonnull(gdt);
	ck_assert(machine_apart(started.gdt_base, 32));
	ck_assert_uint_eq(started.gdt_limit, 31);
	ck_assert_uint_eq(gdt[2], code);
	ck_assert_uint_eq(gdt[3], 0x00cf93000000ffffull);
	ck_assert_uint_eq(started.cs.selector, MACHINE_CODE);
	ck_assert_uint_eq(started.data.selector, MACHINE_DATA);
	ck_assert_uint_eq(started.cs.limit, 0xffffffffu);
	ck_assert_uint_eq(started.data.limit, 0xffffffffu);
	ck_assert_uint_eq(started.data.attr, 0xc93);
	ck_assert_uint_eq(started.tr.attr, 0x8b);
	ck_assert_uint_eq(started.tr.limit, 0x67);
	ck_assert_uint_eq(started.rflags, 2);
}

/* 32-bit, flat, no paging. */
static inline void ck_flat_state(void)
{
	ck_assert(!started.long_mode);
	ck_assert_uint_eq(started.cr0, MACHINE_FLAT);
	ck_assert_uint_eq(started.cr4, 0);
	ck_assert_uint_eq(started.efer, 0);
	ck_assert_uint_eq(started.cs.attr, 0xc9b);
	ck_segments(0x00cf9b000000ffffull);
}

#endif /* TESTS_NESTED_MACHINE_H */
