/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Local APIC: which mode is chosen, what reaches the registers, the one-shot timer in both modes
 * with its roundings and long times, INIT-SIPI-SIPI. The interrupt controllers of the chip set are
 * tested with the console, whose interrupt is the only one they route.
 */
#include <asm-generic/errno.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_hw.h"

#define LAPIC	   0xfee00000ull
#define APIC_CPUID (1u << 9 | 1u << 5)
#define X2APIC_ECX (1u << 21)
#define DEADLINE   (1u << 24)

static struct tw_host host;
static const char *why;

static void setup(void)
{
	mock_reset();
	memset(&host, 0, sizeof(host));
	memset(&bare, 0, sizeof(bare));
	mock_set_msr(MSR_APIC_BASE, LAPIC | 1u << 8 | 1u << 11);
	mock_hook_mmio(LAPIC, 0x1000, NULL, NULL);
	mock_set_cpuid(1, 0, 0, 0, 0, APIC_CPUID);
	host.cpus = 3;
	host.apic_id[1] = 4;
	host.apic_id[2] = 0x77;
	tw_clock_scale(&host.clock, 1000000000); /* a tick is a ns: easy to calculate with */
	host.line = &host.clock;
	bare_tsc_start(&host, 1000000000);
	host.clock.tsc0 = 0;
}

static uint32_t reg(unsigned int offset)
{
	return *mock_mmio_word(LAPIC + offset);
}

static void xapic(void)
{
	ck_assert_int_eq(bare_lapic_init(&host, false, &why), 0);
	ck_assert(!bare_lapic_is_x2apic());
}

static void x2apic(void)
{
	mock_set_cpuid(1, 0, 0, 0, X2APIC_ECX, APIC_CPUID);
	bare.hypervisor = true;
	ck_assert_int_eq(bare_lapic_init(&host, false, &why), 0);
	ck_assert(bare_lapic_is_x2apic());
}

START_TEST(refused_without_apic)
{
	mock_set_cpuid(1, 0, 0, 0, 0, 1u << 5);
	ck_assert_int_eq(bare_lapic_init(&host, false, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "no local APIC"));
	mock_set_cpuid(1, 0, 0, 0, 0, APIC_CPUID);
	mock_set_msr(MSR_APIC_BASE, 0x100000000ull | 1u << 11);
	ck_assert_int_eq(bare_lapic_init(&host, false, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "below 4 GB"));
}
END_TEST

/* already on | offered | hypervisor | large ids -> x2APIC */
START_TEST(mode_choice)
{
	bool on = _i & 1, offered = _i & 2, hypervisor = _i & 4, large = _i & 8;

	mock_set_msr(MSR_APIC_BASE, LAPIC | 1u << 11 | (on ? 1u << 10 : 0));
	mock_set_cpuid(1, 0, 0, 0, offered ? X2APIC_ECX : 0, APIC_CPUID);
	bare.hypervisor = hypervisor;
	ck_assert_int_eq(bare_lapic_init(&host, large, &why), 0);
	ck_assert_int_eq(bare_lapic_is_x2apic(), on || (offered && (hypervisor || large)));
	ck_assert_int_eq(mock_get_msr(MSR_APIC_BASE) >> 10 & 3, bare_lapic_is_x2apic() ? 3 : 2);
	ck_assert_str_eq(host.served[TW_OP_IPI],
			 bare_lapic_is_x2apic() ? "x2apic icr" : "xapic icr");
}
END_TEST

START_TEST(enable_xapic)
{
	mock_set_msr(MSR_APIC_BASE, LAPIC);
	*mock_mmio_word(LAPIC + 0x360) = 0x400; /* LINT1: NMI */
	*mock_mmio_word(LAPIC + LAPIC_ID) = 5u << 24;
	xapic();
	ck_assert(mock_get_msr(MSR_APIC_BASE) & 1u << 11);
	ck_assert_uint_eq(reg(LAPIC_SVR), 0x100 | TW_VEC_SPURIOUS);
	ck_assert_uint_eq(reg(LAPIC_TPR), 0);
	ck_assert_uint_eq(reg(LAPIC_LVT_LINT0), LAPIC_LVT_MASKED);
	ck_assert_uint_eq(reg(0x360), 0x400);
	ck_assert_uint_eq(bare_lapic_id(), 5);
	/* the LVTs are writable only after the APIC was enabled by software */
	ck_assert_uint_eq(mock_writes[1].where, LAPIC + LAPIC_SVR);
}
END_TEST

