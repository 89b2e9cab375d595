/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bare_host_init() as a whole on small mock machines: every member and every name is filled, CPU 0
 * is the one that runs, the machine's title is right, and what cannot work is refused.
 */
#include <asm-generic/errno.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_acpi.h"
#include "mock_hw.h"
#include "twoway/boot.h"

#define LAPIC 0xfee00000ull
#define MADT  0xe1000
#define FADT  0xe0000
#define DSDT  0xe2000

static struct tw_host host;
static struct tw_boot boot;
static struct mock_table madt;
static const char *why;

static uint32_t lapic_read(uint64_t pa)
{
	if (pa == LAPIC + LAPIC_TIMER_NOW)
		return (uint32_t)-mock_tsc;
	return *mock_mmio_word(pa);
}

static uint32_t pm_read(uint16_t port, unsigned int bytes)
{
	mock_tsc += 10;
	return (uint32_t)((unsigned __int128)mock_tsc * 3579545 / 1000000000);
}

static void signature(uint32_t leaf, uint32_t last, const char *text)
{
	uint32_t r[3] = {0};

	memcpy(r, text, strlen(text));
	mock_set_cpuid(leaf, 0, last, r[0], r[1], r[2]);
}

static void setup(void)
{
	static const uint64_t tables[] = {MADT, FADT};
	struct mock_table dsdt;
	uint8_t s5[32];

	mock_reset();
	memset(&host, 0, sizeof(host));
	memset(&boot, 0, sizeof(boot));
	mock_set_cpuid(1, 0, 0, 0, 1u << 31, 1u << 9 | 1u << 5 | 1u << 4);
	signature(0x40000000, 0x40000001, "TCGTCGTCGTCG");
	mock_set_msr(MSR_APIC_BASE, LAPIC | 1u << 11);
	mock_hook_mmio(LAPIC, 0x1000, lapic_read, NULL);
	*mock_mmio_word(LAPIC + LAPIC_ID) = 2u << 24;
	mock_hook_port(0x608, 0x608, pm_read, NULL);
	madt = mock_acpi_table(MADT, "APIC", 2000);
	mock_put(&madt, LAPIC, 4);
	mock_put(&madt, 1, 4);
	for (uint8_t id = 0; id < 4; id++)
		mock_madt_lapic(&madt, id, 1);
	mock_acpi_seal(&madt);
	dsdt = mock_acpi_table(DSDT, "DSDT", 100);
	mock_put_bytes(&dsdt, s5, mock_aml_s5(s5, 0, 0));
	mock_acpi_seal(&dsdt);
	mock_fadt(FADT, DSDT);
	boot.rsdp = mock_acpi_root(2, tables, 2);
	bare_console_early("none");
}

static void init(void)
{
	ck_assert_msg(!bare_host_init(&host, &boot, &why), "%s", why);
}

START_TEST(every_member_is_filled)
{
	init();
	ck_assert_str_eq(host.name, "bare");
	ck_assert_str_eq(host.title, "bare x86 (QEMU TCG)");
	ck_assert(host.cpu_init && host.wallclock_ns && host.steal_ns && host.timer_set);
	ck_assert(host.timer_stop && host.timer_ack && host.ipi && host.ipi_self && host.ipi_nmi);
	ck_assert(host.eoi && host.cpu_start && host.halt && host.yield && host.poweroff);
	ck_assert(host.reboot && host.crash && host.console_write && host.console_read);
	ck_assert_ptr_nonnull(host.console_listen);
	for (unsigned int i = 0; i < TW_OP_COUNT; i++)
		ck_assert_msg(host.served[i] && host.served[i][0], "operation %u", i);
	ck_assert_str_eq(host.served[TW_OP_TIME], "tsc");
	ck_assert_str_eq(host.served[TW_OP_POWER], "acpi");
	ck_assert_str_eq(host.served[TW_OP_PAGE_TABLE], "-");
	ck_assert_uint_ge(host.clock.tsc_hz, 999900000);
	ck_assert_uint_le(host.clock.tsc_hz, 1000100000);
	ck_assert(host.clock.stable);
}
END_TEST

START_TEST(boot_cpu_is_first)
{
	init();
	ck_assert_uint_eq(host.cpus, 4);
	ck_assert_uint_eq(host.apic_id[0], 2);
	ck_assert_uint_eq(host.apic_id[1], 0);
	ck_assert_uint_eq(host.apic_id[2], 1);
	ck_assert_uint_eq(host.apic_id[3], 3);
}
END_TEST

START_TEST(no_tables_is_one_cpu)
{
	memset(mock_rsdp.data, 0, 36);
	mock_hook_port(0x42, 0x43, NULL, NULL);
	ck_assert_int_eq(bare_host_init(&host, &boot, &why),
			 -ENODEV); /* no PM timer known either */
	ck_assert_ptr_nonnull(strstr(why, "HPET"));
	signature(0x40000000, 0x40000010, "KVMKVMKVM");
	mock_set_cpuid(0x40000010, 0, 1000000, 0, 0, 0);
	init();
	ck_assert_uint_eq(host.cpus, 1);
	ck_assert_uint_eq(host.apic_id[0], 2);
	ck_assert_str_eq(host.served[TW_OP_POWER], "reset");
}
END_TEST

