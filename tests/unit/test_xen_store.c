/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * xenstore through its ring, as a guest uses it: every operation and every error by its name,
 * watches, messages larger than the ring, and rings that lie.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "mock_xen.h"

static struct xenstore_domain_interface *ring;
static uint64_t arg;

/* The latest message that came back. */
static struct xsd_sockmsg hdr;
static char body[XENSTORE_PAYLOAD_MAX + 1];

static void setup(void)
{
	mock_xen_reset(2);
	xen_domain.max_pages = 1000;
	ring = mock_guest_at(mock_guest_alloc(4096));
	arg = mock_guest_alloc(16);
	xen_store_init(ring);
	ck_assert_uint_ne(xen_domain.store_port, 0);
	ck_assert_uint_eq(ring->connection, 0);
}

static void notify(void)
{
	*(struct evtchn_send *)mock_guest_at(arg) =
	    (struct evtchn_send){.port = xen_domain.store_port};
	ck_assert_int_eq(xen_event_channel_op(EVTCHNOP_send, arg, 0, 0, 0, xen_vcpus[0]), 0);
}

static bool raised(void)
{
	bool yes = xen_event_is_pending(xen_domain.store_port);

	xen_domain.shared->evtchn_pending[0] = 0;
	return yes;
}

/* Write as Linux's xb_write() does: as much as fits, and notify only if the ring was empty. */
static void ring_write(const void *data, size_t n)
{
	const char *c = data;

	while (n) {
		uint32_t prod = ring->req_prod, room = XENSTORE_RING_SIZE - (prod - ring->req_cons);

		ck_assert_uint_gt(room, 0); /* or the guest sleeps for ever */
		for (; n && room; n--, room--)
			ring->req[MASK_XENSTORE_IDX(ring->req_prod++)] = *c++;
		if (prod == ring->req_cons)
			notify();
	}
}

/* Read as xb_read() does: notify only if the ring was full. False: it is empty. */
static bool ring_read(void *to, size_t n)
{
	char *c = to;

	while (n) {
		uint32_t cons = ring->rsp_cons;

		if (cons == ring->rsp_prod)
			return false;
		for (; n && ring->rsp_cons != ring->rsp_prod; n--)
			*c++ = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons++)];
		if (ring->rsp_prod - cons >= XENSTORE_RING_SIZE)
			notify();
	}
	return true;
}

/* The next message, if there is one. */
static bool receive(void)
{
	if (!ring_read(&hdr, sizeof(hdr)))
		return false;
	ck_assert_uint_le(hdr.len, XENSTORE_PAYLOAD_MAX);
	ck_assert(ring_read(body, hdr.len));
	body[hdr.len] = '\0';
	return true;
}

static void send(uint32_t type, uint32_t tx, const void *payload, size_t n)
{
	static uint32_t req_id;
	struct xsd_sockmsg h = {.type = type, .req_id = ++req_id, .tx_id = tx, .len = (uint32_t)n};

	ring_write(&h, sizeof(h));
	ring_write(payload, n);
}

/* A request and its answer; returns "" for success, else the error's name. */
static const char *ask_tx(uint32_t type, uint32_t tx, const void *payload, size_t n)
{
	send(type, tx, payload, n);
	ck_assert(receive());
	ck_assert_uint_eq(hdr.tx_id, tx);
	if (hdr.type == XS_ERROR) {
		ck_assert_uint_eq(hdr.len, strlen(body) + 1);
		return body;
	}
	ck_assert_uint_eq(hdr.type, type);
	return "";
}
#define ask(type, payload) ask_tx(type, 0, payload, sizeof(payload) - 1)

static void expect_ok(void)
{
	ck_assert_uint_eq(hdr.len, 3);
	ck_assert_str_eq(body, "OK");
}

static void expect_value(const char *path, const char *value)
{
	ck_assert_str_eq(ask_tx(XS_READ, 0, path, strlen(path) + 1), "");
	ck_assert_str_eq(body, value);
	ck_assert_uint_eq(hdr.len, strlen(value));
}

