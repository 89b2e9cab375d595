/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The console: a 16550 at COM1 and/or the debug port of Bochs and QEMU (0xe9), or what a hypervisor
 * offers of its own. Output works from
 * the first instruction, before any host is known, and never hangs: every wait for the UART is
 * bounded, and one that has stopped taking bytes costs a single look per byte from then on.
 * CPUs may write at the same time, and one text must not be torn apart by another; but the wait for the lock is bounded,
 * too, and then the lock is taken away, so that a line about a crash comes out even if the crash happened in here.
 */
#include "host.h"
#include "twoway/lock.h"

#define COM1	      0x3f8
#define COM1_IRQ      4
#define UART_DATA     (COM1 + 0)
#define UART_IER      (COM1 + 1)
#define UART_FCR      (COM1 + 2) /* write; IIR on reading */
#define UART_LCR      (COM1 + 3)
#define UART_MCR      (COM1 + 4)
#define UART_LSR      (COM1 + 5)
#define UART_SCRATCH  (COM1 + 7)
#define IER_RECEIVE   0x01
#define LSR_DATA      0x01
#define LSR_THR_EMPTY 0x20
#define FIFO_LEN      16
#define THR_WAIT_MAX  100000 /* reads; 16 bytes at 115200 baud take 1.4 ms */
#define LOCK_WAIT     (1ull << 35) /* TSC ticks, some 10 s: 1 KB at 115200 baud takes 0.1, the ledger 1 */

#define DEBUG_PORT 0xe9

static bool uart, debugcon; /* where the console goes */
static bool debug_port;	    /* it answers, whatever the console is */
static bool uart_stuck;
static unsigned char uart_fifo = 1; /* bytes that an empty transmitter takes */
static unsigned char uart_room;	    /* bytes that it still takes without asking */
static struct tw_lock console_lock;
static bool held; /* by bare_debug_begin() */
static char last;

static const struct tw_host *console_host;
static const struct tw_console *offered; /* a hypervisor's own */
static bool use_offered;

/* --- 16550 ---------------------------------------------------------------------------------------
 */

static TW_INIT bool uart_probe(void)
{
	hw_out8(UART_SCRATCH, 0x5a);
	if (hw_in8(UART_SCRATCH) != 0x5a)
		return false;
	hw_out8(UART_SCRATCH, 0xa5);
	return hw_in8(UART_SCRATCH) == 0xa5;
}

static TW_INIT void uart_init(void)
{
	hw_out8(UART_IER, 0);
	hw_out8(UART_LCR, 0x80); /* divisor latch */
	hw_out8(UART_DATA, 1);	 /* 115200 baud */
	hw_out8(UART_IER, 0);
	hw_out8(UART_LCR, 0x03); /* 8n1 */
	hw_out8(UART_FCR, 0x07); /* FIFOs on and empty, receive trigger at one byte */
	hw_out8(UART_MCR, 0x0b); /* DTR, RTS, and OUT2: interrupts reach the line */
	uart_fifo = (hw_in8(UART_FCR) & 0xc0) == 0xc0 ? FIFO_LEN : 1;
	uart_room = 0;
	uart_stuck = false;
}

static void uart_put(char c)
{
	unsigned int tries = uart_stuck ? 1 : THR_WAIT_MAX;

	while (!uart_room && tries--) {
		if (hw_in8(UART_LSR) & LSR_THR_EMPTY)
			uart_room = uart_fifo;
		else
			hw_pause();
	}
	uart_stuck = !uart_room;
	if (uart_stuck)
		return;
	uart_room--;
	hw_out8(UART_DATA, (uint8_t)c);
}

/* -----------------------------------------------------------------------------------------------
 */

static void put(char c)
{
	if (debugcon)
		hw_out8(DEBUG_PORT, (uint8_t)c);
	if (!uart)
		return;
	if (c == '\n' && last != '\r')
		uart_put('\r');
	uart_put(c);
	last = c;
}

