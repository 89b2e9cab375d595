/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: software interrupts. Only int 3, int 4 and int 0x80 are user space's; every other INT n
 * must be a general protection fault, above all those of the vectors that the shim uses for itself:
 * a wrong gate DPL would let a process forge a timer interrupt or a hypercall.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static unsigned char *code;

static void run(void *unused)
{
	/* The code may be interpreted as a system call: give it a harmless number (getppid). */
	__asm__ volatile("call *%1"
			 :
			 : "a"(64), "r"(code)
			 : "memory", "rcx", "r8", "r9", "r10", "r11");
}

static void prepare(const void *bytes, size_t size)
{
	if (!code)
		code = map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	memset(code, 0xc3, 16);
	memcpy(code, bytes, size);
}

static void forbidden(void)
{
	struct caught caught;
	unsigned int n;

	for (n = 0; n < 256; n++) {
		unsigned char bytes[] = {0xcd, n};

		if (n == 3 || n == 4 || n == 0x80)
			continue;
		prepare(bytes, sizeof(bytes));
		caught = catch_signal(run, NULL);
		if (caught.signal != SIGSEGV || caught.trapno != 13)
			fail("int %#x: signal %d trap %lu", n, caught.signal, caught.trapno);
		if (caught.rip != (uint64_t)code)
			fail("int %#x: rip %#lx, expected %p", n, caught.rip, (void *)code);
	}
}

static void breakpoint(void)
{
	struct caught caught;
	int i;

	for (i = 0; i < 1000; i++) {
		prepare("\xcc", 1);
		caught = expect_signal("int3", SIGTRAP, 0, run, NULL);
		if (caught.rip != (uint64_t)code + 1)
			fail("int3: rip %#lx, expected %p", caught.rip, (void *)(code + 1));
	}
	prepare("\xcd\x03", 2);
	caught = expect_signal("int 3", SIGTRAP, 0, run, NULL);
	if (caught.rip != (uint64_t)code + 2)
		fail("int 3: rip %#lx, expected %p", caught.rip, (void *)(code + 2));
}

static void overflow(void)
{
	prepare("\xcd\x04", 2);
	expect_signal("int 4", SIGSEGV, 0, run, NULL);
}

static void icebp(void)
{
	struct caught caught;

	prepare("\xf1", 1);
	caught = catch_signal(run, NULL);
	if (caught.signal == SIGILL)
		skip("this CPU (an emulator) has no icebp");
	if (caught.signal != SIGTRAP)
		fail("signal %d", caught.signal);
}

/* int 0x80 from 64-bit code is a 32-bit system call; without 32-bit support a fault. */
static void int80(void)
{
	struct caught caught;
	int i;

	prepare("\xcd\x80", 2);
	for (i = 0; i < 1000; i++) {
		caught = catch_signal(run, NULL);
		if (caught.signal && caught.signal != SIGSEGV)
			fail("int 0x80: signal %d", caught.signal);
	}
}

static const struct test_case cases[] = {
    {"forbidden", forbidden, 0}, {"breakpoint", breakpoint, 0}, {"overflow", overflow, 0},
    {"icebp", icebp, 0},	 {"int80", int80, 0},		{NULL, NULL, 0},
};
const struct subject softint_subject = {"softint", cases};
