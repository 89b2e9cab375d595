/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Console: a mock 16550 and debug port. What is written arrives, nothing hangs on a UART that is
 * absent or stuck, and input reaches its vector over an IO-APIC wired in any of the usual ways.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_hw.h"

#define COM1   0x3f8
#define IOAPIC 0xfec00000ull

static struct tw_host host;
static char out[65536], debug_out[4096];
static size_t out_len, debug_len;
static const char *input;
static uint8_t uart[8];
static bool fifo, stuck;
static unsigned int lsr_reads, room;

static uint32_t uart_in(uint16_t port, unsigned int bytes)
{
	switch (port - COM1) {
	case 0:
		return *input ? (uint8_t)*input++ : 0;
	case 2:
		return fifo ? 0xc1 : 0x01;
	case 5:
		lsr_reads++;
		if (!stuck)
			room = fifo ? 16 : 1;
		return (stuck ? 0 : 0x60) | (*input ? 1 : 0);
	}
	return uart[port - COM1];
}

static void uart_out(uint16_t port, uint32_t value, unsigned int bytes)
{
	if (port == COM1 && !(uart[3] & 0x80)) {
		ck_assert_msg(room, "written although the transmitter is full");
		room--;
		out[out_len++] = (char)value;
		return;
	}
	uart[port - COM1] = (uint8_t)value;
}

static void debug_written(uint16_t port, uint32_t value, unsigned int bytes)
{
	debug_out[debug_len++] = (char)value;
}

static uint32_t debug_read(uint16_t port, unsigned int bytes)
{
	return 0xe9;
}

static void setup(void)
{
	mock_reset();
	memset(&host, 0, sizeof(host));
	memset(&bare, 0, sizeof(bare));
	memset(uart, 0, sizeof(uart));
	memset(out, 0, sizeof(out));
	memset(debug_out, 0, sizeof(debug_out));
	out_len = debug_len = 0;
	lsr_reads = room = 0;
	fifo = true;
	stuck = false;
	input = "";
	for (unsigned int i = 0; i < 16; i++)
		bare.isa[i].gsi = i;
}

static void add_uart(void)
{
	mock_hook_port(COM1, COM1 + 7, uart_in, uart_out);
}

static void add_debug_port(void)
{
	mock_hook_port(0xe9, 0xe9, debug_read, debug_written);
}

static void write_string(const char *s)
{
	bare_console_write(s, strlen(s));
}

START_TEST(uart_output)
{
	add_uart();
	bare_console_early("com1");
	bare_console_init(&host);
	ck_assert_str_eq(host.served[TW_OP_CONSOLE], "16550");
	ck_assert_uint_eq(uart[3], 0x03); /* 8n1, divisor latch closed */
	ck_assert_uint_eq(uart[4], 0x0b);
	ck_assert_uint_eq(uart[1], 0); /* no interrupts yet */
	write_string("one\ntwo\r\nthree\n\n");
	ck_assert_str_eq(out, "one\r\ntwo\r\nthree\r\n\r\n");
}
END_TEST

