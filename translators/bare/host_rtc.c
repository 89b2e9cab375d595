/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Wall clock: the CMOS clock is read once at boot, then the TSC goes on from there. The RTC has
 * whole seconds and slow ports, and later belongs to nobody in particular. It is taken as UTC, as
 * every VM and every Unix machine sets it. Registers: MC146818.
 */
#include "host.h"

#define CMOS_INDEX    0x70
#define CMOS_DATA     0x71
#define STATUS_A      0x0a
#define STATUS_B      0x0b
#define UPDATE_RUNS   0x80 /* in A */
#define BINARY	      0x04 /* in B */
#define HOURS_24      0x02
#define PM	      0x80 /* in the hour, 12-hour clock */
#define UPDATE_MAX_US 5000 /* an update takes 2 ms */
#define READS_MAX     5

static const struct tw_host *rtc_host;
static uint64_t start_ns; /* UTC at ns 0 of the neutral clock */

struct date {
	uint8_t second, minute, hour, day, month, year, century;
};

static TW_INIT uint8_t cmos(uint8_t index)
{
	hw_out8(CMOS_INDEX, index);
	return hw_in8(CMOS_DATA);
}

static TW_INIT void read_date(struct date *date)
{
	for (unsigned int us = 0; us < UPDATE_MAX_US && (cmos(STATUS_A) & UPDATE_RUNS); us += 10)
		bare_delay_us(10);
	date->second = cmos(0x00);
	date->minute = cmos(0x02);
	date->hour = cmos(0x04);
	date->day = cmos(0x07);
	date->month = cmos(0x08);
	date->year = cmos(0x09);
	date->century = bare.century ? cmos(bare.century) : 0;
}

static TW_INIT bool same_date(const struct date *a, const struct date *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month && a->year == b->year &&
	       a->century == b->century;
}

/* The hour without its 12-hour flag, 0-23. */
static TW_INIT uint8_t hour_24(uint8_t hour, bool pm, bool is_24)
{
	if (is_24)
		return hour;
	return (uint8_t)(hour % 12 + (pm ? 12 : 0));
}

static TW_INIT uint8_t number(uint8_t value, bool binary)
{
	return binary ? value : (uint8_t)((value >> 4) * 10 + (value & 15));
}

/* Days since 1970-01-01 of a Gregorian date: years begin in March, so that the leap day is last. */
static TW_INIT uint64_t days(uint32_t year, uint32_t month, uint32_t day)
{
	uint32_t y = month > 2 ? year : year - 1;
	uint32_t m = month > 2 ? month - 3 : month + 9;

	return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* Seconds since 1970, 0 when the registers do not hold a date. */
static TW_INIT uint64_t seconds(const struct date *raw, uint8_t status_b)
{
	bool binary = status_b & BINARY, is_24 = status_b & HOURS_24;
	uint32_t second = number(raw->second, binary), minute = number(raw->minute, binary);
	uint32_t hour =
	    hour_24(number(is_24 ? raw->hour : raw->hour & ~PM, binary), raw->hour & PM, is_24);
	uint32_t day = number(raw->day, binary), month = number(raw->month, binary);
	uint32_t year = number(raw->year, binary), century = number(raw->century, binary);

	/* A century register that does not hold one is another byte of CMOS: two digits decide. */
	if (century < 19 || century > 29)
		century = year >= 70 ? 19 : 20;
	year += century * 100;
	if (second > 60 || minute > 59 || hour > 23 || !day || day > 31 || !month || month > 12 ||
	    raw->year > 0x99 || year < 1970)
		return 0;
	return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

static uint64_t wallclock_ns(void)
{
	return start_ns + tw_clock_ns(rtc_host->line, hw_rdtsc());
}

TW_INIT void bare_rtc_init(struct tw_host *host)
{
	struct date date, again;
	uint64_t utc = 0;

	rtc_host = host;
	host->wallclock_ns = wallclock_ns;
	tw_serves(host, TW_OP_WALLCLOCK, "none");
	start_ns = 0;
	/* An empty bus reads all ones. */
	if (bare.no_rtc || cmos(STATUS_A) == 0xff)
		return;
	read_date(&date);
	for (unsigned int i = 0; i < READS_MAX; i++) {
		read_date(&again);
		if (same_date(&date, &again)) {
			utc = seconds(&date, cmos(STATUS_B));
			break;
		}
		date = again;
	}
	if (!utc)
		return;
	start_ns = utc * TW_NS_PER_S - tw_clock_ns(rtc_host->line, hw_rdtsc());
	tw_serves(host, TW_OP_WALLCLOCK, "cmos rtc");
}
