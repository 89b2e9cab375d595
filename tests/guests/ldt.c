/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: local descriptor tables (Wine, dosemu). The table's pages are the kernel's, its entries
 * must be seen by the CPU after modify_ldt(), on every CPU of the process, and change with the
 * process; entries that the kernel refuses must stay refused.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static uint32_t *low; /* memory below 4 GB that segments point to */

static int set_entry(unsigned int entry, uint32_t base, uint32_t limit, int contents, bool present)
{
	struct user_desc desc = {.entry_number = entry,
				 .base_addr = base,
				 .limit = limit,
				 .seg_32bit = 1,
				 .contents = contents,
				 .seg_not_present = !present,
				 .useable = 1};

	/* The kernel returns a 32-bit -errno, which the C library does not take for an error. */
	return (int)syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

static void setup(void)
{
	int result;

	low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		   0);
	if (low == MAP_FAILED)
		error("no memory below 4 GB");
	result = set_entry(0, (uint32_t)(uintptr_t)low, PAGE - 1, MODIFY_LDT_CONTENTS_DATA, true);
	if (result == -ENOSYS || (result == -1 && errno == ENOSYS))
		skip("kernel has no modify_ldt");
	if (result)
		fail("modify_ldt: %d", result);
}

static uint32_t read_segment(uint16_t selector, uint32_t offset)
{
	uint32_t value;
	uint16_t old;

	__asm__ volatile("mov %%gs, %1; mov %2, %%gs; mov %%gs:(%q3), %0; mov %1, %%gs"
			 : "=&r"(value), "=&r"(old)
			 : "r"(selector), "r"(offset)
			 : "memory");
	return value;
}

static void data_segment(void)
{
	int i;

	setup();
	for (i = 0; i < 500; i++) {
		low[i] = i * 3 + 1;
		sched_yield();
		if (read_segment(7, i * 4) != (uint32_t)i * 3 + 1)
			fail("word %d through the segment is wrong", i);
	}
}

static void load_gs(void *selector)
{
	uint16_t old, new = (uintptr_t)selector;

	__asm__ volatile("mov %%gs, %0; mov %1, %%gs; mov %0, %%gs" : "=&r"(old) : "r"(new));
}

static void bad_entries(void)
{
	setup();
	expect_signal("load of an entry never set", SIGSEGV, 0, load_gs, (void *)(5 * 8 + 7l));
	expect_signal("load beyond the table", SIGSEGV, 0, load_gs, (void *)(8000 * 8 + 7l));
	if (set_entry(1, 0, 0xfffff, MODIFY_LDT_CONTENTS_DATA, false))
		fail("a not-present entry was refused");
	catch_signal(load_gs, (void *)(1 * 8 + 7l));
	if (set_entry(8192, 0, 0, MODIFY_LDT_CONTENTS_DATA, true) == 0)
		fail("entry 8192 was accepted");
	if (set_entry(2, 0, 0, 3, true) == 0) /* conforming code must be not present */
		fail("a present conforming code segment was accepted");
	if (read_segment(7, 0) != low[0])
		fail("the good entry is lost");
}

static void forked(void)
{
	int i;
	pid_t child;

	setup();
	for (i = 0; i < 30; i++) {
		low[0] = 77;
		child = fork_or_error();
		if (child == 0) {
			low[0] = 1000 + i;
			sched_yield();
			_exit(read_segment(7, 0) == 1000u + i ? 0 : 1);
		}
		sched_yield();
		if (read_segment(7, 0) != 77)
			fail("the parent's segment shows the child's memory");
		expect_exit(child, "child with an inherited LDT");
	}
	/* A process without one must not see ours. */
	child = fork_or_error();
	if (child == 0) {
		close(1); /* its verdict is not ours */
		execl("/proc/self/exe", "stress", "ldt.foreign", NULL);
		_exit(1);
	}
	expect_exit(child, "new program");
}

static void foreign(void)
{
	expect_signal("load of another program's entry", SIGSEGV, 0, load_gs, (void *)7l);
}

static volatile int stage;

static void *other_thread(void *unused)
{
	int cpus = cpus_online();

	if (cpus > 1)
		pin_to_cpu(cpus - 1);
	while (stage == 0)
		sched_yield();
	if (read_segment(7, 0) != 4711)
		fail("the other thread does not see the new entry");
	stage = 2;
	return NULL;
}

static void threads(void)
{
	pthread_t thread;

	if (cpus_online() > 1)
		pin_to_cpu(0);
	if (pthread_create(&thread, NULL, other_thread, NULL))
		error("pthread_create");
	usleep(10000);
	setup();
	low[0] = 4711;
	__sync_synchronize();
	stage = 1;
	pthread_join(thread, NULL);
	if (stage != 2)
		fail("the other thread did not finish");
}

static const struct test_case cases[] = {
    {"data-segment", data_segment, 0}, {"bad-entries", bad_entries, 0}, {"forked", forked, 0},
    {"foreign", foreign, 0},	       {"threads", threads, 0},		{NULL, NULL, 0},
};
const struct subject ldt_subject = {"ldt", cases};
