/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The console ring and console_io: nothing is lost, and lying indices do no harm. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

static struct xencons_interface *ring;
static uint64_t arg;

static void setup(void)
{
	mock_xen_reset(2);
	ring = mock_guest_at(mock_guest_alloc(4096));
	arg = mock_guest_alloc(4096);
}

static void start(void)
{
	xen_console_init(ring);
	ck_assert_ptr_eq(xen_domain.console, ring);
	ck_assert_uint_ne(xen_domain.console_port, 0);
}

static void notify(void)
{
	*(struct evtchn_send *)mock_guest_at(arg) =
	    (struct evtchn_send){.port = xen_domain.console_port};
	ck_assert_int_eq(xen_event_channel_op(EVTCHNOP_send, arg, 0, 0, 0, xen_vcpus[mock_cpu]), 0);
}

static bool raised(void)
{
	bool yes = xen_event_is_pending(xen_domain.console_port);

	xen_domain.shared->evtchn_pending[0] = 0;
	return yes;
}

static void put(const char *s, size_t n)
{
	while (n--)
		ring->out[MASK_XENCONS_IDX(ring->out_prod++, ring->out)] = *s++;
}

/* Take up to n bytes of input, as the guest would. */
static size_t get(char *to, size_t n)
{
	size_t i = 0;

	while (i < n && ring->in_cons != ring->in_prod)
		to[i++] = ring->in[MASK_XENCONS_IDX(ring->in_cons++, ring->in)];
	return i;
}

static void expect_console(const char *s, size_t n)
{
	ck_assert_uint_eq(mock_console_len, n);
	ck_assert_mem_eq(mock_console, s, n);
	mock_console_len = 0;
}

START_TEST(output)
{
	static char text[2048];

	start();
	put("hello\n", 6);
	notify();
	expect_console("hello\n", 6);
	ck_assert_uint_eq(ring->out_cons, ring->out_prod);
	ck_assert(!raised()); /* nobody can be waiting */
	notify();
	expect_console("", 0);
	/* A full ring, around its end and around the end of the counters. */
	ring->out_cons = ring->out_prod = 0xfffffff0;
	memset(text, 'x', sizeof(text));
	text[0] = '<';
	text[2047] = '>';
	put(text, sizeof(text));
	notify();
	expect_console(text, sizeof(text));
	ck_assert_uint_eq(ring->out_cons, ring->out_prod);
	ck_assert(raised()); /* a writer may wait for room */
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_CONSOLE_RING], 3);
}
END_TEST

START_TEST(output_with_lying_indices)
{
	start();
	ring->out_prod = 0x80000000;
	notify();
	ck_assert_uint_eq(mock_console_len, 2048); /* never more than there is */
	ck_assert_uint_eq(ring->out_cons, 0x80000000);
	mock_console_len = 0;
	ring->out_prod = 0x7fffffff; /* backwards */
	notify();
	ck_assert_uint_eq(mock_console_len, 2048);
	mock_console_len = 0;
	put("ok", 2);
	notify();
	expect_console("ok", 2);
}
END_TEST

START_TEST(input)
{
	char text[16];

	start();
	xen_console_input();
	ck_assert(!raised());
	mock_console_type("abc", 3);
	xen_console_input();
	ck_assert(raised());
	ck_assert_uint_eq(get(text, sizeof(text)), 3);
	ck_assert_mem_eq(text, "abc", 3);
	/* Input also comes along when the guest writes. */
	mock_console_type("d", 1);
	put("x", 1);
	notify();
	ck_assert_uint_eq(get(text, sizeof(text)), 1);
}
END_TEST

