/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vmi_init: everything that the ROM does before its guest goes on. Whatever fails here leaves the guest
 * native, which it is by itself. A second guest (kexec) starts it all anew.
 */
#include "shim/vmi/rom.h"
#include "translators/bare/host.h"

extern const uint32_t rom_entries[];
extern const uint8_t rom_options[];
/* In .data: false before the first vmi_init, wherever the ROM lies. */
bool rom_ready __attribute__((section(".data"))) = false;

uint32_t rom_entry_of(unsigned int call)
{
	return rom_entries[call];
}

uint32_t rom_main(bool with_driver)
{
	rom_ready = false;
	rom_pool_init();
	if (rom_window_init() || rom_apic_init())
		return 1;
	if (rom_host_detect(with_driver) || bare.cpus_left_out)
		return 1;
	tw_host.cpu_init(0);
	rom_apic_timer_init();
	rom_cpus_init();
	rom_facts.serve_all = rom_options[0] & 1;
	vmi_guest_init();
	rom_ready = true;
	return 0;
}
