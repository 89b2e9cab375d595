/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The benchmark: what one kernel operation costs, in instructions. It runs under QEMU with
 * `-icount shift=0,sleep=off` on one CPU, where one instruction takes 1 ns of virtual time and the
 *TSC counts virtual time: the numbers are exact and repeatable, on a busy machine too. A loop of
 *known length calibrates the ratio (row "calibration"; it must be 1.000), and the cost of the
 *measuring loop itself is subtracted.
 *
 *	BENCH name instructions-per-operation
 *
 * Each row is the median of ROUNDS rounds; rounds that a timer interrupt hit are then out.
 * Operations (comparable with earlier measurements of the same kernel):
 *	getppid, sched_yield	the system call
 *	clock_gettime		CLOCK_MONOTONIC by the C library, that is the vDSO
 *	pipe			a byte to another process and one back
 *	fault			one anonymous page: touched, and its share of the munmap() of 512
 *	mmap			mmap(), touch one page, munmap()
 *	mprotect		a pair of calls on one touched page: read-only and back
 *	fork_exit, fork_exec, vfork_exec	with waitpid(); the program does nothing (/true)
 *	context_switch		sched_yield() between two processes, per switch
 *	signal			kill() to oneself with handler and sigreturn
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../guests/pages.h"

#define ROUNDS 31

struct row {
	const char *name;
	void (*run)(long count);
	long count; /* operations in a round */
};

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static void touch(char *memory, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		((volatile char *)memory)[i * PAGE] = 1;
}

/* Exactly 1000 instructions an operation: 499 times two, and the outer loop's two. */
static void run_calibration(long count)
{
	__asm__ volatile("1: mov $499, %%ecx; 2: dec %%ecx; jnz 2b; dec %0; jnz 1b"
			 : "+r"(count)
			 :
			 : "rcx", "cc");
}

static void run_getppid(long count)
{
	while (count--)
		syscall(SYS_getppid);
}

static void run_yield(long count)
{
	while (count--)
		syscall(SYS_sched_yield);
}

static void run_clock(long count)
{
	struct timespec now;

	while (count--)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static int there[2], back[2];

static void exchange(int in, int out, long count, int first)
{
	char byte = 'x';

	while (count--) {
		if (first && write(out, &byte, 1) != 1)
			die("write");
		if (read(in, &byte, 1) != 1)
			_exit(0);
		if (!first && write(out, &byte, 1) != 1)
			die("write");
	}
}

/* Start the partner of run_pipe; it ends when the pipe is closed. */
static void start_partner(void)
{
	if (pipe(there) || pipe(back))
		die("pipe");
	switch (fork()) {
	case -1:
		die("fork");
		break;
	case 0:
		close(there[1]);
		close(back[0]);
		exchange(there[0], back[1], -1, 0);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
}

static void run_pipe(long count)
{
	exchange(back[0], there[1], count, 1);
}

static void run_fault(long count)
{
	char *memory = map_pages(count);

	touch(memory, count);
	munmap(memory, count * PAGE);
}

static void run_mmap(long count)
{
	while (count--) {
		char *memory = map_pages(1);

		touch(memory, 1);
		munmap(memory, PAGE);
	}
}

static void run_mprotect(long count)
{
	static char *memory;

	if (!memory) {
		memory = map_pages(1);
		touch(memory, 1);
	}
	while (count--) {
		mprotect(memory, PAGE, PROT_READ);
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
	}
}

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		die("child");
}

static void run_fork_exit(long count)
{
	while (count--) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		wait_for(child);
	}
}

static void run_fork_exec(long count)
{
	while (count--) {
		pid_t child = fork();

		if (child == 0) {
			execl("/true", "true", NULL);
			_exit(1);
		}
		wait_for(child);
	}
}

static void run_vfork_exec(volatile long count)
{
	while (count--) {
		pid_t child = vfork();

		if (child == 0) {
			execl("/true", "true", NULL);
			_exit(1);
		}
		wait_for(child);
	}
}

/* Two processes that only yield: each sched_yield() is a switch. */
static void run_switch(long count)
{
	pid_t child = fork();
	long i;

	for (i = 0; i < count / 2; i++)
		syscall(SYS_sched_yield);
	if (child == 0)
		_exit(0);
	wait_for(child);
}

static void on_signal(int number)
{
}

static void run_signal(long count)
{
	pid_t me = getpid();

	signal(SIGUSR1, on_signal);
	while (count--)
		kill(me, SIGUSR1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median over the rounds of the TSC ticks of one operation. */
static double measure(const struct row *row)
{
	double ticks[ROUNDS];
	int i;

	row->run(row->count); /* warm up: code, data, free lists */
	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = rdtsc();

		row->run(row->count);
		ticks[i] = (double)(rdtsc() - start) / row->count;
	}
	qsort(ticks, ROUNDS, sizeof(ticks[0]), compare);
	return ticks[ROUNDS / 2];
}

static const struct row rows[] = {
    {"getppid", run_getppid, 1000},
    {"sched_yield", run_yield, 500},
    {"clock_gettime", run_clock, 2000},
    {"pipe", run_pipe, 50},
    {"fault", run_fault, 512},
    {"mmap", run_mmap, 40},
    {"mprotect", run_mprotect, 100},
    {"fork_exit", run_fork_exit, 5},
    {"fork_exec", run_fork_exec, 5},
    {"vfork_exec", run_vfork_exec, 5},
    {"context_switch", run_switch, 2000},
    {"signal", run_signal, 500},
};

int main(void)
{
	const struct row calibration = {"calibration", run_calibration, 1000};
	double ratio = measure(&calibration) / 1000;
	size_t i;

	start_partner();
	printf("BENCH-TICKS-PER-INSTRUCTION %.4f\n", ratio);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("BENCH %s %.0f\n", rows[i].name, measure(&rows[i]) / ratio);
		fflush(stdout);
	}
	puts("BENCH-DONE");
	return 0;
}
