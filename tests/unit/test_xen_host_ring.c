/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Xen's console and xenstore rings, with a daemon at the other end that is well-behaved, slow, dead or
 * hostile: nothing of what it leaves in the page may make the shim read or write beyond it, or wait
 * for ever.
 */
#include "xen_host_test.h"

#include <stdlib.h>

static struct xencons_interface *cons;
static char shown[8192];
static size_t shown_n;

/* The console daemon takes what is there. */
static void show(void)
{
	while (cons->out_cons != cons->out_prod)
		shown[shown_n++] = cons->out[MASK_XENCONS_IDX(cons->out_cons++, cons->out)];
}

static void show_on_send(uint32_t port)
{
	ck_assert_uint_eq(port, CONSOLE_PORT);
	show();
}

static void console_setup(void)
{
	setup();
	cons = mock_ram(CONSOLE_PA, 4096);
	xen.param[HVM_PARAM_CONSOLE_PFN] = CONSOLE_PA >> 12;
	xen.param[HVM_PARAM_CONSOLE_EVTCHN] = CONSOLE_PORT;
	shown_n = 0;
	/* far from zero: somebody wrote here before us */
	cons->out_prod = cons->out_cons = 0xfffffff0u;
	cons->in_prod = cons->in_cons = 0xfffffffeu;
}

START_TEST(lines)
{
	xen.on_send = show_on_send;
	start();
	ck_assert_ptr_nonnull(console);
	bare_console_write("one\ntwo\r\n", 9);
	ck_assert_uint_eq(shown_n, 10);
	ck_assert_mem_eq(shown, "one\r\ntwo\r\n", 10);
	ck_assert_uint_eq(xen.sends, 1);
}
END_TEST

/* More than the ring holds: the daemon runs while we yield. */
START_TEST(long_text)
{
	char text[5000];

	memset(text, 'x', sizeof(text));
	xen.on_yield = show;
	start();
	console->write(text, sizeof(text));
	show();
	ck_assert_uint_eq(shown_n, sizeof(text));
	ck_assert_uint_eq(xen.yields, 2);
}
END_TEST

/* Nobody takes anything: one bounded wait, then each byte is dropped at once; it may come back. */
START_TEST(dead_daemon)
{
	char text[3000];
	unsigned int yields;

	memset(text, 'x', sizeof(text));
	start();
	console->write(text, sizeof(text));
	yields = xen.yields;
	ck_assert_uint_gt(yields, 0);
	ck_assert_uint_lt(yields, 100000);
	console->write(text, sizeof(text));
	ck_assert_uint_eq(xen.yields, yields);
	ck_assert_uint_eq(cons->out_prod - cons->out_cons, sizeof(cons->out));
	show();
	shown_n = 0;
	console->write("back", 4);
	show();
	ck_assert_mem_eq(shown, "back", 4);
}
END_TEST

START_TEST(hostile_console)
{
	static const uint32_t odd[] = { 0, 0x80000000u, 0xfffffff1u + 5, 0x7fffffffu };
	char text[64];

	start();
	cons->out_cons = odd[_i];
	console->write("text\n", 5);
	ck_assert_uint_eq(cons->out_prod, 0xfffffff0u); /* as good as full */
	cons->in_prod = odd[_i];
	ck_assert_uint_eq(console->read(text, sizeof(text)), _i == 0 ? 2 : 0); /* 0 is two bytes on */
	cons->out_prod = odd[_i]; /* ours: it is ignored and written anew */
	cons->out_cons = 0xfffffff0u;
	console->write("more\n", 5);
	ck_assert_uint_le(cons->out_prod - 0xfffffff0u, 16);
}
END_TEST

START_TEST(console_input)
{
	char text[4];

	start();
	host.cpu_init(0);
	ck_assert(host.console_listen());
	ck_assert_uint_eq(console->read(text, sizeof(text)), 0);
	for (unsigned int i = 0; i < 6; i++)
		cons->in[MASK_XENCONS_IDX(cons->in_prod++, cons->in)] = "typed\r"[i];
	raise(&xen_host.cpu[0], CONSOLE_PORT);
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_CONSOLE));
	ck_assert_uint_eq(console->read(text, sizeof(text)), 4);
	ck_assert_mem_eq(text, "type", 4);
	ck_assert_uint_eq(console->read(text, sizeof(text)), 2);
	ck_assert_uint_eq(cons->in_cons, cons->in_prod);
}
END_TEST

