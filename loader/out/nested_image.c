/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which of its boot protocols a nested guest is started by. bzImages first: they are also what
 * everybody's boot loader prefers. Multiboot before PVH, because a kernel with both has the
 * Multiboot entry for loaders like us and the PVH entry for Xen's sake.
 */
#include <errno.h>
#include <string.h>

#include "image_fail.h"
#include "nested_start.h"

#define WHY_NONE                                                                                   \
	"the guest kernel is neither a bzImage nor has it a Multiboot 1 header or an ELF note "    \
	"for "                                                                                     \
	"PVH: nested mode cannot start it"

const char *nested_image_kind_name(enum nested_image_kind kind)
{
	static const char *const names[] = {
	    [NESTED_IMAGE_LINUX64] = "linux64",
	    [NESTED_IMAGE_LINUX32] = "linux32",
	    [NESTED_IMAGE_MULTIBOOT] = "multiboot",
	    [NESTED_IMAGE_PVH] = "pvh",
	};

	return (unsigned int)kind < NESTED_IMAGE_KINDS ? names[kind] : "unknown";
}

/* 0, or the error of the first protocol that the image has, but badly. */
static void note_error(int rc, const char *line, const char **why)
{
	if (rc && rc != -ENOEXEC && !*why)
		*why = line;
}

unsigned int nested_image_kinds(struct tw_bytes image, const char **why)
{
	static struct tw_elf elf; /* large, and boot only */
	struct linux_boot linux_image;
	struct multiboot_image multiboot;
	const char *line = NULL;
	unsigned int kinds = 0;
	uint32_t entry;
	int rc;

	*why = NULL;
	if (!image.data)
		return tw_fail(0, why, "the guest kernel is empty or lies outside memory");
	rc = linux_boot_parse(image, &linux_image, &line);
	note_error(rc, line, why);
	if (!rc)
		kinds |= 1u << NESTED_IMAGE_LINUX32 |
			 (linux_image.entry64 ? 1u << NESTED_IMAGE_LINUX64 : 0);
	rc = multiboot_parse(image, &multiboot, &elf, &line);
	note_error(rc, line, why);
	if (!rc)
		kinds |= 1u << NESTED_IMAGE_MULTIBOOT;
	rc = pvh_parse(image, &elf, &entry, &line);
	note_error(rc, line, why);
	if (!rc)
		kinds |= 1u << NESTED_IMAGE_PVH;
	if (!*why || kinds)
		*why = WHY_NONE;
	return kinds;
}

int nested_image_load(const struct nested_image_request *req, struct nested_image_start *start,
		      const char **why)
{
	static struct placement p; /* large, and boot only */
	unsigned int kinds;
	int rc = placement_start(&p, req, why);

	memset(start, 0, sizeof(*start));
	if (rc)
		return rc;
	kinds = nested_image_kinds(placement_image(&p), why);
	if (kinds & (1u << NESTED_IMAGE_LINUX64 | 1u << NESTED_IMAGE_LINUX32))
		rc = linux_boot_load(&p, start, why);
	else if (kinds & 1u << NESTED_IMAGE_MULTIBOOT)
		rc = multiboot_load(&p, start, why);
	else if (kinds & 1u << NESTED_IMAGE_PVH)
		rc = pvh_load(&p, start, why);
	else
		rc = -ENOEXEC;
	if (!rc && p.modules_count > 1) {
		start->initrd = p.modules[1].base;
		start->initrd_size = p.modules[1].size;
	}
	return rc;
}
