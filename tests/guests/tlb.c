/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: TLB shootdown. When munmap(), mprotect() or mremap() returns, no CPU may still use the
 * old translation. Threads on other CPUs touch the memory all the time; the changing thread
 * publishes each change after the call has returned, and a touch that succeeds afterwards is a
 * stale TLB entry.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define SLOTS  8
#define ROUNDS 500

static unsigned char *volatile area;
static volatile unsigned long open_count, closed_count; /* writes allowed while open > closed */
static volatile bool stop;
static volatile unsigned long touches, refusals;

static __thread sigjmp_buf back;
static __thread volatile bool faulted;

static void on_fault(int number, siginfo_t *info, void *context)
{
	faulted = true;
	siglongjmp(back, 1);
}

/* One write; true when it went through. */
static bool try_write(volatile unsigned char *at)
{
	faulted = false;
	if (sigsetjmp(back, 0) == 0)
		*at = 1;
	return !faulted;
}

static void *toucher(void *arg)
{
	int slot = 0;

	pin_to_cpu((int)(long)arg);
	while (!stop) {
		unsigned long opened, closed = closed_count;
		bool wrote;

		opened = open_count;
		wrote = try_write(area + slot * PAGE);
		/*
		 * Closed before the write began, and not opened until after it: the write used a
		 * translation that no longer exists.
		 */
		if (wrote && closed == opened && open_count == opened)
			fail("CPU %ld wrote through a stale TLB entry, change %lu", (long)arg,
			     closed);
		if (wrote)
			touches++;
		else
			refusals++;
		slot = (slot + 1) % SLOTS;
	}
	return NULL;
}

/* Give the other CPUs the time for a write or a refusal, but do not rely on it. */
static void wait_for_change(volatile unsigned long *shared)
{
	unsigned long before = *shared, spin;

	for (spin = 0; spin < 200000 && *shared == before; spin++)
		;
}

static void run(void (*open_area)(void), void (*close_area)(void))
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	int cpus = cpus_online(), i;
	pthread_t id[64];
	long cpu;

	if (cpus < 2)
		skip("one CPU");
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	pin_to_cpu(0);
	for (cpu = 1; cpu < cpus; cpu++)
		if (pthread_create(&id[cpu], NULL, toucher, (void *)cpu))
			error("pthread_create");
	for (i = 0; i < ROUNDS; i++) {
		open_count++;
		open_area();
		wait_for_change(&touches);
		close_area();
		closed_count++; /* volatile, and x86 keeps the order of stores */
		wait_for_change(&refusals);
	}
	stop = true;
	for (cpu = 1; cpu < cpus; cpu++)
		pthread_join(id[cpu], NULL);
	if (touches == 0 || refusals == 0)
		error("%lu writes, %lu refusals: the threads did not run", touches, refusals);
}

static void writable(void)
{
	mprotect(area, SLOTS * PAGE, PROT_READ | PROT_WRITE);
}

static void read_only(void)
{
	mprotect(area, SLOTS * PAGE, PROT_READ);
}

static void protect(void)
{
	area = map_pages(SLOTS, PROT_READ);
	run(writable, read_only);
}

static void map_again(void)
{
	mmap(area, SLOTS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	     -1, 0);
}

static void unmap_area(void)
{
	munmap(area, SLOTS * PAGE);
}

static void unmap(void)
{
	area = map_pages(SLOTS + 2 * 512, PROT_NONE) + 512 * PAGE;
	unmap_area();
	run(map_again, unmap_area);
}

static unsigned char *second;

static void move_back(void)
{
	if (mremap(second, SLOTS * PAGE, SLOTS * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area) != area)
		error("mremap back");
}

static void move_away(void)
{
	if (mremap(area, SLOTS * PAGE, SLOTS * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, second) !=
	    second)
		error("mremap");
}

static void move(void)
{
	second = map_pages(SLOTS, PROT_READ | PROT_WRITE); /* before there is a hole */
	area = map_pages(SLOTS + 2 * 512, PROT_NONE) + 512 * PAGE;
	munmap(area, SLOTS * PAGE);
	run(move_back, move_away);
}

/* On one CPU, too: the local TLB after each kind of change. */
static void local(void)
{
	unsigned char *page = map_pages(1, PROT_READ | PROT_WRITE);
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	int i;

	sigaction(SIGSEGV, &action, NULL);
	for (i = 0; i < 2000; i++) {
		if (!try_write(page))
			fail("round %d: no write to a writable page", i);
		mprotect(page, PAGE, PROT_READ);
		if (try_write(page))
			fail("round %d: write to a read-only page", i);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		madvise(page, PAGE, MADV_DONTNEED);
		if (*(volatile unsigned char *)page != 0)
			fail("round %d: old contents after MADV_DONTNEED", i);
	}
}

/* fork() makes the pages of a threaded process copy-on-write: other CPUs must lose write access. */
static volatile unsigned long *shared;

static void *incrementer(void *arg)
{
	pin_to_cpu((int)(long)arg);
	while (!stop)
		(*shared)++;
	return NULL;
}

static void fork_while_writing(void)
{
	int cpus = cpus_online(), i;
	pthread_t id;

	if (cpus < 2)
		skip("one CPU");
	shared = map_pages(1, PROT_READ | PROT_WRITE);
	pin_to_cpu(0);
	if (pthread_create(&id, NULL, incrementer, (void *)1l))
		error("pthread_create");
	for (i = 0; i < 150; i++) {
		pid_t child = fork_or_error();

		if (child == 0) {
			unsigned long before = *shared;
			volatile int wait;

			for (wait = 0; wait < 20000; wait++)
				;
			_exit(*shared == before ? 0 : 1);
		}
		expect_exit(child, "child that watches a page its parent writes");
	}
	stop = true;
	pthread_join(id, NULL);
}

static const struct test_case cases[] = {
    {"local", local, 0},
    {"protect", protect, 120},
    {"unmap", unmap, 120},
    {"move", move, 120},
    {"fork-while-writing", fork_while_writing, 120},
    {NULL, NULL, 0},
};
const struct subject tlb_subject = {"tlb", cases};
