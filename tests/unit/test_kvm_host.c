/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The KVM host side against a mock of KVM: each piece with its feature bit and without (then bare
 * serves), and what is told to KVM in MSRs and hypercalls.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../translators/kvm/host.h"
#include "mock_hw.h"
#include "twoway/hw_call.h"

#define LEAF	   0x40000100u
#define F(feature) (1u << KVM_FEATURE_##feature)
#define ALL                                                                                        \
	(F(CLOCKSOURCE2) | F(STEAL_TIME) | F(PV_EOI) | F(PV_UNHALT) | F(PV_TLB_FLUSH) |            \
	 F(PV_SEND_IPI) | F(PV_SCHED_YIELD) | 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT)
#define HZ 2000000000ull

static struct tw_host host;
static unsigned int calls, current_cpu;
static unsigned long last[5];
static long answer;
static unsigned int bare_ipis, bare_eois, bare_wakes, bare_yields, bare_inits;
static uint64_t bare_many;
static bool stable, clock_broken;

unsigned int tw_cpu(void)
{
	return current_cpu;
}

long hw_kvm_call(bool amd, unsigned long nr, unsigned long a0, unsigned long a1, unsigned long a2,
		 unsigned long a3)
{
	calls++;
	last[0] = nr;
	last[1] = a0;
	last[2] = a1;
	last[3] = a2;
	last[4] = a3;
	return answer;
}

/* KVM fills its pages when their addresses are written. */
static void msr_written(uint32_t msr, uint64_t value)
{
	struct tw_pvclock *clock = hw_phys(value & ~1ull);
	struct tw_pvclock_wall *wall = hw_phys(value);

	if (msr == MSR_KVM_SYSTEM_TIME_NEW && value & 1 && !clock_broken) {
		clock->version = 2;
		clock->tsc_timestamp = 1000;
		clock->system_time = 70000;
		clock->tsc_to_system_mul = 1u << 31;
		clock->tsc_shift = 0; /* half a ns a tick: 2 GHz */
		clock->flags = stable ? TW_PVCLOCK_STABLE : 0;
	} else if (msr == MSR_KVM_WALL_CLOCK_NEW) {
		wall->version += 2;
		wall->sec = 1700000000;
		wall->nsec = 5;
	}
}

static void b_ipi(unsigned int cpu, uint8_t vector) { bare_ipis++; }
static void b_many(uint64_t cpus, uint8_t vector) { bare_many |= cpus; }
static void b_eoi(void) { bare_eois++; }
static void b_wake(unsigned int cpu) { bare_wakes++; }
static void b_yield_to(unsigned int cpu) { bare_yields++; }
static void b_init(unsigned int cpu) { bare_inits++; }
static uint64_t b_flush(uint64_t cpus) { return cpus; }
static uint64_t b_wall(void) { return 1; }
static uint64_t b_steal(unsigned int cpu) { return 0; }

static void setup(void)
{
	mock_reset();
	mock_hook_msr(msr_written);
	mock_tsc_step = 0;
	calls = bare_ipis = bare_eois = bare_wakes = bare_yields = bare_inits = 0;
	bare_many = 0;
	current_cpu = 0;
	answer = 0;
	stable = true;
	clock_broken = false;
	host = (struct tw_host){ .cpus = 4,
				 .owns_apic = true,
				 .apic_id = { 2, 0, 4, 300 },
				 .ipi = b_ipi,
				 .ipi_many = b_many,
				 .eoi = b_eoi,
				 .wake = b_wake,
				 .yield_to = b_yield_to,
				 .cpu_init = b_init,
				 .tlb_flush = b_flush,
				 .wallclock_ns = b_wall,
				 .steal_ns = b_steal };
	host.clock.stable = true;
}

static uint64_t start(uint32_t features, uint32_t hints)
{
	uint64_t hz;

	mock_set_cpuid(LEAF, 0, LEAF + 1, 0, 0, 0);
	mock_set_cpuid(LEAF + 1, 0, features, 0, 0, hints);
	hz = kvm_host_driver.tsc_hz(LEAF);
	kvm_host_driver.init(&host, LEAF);
	return hz;
}