/* 1 KB in the ring, 1 KB in the backlog, the rest stays at the host; then all arrives in order. */
START_TEST(input_is_never_lost)
{
	static char all[4000], back[4000];
	size_t i, n = 0;

	start();
	ring->in_cons = ring->in_prod = 0xfffffe00;
	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)(i * 7 + i / 256);
	mock_console_type(all, sizeof(all));
	xen_console_input();
	ck_assert_uint_eq(ring->in_prod - ring->in_cons, 1024);
	xen_console_input();
	ck_assert_uint_eq(mock_console_waiting(), sizeof(all) - 2048);
	while (n < sizeof(all)) {
		size_t got = get(back + n, 100);

		ck_assert_uint_gt(got, 0);
		n += got;
		raised();
		notify();
		/* As much as ring and backlog hold is off the host. */
		ck_assert_uint_eq(mock_console_waiting(),
				  sizeof(all) - n > 2048 ? sizeof(all) - n - 2048 : 0);
	}
	ck_assert_mem_eq(all, back, sizeof(all));
	ck_assert_uint_eq(mock_console_waiting(), 0);
}
END_TEST

START_TEST(input_with_lying_indices)
{
	char text[8];

	start();
	ring->in_cons = ring->in_prod + 5; /* the guest "read" what is not there */
	mock_console_type("abc", 3);
	xen_console_input();
	ck_assert(!raised());
	ck_assert_uint_eq(ring->in_prod, 0);
	ring->in_cons = 0; /* it has come to its senses */
	xen_console_input();
	ck_assert(raised());
	ck_assert_uint_eq(get(text, sizeof(text)), 3);
}
END_TEST

static long io(uint32_t cmd, uint64_t count, uint64_t va)
{
	return xen_console_io(cmd, count, va, 0, 0, xen_vcpus[0]);
}

START_TEST(console_io_call)
{
	char text[300];
	uint64_t va;

	memset(text, 'a', sizeof(text));
	text[299] = 'z';
	va = mock_guest_put(text, sizeof(text));
	ck_assert_int_eq(io(CONSOLEIO_write, sizeof(text), va), 0);
	expect_console(text, sizeof(text));
	ck_assert_int_eq(io(CONSOLEIO_write, 0, 0), 0);
	ck_assert_int_eq(io(CONSOLEIO_write, 1, 0), -XEN_EFAULT);
	ck_assert_int_eq(io(CONSOLEIO_write, 0xffffffff, va), -XEN_EINVAL);
	expect_console("", 0);
	ck_assert_int_eq(io(2, 1, va), -XEN_ENOSYS);
	ck_assert_uint_eq(mock_missing, 1);
	ck_assert_uint_eq(xen_vcpus[0]->calls[XEN_CALL_CONSOLE_WRITE], 4);

	/* Without a ring, read gives input; with one, input goes there only. */
	mock_console_type("input", 5);
	ck_assert_int_eq(io(CONSOLEIO_read, 2, va), 2);
	ck_assert_mem_eq(mock_guest_at(va), "ina", 3);
	ck_assert_int_eq(io(CONSOLEIO_read, 100, va), 3);
	ck_assert_mem_eq(mock_guest_at(va), "puta", 4);
	ck_assert_int_eq(io(CONSOLEIO_read, 100, va), 0);
	ck_assert_int_eq(io(CONSOLEIO_read, 0x80000000, va), -XEN_EINVAL);
	mock_console_type("x", 1);
	ck_assert_int_eq(io(CONSOLEIO_read, 1, 0), -XEN_EFAULT);
	start();
	mock_console_type("more", 4);
	ck_assert_int_eq(io(CONSOLEIO_read, 100, va), 0);
	ck_assert_uint_eq(mock_console_waiting(), 4);
}
END_TEST

START_TEST(input_before_the_ring)
{
	mock_console_type("early", 5);
	xen_domain.console = NULL;
	xen_console_input();
	ck_assert_uint_eq(mock_console_waiting(), 5);
	start();
	xen_console_input();
	ck_assert_uint_eq(ring->in_prod, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-console");
	TCase *tc = tcase_create("console");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, output);
	tcase_add_test(tc, output_with_lying_indices);
	tcase_add_test(tc, input);
	tcase_add_test(tc, input_is_never_lost);
	tcase_add_test(tc, input_with_lying_indices);
	tcase_add_test(tc, console_io_call);
	tcase_add_test(tc, input_before_the_ring);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
