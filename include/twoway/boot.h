/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the boot loader told us, in one form for all boot protocols (filled by loader/in). */
#ifndef TWOWAY_BOOT_H
#define TWOWAY_BOOT_H

#include <stdint.h>

#define TW_MAX_REGIONS 128
#define TW_MAX_MODULES 8
#define TW_CMDLINE_MAX 2048

/* Memory types, as in the e820 map. */
#define TW_MEM_RAM	1
#define TW_MEM_RESERVED 2
#define TW_MEM_ACPI	3
#define TW_MEM_NVS	4

struct tw_region {
	uint64_t base; /* physical, bytes */
	uint64_t size; /* bytes */
	uint32_t type; /* TW_MEM_* */
};

struct tw_module {
	uint64_t base; /* physical, bytes */
	uint64_t size;
	char cmdline[TW_CMDLINE_MAX]; /* without the image's own name */
};

struct tw_boot {
	const char *protocol; /* "multiboot", "pvh" */
	char cmdline[TW_CMDLINE_MAX];
	unsigned int regions_count;
	struct tw_region regions[TW_MAX_REGIONS];
	unsigned int modules_count;
	struct tw_module modules[TW_MAX_MODULES];
	uint64_t rsdp; /* physical address of ACPI's root pointer, 0 = not told: scan */
};

#endif /* TWOWAY_BOOT_H */
