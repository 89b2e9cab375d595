/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The end of a machine: which registers are written in which order, that nothing is tried that
 * would do the opposite (a reset instead of power-off), and that a machine which ignores all of it
 * is halted with a line that says so.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_hw.h"

#define PM1A  0x604
#define PM1B  0x704
#define LAPIC 0xfee00000ull

static struct tw_host host;
static char said[512];
static size_t said_len;

static void say(uint16_t port, uint32_t value, unsigned int bytes)
{
	said[said_len++] = (char)value;
}

static uint32_t debug_read(uint16_t port, unsigned int bytes)
{
	return 0xe9;
}

static void setup(void)
{
	const char *why;

	mock_reset();
	mock_tsc_step = 1000; /* the waits are long */
	memset(&host, 0, sizeof(host));
	memset(&bare, 0, sizeof(bare));
	memset(said, 0, sizeof(said));
	said_len = 0;
	bare.reset.space = bare.sleep_control.space = BARE_SPACE_NONE;
	mock_set_cpuid(1, 0, 0, 0, 0, 1u << 9 | 1u << 5);
	mock_set_msr(MSR_APIC_BASE, LAPIC | 1u << 11);
	mock_hook_mmio(LAPIC, 0x1000, NULL, NULL);
	bare_lapic_init(&host, false, &why);
	host.cpus = 1;
	bare_tsc_start(&host, 1000000000);
	mock_hook_port(0xe9, 0xe9, debug_read, say);
	bare_console_early("debugcon");
	mock_writes_count = 0;
}

static void acpi(void)
{
	bare.acpi = true;
	bare.s5 = true;
	bare.s5_type_a = 5;
	bare.s5_type_b = 3;
	bare.pm1a_control = PM1A;
	mock_set_port(PM1A, 0x0001 | 7u << 10 | 1u << 13);
}

static void run(void (*end)(void))
{
	bare_power_init(&host);
	if (!mock_stops())
		end();
	mock_on_stop = NULL;
}

/* The tests ask for members through these, since run() fills them. */
static void do_poweroff(void)
{
	host.poweroff();
}

static void do_reboot(void)
{
	host.reboot();
}

static void do_crash(void)
{
	host.crash();
}

START_TEST(s5)
{
	acpi();
	bare.pm1a_event = 0x600;
	bare.pm1b_control = PM1B;
	run(do_poweroff);
	ck_assert_str_eq(host.served[TW_OP_POWER], "acpi");
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0x600), 0x8000);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, PM1A), 0x0001 | 5u << 10 | 1u << 13);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, PM1B), 3u << 10 | 1u << 13);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0xb2), 0);
	/* it went on running: said so, halted with the local APIC off, no reset was tried */
	ck_assert_ptr_nonnull(strstr(said, "switch it off"));
	ck_assert_uint_eq(mock_halts, 1);
	ck_assert_uint_eq(*mock_mmio_word(LAPIC + LAPIC_SVR) & 0x100, 0);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0x64), 0);
	ck_assert_uint_eq(mock_triple_faults, 0);
}
END_TEST

static void smi(uint16_t port, uint32_t value, unsigned int bytes)
{
	if (value == 0xf1)
		mock_set_port(PM1A, 1);
}

START_TEST(s5_takes_acpi_over)
{
	acpi();
	mock_set_port(PM1A, 0);
	bare.smi_cmd = 0xb2;
	bare.acpi_enable = 0xf1;
	if (_i)
		mock_hook_port(0xb2, 0xb2, NULL, smi);
	run(do_poweroff); /* without the hook firmware never answers: tried nevertheless */
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0xb2), 0xf1);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, PM1A) & ~1ull, 5u << 10 | 1u << 13);
}
END_TEST

START_TEST(s5_hardware_reduced)
{
	uint8_t *reg = mock_ram(0xfea00000, 4);

	acpi();
	bare.pm1a_control = 0;
	bare.sleep_control = (struct bare_register){BARE_SPACE_MEMORY, 0xfea00001};
	run(do_poweroff);
	ck_assert_str_eq(host.served[TW_OP_POWER], "acpi");
	ck_assert_uint_eq(reg[1], 5 << 2 | 1 << 5);
	ck_assert_uint_eq(reg[0] | reg[2], 0);
	bare.sleep_control.address = 0x123456789abcull; /* out of reach: not followed */
	run(do_poweroff);
	ck_assert_uint_eq(mock_halts, 2);
}
END_TEST

