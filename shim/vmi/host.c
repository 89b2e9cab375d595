/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The host side under a VMI guest: bare, and over it the first hypervisor's of those that the ROM was
 * built with (make finds them, see VMI_HOSTS). They are the shim's own files, compiled for i386.
 */
#include <vmi-hosts.h>

#include "shim/vmi/rom.h"
#include "twoway/attr.h"

struct tw_host tw_host;

#define X(name) extern const struct tw_host_driver name##_host_driver;
VMI_HOSTS(X)
#undef X

#define X(name) &name##_host_driver,
static const struct tw_host_driver *const drivers[] = {VMI_HOSTS(X) NULL};
#undef X

static const struct tw_host_driver *choose(uint32_t *leaf)
{
	for (unsigned int i = 0; drivers[i]; i++) {
		*leaf = tw_driver_leaf(drivers[i]);
		if (*leaf)
			return drivers[i];
	}
	return NULL;
}

int rom_host_detect(bool with_driver)
{
	const struct tw_host_driver *driver = NULL;
	void (*plain_halt)(void), (*plain_eoi)(void);
	const char *why;
	uint32_t leaf = 0;

	if (with_driver)
		driver = choose(&leaf);
	tw_host = (struct tw_host){.keeps_interrupts = true};
	if (driver && driver->tsc_hz)
		tw_host.tsc_told = driver->tsc_hz(leaf);
	if (bare_host_init(&tw_host, NULL, &why))
		return -1;
	plain_halt = tw_host.halt;
	plain_eoi = tw_host.eoi;
	if (driver)
		driver->init(&tw_host, leaf);
	rom_facts.host_halt = tw_host.halt != plain_halt;
	rom_facts.host_eoi = tw_host.eoi != plain_eoi;
	rom_facts.time = tw_host.clock.stable;
	rom_facts.hypervisor = hw_cpuid(1, 0).ecx >> 31;
	return 0;
}