START_TEST(more_cpus_than_we_can)
{
	for (unsigned int id = 4; id < TW_MAX_CPUS + 5; id++)
		mock_madt_lapic(&madt, (uint8_t)id, 1);
	mock_acpi_seal(&madt);
	init();
	ck_assert_uint_eq(host.cpus, TW_MAX_CPUS);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 5);
}
END_TEST

START_TEST(large_ids)
{
	mock_madt_x2apic(&madt, 1000, 1);
	mock_acpi_seal(&madt);
	init(); /* no x2APIC here: that CPU cannot be reached */
	ck_assert_uint_eq(host.cpus, 4);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 1);
	/* a real machine with x2APIC switches it on for that */
	mock_set_cpuid(1, 0, 0, 0, 1u << 24 | 1u << 21, 1u << 9 | 1u << 5 | 1u << 4);
	mock_set_msr(0x802, 2);
	init();
	ck_assert_uint_eq(host.cpus, 5);
	ck_assert_uint_eq(host.apic_id[4], 1000);
	ck_assert_str_eq(host.title, "bare x86");
	ck_assert_str_eq(host.served[TW_OP_TIMER], "tsc deadline");
	ck_assert_str_eq(host.served[TW_OP_IPI], "x2apic icr");
}
END_TEST

static const struct {
	uint32_t leaf;
	const char *first, *second, *title;
} machines[] = {
    {0x40000100, "KVMKVMKVM", NULL, "bare x86 (KVM)"},
    {0x40000100, "VMwareVMware", NULL, "bare x86 (VMware)"},
    {0x40000100, "XenVMMXenVMM", NULL, "bare x86 (Xen)"},
    {0x40000100, "Microsoft Hv", NULL, "bare x86 (Hyper-V)"},
    {0x40000100, "Microsoft Hv", "XenVMMXenVMM", "bare x86 (Xen)"},
    {0x40000100, "Microsoft Hv", "KVMKVMKVM", "bare x86 (Hyper-V)"},
    {0x4000ff00, "unknown", "XenVMMXenVMM", "bare x86 (Xen)"},
    {0x40010000, "unknown", "XenVMMXenVMM", "bare x86 (unknown hypervisor)"},
    {0x40000100, "bhyve bhyve ", NULL, "bare x86 (bhyve)"},
    {0x40000100, "VBoxVBoxVBox", NULL, "bare x86 (VirtualBox)"},
};

START_TEST(titles)
{
	signature(0x40000000, 0x40000001, machines[_i].first);
	if (machines[_i].second)
		signature(machines[_i].leaf, machines[_i].leaf + 1, machines[_i].second);
	init();
	ck_assert_str_eq(host.title, machines[_i].title);
}
END_TEST

/* Leaf 0x40000010 of somebody else is something else. */
START_TEST(frequency_leaf_is_kvms)
{
	mock_set_cpuid(0x40000010, 0, 5000000, 0, 0, 0);
	signature(0x40000000, 0x4000000f, "KVMKVMKVM");
	init();
	ck_assert_uint_le(host.clock.tsc_hz, 1000100000);
	signature(0x40000000, 0x40000010, "Microsoft Hv");
	init();
	ck_assert_uint_le(host.clock.tsc_hz, 1000100000);
	signature(0x40000000, 0x40000010, "KVMKVMKVM");
	init();
	ck_assert_uint_eq(host.clock.tsc_hz, 5000000000);
}
END_TEST

/* Xen's fourth leaf, wherever its leaves are; of somebody else it is something else. */
START_TEST(frequency_by_xens_leaf)
{
	mock_set_cpuid(0x40000103, 0, 0, 0, 5000000, 0);
	signature(0x40000000, 0x40000006, "Microsoft Hv");
	init();
	ck_assert_uint_le(host.clock.tsc_hz, 1000100000);
	signature(0x40000100, 0x40000102, "XenVMMXenVMM");
	init();
	ck_assert_uint_le(host.clock.tsc_hz, 1000100000);
	signature(0x40000100, 0x40000103, "XenVMMXenVMM");
	init();
	ck_assert_uint_eq(host.clock.tsc_hz, 5000000000);
}
END_TEST

START_TEST(refused)
{
	mock_set_cpuid(1, 0, 0, 0, 0, 1u << 9 | 1u << 5);
	ck_assert_int_eq(bare_host_init(&host, &boot, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "time stamp"));
	mock_set_cpuid(1, 0, 0, 0, 0, 1u << 4);
	ck_assert_int_eq(bare_host_init(&host, &boot, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "local APIC"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare host");
	TCase *t = tcase_create("bare host");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, every_member_is_filled);
	tcase_add_test(t, boot_cpu_is_first);
	tcase_add_test(t, no_tables_is_one_cpu);
	tcase_add_test(t, more_cpus_than_we_can);
	tcase_add_test(t, large_ids);
	tcase_add_loop_test(t, titles, 0, TW_ARRAY_SIZE(machines));
	tcase_add_test(t, frequency_leaf_is_kvms);
	tcase_add_test(t, frequency_by_xens_leaf);
	tcase_add_test(t, refused);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
