/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest powers off and resets by itself. So that the ledger and the last line come out first,
 * the write that does it exits. ACPI's PM1 control port is rarely used otherwise, so it is trapped
 * all the time. The reset ports are not: the keyboard controller is probed at every boot, and each
 * 32-bit access to PCI's 0xcf8 covers 0xcf9. But PC kernels first write into the BIOS data area how
 * the firmware shall restart (word 0x472, IBM PC BIOS), so page 0 is read-only until that happens,
 * and then the reset ports are trapped. Other writes to that page (trampoline address at 0x467) are
 * let through one by one; a guest that clears it gets it for good.
 */
#include "shim/nested/nested.h"

#define KEYBOARD       0x64
#define KEYBOARD_RESET 0xfe
#define RESET_CONTROL  0xcf9
#define RESET_NOW      0x04
#define SLEEP_ENABLE   (1u << 13)
#define RESET_FLAG     0x472
#define STEPS_MAX      64

static unsigned int steps;

TW_INIT void nested_trap_port(uint16_t port)
{
	backend_trap_port(port);
}

TW_INIT void nested_power_init(void)
{
	/* A guest that slept so would wake up without the shim below it. */
	if (tw_host.hide_sleep)
		tw_host.hide_sleep();
	if (tw_host.power_port) {
		backend_trap_port(tw_host.power_port);
		backend_trap_port((uint16_t)(tw_host.power_port + 1));
	}
}

/* Show page 0 read-only (again). */
void nested_power_watch(void)
{
	if (tw_host.power_port) /* port exits are on */
		nested_npt_set(0, nested_npt_identity(0) & ~PTE_W);
}

void nested_power_page0(struct nested_cpu *c, uint64_t gpa)
{
	bool flag = gpa >= RESET_FLAG && gpa < RESET_FLAG + 2;

	if (flag) {
		backend_trap_port(KEYBOARD);
		backend_trap_port(RESET_CONTROL);
	}
	nested_npt_set(0, nested_npt_identity(0));
	backend_flush(c);
	if (!flag && ++steps < STEPS_MAX && backend_inject_free(c) && !c->stepping)
		nested_step(c, NESTED_STEP_PAGE0);
}

/* The enabling bit is in the register's upper byte, which may be written alone. */
static bool powers_off(uint16_t port, unsigned int size, uint32_t value)
{
	if (!tw_host.power_port)
		return false;
	if (port == tw_host.power_port + 1)
		value <<= 8;
	else if (port != tw_host.power_port || size < 2)
		return false;
	return value & SLEEP_ENABLE && (value >> 10 & 7) == tw_host.power_type;
}

/* Before the guest's write is done: say how it ends. Only S5 is known to end it. */
void nested_power_port(uint16_t port, unsigned int size, uint32_t value)
{
	if ((port == KEYBOARD && (uint8_t)value == KEYBOARD_RESET) ||
	    (port == RESET_CONTROL && value & RESET_NOW))
		end_report("reboot", "");
	else if (powers_off(port, size, value))
		end_report("poweroff", "");
}
