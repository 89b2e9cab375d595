/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMI guest side over a mock host: what is served, alarms and their catch-up, how many accesses a tick
 * costs, the local APIC's registers. The TSC goes at 1 GHz, so cycles are nanoseconds.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "mock_vmi.h"
#include "translators/vmi/guest.h"

#define EOI  0xb0
#define ICR  0x300
#define TO   0x310
#define LVTT 0x320

static uint64_t timer_ns, steal, wall;
static unsigned int sets, stops, acks, eois;
static bool timer_on;

static void timer_set(uint64_t ns)
{
	timer_ns = ns;
	timer_on = true;
	sets++;
}

static void timer_stop(void)
{
	timer_on = false;
	stops++;
}

static bool timer_ack(void)
{
	acks++;
	return true;
}

static uint64_t steal_ns(unsigned int cpu)
{
	return steal;
}

static uint64_t wallclock_ns(void)
{
	return wall + mock_tsc;
}

static void eoi(void)
{
	eois++;
}

static void setup(void)
{
	mock_reset();
	mock_tsc_step = 0;
	mock_tsc = 1000000;
	memset(&mock_rom, 0, sizeof(mock_rom));
	memset(&tw_host, 0, sizeof(tw_host));
	tw_host = (struct tw_host){ .cpus = 3,	       .apic_id = { 0, 2, 4 },
				    .timer_set = timer_set, .timer_stop = timer_stop,
				    .timer_ack = timer_ack, .steal_ns = steal_ns,
				    .wallclock_ns = wallclock_ns };
	tw_clock_scale(&tw_host.clock, TW_NS_PER_S);
	rom_facts = (struct rom_facts){ .time = true };
	steal = 0;
	wall = 5 * TW_NS_PER_S;
	rom_ready = true;
	vmi_guest_init();
	sets = stops = acks = 0;
	timer_on = false;
}

static void alarm_at(uint32_t flags, uint64_t expiry, uint64_t period)
{
	vmi_set_alarm(flags | VMI_ALARM_LVTT, (uint32_t)expiry, (uint32_t)(expiry >> 32),
		      (uint32_t)period, (uint32_t)(period >> 32));
	ck_assert_uint_eq(mock_rom.irq_off, 0);
}

static unsigned int type(uint32_t call)
{
	return (unsigned int)(vmi_get_reloc(call) >> 32);
}

START_TEST(what_is_served)
{
	unsigned int calls = 0;

	for (uint32_t i = 0; i < VMI_CALLS; i++)
		calls += type(i) != VMI_RELOC_NONE;
	ck_assert_uint_eq(calls, 2 + 1 + 5 + 6); /* iret sysexit, io delay, power and apic, time */
	ck_assert_uint_eq(type(VMI_IRET), VMI_RELOC_JUMP);
	ck_assert_uint_eq(type(VMI_SYSEXIT), VMI_RELOC_JUMP);
	ck_assert_uint_eq(vmi_get_reloc(VMI_SET_ALARM),
			  (uint64_t)VMI_RELOC_CALL << 32 | rom_entry_of(VMI_SET_ALARM));
	ck_assert_uint_eq(vmi_get_reloc(VMI_SET_CR3), 0);
	ck_assert_uint_eq(vmi_get_reloc(VMI_CALLS), 0);
	ck_assert_uint_eq(vmi_get_reloc(UINT32_MAX), 0);
	rom_facts.time = false;
	ck_assert_uint_eq(type(VMI_CYCLE_FREQUENCY), VMI_RELOC_NONE);
	ck_assert_uint_eq(type(VMI_APIC_WRITE), VMI_RELOC_CALL);
	rom_facts = (struct rom_facts){ .hypervisor = true, .host_halt = true };
	ck_assert_uint_eq(type(VMI_CPUID), VMI_RELOC_CALL);
	ck_assert_uint_eq(type(VMI_HALT), VMI_RELOC_CALL);
	rom_facts.serve_all = true;
	ck_assert_uint_eq(type(VMI_SET_CR3), VMI_RELOC_CALL);
	ck_assert_uint_eq(type(VMI_IRET), VMI_RELOC_JUMP);
	rom_ready = false; /* vmi_init has not been called, or has failed */
	for (uint32_t i = 0; i < VMI_CALLS; i++)
		ck_assert_uint_eq(vmi_get_reloc(i), 0);
}
END_TEST