/* Off -> x2APIC must go by way of xAPIC. */
START_TEST(enable_x2apic_in_two_steps)
{
	mock_set_msr(MSR_APIC_BASE, LAPIC);
	x2apic();
	ck_assert_uint_eq(mock_writes[0].where, MSR_APIC_BASE);
	ck_assert_uint_eq(mock_writes[0].value, LAPIC | 1u << 11);
	ck_assert_uint_eq(mock_writes[1].where, MSR_APIC_BASE);
	ck_assert_uint_eq(mock_writes[1].value, LAPIC | 3u << 10);
	ck_assert_uint_eq(mock_get_msr(0x80f), 0x100 | TW_VEC_SPURIOUS);
	mock_set_msr(0x802, 0x12345);
	ck_assert_uint_eq(bare_lapic_id(), 0x12345);
}
END_TEST

/* A guest with its own interrupt controllers (VMI): no other mode, no register, a masked timer. */
START_TEST(kept_as_it_was)
{
	host.keeps_interrupts = true;
	bare.hypervisor = true;
	mock_set_cpuid(1, 0, 0, 0, X2APIC_ECX, APIC_CPUID);
	*mock_mmio_word(LAPIC + LAPIC_LVT_LINT0) = 0x700;
	*mock_mmio_word(LAPIC + LAPIC_SVR) = 0x10f;
	xapic();
	ck_assert_uint_eq(mock_get_msr(MSR_APIC_BASE), LAPIC | 1u << 8 | 1u << 11);
	ck_assert_uint_eq(reg(LAPIC_LVT_LINT0), 0x700);
	ck_assert_uint_eq(reg(LAPIC_SVR), 0x10f);
	bare_timer_init(&host, 1000000000);
	bare_timer_enable();
	ck_assert(reg(LAPIC_LVT_TIMER) & LAPIC_LVT_MASKED);
}
END_TEST

START_TEST(ipis_xapic)
{
	xapic();
	host.ipi(2, 0xf9);
	ck_assert_uint_eq(reg(LAPIC_ICR_HIGH), 0x77u << 24);
	ck_assert_uint_eq(reg(LAPIC_ICR), 0x40f9);
	host.ipi_nmi(1);
	ck_assert_uint_eq(reg(LAPIC_ICR_HIGH), 4u << 24);
	ck_assert_uint_eq(reg(LAPIC_ICR), 0x4400);
	host.ipi_self(0xf9);
	ck_assert_uint_eq(reg(LAPIC_ICR), 0x440f9);
	ck_assert_uint_eq(reg(LAPIC_ICR_HIGH), 4u << 24); /* untouched */
	host.eoi();
	ck_assert_uint_eq(mock_written_times(MOCK_MMIO, LAPIC + LAPIC_EOI), 1);
}
END_TEST

START_TEST(ipis_x2apic)
{
	host.apic_id[2] = 0x12345;
	x2apic();
	host.ipi(2, 0xf9);
	ck_assert_uint_eq(mock_written_last(MOCK_MSR, 0x830), 0x12345000040f9ull);
	host.ipi_nmi(1);
	ck_assert_uint_eq(mock_written_last(MOCK_MSR, 0x830), 0x400004400ull);
	host.ipi_self(0xf9);
	ck_assert_uint_eq(mock_written_last(MOCK_MSR, 0x83f), 0xf9);
	host.eoi();
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, 0x80b), 1);
	ck_assert_uint_eq(mock_written_times(MOCK_MMIO, LAPIC + LAPIC_ICR), 0);
}
END_TEST

static unsigned int busy_reads;

static uint32_t busy_icr(uint64_t pa)
{
	if (pa == LAPIC + LAPIC_ICR && busy_reads) {
		busy_reads--;
		return 1u << 12;
	}
	return *mock_mmio_word(pa);
}

START_TEST(icr_busy)
{
	xapic();
	mock_hook_mmio(LAPIC, 0x1000, busy_icr, NULL);
	busy_reads = 7;
	host.ipi(1, 0xf9);
	ck_assert_uint_eq(busy_reads, 0); /* waited */
	busy_reads = UINT32_MAX;
	host.ipi(1, 0xfa); /* gives up, sends, returns */
	ck_assert_uint_eq(mock_written_last(MOCK_MMIO, LAPIC + LAPIC_ICR), 0x40fa);
}
END_TEST

