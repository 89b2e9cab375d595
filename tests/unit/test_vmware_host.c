/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The VMware host side against a mock backdoor: frequency by leaf and by call, the steal clock. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "abi/vmware.h"
#include "mock_hw.h"
#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw_call.h"

#define LEAF 0x40000000u

static struct tw_host host;
static unsigned int calls, bare_inits;
static enum hw_vmware_form last_form;
static uint64_t hz, area;
static bool no_port, no_steal;

void hw_vmware_call(enum hw_vmware_form form, struct hw_vmware_regs *r)
{
	calls++;
	last_form = form;
	r->eax = no_port ? 0xffffffff : VMWARE_MAGIC;
	if (no_port)
		return;
	if (r->ecx == VMWARE_GETHZ && hz) {
		r->eax = (uint32_t)hz;
		r->ebx = (uint32_t)(hz >> 32);
	} else if (r->ecx == VMWARE_STEALCLOCK) {
		area = (uint64_t)r->esi << 32 | r->edi;
		r->eax = no_steal ? (uint32_t)-1 : area & 1;
	}
}

static void b_init(unsigned int cpu)
{
	bare_inits++;
}

static void setup(void)
{
	mock_reset();
	calls = bare_inits = 0;
	hz = area = 0;
	no_port = no_steal = false;
	host = (struct tw_host){ .cpus = 3, .cpu_init = b_init };
	tw_clock_scale(&host.clock, 2000000000);
}

START_TEST(frequency_by_leaf)
{
	mock_set_cpuid(LEAF, 0, LEAF + 0x10, 0, 0, 0);
	mock_set_cpuid(LEAF + 0x10, 0, 2500000, 66000, 0, 0);
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), 2500000000);
	ck_assert_uint_eq(calls, 0);
}
END_TEST

/* The leaf also says which instruction calls; without it, the port. */
START_TEST(how_to_call)
{
	static const enum hw_vmware_form forms[] = { HW_VMWARE_PORT, HW_VMWARE_VMMCALL, HW_VMWARE_VMCALL,
						     HW_VMWARE_VMMCALL };

	mock_set_cpuid(LEAF, 0, LEAF + 0x10, 0, 0, 0);
	mock_set_cpuid(LEAF + 0x10, 0, 0, 0, (uint32_t)_i, 0);
	hz = 3000000000;
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), hz);
	ck_assert_int_eq(last_form, forms[_i]);
	/* a leaf beyond the maximum is somebody else's number */
	mock_set_cpuid(LEAF, 0, LEAF + 0xf, 0, 0, 0);
	vmware_host_driver.tsc_hz(LEAF);
	ck_assert_int_eq(last_form, HW_VMWARE_PORT);
}
END_TEST

/* Nobody behind the port; a QEMU that knows the port and not the command; an absurd answer. */
START_TEST(no_frequency)
{
	no_port = true;
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), 0);
	no_port = false;
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), 0);
	hz = 5;
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), 0);
	hz = 1ull << 45;
	ck_assert_uint_eq(vmware_host_driver.tsc_hz(LEAF), 0);
}
END_TEST

START_TEST(steal)
{
	uint64_t *ticks;

	vmware_host_driver.tsc_hz(LEAF);
	vmware_host_driver.init(&host, LEAF);
	host.cpu_init(2);
	ck_assert_uint_eq(bare_inits, 1);
	ck_assert_uint_eq(area & 63, 1);
	ticks = hw_phys(area & ~63ull);
	ck_assert_ptr_nonnull(ticks);
	*ticks = 2000000000ull * 5;
	ck_assert_uint_eq(host.steal_ns(2), 5 * TW_NS_PER_S);
	ck_assert_uint_eq(host.steal_ns(1), 0); /* not asked for there yet */
	ck_assert_str_eq(host.served[TW_OP_STEAL], "vmware steal clock");
	ck_assert(host.clock.stable);
}
END_TEST

START_TEST(no_steal_clock)
{
	no_steal = _i == 0;
	no_port = _i == 1;
	vmware_host_driver.tsc_hz(LEAF);
	vmware_host_driver.init(&host, LEAF);
	host.cpu_init(0);
	ck_assert_uint_eq(host.steal_ns(0), 0);
	ck_assert_ptr_null(host.served[TW_OP_STEAL]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vmware host");
	TCase *t = tcase_create("vmware host");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, frequency_by_leaf);
	tcase_add_loop_test(t, how_to_call, 0, 4);
	tcase_add_test(t, no_frequency);
	tcase_add_test(t, steal);
	tcase_add_loop_test(t, no_steal_clock, 0, 2);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
