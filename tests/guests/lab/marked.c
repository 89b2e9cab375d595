/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Work between marks, for counting what it makes the hypervisor do: `/marked N WHAT...` does each thing
 * N times over. A mark is CPUID with a leaf that no machine has, which user space may execute: the hypervisor sees it in line
 * with all other exits, so its trace falls into one piece per thing (a port would need the TSS, whose bitmap
 * QEMU's emulation ignores in a nested guest). The leaf is 0x4ffff000 and a number: before a thing its own,
 * 0 behind it, 255 at the end. Two CPUs.
 *
 *	1 none	nothing			2 idle	N tenths of a second of sleep
 *	3 timer	N sleeps of 1 ms	4 busy	N tenths of a second of work: ticks
 *	5 ipi	N round trips between two sleeping CPUs by pipes
 *	6 barrier	N times all CPUs that run this process are interrupted (membarrier)
 *	7 flush	N pages made read-only while the other CPU uses them
 *
 * Prints how many interrupts of its timers the kernel took meanwhile, on all CPUs ("MARKED-TICKS idle 50"), and at last
 * MARKED-DONE.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../pages.h"

#define LEAF 0x4ffff000
enum { END = 0, CLOSE = 255 };

static void mark(int what)
{
	unsigned int a = LEAF + (unsigned int)what, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void nap(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How often a timer's interrupt has come, by the kernel's own count. */
static long timer_interrupts(void)
{
	FILE *list = fopen("/proc/timer_list", "r");
	char line[256];
	long sum = 0, n;

	if (!list)
		die("/proc/timer_list");
	while (fgets(line, sizeof(line), list))
		if (sscanf(line, " .nr_events : %ld", &n) == 1)
			sum += n;
	fclose(list);
	return sum;
}

static void none(int rounds)
{
}

static void idle(int rounds)
{
	nap(rounds * 100000l);
}

static void timer(int rounds)
{
	while (rounds--)
		nap(1000);
}

static void busy(int rounds)
{
	double end = now() + rounds * 0.1;

	while (now() < end)
		;
}

static int to[2], back[2];

static void ipi(int rounds)
{
	char byte = 0;

	while (rounds--)
		if (write(to[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			die("pipe");
}

/* The partner that ipi() talks to: it must be asleep long before the mark. */
static pid_t partner(void)
{
	pid_t child;
	char byte;

	if (pipe(to) || pipe(back))
		die("pipe");
	child = fork();
	if (child)
		return child;
	close(to[1]);
	pin(1);
	while (read(to[0], &byte, 1) == 1)
		if (write(back[1], &byte, 1) != 1)
			die("write");
	_exit(0);
}

static volatile int spinning, stop;
static char *memory;

static void *spin(void *unused)
{
	pin(1);
	spinning = 1;
	while (!stop)
		*(volatile char *)memory;
	return NULL;
}

static void barrier(int rounds)
{
	while (rounds--)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static void flush(int rounds)
{
	while (rounds--) {
		mprotect(memory, PAGE, PROT_READ);
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
		memory[0] = 1;
	}
}

static const struct thing {
	const char *name;
	void (*run)(int rounds);
	int spinner; /* a thread on the other CPU runs meanwhile */
} things[] = { { "none", none, 0 }, { "idle", idle, 0 },	{ "timer", timer, 0 },	{ "busy", busy, 0 },
	       { "ipi", ipi, 0 },   { "barrier", barrier, 1 }, { "flush", flush, 1 } };

static long ticks[sizeof(things) / sizeof(things[0])]; /* told at the end: printing is work */

static void measure(const struct thing *thing, int rounds)
{
	pthread_t spinner;

	spinning = stop = 0;
	if (thing->spinner && pthread_create(&spinner, NULL, spin, NULL))
		die("pthread_create");
	while (thing->spinner && !spinning)
		sched_yield();
	nap(100000); /* what was woken goes back to sleep */
	ticks[thing - things] = -timer_interrupts();
	mark((int)(thing - things) + 1);
	thing->run(rounds);
	mark(END);
	ticks[thing - things] += timer_interrupts();
	stop = 1;
	if (thing->spinner)
		pthread_join(spinner, NULL);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0;
	pid_t child;

	memory = map_pages(1);
	memory[0] = 1;
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	child = partner();
	pin(0);
	nap(1000000); /* the boot's last work */
	for (int a = 2; a < argc; a++)
		for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
			if (!strcmp(things[i].name, argv[a]))
				measure(&things[i], rounds);
	mark(CLOSE);
	close(to[1]);
	waitpid(child, NULL, 0);
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		printf("MARKED-TICKS %s %ld\n", things[i].name, ticks[i]);
	puts("MARKED-DONE");
	return 0;
}