/* The next message is this watch event. */
static void expect_event(const char *path, const char *token)
{
	ck_assert(receive());
	ck_assert_uint_eq(hdr.type, XS_WATCH_EVENT);
	ck_assert_uint_eq(hdr.req_id, 0);
	ck_assert_uint_eq(hdr.tx_id, 0);
	ck_assert_str_eq(body, path);
	ck_assert_str_eq(body + strlen(path) + 1, token);
	ck_assert_uint_eq(hdr.len, strlen(path) + strlen(token) + 2);
}

static void expect_silence(void)
{
	ck_assert_uint_eq(ring->rsp_prod, ring->rsp_cons);
}

START_TEST(tree_at_boot)
{
	expect_value("domid", "1");
	expect_value("/local/domain/1/domid", "1");
	expect_value("name", "twoway");
	expect_value("memory/target", "4000");
	expect_value("memory/static-max", "4000");
	expect_value("cpu/0/availability", "online");
	expect_value("cpu/1/availability", "online");
	ck_assert_str_eq(ask(XS_READ, "cpu/2/availability\0"), "ENOENT");
	expect_value("control/shutdown", "");
	expect_value("control/platform-feature-xs_reset_watches", "1");
	expect_value("vm", "/vm/74776f77-6179-4000-8000-000000000001");
	expect_value("/vm/74776f77-6179-4000-8000-000000000001/uuid",
		     "74776f77-6179-4000-8000-000000000001");
	ck_assert_str_eq(ask(XS_DIRECTORY, "device\0"), "");
	ck_assert_uint_eq(hdr.len, 0);
	ck_assert_str_eq(ask(XS_DIRECTORY, "cpu\0"), "");
	ck_assert_uint_eq(hdr.len, 4);
	ck_assert_mem_eq(body, "0\0001\0", 4);
	ck_assert_str_eq(ask(XS_DIRECTORY, "/\0"), "");
	ck_assert_mem_eq(body, "local\0vm\0", 9);
	ck_assert_uint_gt(xen_vcpus[0]->calls[XEN_CALL_STORE_REQUEST], 12);
	ck_assert(raised());
}
END_TEST