START_TEST(one_shot)
{
	alarm_at(0, mock_tsc + 1000, 0);
	ck_assert(timer_on);
	ck_assert_uint_ge(timer_ns, mock_tsc + 1000);
	ck_assert_uint_le(timer_ns, mock_tsc + 1002);
	mock_tsc += 999;
	vmi_apic_write(EOI, 0); /* of another interrupt */
	ck_assert_uint_eq(acks, 1);
	ck_assert_uint_eq(vmi_cancel_alarm(0), 1);
	ck_assert(!timer_on);
	ck_assert_uint_eq(vmi_cancel_alarm(0), 0);
	alarm_at(0, mock_tsc + 10, 0);
	mock_tsc += 20;
	ck_assert_uint_eq(vmi_cancel_alarm(0), 0);
}
END_TEST

START_TEST(past_zero_and_never)
{
	alarm_at(0, 0, 0);
	ck_assert(timer_on && timer_ns <= mock_tsc);
	alarm_at(0, mock_tsc - 1, 0);
	ck_assert(timer_on && timer_ns <= mock_tsc);
	alarm_at(0, UINT64_MAX, 0);
	ck_assert(timer_on && timer_ns > mock_tsc + (1ull << 50));
	alarm_at(1, UINT64_MAX - 5, UINT64_MAX);
	ck_assert(timer_on && timer_ns > mock_tsc + (1ull << 50));
	sets = 0;
	vmi_set_alarm(2 | VMI_ALARM_LVTT, 0, 0, 0, 0);
	ck_assert_uint_eq(sets, 0);
	ck_assert_uint_eq(vmi_cancel_alarm(2), 0);
}
END_TEST

START_TEST(periodic_catches_up)
{
	uint64_t start = mock_tsc;

	alarm_at(VMI_ALARM_PERIODIC, start, 1000);
	for (unsigned int i = 1; i < 5; i++) {
		vmi_apic_write(EOI, 0);
		ck_assert_uint_eq(timer_ns, start + 1000 * i + 1);
		mock_tsc = start + 1000 * i + 300;
	}
	mock_tsc = start + 8700; /* three were missed */
	sets = 0;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(sets, 1);
	ck_assert_uint_eq(timer_ns, start + 9001);
	ck_assert_uint_eq(vmi_cancel_alarm(VMI_ALARM_PERIODIC), 1);
}
END_TEST

/* What no guest should ask: a period behind the end of time must not become an alarm in the past, nor a short one hang. */
START_TEST(odd_periods)
{
	alarm_at(VMI_ALARM_PERIODIC, mock_tsc, UINT64_MAX);
	mock_tsc += 10;
	vmi_apic_write(EOI, 0);
	ck_assert(timer_on && timer_ns > mock_tsc + (1ull << 50));
	alarm_at(VMI_ALARM_PERIODIC, 0, 1);
	mock_tsc += 10;
	vmi_apic_write(EOI, 0);
	ck_assert(timer_on && timer_ns <= mock_tsc + 2);
	ck_assert_uint_eq(vmi_cancel_alarm(VMI_ALARM_PERIODIC), 1);
}
END_TEST

/* A tick: one end of interrupt, one timer write, nothing else that could be an exit. */
START_TEST(cost_of_a_tick)
{
	alarm_at(VMI_ALARM_PERIODIC, mock_tsc + 1000, 1000);
	mock_rom.apic_writes = sets = stops = acks = 0;
	for (unsigned int i = 0; i < 100; i++) {
		mock_tsc += 1000;
		vmi_apic_write(EOI, 0);
	}
	ck_assert_uint_eq(mock_rom.apic_writes, 100);
	ck_assert_uint_eq(sets, 100);
	ck_assert_uint_eq(stops + acks, 0);
	vmi_cancel_alarm(0);
	mock_rom.apic_writes = sets = 0;
	alarm_at(0, mock_tsc + 1000, 0);
	mock_tsc += 1000;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(sets, 1);
	ck_assert_uint_eq(mock_rom.apic_writes, 1);
}
END_TEST

START_TEST(available_time)
{
	uint64_t start = mock_tsc;

	ck_assert_uint_eq(vmi_cycle_counter(VMI_CYCLES_STOLEN), 0);
	steal = 700;
	ck_assert_uint_ge(vmi_cycle_counter(VMI_CYCLES_STOLEN), 699);
	ck_assert_uint_eq(vmi_cycle_counter(VMI_CYCLES_AVAILABLE) +
				  vmi_cycle_counter(VMI_CYCLES_STOLEN),
			  vmi_cycle_counter(VMI_CYCLES_REAL));
	ck_assert_uint_eq(vmi_cycle_counter(3), 0);
	alarm_at(VMI_CYCLES_AVAILABLE, start + 1000, 0);
	ck_assert_uint_ge(timer_ns, start + 1699);
	steal = 1700; /* stolen since: it comes early, and is set again */
	mock_tsc = start + 1701;
	sets = 0;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(sets, 1);
	ck_assert_uint_ge(timer_ns, start + 2699);
}
END_TEST