START_TEST(no_console)
{
	if (_i == 0)
		xen.param[HVM_PARAM_CONSOLE_PFN] = 0;
	if (_i == 1)
		xen.param[HVM_PARAM_CONSOLE_EVTCHN] = 0;
	if (_i == 2)
		xen.param[HVM_PARAM_CONSOLE_PFN] = 1ull << 40;
	bare_console_offer(NULL);
	bare_console_early("none");
	start();
	ck_assert_ptr_null(console);
	ck_assert(host.console_listen == b_listen);
}
END_TEST

/* --- xenstore --- */

static struct xenstore_domain_interface *store;
static struct {
	char request[8192];
	size_t request_n;
	char shutdown[32], name[3000];
	unsigned int writes;
	bool dead, bad_id, bad_length, bad_index;
	bool event_first; /* a watch fires before the reply */
} daemon;

static void answer(const void *from, size_t n)
{
	for (const char *s = from; n--; s++)
		store->rsp[MASK_XENSTORE_IDX(store->rsp_prod++)] = *s;
}

static void answer_message(uint32_t type, uint32_t id, const char *text, size_t n)
{
	struct xsd_sockmsg header = { .type = type, .req_id = id, .len = (uint32_t)n };

	if (daemon.bad_length)
		header.len = 0xffffff00u;
	answer(&header, sizeof(header));
	answer(text, n);
}

static void serve_request(const struct xsd_sockmsg *h, const char *key)
{
	static const char event[] = "control/shutdown\0twoway";
	uint32_t id = h->req_id + daemon.bad_id;

	if (daemon.event_first)
		answer_message(XS_WATCH_EVENT, 0, event, sizeof(event));
	if (h->type == XS_READ && !strcmp(key, "control/shutdown")) {
		answer_message(XS_READ, id, daemon.shutdown, strlen(daemon.shutdown));
	} else if (h->type == XS_READ && !strcmp(key, "name")) {
		answer_message(XS_READ, id, daemon.name, strlen(daemon.name));
	} else if (h->type == XS_WRITE) {
		daemon.writes++;
		if (!strcmp(key, "control/shutdown")) {
			memset(daemon.shutdown, 0, sizeof(daemon.shutdown));
			memcpy(daemon.shutdown, key + strlen(key) + 1, h->len - strlen(key) - 1);
		}
		answer_message(XS_WRITE, id, "OK", 3);
	} else if (h->type == XS_WATCH) {
		answer_message(XS_WATCH, id, "OK", 3);
		answer_message(XS_WATCH_EVENT, 0, event, sizeof(event)); /* as each watch does at first */
	} else {
		answer_message(XS_ERROR, id, "ENOENT", 7);
	}
}

static void serve_store(void)
{
	struct xsd_sockmsg *h = (void *)daemon.request;

	if (daemon.dead)
		return;
	while (store->req_cons != store->req_prod)
		daemon.request[daemon.request_n++] = store->req[MASK_XENSTORE_IDX(store->req_cons++)];
	if (daemon.request_n < sizeof(*h) || daemon.request_n < sizeof(*h) + h->len)
		return;
	ck_assert_uint_eq(daemon.request_n, sizeof(*h) + h->len);
	daemon.request_n = 0;
	serve_request(h, daemon.request + sizeof(*h));
	if (daemon.bad_index)
		store->rsp_prod += 5000;
}

static void time_passes(void)
{
	now_ns += 1000000;
	serve_store();
}

static void store_setup(void)
{
	setup();
	memset(&daemon, 0, sizeof(daemon));
	store = mock_ram(STORE_PA, 4096);
	store->req_prod = store->req_cons = 0xfffffffcu;
	store->rsp_prod = store->rsp_cons = 0xfffffff5u;
	xen.param[HVM_PARAM_STORE_PFN] = STORE_PA >> 12;
	xen.param[HVM_PARAM_STORE_EVTCHN] = STORE_PORT;
	xen.on_yield = time_passes;
	strcpy(daemon.name, "guest");
}

static void store_start(void)
{
	start();
	host.cpu_init(0);
}

START_TEST(keys)
{
	char value[16];

	store_start();
	ck_assert_uint_eq(daemon.writes, 2); /* "I listen" */
	ck_assert(xen_host_store_read("name", value, sizeof(value)));
	ck_assert_str_eq(value, "guest");
	ck_assert(!xen_host_store_read("nothing", value, sizeof(value)));
	ck_assert(xen_host_store_read("name", value, sizeof(value))); /* an error is no end */
	ck_assert(xen_host_store_write("data/x", "1"));
	ck_assert_uint_ge(host.native[XEN_HOST_NATIVE_STORE].count, 7);
}
END_TEST

