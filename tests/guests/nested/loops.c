/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Work that a nested guest must be able to do without leaving guest mode: `/loops N WHAT...` does each
 * thing N times over, `/loops 0` the same but for the work. The test compares the ledgers of two
 * such runs, so what start-up, libc and power-off cost cancels out: hence one program for all, and
 * no exec within it (a static libc executes CPUID, which exits).
 *
 *	idle	a second of sleep		calls	100000 system calls
 *	forks	100 processes that exit		faults	20000 pages touched and given back
 *	flush	1000 pages made read-only while a thread on another CPU uses them
 *
 * Prints LOOPS-DONE.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pages.h"

static void idle(void)
{
	sleep(1);
}

static void calls(void)
{
	for (int i = 0; i < 100000; i++)
		syscall(SYS_getppid);
}

static void forks(void)
{
	for (int i = 0; i < 100; i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, &status, 0) != child)
			die("fork");
	}
}

static void faults(void)
{
	volatile char *memory = map_pages(20000);

	for (size_t i = 0; i < 20000; i++)
		memory[i * PAGE] = 1;
	munmap((void *)memory, 20000 * PAGE);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static volatile int spinning, stop;

static void *spin(void *arg)
{
	pin(1);
	spinning = 1;
	while (!stop)
		*(volatile char *)arg;
	return NULL;
}

static void flush(void)
{
	char *memory = map_pages(1);
	pthread_t thread;

	memory[0] = 1;
	spinning = stop = 0;
	pin(0);
	if (pthread_create(&thread, NULL, spin, memory))
		die("pthread_create");
	while (!spinning)
		sched_yield();
	for (int i = 0; i < 1000; i++) {
		mprotect(memory, PAGE, PROT_READ);
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
		memory[0] = 1;
	}
	stop = 1;
	pthread_join(thread, NULL);
	munmap(memory, PAGE);
}

static const struct {
	const char *name;
	void (*run)(void);
} things[] = {{"idle", idle}, {"calls", calls}, {"forks", forks}, {"faults", faults}, {"flush", flush}};

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0;

	for (int a = 2; a < argc; a++)
		for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
			for (int n = 0; !strcmp(things[i].name, argv[a]) && n < rounds; n++)
				things[i].run();
	puts("LOOPS-DONE");
	return 0;
}