START_TEST(no_acpi_on_a_hypervisor)
{
	bare.hypervisor = true;
	run(do_poweroff);
	ck_assert_str_eq(host.served[TW_OP_POWER], "reset");
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0x64), 0xfe);
	ck_assert_uint_eq(mock_triple_faults, 1);
}
END_TEST

/* A real machine, or one whose ACPI lacks S5: a reset would be a reboot. */
START_TEST(no_way_down)
{
	bare.hypervisor = bare.acpi = _i;
	run(do_poweroff);
	ck_assert_str_eq(host.served[TW_OP_POWER], "none");
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0x64), 0);
	ck_assert_uint_eq(mock_triple_faults, 0);
	ck_assert_uint_eq(mock_halts, 1);
	ck_assert_ptr_nonnull(strstr(said, "switch it off"));
}
END_TEST

static unsigned int position(uint64_t port, uint64_t value)
{
	for (unsigned int i = 0; i < mock_writes_count && i < MOCK_WRITES; i++)
		if (mock_writes[i].kind == MOCK_PORT && mock_writes[i].where == port &&
		    mock_writes[i].value == value)
			return i;
	ck_abort_msg("port %lx was not written", port);
	return 0;
}

START_TEST(reboot_order)
{
	acpi();
	bare.reset = (struct bare_register){BARE_SPACE_PORT, 0x92};
	bare.reset_value = 0x11;
	run(do_reboot);
	ck_assert_uint_lt(position(0x92, 0x11), position(0xcf9, 2));
	ck_assert_uint_lt(position(0xcf9, 2), position(0xcf9, 6));
	ck_assert_uint_lt(position(0xcf9, 6), position(0x64, 0xfe));
	ck_assert_uint_eq(mock_triple_faults, 1);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, PM1A), 0);
}
END_TEST

START_TEST(reset_registers)
{
	uint8_t *reg = mock_ram(0xfea00000, 4);

	bare.reset_value = 0x42;
	bare.reset = (struct bare_register){BARE_SPACE_MEMORY, 0xfea00002};
	run(do_reboot);
	ck_assert_uint_eq(reg[2], 0x42);
	bare.reset = (struct bare_register){BARE_SPACE_PCI, 0x1f000300adull};
	run(do_reboot);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0xcf8),
			  0x80000000u | 0x1f << 11 | 3 << 8 | 0xac);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0xcfd), 0x42);
	bare.reset = (struct bare_register){BARE_SPACE_PORT, 0x10cf9}; /* no port: not cut to one */
	mock_writes_count = 0;
	run(do_reboot);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0xcf9), 6);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0xcf9), 2);
}
END_TEST

static unsigned int kbd_busy;

static uint32_t kbd_status(uint16_t port, unsigned int bytes)
{
	return kbd_busy && kbd_busy-- ? 2 : 0;
}

START_TEST(keyboard_controller_is_waited_for)
{
	mock_hook_port(0x64, 0x64, kbd_status, NULL);
	kbd_busy = 5;
	run(do_reboot);
	ck_assert_uint_eq(kbd_busy, 0);
	position(0x64, 0xfe);
	kbd_busy = UINT32_MAX; /* for ever: bounded */
	run(do_reboot);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0x64), 2);
}
END_TEST

START_TEST(crash_tells_pvpanic)
{
	acpi();
	bare.pvpanic = 0x505;
	mock_set_port(0x505, 3);
	run(do_crash);
	ck_assert_uint_lt(position(0x505, 1), position(PM1A, 1 | 5u << 10 | 1u << 13));
}
END_TEST

static const struct {
	uint16_t port;
	uint8_t events;
} no_panic[] = {{0, 3}, {0x505, 0xff}, {0x505, 0}, {0x505, 2}};

START_TEST(crash_without_pvpanic)
{
	acpi();
	bare.pvpanic = no_panic[_i].port;
	mock_set_port(0x505, no_panic[_i].events);
	run(do_crash);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0x505), 0);
	position(PM1A, 1 | 5u << 10 | 1u << 13); /* the machine still stops */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare power");
	TCase *t = tcase_create("bare power");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, s5);
	tcase_add_loop_test(t, s5_takes_acpi_over, 0, 2);
	tcase_add_test(t, s5_hardware_reduced);
	tcase_add_test(t, no_acpi_on_a_hypervisor);
	tcase_add_loop_test(t, no_way_down, 0, 2);
	tcase_add_test(t, reboot_order);
	tcase_add_test(t, reset_registers);
	tcase_add_test(t, keyboard_controller_is_waited_for);
	tcase_add_test(t, crash_tells_pvpanic);
	tcase_add_loop_test(t, crash_without_pvpanic, 0, 4);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