static struct kvm_steal_time *steal_of(unsigned int cpu)
{
	return &kvm.cpu[cpu].steal;
}

/* --- time --- */

START_TEST(clock_page)
{
	ck_assert_uint_eq(start(ALL, 0), HZ);
	ck_assert(host.clock.stable);
	ck_assert_str_eq(host.served[TW_OP_TIME], "kvmclock");
	mock_tsc = 1000 + 2 * HZ;
	ck_assert_uint_eq(host.wallclock_ns(), 1700000000ull * TW_NS_PER_S + 5 + 70000 + 2 * TW_NS_PER_S);
	ck_assert_uint_eq(host.wallclock_ns(), 1700000000ull * TW_NS_PER_S + 5 + 70000 + 2 * TW_NS_PER_S);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, MSR_KVM_WALL_CLOCK_NEW), 2);
	ck_assert_uint_eq(host.native[KVM_NATIVE_WALL].count, 2);
}
END_TEST

/* A migration: KVM writes the page anew, oddly numbered meanwhile. */
START_TEST(clock_told)
{
	struct tw_pvclock *page;
	struct tw_clock line;

	start(ALL, 0);
	ck_assert(host.clock_told(&line)); /* at first: as it is */
	ck_assert_uint_eq(line.tsc_hz, HZ);
	ck_assert_uint_eq(line.tsc0, 1000);
	ck_assert_uint_eq(line.base_ns, 70000);
	ck_assert(!host.clock_told(&line));
	page = (struct tw_pvclock *)kvm.page;
	page->version = 4;
	page->tsc_timestamp = 99;
	page->system_time = 170000;
	page->tsc_shift = 1; /* a ns a tick */
	ck_assert(host.clock_told(&line));
	ck_assert_uint_eq(line.tsc_hz, HZ / 2);
	ck_assert_uint_eq(line.tsc0, 99);
	ck_assert_uint_eq(line.base_ns, 170000);
	page->version = 6;
	page->tsc_to_system_mul = 0; /* nonsense */
	ck_assert(!host.clock_told(&line));
	setup();
	start(ALL & ~F(CLOCKSOURCE2), 0);
	ck_assert_ptr_null(host.clock_told);
}
END_TEST

static void *rest_of_the_write(void *arg)
{
	struct tw_pvclock *page = arg;

	usleep(20000);
	__atomic_store_n(&page->system_time, 990000, __ATOMIC_RELAXED);
	page->tsc_timestamp = 5;
	__atomic_store_n(&page->version, 6, __ATOMIC_RELEASE);
	return NULL;
}

/* KVM is in the middle of writing: nothing is believed before it has finished. */
START_TEST(clock_half_written)
{
	struct tw_pvclock *page;
	struct tw_clock line;
	pthread_t writer;

	start(ALL, 0);
	ck_assert(host.clock_told(&line));
	page = (struct tw_pvclock *)kvm.page;
	page->version = 5;
	page->system_time = 1;
	ck_assert_int_eq(pthread_create(&writer, NULL, rest_of_the_write, page), 0);
	ck_assert(host.clock_told(&line));
	ck_assert_int_eq(pthread_join(writer, NULL), 0);
	ck_assert_uint_eq(line.base_ns, 990000);
	ck_assert_uint_eq(line.tsc0, 5);
	ck_assert(!host.clock_told(&line));
}
END_TEST

/* Only both together say that the CPUs' TSCs are one line (H-7). */
START_TEST(stability)
{
	stable = _i & 1;
	start(_i & 2 ? ALL : ALL & ~(1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT), 0);
	ck_assert_int_eq(host.clock.stable, _i == 3);
	setup();
	stable = false;
	host.cpus = 1;
	start(ALL, 0);
	ck_assert(host.clock.stable);
}
END_TEST

