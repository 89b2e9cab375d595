/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bzImages by the Linux/x86 boot protocol (Documentation/arch/x86/boot.rst), at the 64-bit entry
 * where there is one, else at the 32-bit entry. The kernel's real-mode part is not run: all it
 * would do is to ask a BIOS what we know already. Protocol 2.05 (Linux 2.6.20) is the oldest that is
 * taken: before it, kernels cannot be moved. Up to 2.09 (Linux 2.6.30) a kernel does not tell how much
 * memory it needs while it unpacks itself, so that is guessed, generously, since whatever was placed
 * behind it could be overwritten.
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "image_fail.h"
#include "nested_start.h"

#define HEADER_AT  0x1f1 /* struct setup_header in the file */
#define JUMP_AT	   0x201 /* the byte that tells where the header ends */
#define JUMP_END   0x202
#define HEADER_MAX 0x290 /* the zero page has no room for more */
#define BOOT_FLAG  0xaa55
#define MAGIC	   0x53726448 /* "HdrS" */
#define SECTOR	   512
#define SECTS_OLD  4 /* what setup_sects 0 means */
#define ENTRY_64   0x200
#define PROTOCOL   0x0205
#define WITH_CMDLINE_SIZE 0x0206
#define WITH_INIT_SIZE 0x020a
#define CMDLINE_OLD 255 /* before the header said how long a command line may be */
#define PREF_OLD   0x100000
#define WITH_XLF   0x020c
#define ALIGN_MAX  0x40000000u

/* Unpacked at most 8 times its size (the best packers of the time make 5), and room for bss and page tables. */
static uint64_t guess_size(uint64_t packed)
{
	return 8 * packed + (16u << 20);
}

static int parse_relocation(const struct setup_header *h, struct linux_boot *out, const char **why)
{
	bool told = h->version >= WITH_INIT_SIZE;
	uint64_t needed = told ? h->init_size : guess_size(out->size);

	out->pref_address = told ? h->pref_address : PREF_OLD;
	if (out->size < needed)
		out->size = needed;
	if (!h->relocatable_kernel)
		return 0;
	if (!h->kernel_alignment || h->kernel_alignment > ALIGN_MAX ||
	    h->kernel_alignment & (h->kernel_alignment - 1))
		return tw_fail(-EINVAL, why, "the bzImage's kernel_alignment is no power of two");
	out->alignment = h->kernel_alignment;
	return 0;
}

int linux_boot_parse(struct tw_bytes file, struct linux_boot *out, const char **why)
{
	struct setup_header h;

	*out = (struct linux_boot){0};
	if (file.size < HEADER_AT + sizeof(h))
		return tw_fail(-ENOEXEC, why, "too short for a bzImage");
	memcpy(&h, file.data + HEADER_AT, sizeof(h));
	if (h.boot_flag != BOOT_FLAG || h.header != MAGIC)
		return tw_fail(-ENOEXEC, why, "not a bzImage");
	if (h.version < PROTOCOL)
		return tw_fail(
		    -EINVAL, why,
		    "the bzImage is older than boot protocol 2.05 (Linux 2.6.20) and cannot be "
		    "placed; use a newer kernel");
	if (!(h.loadflags & LOADED_HIGH))
		return tw_fail(-EINVAL, why, "the kernel is a zImage, not a bzImage");
	out->setup_size = ((h.setup_sects ? h.setup_sects : SECTS_OLD) + 1u) * SECTOR;
	if (out->setup_size >= file.size)
		return tw_fail(-EINVAL, why,
			       "the bzImage's setup part is cut off; is the file complete?");
	if ((uint64_t)h.syssize * 16 > file.size - out->setup_size + 15)
		return tw_fail(-EINVAL, why, "the bzImage is cut off; is the file complete?");
	out->size = file.size - out->setup_size;
	out->header_end = JUMP_END + (uint32_t)file.data[JUMP_AT];
	if (out->header_end > HEADER_MAX)
		out->header_end = HEADER_MAX;
	out->initrd_addr_max = h.initrd_addr_max;
	out->cmdline_size = h.version >= WITH_CMDLINE_SIZE ? h.cmdline_size : CMDLINE_OLD;
	out->entry64 = h.version >= WITH_XLF && h.xloadflags & XLF_KERNEL_64;
	if (out->header_end > file.size || (out->entry64 && out->size <= ENTRY_64))
		return tw_fail(-EINVAL, why, "the bzImage is too short for its own header");
	return parse_relocation(&h, out, why);
}

/*
 * Its own address when that is free, or the next one above that suits: a relocatable kernel that
 * finds itself below its own address moves there by itself, over whatever lies there.
 */
static int choose_address(struct placement *p, const struct linux_boot *image, uint64_t *base,
			  const char **why)
{
	*base = image->pref_address;
	if (image->alignment && !placement_inside(&p->ram, *base, image->size) &&
	    !placement_lowest(&p->ram, image->size, image->alignment, image->pref_address,
			      PLACEMENT_4G, base))
		return tw_fail(
		    -ENOMEM, why,
		    "too little memory for this kernel at or above its own load address; "
		    "give the VM more");
	return placement_take(p, *base, image->size, why);
}

static int load_kernel(struct placement *p, const struct linux_boot *image, uint64_t base,
		       const char **why)
{
	struct tw_bytes file = placement_image(p);
	struct tw_bytes body = {file.data + image->setup_size, file.size - image->setup_size};

	/* What follows the kernel in memory need not be zero, and it is much: leave it. */
	return placement_write(p, base, body, body.size, why);
}

static int start_cpu(struct placement *p, const struct linux_boot *image, uint64_t base,
		     struct nested_image_start *start, const char **why)
{
	bool long_mode = image->entry64 && !p->req->entry32;

	start->kind = long_mode ? NESTED_IMAGE_LINUX64 : NESTED_IMAGE_LINUX32;
	start->image_low = base;
	start->image_high = base + image->size;
	if (long_mode)
		return nested_start_long(p, start, base + ENTRY_64, why);
	return nested_start_flat(p, start, (uint32_t)base, why);
}

int linux_boot_load(struct placement *p, struct nested_image_start *start, const char **why)
{
	struct linux_boot image;
	uint64_t base;
	void *params;
	int rc = linux_boot_parse(placement_image(p), &image, why);

	if (rc)
		return rc;
	if (strlen(p->modules[0].cmdline) > image.cmdline_size)
		return tw_fail(-E2BIG, why,
			       "the guest's command line is longer than this kernel takes");
	if (p->modules_count > 2)
		return tw_fail(
		    -EINVAL, why,
		    "a bzImage takes one initrd, no further modules; join the archives into "
		    "one file");
	rc = choose_address(p, &image, &base, why);
	if (!rc)
		rc = placement_settle(p, (uint64_t)image.initrd_addr_max + 1, why);
	if (!rc)
		rc = placement_alloc(p, sizeof(struct boot_params), &start->rsi, &params, why);
	if (!rc)
		rc = linux_boot_params(p, &image, (uint32_t)base, params, why);
	if (!rc)
		rc = start_cpu(p, &image, base, start, why);
	return rc ? rc : load_kernel(p, &image, base, why);
}