/* --- timer
 * ----------------------------------------------------------------------------------------- */

static void timer(uint64_t lapic_hz)
{
	xapic();
	bare_timer_init(&host, lapic_hz);
	bare_timer_enable();
	mock_tsc_step = 0;
	mock_tsc = 1000000;
}

START_TEST(deadline)
{
	mock_set_cpuid(1, 0, 0, 0, DEADLINE, APIC_CPUID);
	ck_assert(bare_timer_deadline());
	timer(0);
	ck_assert_str_eq(host.served[TW_OP_TIMER], "tsc deadline");
	ck_assert_uint_eq(reg(LAPIC_LVT_TIMER), 2u << 17 | TW_VEC_TIMER);
	host.timer_set(5000000);
	ck_assert_uint_eq(mock_get_msr(MSR_TSC_DEADLINE), 5000000);
	host.timer_set(0); /* past: at once, not "off" (H-1, H-2) */
	ck_assert_uint_eq(mock_get_msr(MSR_TSC_DEADLINE), 1);
	host.timer_set(UINT64_MAX);
	ck_assert_uint_ge(mock_get_msr(MSR_TSC_DEADLINE), UINT64_MAX - 4);
	ck_assert(host.timer_ack());
	host.timer_stop();
	ck_assert_uint_eq(mock_get_msr(MSR_TSC_DEADLINE), 0);
}
END_TEST

static const struct {
	uint64_t hz;
	unsigned int divider, code;
} scales[] = {{1000000000, 16, 0x3}, {64000000, 1, 0xb},   {24000000, 1, 0xb},
	      {100000000, 2, 0x0},   {200000000, 4, 0x1},  {4000000000, 64, 0x9},
	      {400000000, 8, 0x2},   {2000000000, 32, 0x8}};

START_TEST(counter_rounds_up)
{
	uint64_t hz = scales[_i].hz / scales[_i].divider;

	timer(scales[_i].hz);
	ck_assert_str_eq(host.served[TW_OP_TIMER], "lapic one-shot");
	ck_assert_uint_eq(reg(LAPIC_LVT_TIMER), TW_VEC_TIMER);
	ck_assert_uint_eq(reg(LAPIC_TIMER_SCALE), scales[_i].code);
	for (uint64_t left = 0; left < 60000000000ull; left = left * 3 + 1) {
		uint64_t exact =
		    (left * (hz / 1000) + 999999) / 1000000; /* ceil(left * hz / 10^9) */

		host.timer_set(1000000 + left);
		ck_assert_uint_ge(reg(LAPIC_TIMER_INIT), exact ? exact : 1);
		/* and a margin of 50 to 65 ppm for the error of the measurement */
		ck_assert_uint_ge(reg(LAPIC_TIMER_INIT), exact + exact / 20000);
		ck_assert_uint_le(reg(LAPIC_TIMER_INIT), exact + exact / 15000 + 2);
	}
	host.timer_set(0); /* past */
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 1);
	host.timer_stop();
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0);
	ck_assert(host.timer_ack());
}
END_TEST

START_TEST(counter_in_pieces)
{
	const uint64_t piece_ns = 0xffffffffull * 16; /* at 62.5 MHz; the margin is in our favour */
	uint64_t expiry = 1000000 + 2 * piece_ns + 500;

	timer(1000000000);
	*mock_mmio_word(LAPIC + LAPIC_ID) = 4u << 24; /* we are CPU 1 */
	host.timer_set(expiry);
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0xffffffff);
	mock_tsc += piece_ns;
	ck_assert(!host.timer_ack());
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0xffffffff);
	/* another CPU's timer is not touched by it */
	*mock_mmio_word(LAPIC + LAPIC_ID) = 0x77u << 24;
	ck_assert(host.timer_ack());
	*mock_mmio_word(LAPIC + LAPIC_ID) = 4u << 24;
	mock_tsc += piece_ns;
	ck_assert(!host.timer_ack());
	ck_assert_uint_ge(reg(LAPIC_TIMER_INIT), 500 / 16);
	ck_assert_uint_le(reg(LAPIC_TIMER_INIT), 500 / 16 + 2);
	mock_tsc += 600;
	ck_assert(host.timer_ack());
}
END_TEST

