/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest's console: Xen's ring page (xen/io/console.h) and the console_io call, both on the
 * host side's console. The guest's indices are only ever used masked; an impossible distance
 * between them costs the guest its own text, nothing else.
 *
 * Input passes through a backlog of 1 KB: a UART forgets what is not fetched soon, and a guest
 * that stops reading must not lose it. When the backlog is full too, the host keeps the rest.
 */
#include "guest.h"

#define CHUNK 128 /* bytes that console_io moves at a time, on the shim's stack */

static struct tw_lock lock; /* one CPU at a time drains or fills */

static char backlog[1024];
static uint32_t backlog_cons, backlog_prod; /* free running, as the rings' */

/* What the guest wrote goes out; all of it, so the ring is never full after the guest's notify. */
static void ring_drain(struct xencons_interface *ring)
{
	uint32_t cons = ring->out_cons;
	uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
	bool was_full = prod - cons >= sizeof(ring->out);

	if (prod - cons > sizeof(ring->out))
		cons = prod - sizeof(ring->out);
	while (cons != prod) {
		uint32_t at = MASK_XENCONS_IDX(cons, ring->out);
		uint32_t n = prod - cons;

		if (n > sizeof(ring->out) - at)
			n = sizeof(ring->out) - at;
		tw_host.console_write(ring->out + at, n);
		cons += n;
	}
	__atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
	if (was_full)
		xen_event_raise(xen_domain.console_port); /* somebody may wait for room */
}

/* Fetch what the host has for us, as far as the backlog goes. */
static void backlog_fill(void)
{
	size_t n, want;

	do {
		uint32_t at = MASK_XENCONS_IDX(backlog_prod, backlog);

		want = sizeof(backlog) - (backlog_prod - backlog_cons);
		if (want > sizeof(backlog) - at)
			want = sizeof(backlog) - at;
		n = want ? tw_host.console_read(backlog + at, want) : 0;
		backlog_prod += (uint32_t)n;
	} while (n && n == want); /* the end of the array, or full */
}

/* Take one byte of input. */
static bool backlog_get(char *c)
{
	if (backlog_cons == backlog_prod)
		return false;
	*c = backlog[MASK_XENCONS_IDX(backlog_cons++, backlog)];
	return true;
}

/* Move input from the backlog to the guest; true if any moved. */
static bool ring_fill(struct xencons_interface *ring)
{
	uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
	uint32_t start = ring->in_prod, prod = start;

	/* Also false for indices that make no sense: more than the ring holds. */
	while (prod - cons < sizeof(ring->in) &&
	       backlog_get(&ring->in[MASK_XENCONS_IDX(prod, ring->in)]))
		prod++;
	__atomic_store_n(&ring->in_prod, prod, __ATOMIC_RELEASE);
	return prod != start;
}

void xen_console_input(void)
{
	bool moved;

	if (!xen_domain.console)
		return;
	tw_lock(&lock);
	do {
		backlog_fill();
		moved = ring_fill(xen_domain.console);
		if (moved)
			xen_event_raise(xen_domain.console_port);
	} while (moved);
	tw_unlock(&lock);
}

/* The guest's notify: it wrote something, or it read something and there is room again. */
static void console_notify(void)
{
	xen_count(xen_vcpus[tw_cpu()], XEN_CALL_CONSOLE_RING);
	tw_lock(&lock);
	ring_drain(xen_domain.console);
	tw_unlock(&lock);
	xen_console_input();
}

TW_INIT void xen_console_init(struct xencons_interface *ring)
{
	backlog_cons = backlog_prod = 0;
	xen_domain.console = ring;
	xen_domain.console_port = xen_event_backend(console_notify);
}

static long console_io_write(uint64_t from, uint64_t count)
{
	char chunk[CHUNK];
	size_t n;

	for (; count; count -= n, from += n) {
		n = count < sizeof(chunk) ? count : sizeof(chunk);
		if (tw_copy_from_guest(chunk, from, n))
			return -XEN_EFAULT;
		tw_host.console_write(chunk, n);
	}
	return 0;
}

/* Input for a guest without a console ring; with one, all input goes there. */
static long console_io_read(uint64_t to, uint64_t count)
{
	char chunk[CHUNK];
	size_t n = 0;

	if (xen_domain.console)
		return 0;
	if (count > sizeof(chunk))
		count = sizeof(chunk);
	tw_lock(&lock);
	backlog_fill();
	while (n < count && backlog_get(&chunk[n]))
		n++;
	tw_unlock(&lock);
	return tw_copy_to_guest(to, chunk, n) ? -XEN_EFAULT : (long)n;
}

long xen_console_io(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		    struct xen_vcpu *v)
{
	uint32_t count = (uint32_t)a2;

	switch ((uint32_t)a1) {
	case CONSOLEIO_write:
		xen_count(v, XEN_CALL_CONSOLE_WRITE);
		return count > INT32_MAX ? -XEN_EINVAL : console_io_write(a3, count);
	case CONSOLEIO_read:
		xen_count(v, XEN_CALL_CONSOLE_READ);
		return count > INT32_MAX ? -XEN_EINVAL : console_io_read(a3, count);
	}
	return xen_missing("console_io", __HYPERVISOR_console_io, (uint32_t)a1);
}
