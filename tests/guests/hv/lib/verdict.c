/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Runs the cases of a guest, prints their verdicts, and powers the machine off. */
#include "hv.h"

/* A case that is wrong may say so a million times: this many lines are enough. */
#define LINES_MOST 12

extern const struct test_case cases_start[], cases_end[];

static const struct test_case *current;
static volatile unsigned int failures, skips, all_failures;

static void verdict(const char *which, const char *format, __builtin_va_list args)
{
	if (__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > LINES_MOST)
		return;
	say("%s %s: ", which, current ? current->name : "start");
	say_v(format, args);
	say("\n");
}

#define VERDICT(which)                                                                             \
	do {                                                                                       \
		__builtin_va_list args;                                                            \
		__builtin_va_start(args, format);                                                  \
		verdict(which, format, args);                                                      \
		__builtin_va_end(args);                                                            \
	} while (0)

void fail(const char *format, ...)
{
	VERDICT("FAILURE");
}

void error(const char *format, ...)
{
	VERDICT("ERROR");
}

void die(const char *format, ...)
{
	VERDICT("ERROR");
	power_off();
}

void skip(const char *format, ...)
{
	__builtin_va_list args;

	skips++;
	say("SKIP %s: ", current->name);
	__builtin_va_start(args, format);
	say_v(format, args);
	__builtin_va_end(args);
	say("\n");
}

bool expect(uint64_t got, uint64_t want, const char *what)
{
	if (got != want)
		fail("%s: 0x%lx, expected 0x%lx", what, got, want);
	return got == want;
}

/* ACPI's PM1a control register of QEMU's machines, then of Bochs; the type of S5 is 0 on both. */
void power_off(void)
{
	out16(0x604, 0x2000);
	out16(0xb004, 0x2000);
	irq_off();
	for (;;)
		__asm__ volatile("hlt");
}

static void run(const struct test_case *c)
{
	current = c;
	failures = skips = 0;
	c->run();
	all_failures += failures;
	if (!failures && !skips)
		say("SUCCESS %s\n", c->name);
}

void boot_main(void)
{
	console_init();
	machine_init();
	trap_load(cpu_at(0));
	paging_init();
	apic_init();
	smp_start();
	hypercall_init();
	irq_on();
	say("CPUS %u\n", cpus);
	for (const struct test_case *c = cases_start; c < cases_end; c++)
		run(c);
	say("END %u cases, %u failures\n", (unsigned int)(cases_end - cases_start), all_failures);
	power_off();
}

/* What the compiler calls. */
void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);

void *memset(void *to, int value, size_t n)
{
	uint8_t *p = to;

	while (n--)
		*p++ = (uint8_t)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	uint8_t *p = to;
	const uint8_t *q = from;

	while (n--)
		*p++ = *q++;
	return to;
}
