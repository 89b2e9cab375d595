/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the vsyscall page. Old programs call fixed addresses at the top of the address space;
 * the kernel emulates the call in its page-fault handler. The addresses are negative, as those of
 * the kernel's own hypercalls: the shim must not take one for the other.
 */
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define VSYSCALL_GETTIMEOFDAY 0xffffffffff600000ul
#define VSYSCALL_TIME	      0xffffffffff600400ul

static void call_time(void *result)
{
	*(time_t *)result = ((time_t(*)(time_t *))VSYSCALL_TIME)(NULL);
}

static void emulated(void)
{
	time_t got = 0, now = time(NULL);
	struct caught caught = catch_signal(call_time, &got);
	struct timeval tv;
	int i;

	if (caught.signal == SIGSEGV)
		skip("kernel has no vsyscall page");
	if (caught.signal || got < now || got > now + 5)
		fail("time() said %ld, now is %ld (signal %d)", got, now, caught.signal);
	for (i = 0; i < 1000; i++)
		if (((int (*)(struct timeval *, void *))VSYSCALL_GETTIMEOFDAY)(&tv, NULL))
			fail("gettimeofday()");
	if (tv.tv_sec < now || tv.tv_sec > now + 30)
		fail("gettimeofday() said %ld, now is %ld", tv.tv_sec, now);
}

static void jump(void *address)
{
	((void (*)(void))address)();
}

static void write_there(void *address)
{
	*(volatile char *)address = 1;
}

/* Other addresses of the page, writes to it, its neighbours. */
static void misuse(void)
{
	expect_signal("write", SIGSEGV, 0, write_there, (void *)VSYSCALL_TIME);
	expect_signal("jump into the middle", SIGSEGV, 0, jump, (void *)(VSYSCALL_TIME + 3));
	expect_signal("jump to the page before", SIGSEGV, 0, jump,
		      (void *)(VSYSCALL_GETTIMEOFDAY - 16));
	expect_signal("jump to the page after", SIGSEGV, 0, jump,
		      (void *)(VSYSCALL_GETTIMEOFDAY + PAGE));
	expect_signal("jump to the last byte", SIGSEGV, 0, jump, (void *)~0ul);
}

static const struct test_case cases[] = {
    {"emulated", emulated, 0}, {"misuse", misuse, 0}, {NULL, NULL, 0}};
const struct subject vsyscall_subject = {"vsyscall", cases};
