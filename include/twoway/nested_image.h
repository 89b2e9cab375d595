/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Starting an unmodified guest kernel in nested mode (loader/out): from the image as the boot
 * loader left it to the register state that an SVM or VMX backend loads. Nested mode has no ABI of
 * its own for booting: a kernel is started as its own boot loader would have started it, by the
 * Linux boot protocol, Multiboot 1 or PVH, whichever the image has.
 *
 * Everything read is hostile and checked. All memory goes through the request's own accessor, so
 * the same code runs in the shim, in unit tests and in fuzzers. Boot only.
 */
#ifndef TWOWAY_NESTED_IMAGE_H
#define TWOWAY_NESTED_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/boot.h"
#include "twoway/image.h"

/* How a guest is started, best first. */
enum nested_image_kind {
	NESTED_IMAGE_LINUX64,	/* bzImage, 64-bit entry */
	NESTED_IMAGE_LINUX32,	/* bzImage, 32-bit entry */
	NESTED_IMAGE_MULTIBOOT, /* Multiboot 1: ELF or address fields */
	NESTED_IMAGE_PVH,	/* ELF with XEN_ELFNOTE_PHYS32_ENTRY */
	NESTED_IMAGE_KINDS
};

/* "linux64", "linux32", "multiboot", "pvh": for log and ledger. Boot-only memory. */
const char *nested_image_kind_name(enum nested_image_kind kind);

/*
 * Which of them an image has: bit n for kind n, 0 for none. Reads only. *why tells, when there is
 * none, what was looked for or what is wrong with the one that was found.
 */
unsigned int nested_image_kinds(struct tw_bytes image, const char **why);

struct nested_image_request {
	/*
	 * As the boot loader gave them (struct tw_boot): [0] is the kernel with its command line,
	 * then the initrd and any further modules. At least one.
	 */
	const struct tw_module *modules;
	unsigned int modules_count;
	/*
	 * The memory map that the guest shall see, ascending, not overlapping, RAM page-aligned (as
	 * in struct tw_boot), at most TW_MAX_REGIONS. What the shim keeps is not RAM in it but
	 * TW_MEM_RESERVED: a hole would invite the guest to put device windows there.
	 */
	const struct tw_region *map;
	unsigned int map_count;
	/*
	 * RAM of the map where nothing may be written yet (boot-only parts of the shim that still
	 * run). Types are not looked at. An image with a fixed address in there cannot be started.
	 */
	const struct tw_region *keep_out;
	unsigned int keep_out_count;
	uint64_t rsdp; /* physical address of ACPI's root pointer, 0 = not known */
	bool entry32;  /* start a bzImage in 32-bit mode even where it has a 64-bit entry */
	/*
	 * bytes bytes of physical memory at pa, readable and writable; NULL when they cannot be
	 * reached. In the shim hw_phys(), elsewhere a mock.
	 */
	void *(*memory)(uint64_t pa, uint64_t bytes);
};

/*
 * A segment register with its hidden part. attr is in SVM's packed form (descriptor bits 40-47 in
 * bits 0-7, bits 52-55 in bits 8-11). VMX wants (attr & 0xff) | (attr & 0xf00) << 4.
 */
struct nested_image_segment {
	uint16_t selector, attr;
	uint32_t limit; /* in bytes: granularity is already applied */
	uint64_t base;
};

/*
 * The boot CPU at the guest's first instruction, interrupts off. Registers that are not named are
 * 0; the IDT is empty (limit 0), the LDT null. The backend adds what it needs itself (EFER.SVME,
 * CR4.VMXE and CR0.NE under VMX).
 */
struct nested_image_start {
	enum nested_image_kind kind;
	bool long_mode; /* 64-bit code with paging on; otherwise 32-bit, paging off */
	uint64_t cr0, cr3, cr4, efer;
	uint64_t rip, rsp, rflags;
	uint64_t rax, rbx, rsi;
	struct nested_image_segment cs, data /* DS, ES, FS, GS, SS */, tr;
	uint64_t gdt_base;
	uint16_t gdt_limit;
	/* For the log: where the kernel and the first further module (size 0: none) came to lie. */
	uint64_t image_low, image_high;
	uint64_t initrd, initrd_size;
};

/*
 * Place the guest's kernel, modules and boot information and tell how to start it. Modules that are
 * in the way are moved to the top of memory first. 0, or a negative errno (as in twoway/image.h,
 * and -ENOMEM when there is no room) with *why set to one static line; memory may be changed by
 * then.
 */
int nested_image_load(const struct nested_image_request *req, struct nested_image_start *start,
		      const char **why);

#endif /* TWOWAY_NESTED_IMAGE_H */
