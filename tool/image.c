/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A guest image as the tool sees it: mapped, recognised, its payload unpacked. All parsing is done
 * by loader/out, the code that the shim itself uses, so that the tool and the shim agree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "twoway/nested_image.h"

/* No kernel unpacks to more than this; what claims to is hostile. */
#define UNPACKED_MAX (1ull << 30)

static int map(const char *path, struct tw_bytes *file)
{
	struct stat st;
	void *data = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || S_ISDIR(st.st_mode) || !S_ISREG(st.st_mode)) {
		close(fd);
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	if (st.st_size) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED) {
			int error = -errno;

			close(fd);
			return error;
		}
	}
	close(fd);
	*file = (struct tw_bytes){ data, (size_t)st.st_size };
	return 0;
}

/* Unpack into memory of our own; hint is what the image says, and is not believed. */
static int unpack(struct image *image, enum tw_compression comp, struct tw_bytes in, uint64_t hint)
{
	size_t size = hint && hint <= UNPACKED_MAX ? hint : 64ul << 20, done;
	int error;

	for (;;) {
		image->unpacked = must(malloc(size));
		error = tw_decompress(comp, in, image->unpacked, size, &done, &image->why);
		if (!error) {
			image->unpacked_size = done;
			return 0;
		}
		free(image->unpacked);
		image->unpacked = NULL;
		if (error != -E2BIG || size >= UNPACKED_MAX)
			return error;
		size *= 4;
	}
}

static void parse_elf(struct image *image, struct tw_bytes bytes)
{
	if (tw_elf_parse(bytes, &image->elf, &image->why))
		return;
	image->has_elf = true;
	image->why = NULL;
	if (tw_xen_notes_parse(&image->elf, &image->notes, &image->why))
		image->notes = (struct tw_xen_notes){ 0 };
	else
		image->why = NULL;
}

static bool looks_packed(enum tw_compression comp)
{
	return comp != TW_COMP_NONE && comp != TW_COMP_UNKNOWN;
}

int image_load(const char *path, struct image *image)
{
	const char *why;
	int error;

	*image = (struct image){ 0 };
	error = map(path, &image->file);
	if (error)
		return say("%s: %s", path,
			   error == -EINVAL ? "not a regular file" : strerror(-error)),
		       error;
	if (image->file.size >= 4 && !memcmp(image->file.data, "\177ELF", 4)) {
		image->is_elf = true;
		parse_elf(image, image->file);
		return 0;
	}
	if (!tw_bzimage_parse(image->file, &image->bz, &why)) {
		image->is_bzimage = true;
		if (!unpack(image, image->bz.comp, image->bz.payload, image->bz.unpacked_size))
			parse_elf(image,
				  (struct tw_bytes){ image->unpacked, image->unpacked_size });
		return 0;
	}
	image->why = why;
	image->is_old_bzimage = nested_image_kinds(image->file, &why) & 1u << NESTED_IMAGE_LINUX32;
	image->wrapper = tw_compression_detect(image->file);
	if (!looks_packed(image->wrapper))
		image->wrapper = TW_COMP_NONE;
	else if (!unpack(image, image->wrapper, image->file, 0))
		parse_elf(image, (struct tw_bytes){ image->unpacked, image->unpacked_size });
	return 0;
}

void image_free(struct image *image)
{
	if (image->file.data)
		munmap((void *)image->file.data, image->file.size);
	free(image->unpacked);
	*image = (struct image){ 0 };
}

uint64_t image_ram(const struct image *image)
{
	if (image->is_bzimage && image->bz.init_size)
		return image->bz.init_size;
	return image->has_elf ? image->elf.paddr_high - image->elf.paddr_low : 0;
}

/* A Multiboot header: the magic, aligned, in the first bytes of the file, with a right checksum. */
static bool multiboot(struct tw_bytes file, size_t limit, size_t align, uint32_t magic,
		      unsigned int words)
{
	for (size_t at = 0; at < limit && at + 4ul * words <= file.size; at += align) {
		uint32_t word, sum = 0;

		memcpy(&word, file.data + at, sizeof(word));
		if (word != magic)
			continue;
		for (unsigned int i = 0; i < words; i++) {
			memcpy(&word, file.data + at + 4 * i, sizeof(word));
			sum += word;
		}
		if (!sum)
			return true;
	}
	return false;
}

/* A PE header behind the DOS stub: an EFI application, as Linux with CONFIG_EFI_STUB is. */
static bool efi(struct tw_bytes file)
{
	uint32_t at;

	if (file.size < 0x40 || memcmp(file.data, "MZ", 2))
		return false;
	memcpy(&at, file.data + 0x3c, sizeof(at));
	return at <= file.size - 4 && !memcmp(file.data + at, "PE\0\0", 4);
}

json_t *image_protocols(const struct image *image)
{
	json_t *all = must(json_array());

	if (image->is_bzimage)
		json_array_append_new(all, json_sprintf("linux %u.%u", image->bz.protocol >> 8,
							image->bz.protocol & 0xff));
	if (image->is_old_bzimage)
		json_array_append_new(all, json_sprintf("linux %u.%02u", image->file.data[0x207],
							image->file.data[0x206]));
	if (efi(image->file))
		json_array_append_new(all, json_string("efi"));
	if (image->is_elf && multiboot(image->file, 8192, 4, 0x1badb002, 3))
		json_array_append_new(all, json_string("multiboot"));
	if (image->is_elf && multiboot(image->file, 32768, 8, 0xe85250d6, 4))
		json_array_append_new(all, json_string("multiboot2"));
	if (image->has_elf && image->notes.has_phys32_entry)
		json_array_append_new(all, json_string("pvh"));
	if (image->has_elf && image->notes.present && image->notes.has_hypercall_page)
		json_array_append_new(all, json_string("xen-pv"));
	return all;
}

json_t *image_nested(const struct image *image)
{
	json_t *all = must(json_array());
	const char *why;
	unsigned int kinds = nested_image_kinds(image->file, &why);

	for (unsigned int kind = 0; kind < NESTED_IMAGE_KINDS; kind++)
		if (kinds >> kind & 1)
			json_array_append_new(all, json_string(nested_image_kind_name(kind)));
	return all;
}