START_TEST(uart_uses_its_fifo)
{
	add_uart();
	fifo = _i;
	bare_console_early("com1");
	write_string("0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(out, "0123456789abcdef0123456789abcdef");
	ck_assert_uint_eq(lsr_reads, _i ? 2 : 32);
}
END_TEST

START_TEST(uart_stuck)
{
	unsigned int first;

	add_uart();
	bare_console_early("com1");
	stuck = true;
	write_string("x");
	first = lsr_reads;
	ck_assert_uint_gt(first, 1000);
	write_string("yyyyyyyyyy");
	ck_assert_uint_le(lsr_reads, first + 10); /* one look per byte from now on */
	stuck = false;
	write_string("again");
	ck_assert_str_eq(out, "again");
}
END_TEST

/* Another CPU waits while one text must stay in one piece; but not for ever, since that CPU may have crashed in here. */
START_TEST(one_piece)
{
	uint64_t before;

	add_uart();
	bare_console_early("com1");
	mock_tsc_step = 1ull << 30;
	before = mock_tsc;
	bare_debug_begin();
	bare_debug_write("led", 3);
	bare_debug_write("ger", 3);
	ck_assert_uint_lt(mock_tsc - before, 8 * mock_tsc_step);
	before = mock_tsc;
	write_string(" other");
	ck_assert_uint_ge(mock_tsc - before, 1ull << 35);
	bare_debug_end();
	before = mock_tsc;
	write_string(" end");
	ck_assert_uint_lt(mock_tsc - before, 8 * mock_tsc_step);
	ck_assert_str_eq(out, "ledger other end");
}
END_TEST

START_TEST(nothing_there)
{
	bare_console_early("auto");
	bare_console_init(&host);
	ck_assert_str_eq(host.served[TW_OP_CONSOLE], "none");
	mock_writes_count = 0;
	write_string("hello\n");
	bare_debug_write("hello\n", 6);
	ck_assert_uint_eq(mock_writes_count, 0);
	ck_assert(!host.console_listen());
	ck_assert_uint_eq(host.console_read(out, 10), 0);
}
END_TEST

static const struct {
	const char *which;
	bool has_uart, has_debug, to_uart, to_debug;
} choices[] = {
    {"auto", true, true, true, false},	       {"auto", false, true, false, true},
    {"auto", true, false, true, false},	       {"com1", true, true, true, false},
    {"com1", false, true, false, false},       {"debugcon", true, true, false, true},
    {"debugcon", true, false, false, false},   {"none", true, true, false, false},
    {"com1,debugcon", true, true, true, true}, {"", true, true, false, false},
    {"com12", true, true, false, false},       {"xcom1,debugcon", true, true, false, true},
};

START_TEST(choice)
{
	if (choices[_i].has_uart)
		add_uart();
	if (choices[_i].has_debug)
		add_debug_port();
	bare_console_early(choices[_i].which);
	write_string("A");
	ck_assert_uint_eq(out_len, choices[_i].to_uart);
	ck_assert_uint_eq(debug_len, choices[_i].to_debug);
	/* the debug port for the tool works whatever the console is */
	ck_assert_int_eq(bare_debug_separate(), choices[_i].has_debug && !choices[_i].to_debug);
	debug_len = out_len = 0;
	bare_debug_write("B", 1);
	ck_assert_uint_eq(debug_len, choices[_i].has_debug);
	ck_assert_uint_eq(out_len, !choices[_i].has_debug && choices[_i].to_uart);
}
END_TEST

/* A hypervisor's own console: by name, or where there is nothing else. */
static unsigned int offered_len;

static void offered_write(const char *s, size_t n)
{
	offered_len += (unsigned int)n;
}

static size_t offered_read(char *s, size_t n)
{
	memset(s, 'i', n);
	return n;
}

static const struct {
	const char *which;
	bool has_uart, has_debug, to_offered;
} offers[] = {
	{ "auto", false, false, true },	      { "auto", true, false, false }, { "auto", false, true, false },
	{ "hypervisor", true, true, true },   { "none", false, false, false }, { "com1", false, false, false },
	{ "com1,hypervisor", true, true, true },
};

START_TEST(offered)
{
	static const struct tw_console console = { "test console", offered_write, offered_read };
	char text[3];

	offered_len = 0;
	if (offers[_i].has_uart)
		add_uart();
	if (offers[_i].has_debug)
		add_debug_port();
	bare_console_offer(&console);
	bare_console_early(offers[_i].which);
	bare_console_init(&host);
	ck_assert_int_eq(bare_console_offered(), offers[_i].to_offered);
	write_string("AB");
	ck_assert_uint_eq(offered_len, offers[_i].to_offered ? 2 : 0);
	if (offers[_i].to_offered) {
		ck_assert_str_eq(host.served[TW_OP_CONSOLE], "test console");
		ck_assert_uint_eq(host.console_read(text, sizeof(text)), 3);
		ck_assert(!host.console_listen()); /* its driver knows how */
	}
	bare_console_offer(NULL);
	bare_console_early("hypervisor");
	ck_assert(!bare_console_offered());
}
END_TEST

/* --- input and its interrupt
 * ------------------------------------------------------------------------ */

static uint32_t selected, pins[64];

static uint32_t ioapic_read(uint64_t pa)
{
	ck_assert_uint_eq(pa & 0xfff, 0x10);
	return selected == 1 ? 23u << 16 | 0x20 : selected >= 0x10 ? pins[selected - 0x10] : 0;
}

static void ioapic_write(uint64_t pa, uint32_t value)
{
	if ((pa & 0xfff) == 0)
		selected = value;
	else if (selected >= 0x10 && selected < 0x10 + 48)
		pins[selected - 0x10] = value;
}

static void add_ioapic(uint32_t gsi_base)
{
	bare.ioapics[bare.ioapics_count++] = (struct bare_ioapic){IOAPIC, gsi_base};
	mock_hook_mmio(IOAPIC, 0x20, ioapic_read, ioapic_write);
	memset(pins, 0, sizeof(pins));
}

static void listening(void)
{
	add_uart();
	bare_console_early("com1");
	bare_console_init(&host);
	host.apic_id[0] = 5;
	bare.madt = true;
}

START_TEST(listen)
{
	listening();
	add_ioapic(0);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(pins[8], TW_VEC_CONSOLE);
	ck_assert_uint_eq(pins[9], 5u << 24);
	ck_assert_uint_eq(uart[1], 1);
	ck_assert(uart[4] & 8); /* OUT2 */
}
END_TEST

START_TEST(listen_overridden)
{
	listening();
	bare.isa[4] = (struct bare_isa_irq){20 + 24, true, true};
	bare.ioapics[bare.ioapics_count++] = (struct bare_ioapic){0xfe000000, 0}; /* not there */
	add_ioapic(24);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(pins[40], TW_VEC_CONSOLE | 1u << 15 | 1u << 13);
}
END_TEST

START_TEST(listen_impossible)
{
	listening();
	ck_assert(!host.console_listen()); /* no IO-APIC */
	add_ioapic(24);
	ck_assert(!host.console_listen()); /* GSI 4 is none of its pins */
	bare.ioapics[0].gsi_base = 0;
	host.apic_id[0] = 0xff;
	ck_assert(!host.console_listen()); /* cannot be addressed */
	ck_assert_uint_eq(uart[1], 0);
	bare.isa[4].gsi = 24;
	host.apic_id[0] = 0;
	ck_assert(!host.console_listen()); /* one pin too far */
}
END_TEST

START_TEST(elcr)
{
	listening();
	add_ioapic(0);
	bare.madt = false;
	ck_assert(host.console_listen()); /* no ELCR: reads all ones, which is not believed */
	ck_assert_uint_eq(pins[8], TW_VEC_CONSOLE);
	mock_set_port(0x4d0, 0x10);
	bare_console_init(&host);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(pins[8], TW_VEC_CONSOLE | 1u << 15 | 1u << 13);
	mock_set_port(0x4d0, 0x20);
	bare_console_init(&host);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(pins[8], TW_VEC_CONSOLE);
	mock_set_port(0x4d0, 0x10);
	bare.madt = true; /* ACPI knows better */
	bare_console_init(&host);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(pins[8], TW_VEC_CONSOLE);
}
END_TEST

START_TEST(listen_again)
{
	listening();
	add_ioapic(0);
	ck_assert(host.console_listen());
	uart[1] = 0; /* a guest has probed the UART */
	uart[4] = 0;
	ck_assert(host.console_listen());
	ck_assert_uint_eq(uart[1], 1);
	ck_assert(uart[4] & 8);
}
END_TEST

START_TEST(read_input)
{
	char buf[8];

	listening();
	add_ioapic(0);
	host.console_listen();
	input = "hello";
	mock_writes_count = 0;
	ck_assert_uint_eq(host.console_read(buf, 8), 5);
	ck_assert(!memcmp(buf, "hello", 5));
	ck_assert_uint_eq(mock_writes_count, 0);
	ck_assert_uint_eq(host.console_read(buf, 8), 0);
	/* bytes left over: the enable bit goes down and up for a new edge */
	input = "longer text";
	ck_assert_uint_eq(host.console_read(buf, 8), 8);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, COM1 + 1), 2);
	ck_assert_uint_eq(uart[1], 1);
	ck_assert_uint_eq(host.console_read(buf, 0), 0);
}
END_TEST