static void write(const char *s, size_t n)
{
	if (use_offered)
		offered->write(s, n);
	while (n--)
		put(*s++);
}

void bare_console_write(const char *s, size_t n)
{
	tw_lock_or_take(&console_lock, LOCK_WAIT);
	write(s, n);
	tw_unlock(&console_lock);
}

bool bare_debug_separate(void)
{
	return debug_port && !debugcon;
}

void bare_debug_begin(void)
{
	if (debug_port)
		return;
	tw_lock_or_take(&console_lock, LOCK_WAIT);
	held = true;
}

void bare_debug_end(void)
{
	if (!held)
		return;
	held = false;
	tw_unlock(&console_lock);
}

void bare_debug_write(const char *s, size_t n)
{
	if (held) {
		write(s, n);
		return;
	}
	if (!debug_port) {
		bare_console_write(s, n);
		return;
	}
	while (n--)
		hw_out8(DEBUG_PORT, (uint8_t)*s++);
}

/* True when the list a,b,c has the word. */
static TW_INIT bool has_word(const char *list, const char *word)
{
	while (*list) {
		const char *w = word;

		while (*w && *list == *w) {
			list++;
			w++;
		}
		if (!*w && (*list == ',' || !*list))
			return true;
		while (*list && *list++ != ',')
			;
	}
	return false;
}

TW_INIT void bare_console_early(const char *which)
{
	bool any = has_word(which, "auto");

	uart = (any || has_word(which, "com1")) && uart_probe();
	debug_port = hw_in8(DEBUG_PORT) == DEBUG_PORT; /* it answers with its own number */
	debugcon = debug_port && ((any && !uart) || has_word(which, "debugcon"));
	use_offered = offered && ((any && !uart && !debugcon) || has_word(which, "hypervisor"));
	if (uart)
		uart_init();
}

TW_INIT void bare_console_offer(const struct tw_console *console)
{
	offered = console;
}

bool bare_console_offered(void)
{
	return use_offered;
}

/*
 * A guest kernel at CPL 0 may probe the UART itself (Linux's 8250 driver does) and leaves it with the
 * interrupt and the FIFOs off. Cheap to see, so it is looked at again and again, whenever somebody listens.
 */
static void uart_heal(void)
{
	if (hw_in8(UART_IER) & IER_RECEIVE)
		return;
	hw_out8(UART_FCR, 0x01);
	hw_out8(UART_MCR, 0x0b);
	hw_out8(UART_IER, IER_RECEIVE);
}

static bool listening;

static size_t console_read(char *s, size_t n)
{
	size_t got = 0;

	if (use_offered)
		return offered->read(s, n);
	if (!uart)
		return 0;
	while (got < n && (hw_in8(UART_LSR) & LSR_DATA))
		s[got++] = (char)hw_in8(UART_DATA);
	/*
	 * The interrupt is an edge: with bytes left over the line stays up and no further one
	 * comes. Dropping and raising the enable bit makes a new edge.
	 */
	if (got == n && n && (hw_in8(UART_IER) & IER_RECEIVE)) {
		hw_out8(UART_IER, 0);
		hw_out8(UART_IER, IER_RECEIVE);
	}
	return got;
}

/* The IO-APIC first, the UART second: bytes that wait already then make the first edge. */
static bool console_listen(void)
{
	if (listening) {
		uart_heal();
		return true;
	}
	if (!uart || !bare_ioapic_route(COM1_IRQ, TW_VEC_CONSOLE, console_host->apic_id[0]))
		return false;
	hw_out8(UART_IER, 0);
	hw_out8(UART_IER, IER_RECEIVE);
	listening = true;
	return true;
}

TW_INIT void bare_console_init(struct tw_host *host)
{
	listening = false;
	console_host = host;
	host->console_write = bare_console_write;
	host->console_read = console_read;
	host->console_listen = console_listen;
	tw_serves(host, TW_OP_CONSOLE, use_offered ? offered->name : uart ? "16550" : debugcon ? "debugcon" : "none");
}
