/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The one host side in use. Bare fills everything; the first driver below whose signature is there
 * then overrides what its hypervisor does better.
 */
#include "shim/shim.h"

struct tw_host tw_host;

/*
 * The order is the rule. Xen and KVM show Hyper-V's signature as well when they are told to look like
 * it, and each serves its own interface best.
 */
static const struct tw_host_driver *const drivers[] TW_INITDATA = {
	&xen_host_driver,
	&kvm_host_driver,
	&hyperv_host_driver,
	&vmware_host_driver,
};

static TW_INIT const struct tw_host_driver *find(const char *name)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(drivers); i++)
		if (!__builtin_strcmp(drivers[i]->name, name))
			return drivers[i];
	tw_fatal("force=host:%s: there is no such host side; see docs/hosts.md", name);
}

/* The driver to use and the base of its CPUID leaves; NULL: bare. */
static TW_INIT const struct tw_host_driver *choose(uint32_t *leaf)
{
	const struct tw_host_driver *driver;

	if (!__builtin_strcmp(options.host, "bare"))
		return NULL;
	if (options.host[0]) {
		driver = find(options.host);
		*leaf = tw_driver_leaf(driver);
		if (!*leaf)
			tw_fatal("force=host:%s: this machine does not show that hypervisor's signature",
				 options.host);
		return driver;
	}
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(drivers); i++) {
		*leaf = tw_driver_leaf(drivers[i]);
		if (*leaf)
			return drivers[i];
	}
	return NULL;
}

TW_INIT void host_console_find(void)
{
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(drivers); i++) {
		uint32_t leaf = drivers[i]->console ? tw_driver_leaf(drivers[i]) : 0;

		if (leaf)
			bare_console_offer(drivers[i]->console(leaf));
	}
}

TW_INIT void host_detect(const struct tw_boot *boot, bool owns_apic)
{
	const struct tw_host_driver *driver;
	uint32_t leaf = 0;
	const char *why = "";

	driver = choose(&leaf);
	tw_host.owns_apic = owns_apic;
	if (driver && driver->tsc_hz)
		tw_host.tsc_told = driver->tsc_hz(leaf);
	if (bare_host_init(&tw_host, boot, &why))
		tw_fatal("this machine cannot be used: %s", why);
	if (options.cpus_max && tw_host.cpus > options.cpus_max)
		tw_host.cpus = options.cpus_max;
	if (driver) {
		tw_host.name = driver->name;
		tw_host.title = driver->title;
		driver->init(&tw_host, leaf);
	}
	tw_host.cpu_init(0);
	clock_follow_start();
}

TW_INIT void *tw_host_pages(unsigned int pages, uint64_t *pa)
{
	*pa = memory_take(pages);
	return hw_phys(*pa);
}

TW_INIT void *tw_host_overlay_page(uint64_t *pa)
{
	return tw_host_pages(1, pa);
}

/*
 * They return until a hypervisor has put its code there. One for each user: Xen that shows Hyper-V's
 * interface serves the console by its own page and, with force=host:hyperv, all else by the other.
 */
#define CODE_PAGES 2
static const uint8_t code_pages[CODE_PAGES * TW_PAGE_SIZE]
	__attribute__((section(".code_pages"), aligned(4096))) = { [0 ... CODE_PAGES * TW_PAGE_SIZE - 1] = 0xc3 };
static unsigned int code_pages_used;

unsigned int host_code_pages_used(void)
{
	return code_pages_used;
}

TW_INIT void *tw_host_code_page(uint64_t *pa)
{
	const uint8_t *page = code_pages + code_pages_used++ * TW_PAGE_SIZE;

	if (code_pages_used > CODE_PAGES)
		tw_fatal("more than %u hypercall pages", CODE_PAGES);
	*pa = image_pa(page);
	return (void *)page;
}

uint64_t tw_time_ns(void)
{
	return tw_clock_ns(tw_host.line, hw_rdtsc());
}