START_TEST(steal_starts_at_zero)
{
	steal = 123456;
	ck_assert_uint_eq(vmi_cycle_counter(VMI_CYCLES_STOLEN), 0);
	steal = 0; /* a host that goes back is not believed */
	ck_assert_uint_eq(vmi_cycle_counter(VMI_CYCLES_STOLEN), 0);
}
END_TEST

START_TEST(wall_clock)
{
	ck_assert_uint_eq(vmi_wallclock(), wall + mock_tsc);
	ck_assert_uint_eq(vmi_wallclock_updated(), 0);
	mock_tsc += 10 * TW_NS_PER_S;
	ck_assert_uint_eq(vmi_wallclock_updated(), 0);
	wall += 3600 * TW_NS_PER_S;
	ck_assert_uint_eq(vmi_wallclock_updated(), 1);
	ck_assert_uint_eq(vmi_wallclock_updated(), 0);
	wall -= 7200 * TW_NS_PER_S / 4;
	ck_assert_uint_eq(vmi_wallclock_updated(), 1);
}
END_TEST

START_TEST(timer_entry)
{
	mock_rom.timer_mode = 2u << 17;
	vmi_apic_write(LVTT, 0x30);
	ck_assert_uint_eq(mock_rom.apic[LVTT / 4], 0x30 | 2u << 17);
	ck_assert_uint_eq(vmi_apic_read(0xfee00000 + LVTT), 0x30);
	alarm_at(0, mock_tsc + 10, 0);
	vmi_apic_write(LVTT, 0x10030);
	ck_assert_uint_eq(vmi_apic_read(LVTT), 0x10030);
	mock_tsc += 50; /* over while masked */
	sets = 0;
	vmi_apic_write(LVTT, 0x30);
	ck_assert_uint_eq(sets, 1);
	ck_assert_uint_le(timer_ns, mock_tsc);
	ck_assert_uint_eq(mock_rom.irq_off, 0);
}
END_TEST

START_TEST(end_by_the_host)
{
	tw_host.eoi = eoi;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(eois, 0);
	ck_assert_uint_eq(mock_rom.apic_writes, 1);
	rom_facts.host_eoi = true;
	mock_rom.apic[EOI / 4] = 77;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(eois, 1);
	ck_assert_uint_eq(mock_rom.apic_writes, 1);
	/* and a periodic alarm goes on behind it */
	alarm_at(VMI_ALARM_PERIODIC, mock_tsc + 100, 100);
	mock_tsc += 150;
	sets = 0;
	vmi_apic_write(EOI, 0);
	ck_assert_uint_eq(sets, 1);
}
END_TEST

START_TEST(irq0)
{
	vmi_set_alarm(0, (uint32_t)mock_tsc + 10000000, 0, 0, 0);
	ck_assert_uint_eq(sets, 0);
	vmi_pit_set(10000000, false);
	ck_assert_uint_eq(vmi_cancel_alarm(0), 1);
	alarm_at(0, mock_tsc + 100, 0); /* the other wiring */
	ck_assert_uint_eq(sets, 1);
}
END_TEST

/* Each form as the guest wrote it. */
START_TEST(ipis)
{
	static const uint32_t commands[] = { 0x4050, 0xc4050, 0x4850, 0x4400, 0x84050 };

	mock_rom.apic[TO / 4] = 4u << 24;
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(commands); i++) {
		mock_rom.apic_writes = 0;
		vmi_apic_write(ICR, commands[i]);
		ck_assert_uint_eq(mock_rom.apic[ICR / 4], commands[i]);
		ck_assert_uint_eq(mock_rom.apic_writes, 1);
	}
}
END_TEST

START_TEST(processor_start)
{
	struct vmi_ap_state state = { .cr0 = 0x80000011, .eip = 77 };

	vmi_ap_state(&state, 2);
	state.eip = 0; /* Linux's variable is gone by then */
	mock_rom.apic[TO / 4] = 2u << 24;
	vmi_apic_write(ICR, 0x4500);
	ck_assert_uint_eq(mock_rom.ap_starts, 0);
	vmi_apic_write(ICR, 0x4609);
	ck_assert_uint_eq(mock_rom.ap_starts, 1);
	ck_assert_uint_eq(mock_rom.ap_page, 0x9000);
	ck_assert_uint_eq(mock_rom.ap_state.eip, 77);
	vmi_apic_write(ICR, 0x4609); /* the second one goes its way */
	ck_assert_uint_eq(mock_rom.ap_starts, 1);
	ck_assert_uint_eq(mock_rom.apic[ICR / 4], 0x4609);
}
END_TEST

