/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The nested loaders, fed with any image beside any modules: the first bytes of the input choose
 * where image and modules lie and what is kept out, the rest is the image. The sanitizers see reads
 * behind the image and writes outside memory; here it is checked that nothing is written where the
 * shim still runs or where there is no RAM, and that a guest that can be started finds what it was
 * promised.
 */
#include <asm/bootparam.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>

#define IB_PHDRS 4
#define IB_SHDRS 4
#include "../unit/image_builder.h"
#include "twoway/attr.h"
#include "twoway/nested_image.h"

#define MEMORY	(4ul << 20)
#define KEPT	0x4000ul /* bytes of boot-only parts of the shim */
#define SHIM_AT (MEMORY - 0x8000)
#define CANARY	0x5a
#define CHOICES 8 /* bytes of the input that are not the image */
#define LINK_AT 0x200000
#define INITRD	0x2345

static uint8_t *memory;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_nested_image: broken promise: %s\n", what);
	abort();
}

static void *get(uint64_t pa, uint64_t bytes)
{
	if (pa >= MEMORY || bytes > MEMORY - pa)
		return NULL;
	return memory + pa;
}

/* Compared with itself one further on, since that is a single fast call. */
static bool holds(uint64_t pa, uint64_t size, uint8_t value)
{
	return memory[pa] == value && !memcmp(memory + pa, memory + pa + 1, size - 1);
}

static bool apart(const struct nested_image_start *start, uint64_t base, uint64_t size)
{
	return base + size <= start->image_low || base >= start->image_high;
}

static void check_start(const struct nested_image_start *start)
{
	uint64_t info = start->kind <= NESTED_IMAGE_LINUX32 ? start->rsi : start->rbx;

	require(start->image_low < start->image_high && start->image_high <= SHIM_AT,
		"the kernel lies in RAM");
	require(start->rip >= start->image_low && start->rip < start->image_high,
		"the entry lies in the kernel");
	require(get(info, TW_PAGE_SIZE) && info >= 0x100000, "the boot information is there");
	require(get(start->gdt_base, start->gdt_limit + 1u), "the GDT is there");
	require(!start->long_mode || get(start->cr3, 6 * TW_PAGE_SIZE), "page tables are there");
	/* ELF segments may leave room between them, where the rest may lie. */
	if (start->kind <= NESTED_IMAGE_LINUX32)
		require(apart(start, info, TW_PAGE_SIZE) &&
			    apart(start, start->initrd, start->initrd_size) &&
			    apart(start, start->gdt_base, TW_PAGE_SIZE),
			"nothing lies on the kernel");
	if (start->initrd_size)
		require(holds(start->initrd, start->initrd_size, 0x11), "the initrd is whole");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tw_module modules[3];
	const struct tw_region map[] = {{0, 0x9f000, TW_MEM_RAM},
					{0x100000, SHIM_AT - 0x100000, TW_MEM_RAM},
					{SHIM_AT, MEMORY - SHIM_AT, TW_MEM_RESERVED}};
	/* In the way of nothing, of the kernel, of what goes to the top. */
	static const uint64_t kept_at[] = {0x180000, LINK_AT + 0x2000, SHIM_AT - KEPT};
	const uint64_t kept = kept_at[size ? data[0] / 3 % 3 : 0];
	const struct tw_region keep_out = {kept, KEPT, 0};
	struct nested_image_request req = {.modules = modules,
					   .map = map,
					   .map_count = 3,
					   .keep_out = &keep_out,
					   .keep_out_count = 1,
					   .memory = get};
	struct nested_image_start start;
	const char *why = NULL;

	if (size < CHOICES || size > 0x40000)
		return -1;
	if (!memory)
		memory = malloc(MEMORY);
	memset(memory + kept, CANARY, KEPT);
	memset(memory + SHIM_AT, CANARY, MEMORY - SHIM_AT);
	memset(memory + 0x9f000, CANARY, 0x61000);
	req.modules_count = 1 + data[0] % 3;
	modules[0].base = 0x280000 + (uint64_t)data[1] * 0x101;
	modules[0].size = size - CHOICES;
	memcpy(modules[0].cmdline, "quiet", 6);
	for (unsigned int i = 1; i < req.modules_count; i++) {
		modules[i].base = 0x300000 + 0x8000 * i + (uint64_t)data[2 * i] * 16;
		modules[i].size = data[2 * i + 1] & 1 ? INITRD : 0;
		memset(memory + modules[i].base, 0x11 * (int)i, INITRD);
	}
	memcpy(memory + modules[0].base, data + CHOICES, modules[0].size);
	if (nested_image_load(&req, &start, &why))
		require(why, "an error has its line");
	else
		check_start(&start);
	require(holds(kept, KEPT, CANARY) && holds(SHIM_AT, MEMORY - SHIM_AT, CANARY) &&
		    holds(0x9f000, 0x61000, CANARY),
		"the shim's memory and what is no RAM stay as they are");
	return 0;
}

/* --- good images to begin with --- */

static struct tw_bytes seed_linux(unsigned int seed)
{
	size_t size = 0x2000;
	uint8_t *file = calloc(1, size);
	struct setup_header h = {.setup_sects = 1,
				 .syssize = 0x10,
				 .boot_flag = 0xaa55,
				 .jump = 0x6aeb,
				 .header = 0x53726448,
				 .version = 0x20f,
				 .loadflags = 1,
				 .initrd_addr_max = 0x7fffffff,
				 .kernel_alignment = 0x1000,
				 .relocatable_kernel = seed & 1,
				 .xloadflags = seed >> 1 & 1,
				 .cmdline_size = 255,
				 .pref_address = seed & 16 ? 0x284000 : LINK_AT,
				 .init_size = 0x20000};

	memcpy(file + 0x1f1, &h, sizeof(h));
	return (struct tw_bytes){file, size};
}

static struct tw_bytes seed_elf(unsigned int seed)
{
	uint32_t header[8] = {0x1badb002, seed & 1 ? 1u << 16 : 3};
	struct image_builder *ib = malloc(sizeof(*ib));
	struct tw_bytes file;

	header[2] = -(header[0] + header[1]);
	header[3] = LINK_AT + (uint32_t)IB_BODY_AT;
	header[4] = header[7] = LINK_AT;
	ib_start(ib, seed & 2);
	ib->e.e_entry = LINK_AT + 0x20;
	ib_segment(ib, PT_LOAD, LINK_AT, LINK_AT, 0x100, 0x3000);
	if (seed & 4)
		memcpy(ib->body, header, sizeof(header));
	ib_segment(ib, PT_LOAD, LINK_AT + 0x8000, LINK_AT + 0x8000, 0x40, 0x1000);
	ib_notes_begin(ib);
	ib_note_u32(ib, XEN_ELFNOTE_PHYS32_ENTRY, LINK_AT + 0x10);
	ib_notes_end(ib);
	file = ib_finish(ib);
	free(ib);
	return file;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* An input too small to be anything becomes a good image; any other is changed as usual. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct tw_bytes image;

	if (size >= CHOICES + 16)
		return LLVMFuzzerMutate(data, size, max_size);
	image = seed & 8 ? seed_linux(seed) : seed_elf(seed);
	if (image.size + CHOICES <= max_size) {
		for (unsigned int i = 0; i < CHOICES; i++)
			data[i] = (uint8_t)(seed >> i);
		memcpy(data + CHOICES, image.data, image.size);
		size = image.size + CHOICES;
	}
	free((void *)image.data);
	return size;
}