START_TEST(no_clock)
{
	ck_assert_uint_eq(start(ALL & ~F(CLOCKSOURCE2), 0), 0);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, MSR_KVM_SYSTEM_TIME_NEW), 0);
	ck_assert(host.wallclock_ns == b_wall);
	ck_assert(host.clock.stable);
	ck_assert_ptr_null(host.served[TW_OP_TIME]);
	/* the frequency leaf, where there is one */
	mock_set_cpuid(LEAF, 0, LEAF + 0x10, 0, 0, 0);
	mock_set_cpuid(LEAF + 0x10, 0, 1500000, 0, 0, 0);
	ck_assert_uint_eq(kvm_host_driver.tsc_hz(LEAF), 1500000000);
	/* a page that stays empty is as good as none */
	clock_broken = true;
	mock_set_cpuid(LEAF + 1, 0, ALL, 0, 0, 0);
	ck_assert_uint_eq(kvm_host_driver.tsc_hz(LEAF), 1500000000);
	kvm_host_driver.init(&host, LEAF);
	ck_assert(host.wallclock_ns == b_wall);
}
END_TEST

START_TEST(steal)
{
	start(ALL, 0);
	host.cpu_init(2);
	ck_assert_uint_eq(bare_inits, 1);
	ck_assert_uint_eq(mock_written_last(MOCK_MSR, MSR_KVM_STEAL_TIME), (kvm.cpu_pa + 2 * 128) | 1);
	ck_assert_ptr_eq(hw_phys(kvm.cpu_pa + 2 * 128), steal_of(2));
	steal_of(2)->steal = 12345;
	ck_assert_uint_eq(host.steal_ns(2), 12345);
	ck_assert_uint_eq(host.steal_ns(1), 0);
	setup();
	start(0, 0);
	host.cpu_init(0);
	ck_assert(host.steal_ns == b_steal);
	ck_assert_uint_eq(mock_writes_count, 0);
}
END_TEST

/* --- interrupts --- */

/* APIC ids 2, 0, 4 and 300: one window from id 0 on, and CPU 3 is left alone in the next. */
START_TEST(ipi_to_several)
{
	start(ALL, 0);
	host.ipi_many(0xf, 0xfa);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(last[0], KVM_HC_SEND_IPI);
	ck_assert_uint_eq(last[1], 0x15);
	ck_assert_uint_eq(last[2], 0);
	ck_assert_uint_eq(last[3], 0);
	ck_assert_uint_eq(last[4], 0xfa);
	ck_assert_uint_eq(bare_many, 8);
	ck_assert_uint_eq(host.native[KVM_NATIVE_SEND_IPI].count, 1);
}
END_TEST

/* The window begins at the lowest target; its second word is used. */
START_TEST(ipi_window)
{
	start(ALL, 0);
	host.apic_id[3] = 2 + 127;
	host.ipi_many(0xd, 0x40);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(last[3], 2);
	ck_assert_uint_eq(last[1], 5);
	ck_assert_uint_eq(last[2], 1ul << 63);
	host.apic_id[3] = 2 + 128;
	host.ipi_many(0xd, 0x40);
	ck_assert_uint_eq(last[1], 5);
	ck_assert_uint_eq(last[2], 0);
	ck_assert_uint_eq(bare_many, 8);
}
END_TEST

START_TEST(ipi_to_one_or_refused)
{
	start(ALL, 0);
	host.ipi_many(2, 0x40);
	ck_assert_uint_eq(calls, 0);
	ck_assert_uint_eq(bare_many, 2);
	answer = -KVM_ENOSYS;
	host.ipi_many(0xf, 0x40);
	ck_assert_uint_eq(bare_many, 0xf);
	ck_assert_uint_eq(calls, 1);
	host.ipi_many(0x7, 0x40);
	ck_assert_uint_eq(calls, 1); /* not asked again */
	setup();
	start(ALL & ~F(PV_SEND_IPI), 0);
	ck_assert(host.ipi_many == b_many);
}
END_TEST

