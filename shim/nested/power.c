/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest powers off and resets by itself. So that the ledger and the last line come out, the
 * ports of ACPI's PM1 control and of the keyboard controller's reset line exit: both are rarely
 * used otherwise. The reset port 0xcf9 cannot: a 32-bit access to PCI's 0xcf8 covers it.
 */
#include "shim/nested/nested.h"

#define KEYBOARD       0x64
#define KEYBOARD_RESET 0xfe
#define SLEEP_ENABLE   (1u << 13)

TW_INIT void nested_trap_port(uint16_t port)
{
	backend_trap_port(port);
}

TW_INIT void nested_power_init(void)
{
	if (tw_host.power_port) {
		backend_trap_port(tw_host.power_port);
		backend_trap_port((uint16_t)(tw_host.power_port + 1));
	}
	backend_trap_port(KEYBOARD);
}

/* Before the guest's write is done: say how it ends. Only S5 is known to end it. */
void nested_power_port(uint16_t port, unsigned int size, uint32_t value)
{
	if (port == KEYBOARD && (uint8_t)value == KEYBOARD_RESET)
		end_report("reboot", "");
	else if (tw_host.power_port && port == tw_host.power_port && size >= 2 && value & SLEEP_ENABLE &&
		 (value >> 10 & 7) == tw_host.power_type)
		end_report("poweroff", "");
}
