/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: iopl() and ioperm(). They may work or be refused with an error; what they say must be
 * true, and they may never give user space the right to turn interrupts off.
 */
#include <errno.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "test.h"

static void read_port(void *port)
{
	inb((unsigned short)(uintptr_t)port);
}

static void disable_interrupts(void *unused)
{
	__asm__ volatile("cli");
}

static void no_interrupt_rights(void)
{
	struct caught caught = catch_signal(disable_interrupts, NULL);
	uint64_t flags;

	/* Newer kernels emulate CLI after iopl(3) as nothing; the flag must stay on. */
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	if (caught.signal && caught.signal != SIGSEGV)
		fail("cli: signal %d", caught.signal);
	if (!(flags & 0x200))
		fail("user space turned interrupts off");
}

static void permission_bitmap(void)
{
	expect_signal("in without permission", SIGSEGV, 0, read_port, (void *)0x80);
	if (ioperm(0x80, 1, 1))
		skip("ioperm: %s", strerror(errno));
	if (catch_signal(read_port, (void *)0x80).signal)
		fail("ioperm() succeeded, the port is still closed");
	expect_signal("in of a neighbour port", SIGSEGV, 0, read_port, (void *)0x7f);
	expect_signal("in of a neighbour port", SIGSEGV, 0, read_port, (void *)0x81);
	usleep(1000);
	if (catch_signal(read_port, (void *)0x80).signal)
		fail("the permission is lost after a context switch");
	if (ioperm(0x80, 1, 0))
		fail("ioperm off: %s", strerror(errno));
	expect_signal("in after ioperm off", SIGSEGV, 0, read_port, (void *)0x80);
	no_interrupt_rights();
}

static void level(void)
{
	pid_t child;

	if (iopl(3))
		skip("iopl: %s", strerror(errno));
	if (catch_signal(read_port, (void *)0x80).signal)
		fail("iopl(3) succeeded, ports are still closed");
	no_interrupt_rights();
	usleep(1000);
	if (catch_signal(read_port, (void *)0x80).signal)
		fail("the level is lost after a context switch");
	if (iopl(0))
		fail("iopl(0): %s", strerror(errno));
	child = fork_or_error();
	if (child == 0) {
		inb(0x80);
		_exit(0);
	}
	expect_killed(child, "in after iopl(0)");
}

static const struct test_case cases[] = {
    {"permission-bitmap", permission_bitmap, 0}, {"level", level, 0}, {NULL, NULL, 0}};
const struct subject ioport_subject = {"ioport", cases};