START_TEST(write_and_remove)
{
	ck_assert_str_eq(ask(XS_WRITE, "data/a/b\0hello"), "");
	expect_ok();
	expect_value("data/a/b", "hello");
	expect_value("data/a", ""); /* parents come along */
	ck_assert_str_eq(ask(XS_WRITE, "data/a/b\0"), "");
	expect_value("data/a/b", "");
	ck_assert_str_eq(ask(XS_WRITE, "data/a/b\0with\0nul"), "");
	ck_assert_str_eq(ask(XS_READ, "data/a/b\0"), "");
	ck_assert_uint_eq(hdr.len, 8);
	ck_assert_mem_eq(body, "with\0nul", 8);
	expect_value("domid", "1"); /* the neighbours are unharmed */

	ck_assert_str_eq(ask(XS_MKDIR, "data/a/c/d\0"), "");
	expect_ok();
	ck_assert_str_eq(ask(XS_MKDIR, "data/a/b\0"), "");
	ck_assert_str_eq(ask(XS_READ, "data/a/b\0"), "");
	ck_assert_uint_eq(hdr.len, 8); /* it was there: nothing changes */
	ck_assert_str_eq(ask(XS_WRITE, "data/ab\0x"), "");

	ck_assert_str_eq(ask(XS_RM, "data/a\0"), "");
	expect_ok();
	ck_assert_str_eq(ask(XS_READ, "data/a/b\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_READ, "data/a/c/d\0"), "ENOENT");
	expect_value("data/ab", "x");		      /* the same letters, but not below */
	ck_assert_str_eq(ask(XS_RM, "data/a\0"), ""); /* gone, but the parent is there */
	ck_assert_str_eq(ask(XS_RM, "nothing/at/all\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_RM, "/\0"), "EINVAL");
	expect_value("domid", "1");
}
END_TEST

START_TEST(bad_requests)
{
	static const char *const bad[] = {"",	    "a//b", "a/",  "/a/", "//",
					  "sp ace", "a\nb", "a:b", "@x"};
	static char longest[XENSTORE_PAYLOAD_MAX];
	unsigned int i;

	for (i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		ck_assert_str_eq(ask_tx(XS_READ, 0, bad[i], strlen(bad[i]) + 1), "EINVAL");
		ck_assert_str_eq(ask_tx(XS_MKDIR, 0, bad[i], strlen(bad[i]) + 1), "EINVAL");
	}
	ck_assert_str_eq(ask(XS_READ, "domid"), "EINVAL"); /* no NUL */
	ck_assert_str_eq(ask(XS_WRITE, "domid"), "EINVAL");
	ck_assert_str_eq(ask(XS_READ, ""), "EINVAL");
	ck_assert_str_eq(ask(XS_WATCH, "domid\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_WATCH, "domid\0token"), "EINVAL");
	ck_assert_str_eq(ask(XS_UNWATCH, "domid\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "domid\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "domid\0-1\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "domid\0\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "domid\099999999999999999999\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_DIRECTORY, "none\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "none\0000\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_GET_PERMS, "none\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_SET_PERMS, "none\0n1\0"), "ENOENT");
	ck_assert_str_eq(ask(XS_CONTROL, "help\0"), "EACCES");
	ck_assert_str_eq(ask(XS_INTRODUCE, "1\0"), "EACCES");
	ck_assert_str_eq(ask(XS_RELEASE, "1\0"), "EACCES");
	ck_assert_str_eq(ask(XS_RESUME, "1\0"), "EACCES");
	ck_assert_str_eq(ask(XS_SET_TARGET, "1\0"), "EACCES");
	ck_assert_str_eq(ask(XS_WATCH_EVENT, ""), "ENOSYS");
	ck_assert_str_eq(ask(20, ""), "ENOSYS");
	ck_assert_str_eq(ask(0xffff, ""), "ENOSYS");
	ck_assert_str_eq(ask(~0u, ""), "ENOSYS");
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	ck_assert_str_eq(ask_tx(XS_READ, 0, longest, sizeof(longest)), "EINVAL");
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_str_eq(ask_tx(XS_READ, 0, longest, sizeof(longest)), "EINVAL");
}
END_TEST

START_TEST(permissions)
{
	ck_assert_str_eq(ask(XS_GET_PERMS, "domid\0"), "");
	ck_assert_uint_eq(hdr.len, 3);
	ck_assert_str_eq(body, "n1");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n0\0r12\0"), "");
	expect_ok();
	ck_assert_str_eq(ask(XS_GET_PERMS, "domid\0"), "");
	ck_assert_uint_eq(hdr.len, 7);
	ck_assert_mem_eq(body, "n0\0r12\0", 7);
	expect_value("domid", "1");
	ck_assert_str_eq(ask(XS_WRITE, "domid\0changed"), "");
	ck_assert_str_eq(ask(XS_GET_PERMS, "domid\0"), "");
	ck_assert_mem_eq(body, "n0\0r12\0", 7); /* a write keeps them */
	expect_value("domid", "changed");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0x1\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n1x\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n1"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n1\0r2"), "EINVAL");
	ck_assert_str_eq(ask(XS_SET_PERMS, "domid\0n1111111111111111111111111111111111111111111111"
					   "11111111111111111111\0"),
			 "ENOSPC");
	expect_value("domid", "changed");
}
END_TEST

START_TEST(watches)
{
	ck_assert_str_eq(ask(XS_WATCH, "data\0one\0"), "");
	expect_ok();
	expect_event("data", "one"); /* once, on registration */
	ck_assert_str_eq(ask(XS_WATCH, "data\0one\0"), "EEXIST");
	ck_assert_str_eq(ask(XS_WATCH, "data\0two\0"), "");
	expect_event("data", "two");
	ck_assert_str_eq(ask(XS_UNWATCH, "data\0two\0"), "");
	expect_ok();
	ck_assert_str_eq(ask(XS_UNWATCH, "data\0two\0"), "ENOENT");
	/* Absolute watches report absolute paths. */
	ck_assert_str_eq(ask(XS_WATCH, "/local/domain/1/data/x\0abs\0"), "");
	expect_event("/local/domain/1/data/x", "abs");

	ck_assert_str_eq(ask(XS_WRITE, "data/x/y\0v"), "");
	expect_event("data/x/y", "one");
	expect_event("/local/domain/1/data/x/y", "abs");
	ck_assert_str_eq(ask(XS_WRITE, "data2\0v"), ""); /* a longer name is not below */
	expect_silence();
	ck_assert_str_eq(ask(XS_MKDIR, "data/x/y\0"), ""); /* nothing changed */
	expect_silence();
	ck_assert_str_eq(ask(XS_READ, "data/x/y\0"), "");
	expect_silence();
	/* Removing what is above tells those who watch below. */
	ck_assert_str_eq(ask(XS_RM, "data\0"), "");
	expect_event("data", "one");
	expect_event("/local/domain/1/data/x", "abs");
	ck_assert_str_eq(ask(XS_SET_PERMS, "data2\0n1\0"), "");
	expect_silence();

	ck_assert_str_eq(ask(XS_WATCH, "@releaseDomain\0special\0"), "");
	expect_event("@releaseDomain", "special");
	ck_assert_str_eq(ask(XS_WATCH, "@introduceDomain\0special\0"), "");
	expect_event("@introduceDomain", "special");
	ck_assert_str_eq(ask(XS_WATCH, "@other\0special\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_WATCH, "/\0root\0"), "");
	expect_event("/", "root");
	ck_assert_str_eq(ask(XS_WRITE, "/z\0v"), "");
	expect_event("/z", "root");

	ck_assert_str_eq(ask(XS_RESET_WATCHES, ""), "");
	expect_ok();
	ck_assert_str_eq(ask(XS_WRITE, "data/x/y\0v"), "");
	expect_silence();
}
END_TEST

START_TEST(transactions)
{
	unsigned int i;

	ck_assert_str_eq(ask(XS_TRANSACTION_START, "\0"), "");
	ck_assert_str_eq(body, "1");
	ck_assert_str_eq(ask(XS_TRANSACTION_START, "\0"), "");
	ck_assert_str_eq(body, "2");
	ck_assert_str_eq(ask_tx(XS_TRANSACTION_START, 1, "", 1), "EBUSY");
	ck_assert_str_eq(ask_tx(XS_WRITE, 1, "data\0x", 6), "");
	ck_assert_str_eq(ask_tx(XS_READ, 1, "data", 5), "");
	ck_assert_str_eq(body, "x");
	ck_assert_str_eq(ask_tx(XS_TRANSACTION_END, 1, "X", 2), "EINVAL");
	ck_assert_str_eq(ask_tx(XS_TRANSACTION_END, 1, "T", 2), "");
	expect_ok();
	ck_assert_str_eq(ask_tx(XS_TRANSACTION_END, 1, "T", 2), "ENOENT");
	ck_assert_str_eq(ask_tx(XS_READ, 1, "data", 5), "ENOENT");
	ck_assert_str_eq(ask_tx(XS_READ, 33, "data", 5), "ENOENT");
	ck_assert_str_eq(ask_tx(XS_READ, ~0u, "data", 5), "ENOENT");
	ck_assert_str_eq(ask_tx(XS_TRANSACTION_END, 2, "F", 2), "");
	ck_assert_str_eq(ask(XS_TRANSACTION_END, "T\0"), "ENOENT");
	for (i = 0; i < 32; i++)
		ck_assert_str_eq(ask(XS_TRANSACTION_START, "\0"), "");
	ck_assert_str_eq(body, "32");
	ck_assert_str_eq(ask(XS_TRANSACTION_START, "\0"), "ENOSPC");
}
END_TEST

START_TEST(domains)
{
	ck_assert_str_eq(ask(XS_GET_DOMAIN_PATH, "17\0"), "");
	ck_assert_str_eq(body, "/local/domain/17");
	ck_assert_uint_eq(hdr.len, 17);
	ck_assert_str_eq(ask(XS_GET_DOMAIN_PATH, "x\0"), "EINVAL");
	ck_assert_str_eq(ask(XS_GET_DOMAIN_PATH, ""), "EINVAL");
	ck_assert_str_eq(ask(XS_IS_DOMAIN_INTRODUCED, "1\0"), "");
	ck_assert_str_eq(body, "T");
	ck_assert_str_eq(ask(XS_IS_DOMAIN_INTRODUCED, "2\0"), "");
	ck_assert_str_eq(body, "F");
}
END_TEST

/* A request that comes byte by byte, with a notify after each. */
START_TEST(requests_in_pieces)
{
	struct xsd_sockmsg h = {.type = XS_READ, .req_id = 7, .len = 6};
	size_t i;

	for (i = 0; i < sizeof(h); i++) {
		ring_write((char *)&h + i, 1);
		ck_assert_uint_eq(ring->req_cons, ring->req_prod); /* taken at once */
	}
	for (i = 0; i < 6; i++) {
		expect_silence();
		ring_write("domid" + i, 1);
	}
	ck_assert(receive());
	ck_assert_uint_eq(hdr.req_id, 7);
	ck_assert_str_eq(body, "1");
}
END_TEST

/* Messages larger than the ring, both ways, at every position of the ring. */
START_TEST(large_messages)
{
	static char payload[XENSTORE_PAYLOAD_MAX];
	static char expected[XENSTORE_PAYLOAD_MAX];
	size_t i, n = sizeof(payload) - 5;

	memcpy(payload, "blob", 5);
	for (i = 0; i < n; i++)
		payload[5 + i] = (char)(i * 13 + i / 251);
	memcpy(expected, payload + 5, n);
	for (i = 0; i < 20; i++) {
		ck_assert_str_eq(ask_tx(XS_WRITE, 0, payload, sizeof(payload)), "");
		ck_assert_str_eq(ask(XS_READ, "blob\0"), "");
		ck_assert_uint_eq(hdr.len, n);
		ck_assert_mem_eq(body, expected, n);
		ck_assert_str_eq(ask(XS_WRITE, "odd/length\0"
					       "123"),
				 "");
	}
}
END_TEST

/* The guest does not read: answers wait, requests are not taken, nothing is lost. */
START_TEST(guest_that_does_not_read)
{
	struct xsd_sockmsg h = {.type = XS_READ, .len = 6};
	unsigned int sent, got;

	/* Each answer has 17 bytes, each request 22: the answer ring fills up in between. */
	for (sent = 0; XENSTORE_RING_SIZE - (ring->req_prod - ring->req_cons) >= 22; sent++) {
		h.req_id = sent;
		ring_write(&h, sizeof(h));
		ring_write("domid", 6);
		ck_assert_uint_le(ring->rsp_prod - ring->rsp_cons, XENSTORE_RING_SIZE);
		ck_assert_uint_lt(sent, 1000);
	}
	ck_assert_uint_gt(sent, XENSTORE_RING_SIZE / 17 + 40);
	for (got = 0; receive(); got++) {
		ck_assert_uint_eq(hdr.req_id, got);
		ck_assert_str_eq(body, "1");
	}
	ck_assert_uint_eq(got, sent);
}
END_TEST

/* More events than the queue holds: every watch still hears once, if only of its own path. */
START_TEST(events_that_do_not_fit)
{
	static char text[2000], path[1500];
	unsigned int i, n, seen = 0, own = 0;

	for (i = 0; i < 8; i++) {
		n = (unsigned int)snprintf(text, sizeof(text), "w%c%0300u", 0, i) + 1;
		ck_assert_str_eq(ask_tx(XS_WATCH, 0, text, n), "");
		ck_assert(receive());
	}
	memset(path, 'p', sizeof(path));
	memcpy(path, "w/", 2);
	path[sizeof(path) - 2] = '\0';
	send(XS_WRITE, 0, path, sizeof(path));
	while (receive()) {
		if (hdr.type != XS_WATCH_EVENT)
			continue;
		own += !strcmp(body, "w");
		ck_assert(!strcmp(body, path) || !strcmp(body, "w"));
		seen |= 1u << (body[hdr.len - 2] - '0');
	}
	ck_assert_uint_eq(seen, 0xff);
	ck_assert_uint_gt(own, 0); /* or the test tests nothing */
	ck_assert_uint_lt(own, 8);
	/* It owes nothing: the next event tells its true path again. */
	send(XS_WRITE, 0, "w/x\0v", 5);
	for (i = 0; receive(); i += hdr.type == XS_WATCH_EVENT)
		ck_assert_str_eq(body, hdr.type == XS_WATCH_EVENT ? "w/x" : "OK");
	ck_assert_uint_eq(i, 8);
	expect_value("domid", "1");
}
END_TEST

START_TEST(watches_run_out)
{
	char text[64];
	unsigned int i, n;
	const char *error = "";

	for (i = 0; !*error; i++) {
		n = (unsigned int)snprintf(text, sizeof(text), "device%c%u", 0, i) + 1;
		error = ask_tx(XS_WATCH, 0, text, n);
		if (!*error)
			ck_assert(receive());
		ck_assert_uint_lt(i, 1000);
	}
	ck_assert_str_eq(error, "E2BIG");
	ck_assert_uint_gt(i, 60);
}
END_TEST

START_TEST(store_full)
{
	char text[300];
	unsigned int i;
	const char *error = "";

	for (i = 0; !*error; i++) {
		memset(text, 'v', sizeof(text));
		snprintf(text, sizeof(text), "fill/%03u", i);
		error = ask_tx(XS_WRITE, 0, text, sizeof(text));
		ck_assert_uint_lt(i, 1000);
	}
	ck_assert_str_eq(error, "ENOSPC");
	ck_assert_uint_gt(i, 30);
	expect_value("domid", "1");
	ck_assert_int_eq(xen_store_write("fill/more", "a value that needs some room, more than is "
						      "left over from the last one, so it has to "
						      "be long enough to be sure of that, even if "
						      "the size of the records changes, which it "
						      "may do at any time, and 300 bytes do it: "
						      "........................................"),
			 -XEN_ENOSPC);
	ck_assert_str_eq(ask(XS_RM, "fill\0"), "");
	ck_assert_str_eq(ask_tx(XS_WRITE, 0, text, sizeof(text)), "");
}
END_TEST

/* A directory larger than a message: E2BIG, then in parts. */
START_TEST(large_directory)
{
	char path[80], request[80];
	unsigned int i, n, parts = 0, names = 0;
	size_t offset = 0, gen;
	bool end = false;

	for (i = 0; i < 110; i++) {
		snprintf(path, sizeof(path), "d/%038u", i);
		ck_assert_str_eq(ask_tx(XS_MKDIR, 0, path, strlen(path) + 1), "");
	}
	ck_assert_str_eq(ask(XS_DIRECTORY, "d\0"), "E2BIG");
	while (!end) {
		const char *c;

		n = (unsigned int)snprintf(request, sizeof(request), "d%c%zu", 0, offset) + 1;
		ck_assert_str_eq(ask_tx(XS_DIRECTORY_PART, 0, request, n), "");
		gen = strlen(body) + 1;
		for (c = body + gen; c < body + hdr.len && *c; c += strlen(c) + 1, names++) {
			snprintf(path, sizeof(path), "%038u", names);
			ck_assert_str_eq(c, path);
		}
		offset += (size_t)(c - body) - gen;
		end = c < body + hdr.len; /* the empty name */
		ck_assert_uint_lt(++parts, 10);
	}
	ck_assert_uint_eq(names, 110);
	ck_assert_uint_eq(parts, 2);
	/* Behind the end: only the end. */
	ck_assert_str_eq(ask(XS_DIRECTORY_PART, "d\099999\0"), "");
	ck_assert_uint_eq(hdr.len, strlen(body) + 2);
}
END_TEST

/* The host side asks for something: value, event, interrupt. */
START_TEST(write_from_the_host_side)
{
	ck_assert_str_eq(ask(XS_WATCH, "control/shutdown\0tok\0"), "");
	expect_event("control/shutdown", "tok");
	raised();
	ck_assert_int_eq(xen_store_write("control/shutdown", "poweroff"), 0);
	ck_assert(raised());
	expect_event("control/shutdown", "tok");
	expect_value("control/shutdown", "poweroff");
	ck_assert_int_eq(xen_store_write("/local/domain/0/x", "y"), 0);
	expect_silence();
	expect_value("/local/domain/0/x", "y");
	ck_assert_int_eq(xen_store_write("bad//path", "y"), -XEN_EINVAL);
	ck_assert_int_eq(xen_store_write("", "y"), -XEN_EINVAL);
}
END_TEST

/* It may come while the guest is in the middle of a request, or has not read its answers. */
START_TEST(write_from_the_host_side_in_between)
{
	struct xsd_sockmsg h = {.type = XS_READ, .req_id = 9, .len = 6};
	unsigned int i, events = 0;

	ck_assert_str_eq(ask(XS_WATCH, "control/shutdown\0tok\0"), "");
	expect_event("control/shutdown", "tok");
	ring_write(&h, sizeof(h));
	ring_write("dom", 3);
	ck_assert_int_eq(xen_store_write("control/shutdown", "halt"), 0);
	expect_event("control/shutdown", "tok");
	ring_write("id", 3);
	ck_assert(receive());
	ck_assert_uint_eq(hdr.req_id, 9);
	ck_assert_str_eq(body, "1");

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(xen_store_write("control/shutdown", "reboot"), 0);
	while (receive()) {
		ck_assert_str_eq(body, "control/shutdown");
		events++;
	}
	ck_assert_uint_gt(events, XENSTORE_RING_SIZE / 40);
	expect_value("control/shutdown", "reboot");
}
END_TEST

START_TEST(lying_rings)
{
	struct xsd_sockmsg h = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};

	ring->req_prod = ring->req_cons + XENSTORE_RING_SIZE + 1;
	notify();
	ck_assert_uint_eq(ring->error, XENSTORE_ERROR_RINGIDX);
	ck_assert_uint_eq(ring->req_cons, ring->req_prod);
	expect_silence();
	expect_value("domid", "1"); /* and life goes on */

	ring_write(&h, sizeof(h));
	ck_assert_uint_eq(ring->error, XENSTORE_ERROR_PROTO);
	expect_silence();
	expect_value("domid", "1");

	ring->rsp_cons = ring->rsp_prod + 1; /* it "read" what is not there */
	h.len = 6;
	h.req_id = 5;
	ring_write(&h, sizeof(h));
	ring_write("domid", 6);
	ck_assert_uint_eq(ring->rsp_cons, ring->rsp_prod + 1);
	ring->rsp_cons = ring->rsp_prod;
	notify();
	ck_assert(receive());
	ck_assert_uint_eq(hdr.req_id, 5);
}
END_TEST

/* The guest polls the answer without a notify, then a full request ring makes room by event. */
START_TEST(writer_waits_for_room)
{
	static char payload[XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg h = {.type = XS_WRITE, .len = sizeof(payload)};

	memcpy(payload, "blob", 5);
	ring_write(&h, sizeof(h));
	raised();
	memcpy(ring->req + MASK_XENSTORE_IDX(ring->req_prod), payload,
	       XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(ring->req_prod));
	memcpy(ring->req, payload + XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(ring->req_prod),
	       MASK_XENSTORE_IDX(ring->req_prod));
	ring->req_prod += XENSTORE_RING_SIZE;
	notify();
	ck_assert_uint_eq(ring->req_cons, ring->req_prod);
	ck_assert(raised());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-store");
	TCase *tc = tcase_create("store");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, tree_at_boot);
	tcase_add_test(tc, write_and_remove);
	tcase_add_test(tc, bad_requests);
	tcase_add_test(tc, permissions);
	tcase_add_test(tc, watches);
	tcase_add_test(tc, transactions);
	tcase_add_test(tc, domains);
	tcase_add_test(tc, requests_in_pieces);
	tcase_add_test(tc, large_messages);
	tcase_add_test(tc, guest_that_does_not_read);
	tcase_add_test(tc, events_that_do_not_fit);
	tcase_add_test(tc, watches_run_out);
	tcase_add_test(tc, store_full);
	tcase_add_test(tc, large_directory);
	tcase_add_test(tc, write_from_the_host_side);
	tcase_add_test(tc, write_from_the_host_side_in_between);
	tcase_add_test(tc, lying_rings);
	tcase_add_test(tc, writer_waits_for_room);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
