/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: page tables that come and go. fork() write-protects both copies, the first write makes a
 * private page, exit and exec throw whole trees away: every page-table operation of the guest ABI
 * in large numbers, where a single lost update shows as a wrong byte.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void storm(void)
{
	int round, i, status;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 20; i++)
			if (fork_or_error() == 0)
				_exit(i);
		for (i = 0; i < 20; i++)
			if (wait(&status) < 0 || !WIFEXITED(status))
				fail("round %d: child ended with status %#x", round, status);
	}
}

/* Each generation forks the next; the last one's exit status comes back through all. */
static void deep(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		pid_t child = fork_or_error();

		if (child) {
			expect_exit(child, "next generation");
			if (i)
				_exit(0);
			return;
		}
	}
	_exit(0);
}

#define PAGES 300

static bool check_pages(const volatile unsigned char *memory, unsigned int want)
{
	int i;

	for (i = 0; i < PAGES; i++)
		if (memory[i * PAGE] != (unsigned char)(want + i) ||
		    memory[i * PAGE + 4095] != want)
			return false;
	return true;
}

static void write_pages(volatile unsigned char *memory, unsigned int value)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		memory[i * PAGE] = value + i;
		memory[i * PAGE + 4095] = value;
	}
}

/* Parent and children write the same pages at the same time; nobody may see the others' values. */
static void copy_on_write(void)
{
	volatile unsigned char *memory = map_pages(PAGES, PROT_READ | PROT_WRITE);
	pid_t child[8];
	int round, i;

	for (round = 0; round < 15; round++) {
		write_pages(memory, round);
		for (i = 0; i < 8; i++) {
			child[i] = fork_or_error();
			if (child[i])
				continue;
			if (!check_pages(memory, round))
				_exit(1);
			write_pages(memory, 100 + i);
			sched_yield();
			_exit(check_pages(memory, 100 + i) ? 0 : 2);
		}
		write_pages(memory, 50 + round);
		for (i = 0; i < 8; i++)
			expect_exit(child[i],
				    "copy-on-write child (1: wrong start, 2: lost write)");
		if (!check_pages(memory, 50 + round))
			fail("round %d: the parent's pages changed", round);
	}
}

/* The kernel itself writes to copy-on-write pages on behalf of the process (CR0.WP must be on). */
static void kernel_writes(void)
{
	char *memory = map_pages(2, PROT_READ | PROT_WRITE);
	int pipes[2], i;
	pid_t child;

	if (pipe(pipes))
		error("pipe: %s", strerror(errno));
	for (i = 0; i < 100; i++) {
		memset(memory, 'p', 2 * PAGE);
		child = fork_or_error();
		if (!child) {
			char got = 0;

			if (write(pipes[1], "child", 5) != 5 ||
			    read(pipes[0], memory + PAGE - 2, 5) != 5)
				_exit(1);
			got = memory[PAGE + 2];
			_exit(got == 'd' ? 0 : 2);
		}
		expect_exit(child, "child");
		if (memory[PAGE + 2] != 'p' || memory[PAGE - 2] != 'p')
			fail("round %d: read() of the child wrote to the parent's page", i);
		mprotect(memory, PAGE, PROT_READ);
		if (write(pipes[1], "x", 1) != 1 || read(pipes[0], memory, 1) != -1 ||
		    errno != EFAULT)
			fail("read() into a read-only page did not give EFAULT");
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
		if (read(pipes[0], memory, 1) != 1)
			fail("the byte was lost");
	}
}

static void shared(void)
{
	volatile int *memory =
	    mmap(NULL, PAGE * 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, j;

	if (memory == MAP_FAILED)
		error("mmap: %s", strerror(errno));
	for (i = 0; i < 16; i++)
		if (fork_or_error() == 0) {
			for (j = 0; j < 1000; j++)
				__sync_fetch_and_add(memory + (j % 16) * (PAGE / sizeof(int)), 1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (i = 0, j = 0; i < 16; i++)
		j += memory[i * (PAGE / sizeof(int))];
	if (j != 16000)
		fail("%d of 16000 increments of shared memory", j);
}

static void exec_storm(void)
{
	volatile int i; /* vfork() shares the stack */

	for (i = 0; i < 150; i++) {
		pid_t child = i % 2 ? fork_or_error() : vfork();

		if (child == 0) {
			execl("/true", "true", NULL);
			_exit(127);
		}
		expect_exit(child, "exec of /true");
	}
}

/* Memory that comes and goes in all sizes, with the holes that make page-table pages come and go.
 */
static void map_storm(void)
{
	int i, j;

	for (i = 0; i < 200; i++) {
		size_t pages = 1 + (i * 37) % 600;
		char *memory = map_pages(pages, PROT_READ | PROT_WRITE), *moved;

		for (j = 0; j < (int)pages; j += 7)
			memory[j * PAGE] = j;
		moved = mremap(memory, pages * PAGE, (pages + 600) * PAGE, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED)
			error("mremap: %s", strerror(errno));
		for (j = 0; j < (int)pages; j += 7)
			if (moved[j * PAGE] != (char)j)
				fail("page %d of %zu changed when the memory moved", j, pages);
		if (moved[(pages + 1) * PAGE] != 0)
			fail("new memory is not zero");
		munmap(moved, (pages + 600) * PAGE);
	}
}

static const struct test_case cases[] = {
    {"storm", storm, 120},
    {"deep", deep, 0},
    {"copy-on-write", copy_on_write, 120},
    {"kernel-writes", kernel_writes, 0},
    {"shared", shared, 0},
    {"exec-storm", exec_storm, 120},
    {"map-storm", map_storm, 0},
    {NULL, NULL, 0},
};
const struct subject forks_subject = {"forks", cases};