/* Longer than asked for: cut, and the connection stays in step; longer than the ring, too. */
START_TEST(long_value)
{
	char value[8];

	store_start();
	memset(daemon.name, 'n', 600);
	ck_assert(xen_host_store_read("name", value, sizeof(value)));
	ck_assert_str_eq(value, "nnnnnnn");
	strcpy(daemon.name, "short");
	ck_assert(xen_host_store_read("name", value, sizeof(value)));
	ck_assert_str_eq(value, "short");
}
END_TEST

START_TEST(request_is_passed_on)
{
	store_start();
	ck_assert_ptr_null(host.request()); /* the watch's first event: the key is empty */
	strcpy(daemon.shutdown, "poweroff");
	answer_message(XS_WATCH_EVENT, 0, "control/shutdown\0twoway", 24);
	raise(&xen_host.cpu[0], STORE_PORT);
	ck_assert_uint_eq(host.events(), BIT(TW_VEC_REQUEST));
	ck_assert_str_eq(host.request(), "poweroff");
	ck_assert_str_eq(daemon.shutdown, "");
	ck_assert_ptr_null(host.request());
}
END_TEST

START_TEST(event_before_reply)
{
	char value[16];

	store_start();
	host.request();
	daemon.event_first = true;
	ck_assert(xen_host_store_read("name", value, sizeof(value)));
	ck_assert_str_eq(value, "guest");
	daemon.event_first = false;
	strcpy(daemon.shutdown, "reboot");
	ck_assert_str_eq(host.request(), "reboot");
}
END_TEST

/* After nonsense the connection is given up, and everything else goes on. */
START_TEST(hostile_store)
{
	char value[16];
	uint64_t before;

	store_start();
	daemon.bad_id = _i == 0;
	daemon.bad_length = _i == 1;
	daemon.bad_index = _i == 2;
	daemon.dead = _i == 3;
	before = now_ns;
	ck_assert(!xen_host_store_read("name", value, sizeof(value)));
	/* at once; only who says nothing is waited for */
	ck_assert_uint_le(now_ns - before, _i == 3 ? 3 * TW_NS_PER_S : TW_NS_PER_S / 2);
	memset(&daemon, 0, sizeof(daemon));
	ck_assert(!xen_host_store_read("name", value, sizeof(value)));
	ck_assert_ptr_null(host.request());
	before = xen.sends;
	ck_assert(!xen_host_store_write("name", "x"));
	ck_assert_uint_eq(xen.sends, before);
}
END_TEST

START_TEST(hostile_request_index)
{
	uint64_t before;
	char value[16];

	store_start();
	store->req_cons = 0x12345678;
	daemon.dead = true;
	before = now_ns;
	ck_assert(!xen_host_store_read("name", value, sizeof(value)));
	ck_assert_uint_eq(now_ns, before);
}
END_TEST

START_TEST(no_store)
{
	if (_i == 0)
		xen.param[HVM_PARAM_STORE_PFN] = 0;
	if (_i == 1)
		xen.param[HVM_PARAM_STORE_PFN] = UINT64_MAX; /* one that comes later */
	if (_i == 2)
		store->connection = XENSTORE_RECONNECT;
	if (_i == 3)
		daemon.dead = true;
	store_start();
	ck_assert_ptr_null(host.request);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen host rings");
	TCase *c = tcase_create("console"), *t = tcase_create("store");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_checked_fixture(c, console_setup, mock_reset);
	tcase_add_test(c, lines);
	tcase_add_test(c, long_text);
	tcase_add_test(c, dead_daemon);
	tcase_add_loop_test(c, hostile_console, 0, 4);
	tcase_add_test(c, console_input);
	tcase_add_loop_test(c, no_console, 0, 3);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, store_setup, mock_reset);
	tcase_add_test(t, keys);
	tcase_add_test(t, long_value);
	tcase_add_test(t, request_is_passed_on);
	tcase_add_test(t, event_before_reply);
	tcase_add_loop_test(t, hostile_store, 0, 4);
	tcase_add_test(t, hostile_request_index);
	tcase_add_loop_test(t, no_store, 0, 4);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
