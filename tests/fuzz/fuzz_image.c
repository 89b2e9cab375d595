/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Everything that reads a guest image, fed with anything: the input is taken as a bzImage, as an
 * ELF file with notes, as a __xen_guest string and as each kind of compressed data, whose output is
 * read as ELF again. Besides what the sanitizers see, what the parsers promise is checked here:
 * each segment and note that is handed out lies where it is said to lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "image_seed.h"
#include "loader/out/notes.h"
#include "twoway/image.h"

#define OUT_MAX (256 << 10)
#define AREA	(4 << 20) /* more than OUT_MAX and any input */

static uint8_t *in_area, *out_area;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_image: broken promise: %s\n", what);
	abort();
}

/* Errors come with a line, success without wild values. */
static bool succeeded(int rc, const char *why)
{
	require(rc <= 0, "0 or a negative errno");
	require(!rc || why, "an error has its line");
	return !rc;
}

static void read_all(struct tw_bytes bytes)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < bytes.size; i++)
		sum = (uint8_t)(sum + bytes.data[i]);
}

static void check_segments(const struct tw_elf *elf)
{
	uint64_t end = elf->paddr_low;

	require(elf->segments_count > 0, "something to load");
	for (unsigned int i = 0; i < elf->segments_count; i++) {
		const struct tw_elf_segment *s = &elf->segments[i];

		require(s->memsz && s->filesz <= s->memsz, "sizes of a segment");
		require(s->paddr >= end, "segments sorted and apart");
		end = s->paddr + s->memsz;
		require(end >= s->paddr && s->vaddr + s->memsz >= s->vaddr, "segments do not wrap");
		read_all((struct tw_bytes){elf->file.data + s->offset, s->filesz});
	}
	require(end == elf->paddr_high, "the end of the image");
	for (unsigned int i = 0; i < elf->notes_count; i++)
		read_all(elf->notes[i]);
}

static void check_notes(const struct tw_xen_notes *notes)
{
	if (!notes->present)
		return;
	require(notes->virt_low < notes->virt_high, "the image does not wrap");
	if (notes->has_entry)
		require(notes->entry >= notes->virt_low && notes->entry < notes->virt_high,
			"the entry is inside");
	if (notes->has_hypercall_page)
		require(notes->hypercall_page >= notes->virt_low &&
			    notes->virt_high - notes->hypercall_page >= 4096,
			"the hypercall page is inside");
	require(strlen(notes->guest_os) < sizeof(notes->guest_os) &&
		    strlen(notes->unknown_feature) < sizeof(notes->unknown_feature),
		"strings are ended");
}

static void try_elf(struct tw_bytes file)
{
	struct tw_xen_notes notes;
	const char *why = NULL;
	struct tw_elf elf;

	if (!succeeded(tw_elf_parse(file, &elf, &why), why))
		return;
	check_segments(&elf);
	read_all(tw_elf_section(&elf, ".text"));
	tw_elf_symbol(&elf, "hypercall_page");
	if (succeeded(tw_xen_notes_parse(&elf, &notes, &why), why))
		check_notes(&notes);
}

/* The last size bytes before the guard page of an area that is made once. */
static uint8_t *guarded_end(uint8_t **area, size_t size)
{
	if (!*area)
		*area = guarded_alloc(AREA);
	return *area + AREA - size;
}

static void try_unpack(enum tw_compression comp, struct tw_bytes in)
{
	size_t room = in.size % 3 ? OUT_MAX : in.size, length = 0;
	uint8_t *out = guarded_end(&out_area, room);
	const char *why = NULL;

	if (succeeded(tw_decompress(comp, in, out, room, &length, &why), why))
		try_elf((struct tw_bytes){out, length});
	require(length <= room, "output fits");
	read_all((struct tw_bytes){out, length});
}

static void try_bzimage(struct tw_bytes file)
{
	struct tw_bzimage image;
	const char *why = NULL;

	if (!succeeded(tw_bzimage_parse(file, &image, &why), why))
		return;
	require(strlen(image.version) < sizeof(image.version), "the version is ended");
	try_unpack(image.comp, image.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_bytes in = {guarded_end(&in_area, size), size};
	struct tw_xen_notes notes = {0};
	bool given = false;

	if (size > AREA)
		return -1;
	memcpy((uint8_t *)in.data, data, size);
	try_bzimage(in);
	try_elf(in);
	tw_xen_guest_section_parse(in, &notes, &given);
	for (int comp = TW_COMP_NONE; comp <= TW_COMP_ZSTD; comp++)
		try_unpack((enum tw_compression)comp, in);
	return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* An input too small to be anything becomes a good image; any other is changed as usual. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct packed image;

	if (size >= 16)
		return LLVMFuzzerMutate(data, size, max_size);
	image = seed_image(seed);
	size = image.size < max_size ? image.size : max_size;
	memcpy(data, image.data, size);
	free(image.data);
	return size;
}
