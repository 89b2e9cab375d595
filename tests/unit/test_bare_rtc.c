/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The CMOS clock in all its formats against known dates; registers that change under the reader,
 * that are garbage or that are not there.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_hw.h"

static struct tw_host host;
static uint8_t cmos[128], index_written;
static unsigned int busy, reads, change_at, reads_of_seconds;
static uint8_t change_to;

static uint32_t data_read(uint16_t port, unsigned int bytes)
{
	reads++;
	if (index_written == 0x0a)
		return busy && busy-- ? 0xa6 : 0x26;
	if (index_written == 0 && change_at && ++reads_of_seconds >= change_at)
		cmos[0] = change_to;
	return cmos[index_written & 127];
}

static void index_write(uint16_t port, uint32_t value, unsigned int bytes)
{
	index_written = (uint8_t)value;
}

static void setup(void)
{
	mock_reset();
	memset(&host, 0, sizeof(host));
	memset(&bare, 0, sizeof(bare));
	memset(cmos, 0, sizeof(cmos));
	busy = reads = change_at = reads_of_seconds = 0;
	host.cpus = 1;
	bare_tsc_start(&host, 1000000000);
	mock_tsc_step = 0;
	host.clock.tsc0 = mock_tsc;
	host.line = &host.clock;
	mock_hook_port(0x71, 0x71, data_read, NULL);
	mock_hook_port(0x70, 0x70, NULL, index_write);
}

static void set(uint8_t century, uint8_t year, uint8_t month, uint8_t day, uint8_t hour,
		uint8_t minute, uint8_t second, uint8_t status_b)
{
	bare.century = 0x32;
	cmos[0x32] = century;
	cmos[9] = year;
	cmos[8] = month;
	cmos[7] = day;
	cmos[4] = hour;
	cmos[2] = minute;
	cmos[0] = second;
	cmos[0x0b] = status_b;
}

static uint64_t now_s(void)
{
	bare_rtc_init(&host);
	return host.wallclock_ns() / TW_NS_PER_S;
}

static const struct {
	uint8_t raw[7], status_b;
	uint64_t unix_s;
} dates[] = {
    {{0x20, 0x26, 0x11, 0x22, 0x21, 0x33, 0x14}, 2, 1795383194}, /* BCD, 24 hours */
    {{20, 26, 11, 22, 21, 33, 14}, 6, 1795383194},		 /* binary */
    {{0x20, 0x26, 0x11, 0x22, 0x89, 0x33, 0x14}, 0, 1795383194}, /* 9 pm, BCD */
    {{20, 26, 11, 22, 0x80 | 9, 33, 14}, 4, 1795383194},	 /* 9 pm, binary */
    {{0x20, 0x00, 0x02, 0x29, 0x12, 0x00, 0x00}, 0, 951782400},	 /* 12 am is 0 */
    {{0x20, 0x00, 0x02, 0x29, 0x92, 0x00, 0x00}, 0, 951825600},	 /* 12 pm is 12 */
    {{0x20, 0x00, 0x03, 0x01, 0x00, 0x00, 0x00}, 2, 951868800},	 /* after a leap day */
    {{0x19, 0x70, 0x01, 0x01, 0x00, 0x00, 0x01}, 2, 1},
    {{0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59}, 2, 946684799},
    {{0x00, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59}, 2, 946684799}, /* no century: by the year */
    {{0x00, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00}, 2, 1709164800},
    {{0x21, 0x06, 0x02, 0x07, 0x06, 0x28, 0x16}, 2, 4294967296}, /* beyond 32 bits */
    {{0x20, 0x26, 0x13, 0x01, 0x00, 0x00, 0x00}, 2, 0},		 /* garbage */
    {{0x20, 0x26, 0x00, 0x01, 0x00, 0x00, 0x00}, 2, 0},
    {{0x20, 0x26, 0x01, 0x32, 0x00, 0x00, 0x00}, 2, 0},
    {{0x20, 0x26, 0x01, 0x00, 0x00, 0x00, 0x00}, 2, 0},
    {{0x20, 0x26, 0x01, 0x01, 0x24, 0x00, 0x00}, 2, 0},
    {{0x20, 0x26, 0x01, 0x01, 0x00, 0x60, 0x00}, 2, 0},
    {{0x19, 0x69, 0x12, 0x31, 0x23, 0x59, 0x59}, 2, 0},
    {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0xff, 0},
};

START_TEST(formats)
{
	const uint8_t *d = dates[_i].raw;

	set(d[0], d[1], d[2], d[3], d[4], d[5], d[6], dates[_i].status_b);
	ck_assert_uint_eq(now_s(), dates[_i].unix_s);
	ck_assert_str_eq(host.served[TW_OP_WALLCLOCK], dates[_i].unix_s ? "cmos rtc" : "none");
}
END_TEST

START_TEST(goes_on_without_ports)
{
	set(0x20, 0x26, 0x11, 0x22, 0x21, 0x33, 0x14, 2);
	mock_tsc += 5 * TW_NS_PER_S; /* the neutral clock is at 5 s when the RTC is read */
	ck_assert_uint_eq(now_s(), 1795383194);
	reads = 0;
	mock_tsc += 10 * TW_NS_PER_S + 1;
	ck_assert_uint_eq(host.wallclock_ns(), 1795383204 * TW_NS_PER_S + 1);
	ck_assert_uint_eq(reads, 0);
}
END_TEST

START_TEST(changes_while_read)
{
	set(0x20, 0x26, 0x11, 0x22, 0x21, 0x33, 0x14, 2);
	change_at = 2;
	change_to = 0x15;
	ck_assert_uint_eq(now_s(), 1795383195); /* the second and third reading agree */
	ck_assert_uint_ge(reads_of_seconds, 3);
}
END_TEST

START_TEST(update_in_progress)
{
	set(0x20, 0x26, 0x11, 0x22, 0x21, 0x33, 0x14, 2);
	mock_tsc_step = 100;
	busy = 20;
	ck_assert_uint_eq(now_s(), 1795383194);
	ck_assert_uint_eq(busy, 0);
	busy = UINT32_MAX; /* stuck: bounded, and what is read is what counts */
	ck_assert_uint_eq(now_s(), 1795383194);
}
END_TEST

START_TEST(absent)
{
	mock_reset();
	ck_assert_uint_eq(now_s(), 0);
	ck_assert_str_eq(host.served[TW_OP_WALLCLOCK], "none");
	setup();
	set(0x20, 0x26, 0x11, 0x22, 0x21, 0x33, 0x14, 2);
	bare.no_rtc = true;
	ck_assert_uint_eq(now_s(), 0);
	ck_assert_uint_eq(reads, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare rtc");
	TCase *t = tcase_create("bare rtc");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_loop_test(t, formats, 0, TW_ARRAY_SIZE(dates));
	tcase_add_test(t, goes_on_without_ports);
	tcase_add_test(t, changes_while_read);
	tcase_add_test(t, update_in_progress);
	tcase_add_test(t, absent);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