/* A new timer or a stop forgets the long one; so does a long one that is over already. */
START_TEST(counter_pieces_forgotten)
{
	timer(1000000000);
	host.timer_set(1ull << 50);
	host.timer_set(mock_tsc + 100);
	ck_assert(host.timer_ack());
	host.timer_set(1ull << 50);
	host.timer_stop();
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0);
	ck_assert(host.timer_ack());
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0);
	host.timer_set(1ull << 50);
	mock_tsc = 1ull << 51;
	ck_assert(host.timer_ack());
	host.timer_set(UINT64_MAX);
	ck_assert_uint_eq(reg(LAPIC_TIMER_INIT), 0xffffffff);
	ck_assert(!host.timer_ack());
}
END_TEST

/* --- CPUs
 * ------------------------------------------------------------------------------------------ */

static uint64_t command_at[8];
static uint32_t command[8], command_to[8];
static unsigned int commands;

static void lapic_written(uint64_t pa, uint32_t value)
{
	*mock_mmio_word(pa) = value;
	if (pa == LAPIC + LAPIC_ICR && commands < 8) {
		command_at[commands] = mock_tsc;
		command_to[commands] = *mock_mmio_word(LAPIC + LAPIC_ICR_HIGH) >> 24;
		command[commands++] = value;
	}
}

START_TEST(cpu_start)
{
	xapic();
	bare_cpu_init(&host);
	mock_hook_mmio(LAPIC, 0x1000, NULL, lapic_written);
	commands = 0;
	ck_assert_int_eq(host.cpu_start(2, 0x8000), 0);
	ck_assert_uint_eq(commands, 3);
	ck_assert_uint_eq(command[0], 0x4500);
	ck_assert_uint_eq(command[1], 0x4608);
	ck_assert_uint_eq(command[2], 0x4608);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_uint_eq(command_to[i], 0x77);
	ck_assert_uint_ge(command_at[1] - command_at[0], 100000); /* ns */
	ck_assert_uint_ge(command_at[2] - command_at[1], 10000);
	ck_assert_uint_lt(command_at[2] - command_at[0], 200000);
}
END_TEST

START_TEST(cpu_start_refused)
{
	xapic();
	bare_cpu_init(&host);
	mock_writes_count = 0;
	ck_assert_int_eq(host.cpu_start(3, 0x8000), -ENODEV);
	ck_assert_int_eq(host.cpu_start(1, 0x8001), -ENODEV);
	ck_assert_int_eq(host.cpu_start(1, 0x100000), -ENODEV);
	ck_assert_uint_eq(mock_writes_count, 0);
}
END_TEST

START_TEST(cpu_members)
{
	timer(1000000000);
	bare_cpu_init(&host);
	mock_writes_count = 0;
	host.cpu_init(1);
	ck_assert_uint_eq(mock_written_last(MOCK_MMIO, LAPIC + LAPIC_SVR), 0x100 | TW_VEC_SPURIOUS);
	ck_assert_uint_eq(mock_written_last(MOCK_MMIO, LAPIC + LAPIC_LVT_TIMER), TW_VEC_TIMER);
	ck_assert_uint_eq(mock_written_times(MOCK_MMIO, LAPIC + LAPIC_TIMER_INIT), 1);
	host.halt();
	ck_assert_uint_eq(mock_halts, 1);
	host.yield();
	ck_assert_uint_ge(mock_pauses, 1);
	ck_assert_uint_eq(host.steal_ns(1), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare lapic");
	TCase *t = tcase_create("bare lapic");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, refused_without_apic);
	tcase_add_loop_test(t, mode_choice, 0, 16);
	tcase_add_test(t, enable_xapic);
	tcase_add_test(t, enable_x2apic_in_two_steps);
	tcase_add_test(t, kept_as_it_was);
	tcase_add_test(t, ipis_xapic);
	tcase_add_test(t, ipis_x2apic);
	tcase_add_test(t, icr_busy);
	tcase_add_test(t, deadline);
	tcase_add_loop_test(t, counter_rounds_up, 0, TW_ARRAY_SIZE(scales));
	tcase_add_test(t, counter_in_pieces);
	tcase_add_test(t, counter_pieces_forgotten);
	tcase_add_test(t, cpu_start);
	tcase_add_test(t, cpu_start_refused);
	tcase_add_test(t, cpu_members);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
