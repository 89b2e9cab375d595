/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Ports and page 0 in nested mode: power-off and reset are reported before the guest brings them about, and
 * ports that guest sides asked for are theirs. Also the ABI "native", which has nothing of its own.
 */
#include "nested_test.h"

#define RESET_FLAG 0x472

static bool page0_writable(void)
{
	uint64_t bytes;

	return machine_walk(0, 0, &bytes) & PTE_W;
}

static uint16_t last_port;
static unsigned int last_bytes;
static uint32_t last_value;

static void out(uint16_t port, uint32_t value, unsigned int bytes)
{
	last_port = port;
	last_value = value;
	last_bytes = bytes;
}

static uint32_t in(uint16_t port, unsigned int bytes)
{
	return 0x11223344;
}

static void boot_ports(void)
{
	boot(1);
	mock_hook_port(0, 0xffff, in, out);
}

START_TEST(power_off_is_reported)
{
	boot_ports();
	ck_assert(machine_port_traps(MACHINE_PM1A, 1) && machine_port_traps(MACHINE_PM1A + 1, 1));
	machine_io(0, MACHINE_PM1A, 2, true, 5u << 10);		    /* not now */
	machine_io(0, MACHINE_PM1A, 2, true, 1u << 13 | 3u << 10); /* sleep */
	ck_assert_ptr_null(machine_report);
	machine_io(0, MACHINE_PM1A, 2, true, 1u << 13 | 5u << 10 | 1);
	ck_assert_str_eq(machine_report, "poweroff");
	ck_assert_uint_eq(last_port, MACHINE_PM1A); /* and it is done */
	ck_assert_uint_eq(last_value, 1u << 13 | 5u << 10 | 1);
	ck_assert_uint_eq(last_bytes, 2);
	ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY + 3);
}
END_TEST

/* The enabling bit is in the upper byte, which may be written alone (ACPI 4.8.3.2). */
START_TEST(power_off_by_bytes)
{
	boot_ports();
	machine_io(0, MACHINE_PM1A, 1, true, 1);
	ck_assert_ptr_null(machine_report);
	machine_io(0, MACHINE_PM1A + 1, 1, true, 3u << 2 | 1u << 5);
	ck_assert_ptr_null(machine_report);
	machine_io(0, MACHINE_PM1A + 1, 1, true, 5u << 2 | 1u << 5);
	ck_assert_str_eq(machine_report, "poweroff");
	ck_assert_uint_eq(last_port, MACHINE_PM1A + 1);
	ck_assert_uint_eq(last_bytes, 1);
}
END_TEST

START_TEST(reading_ports)
{
	boot_ports();
	machine_vmcb(0)->rax = 0xaaaaaaaabbbbbbbbull;
	machine_io(0, MACHINE_PM1A, 1, false, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, 0xaaaaaaaabbbbbb44ull);
	machine_io(0, MACHINE_PM1A, 2, false, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, 0xaaaaaaaabbbb3344ull);
	machine_io(0, MACHINE_PM1A, 4, false, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, 0x11223344);
	ck_assert_uint_eq(nested_cpu_of[0]->exits[NESTED_EXIT_IO], 3);
}
END_TEST

START_TEST(string_instructions_fault)
{
	boot_ports();
	machine_exit(0, SVM_EXIT_IO, (uint64_t)MACHINE_PM1A << 16 | 1u << 4 | 4, MACHINE_ENTRY + 2); /* OUTS */
	ck_assert_uint_eq(event(0), EVENT_GP);
	machine_exit(0, SVM_EXIT_IO, (uint64_t)MACHINE_PM1A << 16 | 1u << 4 | 8, MACHINE_ENTRY + 2); /* REP */
	ck_assert_uint_eq(event(0), EVENT_GP);
	ck_assert_uint_eq(machine_vmcb(0)->rip, MACHINE_ENTRY);
}
END_TEST

/* Reset ports trap only from the BIOS flag on. */
START_TEST(reset_is_reported)
{
	boot_ports();
	ck_assert(!page0_writable());
	ck_assert(!machine_port_traps(0x64, 1) && !machine_port_traps(0xcf8, 4));
	ck_assert(machine_store(0, RESET_FLAG, 0x1234));
	ck_assert_uint_eq(*(uint16_t *)machine_at(RESET_FLAG), 0x1234);
	ck_assert(page0_writable());
	ck_assert(machine_port_traps(0x64, 1) && machine_port_traps(0xcf9, 1));
	machine_io(0, 0x64, 1, true, 0xaa);
	machine_io(0, 0xcf9, 1, true, 2);
	machine_io(0, 0xcf8, 4, true, 0x80000400); /* PCI configuration, not a reset */
	ck_assert_ptr_null(machine_report);
	machine_io(0, 0x64, 1, true, 0xfe);
	ck_assert_str_eq(machine_report, "reboot");
	ck_assert_uint_eq(last_value, 0xfe);
	machine_report = NULL;
	machine_io(0, 0xcf9, 1, true, 6);
	ck_assert_str_eq(machine_report, "reboot");
	ck_assert_uint_eq(last_port, 0xcf9);
}
END_TEST