START_TEST(end_of_interrupt)
{
	start(ALL, 0);
	current_cpu = 1;
	host.cpu_init(1);
	ck_assert_uint_eq(mock_written_last(MOCK_MSR, MSR_KVM_PV_EOI_EN), (kvm.cpu_pa + 128 + 64) | 1);
	kvm.cpu[1].eoi = 1;
	host.eoi();
	ck_assert_uint_eq(bare_eois, 0);
	ck_assert_uint_eq(kvm.cpu[1].eoi, 0);
	host.eoi();
	ck_assert_uint_eq(bare_eois, 1);
	/* not when the guest has the local APIC */
	setup();
	host.owns_apic = false;
	start(ALL, 0);
	host.cpu_init(1);
	ck_assert(host.eoi == b_eoi);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, MSR_KVM_PV_EOI_EN), 0);
	/* but when that one ends interrupts through us (VMI) */
	setup();
	host.owns_apic = false;
	host.keeps_interrupts = true;
	start(ALL, 0);
	host.cpu_init(1);
	ck_assert(host.eoi != b_eoi);
	ck_assert_uint_eq(mock_written_times(MOCK_MSR, MSR_KVM_PV_EOI_EN), 1);
}
END_TEST

/* --- waiting --- */

START_TEST(wake)
{
	start(ALL, 0);
	host.wake(2);
	ck_assert_uint_eq(last[0], KVM_HC_KICK_CPU);
	ck_assert_uint_eq(last[2], 4); /* an APIC id, not an index */
	ck_assert_uint_eq(bare_wakes, 0);
	answer = -KVM_ENOSYS;
	host.wake(2);
	ck_assert_uint_eq(bare_wakes, 1);
}
END_TEST

START_TEST(yield_to)
{
	start(ALL, 0);
	host.yield_to(2);
	ck_assert_uint_eq(calls, 0); /* it runs: nothing to give it */
	steal_of(2)->preempted = KVM_VCPU_PREEMPTED;
	host.yield_to(2);
	ck_assert_uint_eq(last[0], KVM_HC_SCHED_YIELD);
	ck_assert_uint_eq(last[1], 4);
}
END_TEST

START_TEST(flush_hint)
{
	start(ALL, 0);
	steal_of(1)->preempted = KVM_VCPU_PREEMPTED;
	steal_of(3)->preempted = KVM_VCPU_PREEMPTED;
	ck_assert_uint_eq(host.tlb_flush(0x6), 0x4);
	ck_assert_uint_eq(steal_of(1)->preempted, KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB);
	ck_assert_uint_eq(steal_of(2)->preempted, 0);
	ck_assert_uint_eq(steal_of(3)->preempted, KVM_VCPU_PREEMPTED);
	ck_assert_uint_eq(host.tlb_flush(0x8), 0);
	ck_assert_uint_eq(host.native[KVM_NATIVE_FLUSH].count, 2);
}
END_TEST

/* "Never preempted", or no steal area: nobody would look at the hints. */
START_TEST(hints_in_vain)
{
	start(_i ? ALL & ~F(STEAL_TIME) : ALL, _i ? 0 : 1u << KVM_HINTS_REALTIME);
	ck_assert(host.tlb_flush == b_flush);
	ck_assert(host.yield_to == b_yield_to);
}
END_TEST

START_TEST(nothing_offered)
{
	struct tw_host before = host;

	start(0, 0);
	ck_assert_ptr_null(kvm.cpu);
	ck_assert(host.wake == before.wake && host.eoi == before.eoi && host.ipi_many == before.ipi_many);
	ck_assert(host.tlb_flush == before.tlb_flush && host.steal_ns == before.steal_ns);
	host.cpu_init(0);
	ck_assert_uint_eq(mock_writes_count, 0);
	ck_assert_uint_eq(calls, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm host");
	TCase *t = tcase_create("kvm host");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, clock_page);
	tcase_add_test(t, clock_told);
	tcase_add_test(t, clock_half_written);
	tcase_add_loop_test(t, stability, 0, 4);
	tcase_add_test(t, no_clock);
	tcase_add_test(t, steal);
	tcase_add_test(t, ipi_to_several);
	tcase_add_test(t, ipi_window);
	tcase_add_test(t, ipi_to_one_or_refused);
	tcase_add_test(t, end_of_interrupt);
	tcase_add_test(t, wake);
	tcase_add_test(t, yield_to);
	tcase_add_test(t, flush_hint);
	tcase_add_loop_test(t, hints_in_vain, 0, 2);
	tcase_add_test(t, nothing_offered);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
