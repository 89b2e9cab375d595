/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The end: power off, reboot, crash. Each tries the ways of a PC from the cleanest to the crudest
 * and, when the machine goes on running nevertheless, says so and halts: none of them returns, and
 * none hangs in a wait without a bound.
 */
#include "host.h"

#define SCI_ENABLED	1u /* PM1 control */
#define SLEEP_TYPE(t)	((t) << 10)
#define SLEEP_TYPE_MASK (7u << 10)
#define SLEEP_ENABLE	(1u << 13)
#define WAKE_STATUS	(1u << 15) /* PM1 status; write 1 to clear */
#define REDUCED_TYPE(t) ((t) << 2) /* sleep control register of hardware-reduced ACPI */
#define REDUCED_ENABLE	(1u << 5)

#define KEYBOARD_DATA	0x60
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_PULSE	0xfe /* pulse the reset line */
#define RESET_CONTROL	0xcf9
#define PANICKED	1u /* pvpanic: bit of the event "the guest panicked" */

#define ENABLE_MAX_US 300000
#define EFFECT_US     50000 /* what a machine may take to go down */

static void say(const char *line)
{
	size_t n = 0;

	while (line[n])
		n++;
	bare_console_write(line, n);
}

static void __attribute__((noreturn)) stay_halted(const char *line)
{
	say(line);
	for (;;) {
		/* With the local APIC off nothing wakes it, so that the loop burns no CPU. */
		bare_lapic_write(LAPIC_SVR, TW_VEC_SPURIOUS);
		hw_sti_hlt();
		hw_cli();
	}
}

/* A byte register wherever ACPI may put it (5.2.3.2); memory only where the direct map reaches. */
static void write_register(const struct bare_register *reg, uint8_t value)
{
	uint64_t at = reg->address;
	volatile uint8_t *byte;

	switch (reg->space) {
	case BARE_SPACE_MEMORY:
		byte = at < 0x100000000ull ? hw_phys(at) : NULL;
		if (byte)
			*byte = value;
		break;
	case BARE_SPACE_PORT:
		if (at <= 0xffff)
			hw_out8((uint16_t)at, value);
		break;
	case BARE_SPACE_PCI: /* bus 0: device in bits 32-47, function in 16-31, offset in 0-15 */
		hw_out32(0xcf8, 0x80000000u | (uint32_t)(at >> 32 & 0x1f) << 11 |
				    (uint32_t)(at >> 16 & 7) << 8 | ((uint32_t)at & 0xfc));
		hw_out8((uint16_t)(0xcfc + (at & 3)), value);
		break;
	}
}

/* Firmware may have left the PM registers to SMM: ask for them. */
static void acpi_take_over(void)
{
	if (!bare.smi_cmd || !bare.acpi_enable || (hw_in16(bare.pm1a_control) & SCI_ENABLED))
		return;
	hw_out8(bare.smi_cmd, bare.acpi_enable);
	for (unsigned int us = 0; us < ENABLE_MAX_US; us += 100) {
		if (hw_in16(bare.pm1a_control) & SCI_ENABLED)
			return;
		bare_delay_us(100);
	}
}

static void sleep_s5(void)
{
	uint16_t a;

	if (!bare.s5)
		return;
	if (bare.sleep_control.space != BARE_SPACE_NONE) {
		write_register(&bare.sleep_control,
			       (uint8_t)(REDUCED_TYPE(bare.s5_type_a) | REDUCED_ENABLE));
	} else if (bare.pm1a_control) {
		acpi_take_over();
		/* A wake event that is pending would end the sleep at once. */
		if (bare.pm1a_event)
			hw_out16(bare.pm1a_event, WAKE_STATUS);
		a = hw_in16(bare.pm1a_control) & (uint16_t) ~(SLEEP_TYPE_MASK | SLEEP_ENABLE);
		/* Both blocks get the type first; the enable bit then takes effect in both
		 * (4.8.3.2). */
		hw_out16(bare.pm1a_control, (uint16_t)(a | SLEEP_TYPE(bare.s5_type_a)));
		hw_out16(bare.pm1a_control,
			 (uint16_t)(a | SLEEP_TYPE(bare.s5_type_a) | SLEEP_ENABLE));
		if (bare.pm1b_control)
			hw_out16(bare.pm1b_control,
				 (uint16_t)(SLEEP_TYPE(bare.s5_type_b) | SLEEP_ENABLE));
	} else {
		return;
	}
	bare_delay_us(EFFECT_US);
}

static void keyboard_reset(void)
{
	/* Bit 1: the controller has not yet taken the last byte. An absent one reads all ones. */
	for (unsigned int i = 0; i < 1000 && (hw_in8(KEYBOARD_STATUS) & 2); i++)
		bare_delay_us(10);
	hw_out8(KEYBOARD_STATUS, KEYBOARD_PULSE);
	bare_delay_us(EFFECT_US);
}

static void poweroff(void)
{
	hw_cli();
	sleep_s5();
	/*
	 * Machines made for one program (Firecracker, microvm without ACPI) have no other end than
	 * a reset, on which they exit: by the keyboard controller, or by a triple fault where there
	 * is none. Where ACPI is, it would be a reboot.
	 */
	if (bare.hypervisor && !bare.acpi) {
		keyboard_reset();
		hw_triple_fault();
	}
	stay_halted("twoway: this machine does not power off by itself: switch it off\n");
}

static void reboot(void)
{
	hw_cli();
	if (bare.reset.space != BARE_SPACE_NONE) {
		write_register(&bare.reset, bare.reset_value);
		bare_delay_us(EFFECT_US);
	}
	hw_out8(RESET_CONTROL, 0x02); /* hard reset, armed */
	hw_out8(RESET_CONTROL, 0x06); /* now */
	bare_delay_us(EFFECT_US);
	keyboard_reset();
	hw_triple_fault();
	stay_halted("twoway: this machine does not reset by itself: switch it off\n");
}

/*
 * Tell QEMU that the guest is dead, where it asked for it; then stop, so that whoever waits for the
 * machine's end gets it. The device is there when ACPI names it and its port lists the event.
 */
static void crash(void)
{
	uint8_t events;

	hw_cli();
	events = bare.pvpanic ? hw_in8(bare.pvpanic) : 0;
	if (events != 0xff && (events & PANICKED)) {
		hw_out8(bare.pvpanic, PANICKED);
		bare_delay_us(EFFECT_US);
	}
	poweroff();
}

TW_INIT void bare_power_init(struct tw_host *host)
{
	host->poweroff = poweroff;
	host->reboot = reboot;
	host->crash = crash;
	host->power_port = bare.s5 ? bare.pm1a_control : 0;
	host->power_type = bare.s5_type_a;
	if (bare.s5 && (bare.pm1a_control || bare.sleep_control.space != BARE_SPACE_NONE))
		tw_serves(host, TW_OP_POWER, "acpi");
	else if (bare.hypervisor && !bare.acpi)
		tw_serves(host, TW_OP_POWER, "reset");
	else
		tw_serves(host, TW_OP_POWER, "none");
}