/* Others of page 0 are let through one by one, and it is watched again. */
START_TEST(other_writes_to_page_0)
{
	boot_ports();
	machine_vmcb(0)->rflags |= FLAG_IF;
	ck_assert(machine_store(0, 0x467, 0x9000));
	ck_assert_uint_eq(*(uint8_t *)machine_at(0x468), 0x90);
	ck_assert(!page0_writable());
	ck_assert_uint_eq(machine_vmcb(0)->rflags, FLAG_IF | 2);
	ck_assert(!machine_port_traps(0x64, 1));
	for (unsigned int i = 0; i < 64; i++) /* it clears the page: enough */
		ck_assert(machine_store(0, i * 4, 7));
	ck_assert(page0_writable());
	ck_assert_uint_lt(nested_cpu_of[0]->exits[NESTED_EXIT_PAGE], 70);
}
END_TEST

static unsigned int hidden;

static void hide(void)
{
	hidden++;
}

/* Sleep that the shim would not survive is hidden, whether ACPI's ports are known or not. */
START_TEST(sleep_is_hidden)
{
	hidden = 0;
	machine_reset(1);
	tw_host.hide_sleep = hide;
	machine_no_ports = _i;
	machine_boot(&plain_abi, "");
	ck_assert_uint_eq(hidden, 1);
}
END_TEST

START_TEST(without_acpi_nothing_traps)
{
	machine_reset(1);
	machine_no_ports = true;
	machine_boot(&plain_abi, "");
	ck_assert(page0_writable());
	ck_assert(!(machine_vmcb(0)->intercept_misc1 & SVM_I_IO));
}
END_TEST

/* --- a guest side's port ---------------------------------------------------------------------------- */

static enum nested_verdict port_verdict;

static enum nested_verdict port_handler(struct nested_vcpu *v, uint16_t port, unsigned int size, bool is_out,
					uint32_t *value)
{
	last_port = port;
	last_bytes = size;
	last_value = *value;
	if (port_verdict == NESTED_DONE && !is_out)
		*value = 0xfedcba98;
	return port_verdict;
}

static struct nested_guest porting;

static bool porting_start(const char *profile, const char **why)
{
	nested_trap_port(0x3000);
	return true;
}

static const struct nested_abi porting_abi = { "porting", NULL, &porting, porting_start };

START_TEST(ports_of_guest_sides)
{
	machine_reset(1);
	porting = plain_guest;
	porting.port = port_handler;
	machine_boot(&porting_abi, "");
	port_verdict = NESTED_DONE;
	machine_io(0, 0x3000, 2, true, 0xffff1234);
	ck_assert_uint_eq(last_value, 0x1234);
	ck_assert_uint_eq(last_port, 0x3000);
	machine_vmcb(0)->rax = ~0ull;
	machine_io(0, 0x3000, 2, false, 0);
	ck_assert_uint_eq(machine_vmcb(0)->rax, 0xffffffffffffba98ull); /* no more than was asked for */
	port_verdict = NESTED_GP;
	machine_io(0, 0x3000, 4, true, 0);
	ck_assert_uint_eq(event(0), EVENT_GP);
}
END_TEST

START_TEST(native)
{
	const char *why = "";
	uint64_t value;

	machine_reset(1);
	mock_set_cpuid(1, 0, 0, 0, 1u << 31 | 1u << 5, 0);
	machine_boot(&native_abi, "");
	ck_assert_uint_eq(machine_cpuid(0, 1, 0).ecx, 0); /* no hypervisor, no VMX */
	ck_assert_uint_eq(machine_cpuid(0, 0x40000000, 0).eax, 0);
	machine_exit(0, SVM_EXIT_VMMCALL, 0, 0);
	ck_assert_uint_eq(event(0), EVENT_UD);
	ck_assert(!machine_rdmsr(0, 0x40000000, &value));
	ck_assert(!machine_wrmsr(0, 0x40000000, 1));
	ck_assert(!native_abi.start("fast", &why));
	ck_assert_ptr_nonnull(strstr(why, "no profiles"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("power");

	tcase_add_test(t, power_off_is_reported);
	tcase_add_test(t, power_off_by_bytes);
	tcase_add_test(t, reading_ports);
	tcase_add_test(t, string_instructions_fault);
	tcase_add_test(t, reset_is_reported);
	tcase_add_test(t, other_writes_to_page_0);
	tcase_add_loop_test(t, sleep_is_hidden, 0, 2);
	tcase_add_test(t, without_acpi_nothing_traps);
	tcase_add_test(t, ports_of_guest_sides);
	tcase_add_test(t, native);
	return run_suite("nested-power", t);
}
