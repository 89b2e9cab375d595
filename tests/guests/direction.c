/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the direction flag. Exceptions and interrupts leave it as user mode had it, and compiled
 * code below relies on it being clear: with it set every copy runs backwards, over whatever lies in
 * front of its target. So each way from user mode that ends in such code is taken with DF set.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define TF 0x100ul
#define DF 0x400ul

/* Xen's emulation prefix: whatever comes of it with DF clear must come of it with DF set. */
static void prefixed_cpuid(void *df)
{
	__asm__ volatile("pushf; orq %0, (%%rsp); popf; xor %%eax, %%eax;"
			 ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2; cld"
			 :
			 : "r"(df)
			 : "rax", "rbx", "rcx", "rdx", "cc", "memory");
}

static void emulation(void)
{
	struct caught plain = catch_signal(prefixed_cpuid, NULL);
	struct caught caught = catch_signal(prefixed_cpuid, (void *)DF);

	if (caught.signal != plain.signal)
		fail("the same instruction: signal %d with DF, %d without", caught.signal,
		     plain.signal);
	if (caught.signal && !(caught.rflags & DF))
		fail("the flag is lost in the signal frame");
}

#define STEPS 64
static volatile unsigned int steps;
static uint64_t step_rip[STEPS + 8], step_flags[STEPS + 8];

static void step(int number, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (steps < STEPS + 8) {
		step_rip[steps] = regs[REG_RIP];
		step_flags[steps] = regs[REG_EFL];
	}
	steps++;
}

/* Single steps: a debug exception after each of STEPS nops, with the right frame. */
static void single_step(void)
{
	struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};
	uint64_t first;
	unsigned int i;

	sigaction(SIGTRAP, &action, NULL);
	__asm__ volatile("pushf; orl $0x500, (%%rsp); popf\n"
			 "1: .rept 64; nop; .endr\n"
			 "pushf; andl $~0x500, (%%rsp); popf; lea 1b(%%rip), %0"
			 : "=r"(first)
			 :
			 : "cc", "memory");
	if (steps != STEPS + 3)
		fail("%u traps, expected %u", steps, (unsigned int)STEPS + 3);
	for (i = 0; i < STEPS; i++) {
		if (step_rip[i] != first + i + 1)
			fail("trap %u: rip %#lx, expected %#lx", i, step_rip[i], first + i + 1);
		if (!(step_flags[i] & DF))
			fail("trap %u: DF is lost (flags %#lx)", i, step_flags[i]);
	}
}

/* Interrupts: a second of computing with DF set, in which nothing may change. */
static void interrupts(void)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + 1000000000, kept, flags;

	do {
		__asm__ volatile("std; mov $0x123456789abcdef, %0; mov $1000000, %%ecx\n"
				 "1: dec %%ecx; jnz 1b; pushf; pop %1; cld"
				 : "=&r"(kept), "=r"(flags)
				 :
				 : "rcx", "cc", "memory");
		if (kept != 0x123456789abcdef || !(flags & DF))
			fail("a register or DF changed: %#lx, flags %#lx", kept, flags);
	} while (clock_ns(CLOCK_MONOTONIC) < end);
}

static const struct test_case cases[] = {
    {"emulation", emulation, 0},
    {"single-step", single_step, 0},
    {"interrupts", interrupts, 0},
    {NULL, NULL, 0},
};
const struct subject direction_subject = {"direction", cases};
