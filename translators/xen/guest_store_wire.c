/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The xenstore ring page (xen/io/xs_wire.h). Requests are taken in pieces as they come: Linux
 * notifies only if the ring was empty, and a request may be larger than the ring. Answers wait in
 * a queue here until the guest has made room. Everything in the page may change under our eyes and
 * lie; indices are read once and used masked.
 *
 * Neither side may fall asleep over the other's last move: after our index has been stored, theirs
 * is read again (sequentially consistent), and we stop only if there is nothing to take, or no
 * room. In both cases the guest's next move is one that it notifies.
 */
#include <string.h>

#include "guest.h"
#include "guest_store.h"

#define HDR sizeof(struct xsd_sockmsg)

struct store_request store_request;

/* The queue, and the message being built at its end. */
static char out[HDR + XENSTORE_PAYLOAD_MAX + 1024];
static uint32_t out_start, out_end, message_len;

void store_wire_reset(void)
{
	store_request.have = 0;
	out_start = out_end = 0;
}

/* The guest broke the protocol: forget its input and say why (XENSTORE_SERVER_FEATURE_ERROR). */
static void wire_error(struct xenstore_domain_interface *ring, uint32_t error)
{
	ring->error = error;
	__atomic_store_n(&ring->req_cons, __atomic_load_n(&ring->req_prod, __ATOMIC_ACQUIRE),
			 __ATOMIC_SEQ_CST);
	store_request.have = 0;
}

/* Take up to want bytes from the request ring; returns how many. */
static uint32_t ring_take(char *to, uint32_t want)
{
	struct xenstore_domain_interface *ring = xen_domain.store;
	uint32_t cons = ring->req_cons;
	uint32_t prod = __atomic_load_n(&ring->req_prod, __ATOMIC_SEQ_CST);
	uint32_t at = MASK_XENSTORE_IDX(cons), n = prod - cons;
	bool was_full = n == XENSTORE_RING_SIZE;

	if (n > XENSTORE_RING_SIZE) {
		wire_error(ring, XENSTORE_ERROR_RINGIDX);
		return 0;
	}
	if (n > want)
		n = want;
	if (n > XENSTORE_RING_SIZE - at)
		n = XENSTORE_RING_SIZE - at; /* the caller comes again */
	if (!n)
		return 0;
	memcpy(to, ring->req + at, n);
	__atomic_store_n(&ring->req_cons, cons + n, __ATOMIC_SEQ_CST);
	if (was_full)
		xen_event_raise(xen_domain.store_port); /* a writer may wait for room */
	return n;
}

bool store_receive(void)
{
	struct store_request *r = &store_request;
	uint32_t n;

	for (;;) {
		if (r->have < HDR) {
			n = ring_take((char *)&r->hdr + r->have, HDR - r->have);
		} else if (r->hdr.len > XENSTORE_PAYLOAD_MAX) {
			wire_error(xen_domain.store, XENSTORE_ERROR_PROTO);
			return false;
		} else if (r->have < HDR + r->hdr.len) {
			n = ring_take(STORE_PAYLOAD + (r->have - HDR), HDR + r->hdr.len - r->have);
		} else {
			STORE_PAYLOAD[r->hdr.len] = '\0';
			return true;
		}
		if (!n)
			return false;
		r->have += n;
	}
}

void store_request_done(void)
{
	store_request.have = 0;
}

bool store_flush(void)
{
	struct xenstore_domain_interface *ring = xen_domain.store;
	bool moved = false;

	while (out_start < out_end) {
		uint32_t prod = ring->rsp_prod;
		uint32_t used = prod - __atomic_load_n(&ring->rsp_cons, __ATOMIC_SEQ_CST);
		uint32_t at = MASK_XENSTORE_IDX(prod), n = out_end - out_start;

		if (used >= XENSTORE_RING_SIZE) /* full, or indices that make no sense */
			break;
		if (n > XENSTORE_RING_SIZE - used)
			n = XENSTORE_RING_SIZE - used;
		if (n > XENSTORE_RING_SIZE - at)
			n = XENSTORE_RING_SIZE - at;
		memcpy(ring->rsp + at, out + out_start, n);
		__atomic_store_n(&ring->rsp_prod, prod + n, __ATOMIC_SEQ_CST);
		out_start += n;
		moved = true;
	}
	if (moved)
		xen_event_raise(xen_domain.store_port);
	if (out_start < out_end)
		return false;
	out_start = out_end = 0;
	return true;
}

bool store_message_begin(const struct xsd_sockmsg *hdr, uint32_t type)
{
	struct xsd_sockmsg msg = { .type = type, .req_id = hdr->req_id, .tx_id = hdr->tx_id };

	if (out_start) {
		memmove(out, out + out_start, out_end - out_start);
		out_end -= out_start;
		out_start = 0;
	}
	message_len = 0;
	if (sizeof(out) - out_end < HDR)
		return false;
	memcpy(out + out_end, &msg, HDR);
	return true;
}

bool store_message_add(const void *data, size_t n)
{
	if (n > XENSTORE_PAYLOAD_MAX - message_len || n > sizeof(out) - out_end - HDR - message_len)
		return false;
	memcpy(out + out_end + HDR + message_len, data, n);
	message_len += (uint32_t)n;
	return true;
}

void store_message_end(void)
{
	memcpy(out + out_end + offsetof(struct xsd_sockmsg, len), &message_len,
	       sizeof(message_len));
	out_end += HDR + message_len;
}
