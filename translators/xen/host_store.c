/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A xenstore client (xen/io/xs_wire.h): keys of our own domain are read, written and watched over the
 * ring page that the toolstack has made. One request at a time, with a wait that is bounded: at boot, and
 * on the boot CPU when a watched key has changed.
 *
 * What comes back is checked: indices that do not fit the ring, messages longer than the protocol
 * allows, replies to something else. After that nobody knows where the next message begins, so the
 * connection is given up for good; nothing depends on it.
 */
#include "host.h"

#include <xen/hvm/params.h>
#include <xen/io/xs_wire.h>
#include <xen/sched.h>

#define LOW_4G	      0x100000000ull
#define ANSWER_MAX_NS (2 * TW_NS_PER_S)
#define OTHERS_MAX    64 /* watch events that may come before the reply */

static struct xenstore_domain_interface *ring; /* NULL: no connection, or given up */
static uint32_t port, req_prod, rsp_cons, last_id;
static uint64_t deadline; /* ns: when the request under way is given up */
static bool changed;	  /* a watched key has */

static bool give_up(void)
{
	ring = NULL;
	return false;
}

/* Let the daemon run; false when it has had its time. */
static bool wait(void)
{
	xen_host_call(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
	return tw_time_ns() < deadline || give_up();
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static bool put(const void *from, size_t n)
{
	const char *s = from;

	while (n) {
		uint32_t used = req_prod - __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);

		if (used > XENSTORE_RING_SIZE)
			return give_up();
		for (; n && used < XENSTORE_RING_SIZE; n--, used++)
			ring->req[MASK_XENSTORE_IDX(req_prod++)] = *s++;
		__atomic_store_n(&ring->req_prod, req_prod, __ATOMIC_SEQ_CST);
		xen_host_event_send(port);
		if (n && !wait())
			return false;
	}
	return true;
}

/* to NULL: drop them. */
static bool get(void *to, size_t n)
{
	char *s = to;

	while (n) {
		uint32_t left = __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) - rsp_cons;

		if (left > XENSTORE_RING_SIZE)
			return give_up();
		for (; n && left; n--, left--, rsp_cons++)
			if (s)
				*s++ = ring->rsp[MASK_XENSTORE_IDX(rsp_cons)];
		__atomic_store_n(&ring->rsp_cons, rsp_cons, __ATOMIC_SEQ_CST);
		xen_host_event_send(port); /* there is room again */
		if (n && !wait())
			return false;
	}
	return true;
}

/* --- messages ----------------------------------------------------------------------------------
 */

/* The next message; its payload is cut to size - 1 bytes and ended by 0. False: given up. */
static bool receive(struct xsd_sockmsg *header, char *payload, size_t size)
{
	size_t take;

	if (!get(header, sizeof(*header)) || header->len > XENSTORE_PAYLOAD_MAX)
		return give_up();
	take = header->len < size ? header->len : size - 1;
	payload[take] = '\0';
	return get(payload, take) && get(NULL, header->len - take);
}

/* Ask for key, with a second string if there is one; the reply's text goes to out. */
static bool transact(uint32_t type, const char *key, const char *second, bool second_ended, char *out,
		     size_t size)
{
	size_t key_n = __builtin_strlen(key) + 1;
	size_t second_n = second ? __builtin_strlen(second) + second_ended : 0;
	struct xsd_sockmsg header = {
		.type = type,
		.req_id = ++last_id,
		.len = (uint32_t)(key_n + second_n),
	};

	if (!ring)
		return false;
	xen_host_count(XEN_HOST_NATIVE_STORE);
	deadline = tw_time_ns() + ANSWER_MAX_NS;
	if (!put(&header, sizeof(header)) || !put(key, key_n) || !put(second, second_n))
		return false;
	for (unsigned int i = 0; i < OTHERS_MAX; i++) {
		if (!receive(&header, out, size))
			return false;
		if (header.type != XS_WATCH_EVENT)
			return (header.req_id == last_id || give_up()) && header.type == type;
		changed = true;
	}
	return give_up();
}

bool xen_host_store_read(const char *key, char *value, size_t size)
{
	return transact(XS_READ, key, NULL, false, value, size);
}

bool xen_host_store_write(const char *key, const char *value)
{
	char reply[4];

	return transact(XS_WRITE, key, value, false, reply, sizeof(reply));
}

static bool watch(const char *key)
{
	char reply[4];

	return transact(XS_WATCH, key, "twoway", true, reply, sizeof(reply));
}

/* --- what the domain's owner asks for ---------------------------------------------------------
 */

#define SHUTDOWN "control/shutdown"

/* Take what came without being asked for. */
static void drain(void)
{
	struct xsd_sockmsg header;
	char payload[4];

	deadline = tw_time_ns() + ANSWER_MAX_NS;
	while (ring && __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) != rsp_cons)
		if (receive(&header, payload, sizeof(payload)) && header.type == XS_WATCH_EVENT)
			changed = true;
}

/* The key is emptied as a sign that the request was seen; that is a change, too. */
static const char *request(void)
{
	static char what[32];

	drain();
	if (!changed)
		return NULL;
	changed = false;
	if (!xen_host_store_read(SHUTDOWN, what, sizeof(what)) || !what[0])
		return NULL;
	xen_host_store_write(SHUTDOWN, "");
	return what;
}

TW_INIT void xen_host_store_init(void)
{
	uint64_t pa = xen_host_param(HVM_PARAM_STORE_PFN) << TW_PAGE_SHIFT;

	port = (uint32_t)xen_host_param(HVM_PARAM_STORE_EVTCHN);
	ring = NULL;
	changed = false;
	/* 0: none; all ones: one that comes later */
	if (!pa || pa >= LOW_4G || !port)
		return;
	ring = hw_phys(pa);
	if (ring->connection != XENSTORE_CONNECTED) {
		ring = NULL;
		return;
	}
	req_prod = ring->req_prod;
	rsp_cons = ring->rsp_cons;
	last_id = 0;
	if (!watch(SHUTDOWN) || !xen_host_event_listen(port, TW_VEC_REQUEST))
		return;
	/* The toolstack asks only a domain that says it listens. */
	xen_host_store_write("control/feature-poweroff", "1");
	xen_host_store_write("control/feature-reboot", "1");
	xen_host.host->request = request;
}
