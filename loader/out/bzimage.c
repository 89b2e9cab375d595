/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Linux/x86 boot header (asm/bootparam.h; Documentation/arch/x86/boot.rst). We never run the
 * kernel's own boot code: the header leads to the compressed vmlinux, which is an ELF file and
 * carries the notes. Fields younger than the image's protocol are not read.
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "image_fail.h"
#include "twoway/image.h"

#define HEADER_AT   0x1f1 /* struct setup_header in the file */
#define BOOT_FLAG   0xaa55
#define MAGIC	    0x53726448 /* "HdrS" */
#define SECTOR	    512
#define SECTS_OLD   4	  /* what setup_sects 0 means */
#define VERSION_AT  0x200 /* what the field kernel_version counts from */
#define SIZE_SUFFIX 4	  /* bytes of unpacked size behind the packed data */

/* Protocols in which fields appeared. */
#define WITH_PAYLOAD	0x0208
#define WITH_INIT_SIZE	0x020a
#define WITH_XLOADFLAGS 0x020c

/* The kernel's version string lies in the setup part: between the header and setup_size. */
static void read_version(struct tw_bytes file, const struct setup_header *h, size_t setup_size,
			 struct tw_bzimage *out)
{
	size_t at = VERSION_AT + (size_t)h->kernel_version, n = 0;

	if (!h->kernel_version)
		return;
	for (; at + n < setup_size && n < sizeof(out->version) - 1; n++) {
		uint8_t c = file.data[at + n];

		if (c < ' ' || c > '~')
			break;
		out->version[n] = (char)c;
	}
}

static int read_payload(struct tw_bytes file, const struct setup_header *h, size_t setup_size,
			struct tw_bzimage *out, const char **why)
{
	size_t left = file.size - setup_size;
	struct tw_bytes payload;

	if (h->payload_offset > left || h->payload_length > left - h->payload_offset)
		return tw_fail(-EINVAL, why,
			       "the bzImage's payload lies outside the file; is it complete?");
	if (h->payload_length <= SIZE_SUFFIX)
		return tw_fail(-EINVAL, why, "the bzImage has no payload");
	payload = (struct tw_bytes){file.data + setup_size + h->payload_offset, h->payload_length};
	out->payload = payload;
	out->comp = tw_compression_detect(payload);
	memcpy(&out->unpacked_size, payload.data + payload.size - SIZE_SUFFIX, SIZE_SUFFIX);
	return 0;
}

int tw_bzimage_parse(struct tw_bytes file, struct tw_bzimage *out, const char **why)
{
	struct setup_header h;
	size_t setup_size;

	*out = (struct tw_bzimage){.comp = TW_COMP_UNKNOWN};
	if (file.size < HEADER_AT + sizeof(h))
		return tw_fail(-ENOEXEC, why, "too short for a bzImage");
	memcpy(&h, file.data + HEADER_AT, sizeof(h));
	if (h.boot_flag != BOOT_FLAG || h.header != MAGIC)
		return tw_fail(-ENOEXEC, why, "not a bzImage");
	setup_size = ((h.setup_sects ? h.setup_sects : SECTS_OLD) + 1u) * SECTOR;
	if (setup_size > file.size)
		return tw_fail(-EINVAL, why,
			       "the bzImage's setup part is cut off; is the file complete?");
	out->protocol = h.version;
	read_version(file, &h, setup_size, out);
	if (h.version < WITH_PAYLOAD)
		return tw_fail(
		    -EINVAL, why,
		    "the bzImage is older than boot protocol 2.08 (Linux 2.6.24) and does "
		    "not tell where its kernel lies; extract vmlinux from it");
	if (h.version >= WITH_INIT_SIZE) {
		out->pref_address = h.pref_address;
		out->init_size = h.init_size;
	}
	if (h.version >= WITH_XLOADFLAGS)
		out->xloadflags = h.xloadflags;
	return read_payload(file, &h, setup_size, out, why);
}
