/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Xen's console: one page with a ring for each direction (xen/io/console.h), served by a daemon in
 * another domain. On PVH it is the only console, so it works from the first instruction.
 *
 * Our own indices are kept here and only ever written to the page; the other end's are only used as
 * a distance that fits the ring. A daemon that takes nothing costs a bounded wait once, and the text.
 */
#include "host.h"

#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/sched.h>

#define LOW_4G	 0x100000000ull /* what can be reached before memory is known */
#define WAIT_MAX 20000		/* yields to a daemon that has not taken anything */

static struct xencons_interface *ring;
static uint32_t port, out_prod, in_cons;
static bool stuck;
static char last;

/* Bytes that fit; none also when the daemon's index makes no sense. */
static uint32_t room(void)
{
	uint32_t used = out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);

	return used > sizeof(ring->out) ? 0 : (uint32_t)sizeof(ring->out) - used;
}

static void publish(void)
{
	__atomic_store_n(&ring->out_prod, out_prod, __ATOMIC_SEQ_CST);
	xen_host_event_send(port);
}

static void put(char c)
{
	unsigned int tries = stuck ? 0 : WAIT_MAX;

	if (!room())
		publish();
	while (!room() && tries--)
		xen_host_call(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
	stuck = !room();
	if (!stuck)
		ring->out[MASK_XENCONS_IDX(out_prod++, ring->out)] = c;
}

static void write(const char *s, size_t n)
{
	for (; n--; s++) {
		if (*s == '\n' && last != '\r')
			put('\r');
		put(*s);
		last = *s;
	}
	xen_host_count(XEN_HOST_NATIVE_CONSOLE);
	publish();
}

static size_t read(char *s, size_t n)
{
	uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE);
	size_t got = 0;

	if (prod - in_cons > sizeof(ring->in))
		in_cons = prod; /* nonsense: whatever it was, it is lost */
	while (got < n && in_cons != prod)
		s[got++] = ring->in[MASK_XENCONS_IDX(in_cons++, ring->in)];
	if (!got)
		return 0;
	__atomic_store_n(&ring->in_cons, in_cons, __ATOMIC_SEQ_CST);
	xen_host_event_send(port); /* there is room again */
	return got;
}

static const struct tw_console console = { .name = "xen console", .write = write, .read = read };

TW_INIT const struct tw_console *xen_host_console(uint32_t leaf)
{
	uint64_t pa = xen_host_param(HVM_PARAM_CONSOLE_PFN) << TW_PAGE_SHIFT;

	port = (uint32_t)xen_host_param(HVM_PARAM_CONSOLE_EVTCHN);
	ring = NULL;
	if (!pa || pa >= LOW_4G || !port)
		return NULL;
	ring = hw_phys(pa);
	out_prod = ring->out_prod;
	in_cons = ring->in_cons;
	stuck = false;
	return &console;
}

static bool listening(void)
{
	return true;
}

TW_INIT void xen_host_console_init(bool events)
{
	if (ring && bare_console_offered() && events && xen_host_event_listen(port, TW_VEC_CONSOLE))
		xen_host.host->console_listen = listening;
}