START_TEST(all_masked_at_start)
{
	add_ioapic(0);
	bare.ioapics[bare.ioapics_count++] = (struct bare_ioapic){0xfe000000, 24}; /* not there */
	bare_ioapic_init();
	for (unsigned int pin = 0; pin < 24; pin++)
		ck_assert_uint_eq(pins[2 * pin], 1u << 16);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0x21), 0xff);
	ck_assert_uint_eq(mock_written_last(MOCK_PORT, 0xa1), 0xff);
	/* moved away from the exceptions, which are vectors 0-31 */
	for (unsigned int i = 0; i < mock_writes_count; i++)
		if (mock_writes[i].where == 0x20 && mock_writes[i].value == 0x11)
			ck_assert_uint_ge(mock_writes[i + 2].value, 32);
	ck_assert_uint_eq(mock_written_times(MOCK_PORT, 0x20), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare console");
	TCase *t = tcase_create("bare console");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_test(t, uart_output);
	tcase_add_loop_test(t, uart_uses_its_fifo, 0, 2);
	tcase_add_test(t, uart_stuck);
	tcase_add_test(t, one_piece);
	tcase_add_test(t, nothing_there);
	tcase_add_loop_test(t, choice, 0, TW_ARRAY_SIZE(choices));
	tcase_add_loop_test(t, offered, 0, TW_ARRAY_SIZE(offers));
	tcase_add_test(t, listen);
	tcase_add_test(t, listen_overridden);
	tcase_add_test(t, listen_impossible);
	tcase_add_test(t, elcr);
	tcase_add_test(t, listen_again);
	tcase_add_test(t, read_input);
	tcase_add_test(t, all_masked_at_start);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
