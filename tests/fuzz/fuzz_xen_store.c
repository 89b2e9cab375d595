/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the xenstore server: a hostile guest that writes anything anywhere into its ring page,
 * and a plausible one whose requests are well-formed enough to reach the operations. Besides
 * memory errors, it looks that the answers are whole messages as long as the guest keeps to the
 * rules, and that the server never puts more into a ring than it holds.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_xen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct xenstore_domain_interface *ring;
static uint64_t arg;
static bool honest; /* the guest has only used its own indices so far */

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void notify(void)
{
	*(struct evtchn_send *)mock_guest_at(arg) =
	    (struct evtchn_send){.port = xen_domain.store_port};
	expect(xen_event_channel_op(EVTCHNOP_send, arg, 0, 0, 0, xen_vcpus[0]) == 0);
	if (honest)
		expect(ring->rsp_prod - ring->rsp_cons <= XENSTORE_RING_SIZE);
}

/* Take all that is in the answer ring, message by message. */
static void drain(void)
{
	static char partial[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	static size_t have;
	struct xsd_sockmsg hdr;

	if (!honest) {
		have = 0;
		ring->rsp_cons = ring->rsp_prod;
		return;
	}
	while (ring->rsp_cons != ring->rsp_prod) {
		partial[have++] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons++)];
		if (have >= sizeof(hdr)) {
			memcpy(&hdr, partial, sizeof(hdr));
			expect(hdr.len <= XENSTORE_PAYLOAD_MAX);
			if (have == sizeof(hdr) + hdr.len)
				have = 0;
		}
		if (ring->rsp_cons == ring->rsp_prod)
			notify();
	}
	expect(have == 0); /* all came, so the last message is whole */
}

static void put(const void *from, size_t n)
{
	const char *c = from;

	for (; n; n--) {
		if (ring->req_prod - ring->req_cons >= XENSTORE_RING_SIZE) {
			notify();
			drain();
			notify();
			if (ring->req_prod - ring->req_cons >= XENSTORE_RING_SIZE)
				return;
		}
		ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = *c++;
		ring->req_prod++;
	}
}

/* A request with a type and a payload made of likely words. */
static size_t request(const uint8_t *data, size_t size)
{
	static const char *const words[] = {
	    "a",     "a/b", "/", "domid", "/local/domain/1/a", "@releaseDomain",
	    "token", "n1",  "0", "T",	  "control/shutdown",  "/local",
	    "F",     "b0",  "x"};
	static uint8_t payload[2 * XENSTORE_PAYLOAD_MAX]; /* may be too long */
	struct xsd_sockmsg hdr = {0};
	size_t used = 3, n = 0;
	unsigned int i;

	if (size < 3)
		return size;
	hdr.type = data[0] % 26;
	hdr.tx_id = data[1] % 4;
	for (i = 0; i < (data[2] & 3u) && used < size; i++) {
		const char *word = words[data[used++] % TW_ARRAY_SIZE(words)];

		memcpy(payload + n, word, strlen(word) + 1);
		n += strlen(word) + 1;
	}
	if (data[2] & 4 && used < size) { /* a blob of any length and content */
		size_t blob = data[used++] * 16u;

		for (i = 0; i < blob; i++)
			payload[n++] = data[i % size];
	}
	if (data[2] & 8 && n)
		n--; /* no NUL */
	hdr.len = (uint32_t)n;
	put(&hdr, sizeof(hdr));
	put(payload, n);
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t used;

	mock_xen_reset(2);
	ring = mock_guest_at(mock_guest_alloc(4096));
	arg = mock_guest_alloc(16);
	xen_store_init(ring);
	honest = true;
	drain();

	while (size) {
		uint8_t what = *data++;

		size--;
		used = 0;
		switch (what % 8) {
		case 0: /* anything, anywhere in the page */
			if (size >= 3) {
				size_t at = (data[0] | (size_t)data[1] << 8) % sizeof(*ring);

				((uint8_t *)ring)[at] = data[2];
				honest = false;
				used = 3;
			}
			break;
		case 1: /* raw bytes as requests */
			used = size < 32 ? size : 32;
			put(data, used);
			break;
		case 2:
			notify();
			break;
		case 3:
			notify();
			drain();
			break;
		case 4:
			xen_store_write("control/shutdown", "poweroff");
			break;
		default:
			used = request(data, size);
			break;
		}
		data += used;
		size -= used;
	}
	notify();
	drain();
	return 0;
}