/* INIT: what the processor had set up is lost. Only to one, by its id: in other forms ICR_TO says nothing. */
START_TEST(processor_init)
{
	mock_rom.apic[TO / 4] = 2u << 24;
	vmi_apic_write(ICR, 0xc4500);
	vmi_apic_write(ICR, 0x4d00);
	vmi_apic_write(ICR, 0x8500); /* the end of one */
	ck_assert_uint_eq(mock_rom.forgets, 0);
	vmi_apic_write(ICR, 0x4500);
	ck_assert_uint_eq(mock_rom.forgets, 1);
	ck_assert_uint_eq(mock_rom.forgotten, 2);
}
END_TEST

/* What it had armed does not come once it is up again and takes timer interrupts. */
START_TEST(init_takes_alarms)
{
	vmi_apic_write(LVTT, 0x31);
	alarm_at(0, mock_tsc + 100, 50);
	mock_rom.apic[TO / 4] = 2u << 24;
	vmi_apic_write(ICR, 0x4500);
	ck_assert_uint_eq(vmi_apic_read(LVTT), 0x31); /* not ours */
	mock_rom.apic[TO / 4] = 0;
	vmi_apic_write(ICR, 0x4500);
	ck_assert_uint_eq(vmi_apic_read(LVTT), 0x10000);
	sets = 0;
	vmi_apic_write(LVTT, 0x31);
	ck_assert_uint_eq(sets, 0);
	ck_assert_uint_eq(vmi_cancel_alarm(VMI_ALARM_LVTT), 0);
}
END_TEST

/* States in another order than STARTUP IPIs; of several for one processor the last counts, once. */
START_TEST(processor_states)
{
	struct vmi_ap_state state = { .cr0 = 0x80000011, .eip = 1 };

	vmi_ap_state(&state, 0xffffffff); /* there is no such processor */
	vmi_ap_state(&state, 2);
	vmi_ap_state(&state, 0xffffffff);
	vmi_ap_state(&state, 4);
	mock_rom.apic[TO / 4] = 4u << 24;
	vmi_apic_write(ICR, 0x4609);
	ck_assert_uint_eq(mock_rom.ap_starts, 1);
	vmi_guest_init();
	vmi_ap_state(&state, 2);
	vmi_ap_state(&state, 4);
	mock_rom.apic[TO / 4] = 2u << 24;
	vmi_apic_write(ICR, 0x4609);
	state.eip = 2;
	vmi_ap_state(&state, 4);
	mock_rom.apic[TO / 4] = 4u << 24;
	vmi_apic_write(ICR, 0x4609);
	ck_assert_uint_eq(mock_rom.ap_starts, 3);
	ck_assert_uint_eq(mock_rom.ap_state.eip, 2);
	vmi_apic_write(ICR, 0x4609);
	ck_assert_uint_eq(mock_rom.ap_starts, 3);
}
END_TEST

START_TEST(cpuid)
{
	struct hw_cpuid r = { 1, 2, 0xffffffff, 4 };

	vmi_cpuid_filter(1, &r);
	ck_assert_uint_eq(r.ecx, 0xffffffff & ~0x81200000u);
	vmi_cpuid_filter(0x40000001, &r);
	ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmi");
	Suite *suite = suite_create("vmi");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, what_is_served);
	tcase_add_test(t, one_shot);
	tcase_add_test(t, past_zero_and_never);
	tcase_add_test(t, periodic_catches_up);
	tcase_add_test(t, odd_periods);
	tcase_add_test(t, cost_of_a_tick);
	tcase_add_test(t, available_time);
	tcase_add_test(t, steal_starts_at_zero);
	tcase_add_test(t, wall_clock);
	tcase_add_test(t, timer_entry);
	tcase_add_test(t, end_by_the_host);
	tcase_add_test(t, irq0);
	tcase_add_test(t, ipis);
	tcase_add_test(t, processor_start);
	tcase_add_test(t, processor_init);
	tcase_add_test(t, init_takes_alarms);
	tcase_add_test(t, processor_states);
	tcase_add_test(t, cpuid);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
