/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a Xen dom0 may ask its hypervisor by libxenctrl: version, which kinds of domains it can start,
 * whether they can be given nested virtualisation.
 *
 * The library is opened when it is needed, by the name with the version that we were compiled against:
 * its functions and structures change with each release of Xen, and so does that name, while the tool
 * must run where there is no Xen at all.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenguest.h>
#include <xen/version.h>

#include "tool.h"

#define LIBRARY	      "libxenctrl.so." TW_XEN_VERSION
#define GUEST_LIBRARY "libxenguest.so." TW_XEN_VERSION /* since Xen 4.16 the feature sets are there */

/* Words of a feature set (xen/arch-x86/cpufeatureset.h): CPUID 1 ECX and 0x80000001 ECX. */
#define WORD_1C	 1
#define WORD_E1C 3
#define BIT_VMX	 5
#define BIT_SVM	 2

static const struct {
	uint32_t mask;
	const char *name;
} capabilities[] = {
	{ XEN_SYSCTL_PHYSCAP_pv, "PV" },
	{ XEN_SYSCTL_PHYSCAP_hvm, "HVM and PVH" },
	{ XEN_SYSCTL_PHYSCAP_hap, "nested paging" },
	{ XEN_SYSCTL_PHYSCAP_shadow, "shadow paging" },
	{ XEN_SYSCTL_PHYSCAP_directio, "IOMMU" },
};

json_t *xenctrl_json(const struct xenctrl_facts *facts)
{
	json_t *can = must(json_array());
	char *version = text("%u.%u%s", facts->version >> 16, facts->version & 0xffff, facts->extra);
	const char *nested = facts->features_count > WORD_E1C ? "no" : NULL; /* NULL: not known */
	json_t *object;

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (facts->capabilities & capabilities[i].mask)
			json_array_append_new(can, must(json_string(capabilities[i].name)));
	if (nested && facts->features[WORD_E1C] & 1u << BIT_SVM)
		nested = "SVM";
	else if (nested && facts->features[WORD_1C] & 1u << BIT_VMX)
		nested = "VMX";
	object = must(json_pack("{s:s, s:o, s:s?}", "version", version, "domains", can, "nested", nested));
	free(version);
	return object;
}

/* The library's functions that are used, with their own types. */
struct library {
	__typeof__(xc_interface_open) *open;
	__typeof__(xc_interface_close) *close;
	__typeof__(xc_version) *version;
	__typeof__(xc_physinfo) *physinfo;
	__typeof__(xc_get_cpu_featureset) *featureset;
};

static bool resolve(void *handle, void *guest, struct library *lib)
{
	*(void **)&lib->open = dlsym(handle, "xc_interface_open");
	*(void **)&lib->close = dlsym(handle, "xc_interface_close");
	*(void **)&lib->version = dlsym(handle, "xc_version");
	*(void **)&lib->physinfo = dlsym(handle, "xc_physinfo");
	*(void **)&lib->featureset = guest ? dlsym(guest, "xc_get_cpu_featureset") : NULL;
	return lib->open && lib->close && lib->version && lib->physinfo;
}

/* Ask; false with errno set when the hypervisor does not answer. */
static bool ask(const struct library *lib, xc_interface *xc, struct xenctrl_facts *facts)
{
	xc_physinfo_t info = { 0 };
	xen_extraversion_t extra = "";
	int version = lib->version(xc, XENVER_version, NULL);

	if (version < 0 || lib->version(xc, XENVER_extraversion, extra) < 0 || lib->physinfo(xc, &info))
		return false;
	facts->version = (uint32_t)version;
	snprintf(facts->extra, sizeof(facts->extra), "%s", extra);
	facts->capabilities = info.capabilities;
	/* What domains can be given at most. */
	facts->features_count = XENCTRL_WORDS;
	if (!lib->featureset || lib->featureset(xc, XEN_SYSCTL_cpu_featureset_hvm_max, &facts->features_count, facts->features))
		facts->features_count = 0;
	return true;
}

static json_t *because(const char *why)
{
	return must(json_pack("{s:s}", "why", why));
}

json_t *xenctrl_probe(void)
{
	struct xenctrl_facts facts = { 0 };
	struct library lib;
	xc_interface *xc;
	void *handle;
	bool good;

	if (access("/dev/xen/privcmd", R_OK | W_OK) && access("/proc/xen/privcmd", R_OK | W_OK))
		return because(errno == ENOENT ? "the kernel's xen-privcmd module is not loaded"
					       : "only root may ask the hypervisor");
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return because(LIBRARY " is not installed (this twoway was built with Xen " TW_XEN_VERSION
				       "'s)");
	if (!resolve(handle, dlopen(GUEST_LIBRARY, RTLD_NOW | RTLD_LOCAL), &lib))
		return because(LIBRARY " lacks functions that it should have");
	xc = lib.open(NULL, NULL, 0);
	good = xc && ask(&lib, xc, &facts);
	if (xc)
		lib.close(xc);
	return good ? xenctrl_json(&facts)
		    : because("the hypervisor does not answer: it is of another version than " LIBRARY
			      ", or this is not its control domain");
}
