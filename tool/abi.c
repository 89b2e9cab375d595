/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Guest ABIs: which there are, which this version offers, and whether an image can be run with one.
 * A refusal always names the reason, because the reason is what helps the user.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../loader/out/xen_pv.h"
#include "tool.h"
#include "twoway/nested_image.h"

/*
 * What only a PV kernel says. A PVH kernel has Xen notes, too, but its entry is PHYS32_ENTRY alone.
 * The hypercall page is no sign: Linux has done without since the fix of XSA-466.
 */
static bool is_pv(const struct tw_xen_notes *notes)
{
	return notes->has_hypercall_page || notes->has_init_p2m || notes->virt_base;
}

static const char *refuse_xen_pv(const struct image *image)
{
	const char *why;

	if (!image->has_elf)
		return image->why ? image->why : "it is neither an ELF file nor a bzImage";
	if (image->wrapper)
		return "it is a bare compressed file: unpack it first";
	if (!image->notes.present)
		return image->why ? image->why
				  : "it has no Xen ELF notes: not built with Xen PV support";
	if (image->elf.machine != EM_X86_64)
		return "it is a 32-bit Xen PV kernel; this version runs x86-64 ones";
	if (!is_pv(&image->notes))
		return "its Xen notes are those of a PVH kernel, not of a PV one";
	/* The rest is what the shim will check itself: the same function. */
	return xen_pv_check(&image->elf, &image->notes, &why) ? why : NULL;
}

static const char *refuse_native(const struct image *image)
{
	if (image->is_bzimage || image->is_old_bzimage)
		return NULL;
	if (image->is_elf && image->has_elf && image->notes.has_phys32_entry)
		return NULL;
	return "it is neither a bzImage nor an ELF file with a PVH entry, which QEMU can start";
}

/* Nested mode: the shim starts the file as it is, by its own boot protocol. */
static const char *refuse_nested(const struct image *image)
{
	const char *why;

	if (image->wrapper)
		return "it is a bare compressed file: unpack it first";
	return nested_image_kinds(image->file, &why) ? NULL : why;
}

/* A kernel whose code cannot be read is taken on the user's word: without VMI it runs natively. */
static const char *refuse_vmi(const struct image *image)
{
	if (vmi_kernel_sign(image) == VMI_NO)
		return "it has no sign of VMI: that is in Linux 2.6.21 to 2.6.36 for i386, with CONFIG_VMI";
	return refuse_native(image);
}

const struct abi abis[] = {
	{ "xen-pv", 1, "Xen PV, x86-64 (resident mode)", refuse_xen_pv, false, false },
	{ "native", 1, "the machine as it is, without twoway", refuse_native, false, false },
	{ "hyperv", 1, "Microsoft Hyper-V (nested mode: the host must offer SVM)", refuse_nested, true, false },
	{ "xen-hvm", 0, "Xen HVM and PVH", NULL, false, false },
	{ "kvm", 0, "KVM paravirtualisation", NULL, false, false },
	{ "vmware", 0, "VMware", NULL, false, false },
	{ "vmi", 1, "VMI, i386 (a ROM)", refuse_vmi, false, true },
	{ 0 },
};

char *abi_offered(void)
{
	struct buffer out = { 0 };

	for (const struct abi *abi = abis; abi->name; abi++) {
		if (!abi->version)
			continue;
		if (out.length)
			buffer_add(&out, ", ", 2);
		buffer_add(&out, abi->name, strlen(abi->name));
	}
	return out.data;
}

static const struct abi *find(const char *name, size_t n)
{
	for (const struct abi *abi = abis; abi->name; abi++)
		if (strlen(abi->name) == n && !memcmp(abi->name, name, n))
			return abi;
	return NULL;
}

/* A nested ABI's profile is a name and "+feature", "-feature" behind it; the shim knows which. */
static char *check_nested_profile(const struct abi *abi, const char *profile)
{
	if (strlen(profile) > ABI_PROFILE_MAX)
		return text("--abi: a profile has at most %d characters", ABI_PROFILE_MAX);
	if (strspn(profile, "abcdefghijklmnopqrstuvwxyz0123456789+-") != strlen(profile))
		return text("--abi: a profile is a name with +feature or -feature behind it, as in "
			    "%s:fast+stimer",
			    abi->name);
	return NULL;
}

/* Check what follows the name; NULL when it is fine, else why not. */
static char *check_profile(const struct abi *abi, const char *rest, int *status)
{
	unsigned int version = abi->version;
	const char *colon = strchr(rest, ':');

	*status = EXIT_USAGE;
	if (*rest == '@') {
		char *number = text(
			"%.*s", (int)(colon ? colon - rest - 1 : (long)strlen(rest) - 1), rest + 1);
		bool good = parse_count(number, 1, 1000, &version);

		free(number);
		if (!good)
			return text("--abi: a version is a number from 1 on, as in %s@1",
				    abi->name);
	}
	if (colon && !colon[1])
		return text("--abi: the profile's name is missing after the colon");
	*status = EXIT_CANNOT;
	if (!abi->version) {
		char *offered = abi_offered();
		char *why = text("guest ABI %s is not in this version of twoway; it offers: %s",
				 abi->name, offered);

		free(offered);
		return why;
	}
	if (version != abi->version)
		return text("guest ABI %s has version %u here, not %u", abi->name, abi->version,
			    version);
	if (colon && abi->nested) {
		*status = EXIT_USAGE;
		return check_nested_profile(abi, colon + 1);
	}
	if (colon && abi->rom && !strcmp(colon, ABI_BY_SHIM))
		return NULL;
	if (colon && strcmp(colon, ":default"))
		return text("guest ABI %s has only the profile \"default\"%s here, not \"%s\"",
			    abi->name, abi->rom ? " (and \"shim\": the ROM is loaded by the shim)" : "", colon + 1);
	return NULL;
}

static const struct abi *choose_auto(const struct image *image, int *status, char **why)
{
	const char *reason = refuse_xen_pv(image);

	if (!reason)
		return &abis[0];
	if (vmi_kernel_sign(image) == VMI_YES && !refuse_native(image))
		return find("vmi", 3);
	*status = EXIT_CANNOT;
	*why = text("no guest ABI fits this kernel: for xen-pv, %s%s", reason,
		    refuse_native(image) ? "" : " (--abi native boots it without twoway)");
	return NULL;
}

const struct abi *abi_choose(const char *wanted, const struct image *image, int *status, char **why)
{
	size_t n = strcspn(wanted, "@:");
	const struct abi *abi;
	const char *reason;

	if (!strcmp(wanted, "auto"))
		return choose_auto(image, status, why);
	abi = find(wanted, n);
	if (!abi) {
		*status = EXIT_USAGE;
		*why = text("--abi: there is no guest ABI \"%.*s\": see twoway help run", (int)n,
			    wanted);
		return NULL;
	}
	*why = check_profile(abi, wanted + n, status);
	if (*why)
		return NULL;
	reason = abi->refuse(image);
	if (!reason)
		return abi;
	*status = EXIT_CANNOT;
	*why = text("this kernel cannot be run with guest ABI %s: %s", abi->name, reason);
	return NULL;
}
