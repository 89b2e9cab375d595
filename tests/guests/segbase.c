/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the FS and GS bases of user space. At ring 0 the GS base belongs to the kernel and is
 * swapped at each entry and exit; each process and thread has its own pair, set by arch_prctl(), by
 * wrfsbase/wrgsbase where the kernel allows them, or by loading a selector.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1)
#endif

static uint64_t get_base(int code)
{
	uint64_t base = 0;

	if (syscall(SYS_arch_prctl, code, &base))
		error("arch_prctl: %s", strerror(errno));
	return base;
}

static void set_gs(uint64_t base)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, base))
		fail("ARCH_SET_GS %#lx: %s", base, strerror(errno));
}

static uint64_t read_gs0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

static void read_through_gs(void *unused)
{
	read_gs0();
}

static volatile int ticks;

static void tick(int number, siginfo_t *info, void *context)
{
	ticks++;
}

/* Many processes, each with its own GS base, interrupted and switched all the time. */
static void processes(void)
{
	struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	int i, j, count = 2 * cpus_online() + 1;
	pid_t child[64];

	if (count > 64)
		count = 64;
	for (i = 0; i < count; i++) {
		child[i] = fork_or_error();
		if (child[i] == 0) {
			uint64_t mine = 0xabcd0000 + i;

			set_gs((uint64_t)&mine);
			sigaction(SIGALRM, &action, NULL);
			setitimer(ITIMER_REAL, &timer, NULL);
			for (j = 0; j < 30000; j++) {
				if (read_gs0() != mine)
					fail("process %d, round %d: foreign GS", i, j);
				if (j % 16 == 0)
					sched_yield();
			}
			if (get_base(ARCH_GET_GS) != (uint64_t)&mine)
				fail("process %d: ARCH_GET_GS is wrong", i);
			_exit(0);
		}
	}
	for (i = 0; i < count; i++)
		expect_exit(child[i], "process");
}

static __thread long thread_value;

static void *thread(void *arg)
{
	long mine = (long)arg, i;
	uint64_t fs = get_base(ARCH_GET_FS);

	set_gs((uint64_t)&mine);
	thread_value = mine;
	for (i = 0; i < 5000; i++) {
		sched_yield();
		if (thread_value != mine || read_gs0() != (uint64_t)mine ||
		    get_base(ARCH_GET_FS) != fs)
			fail("thread %ld, round %ld: foreign FS or GS", mine, i);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t id[8];
	long i;

	for (i = 0; i < 8; i++)
		if (pthread_create(&id[i], NULL, thread, (void *)(i + 1)))
			error("pthread_create");
	for (i = 0; i < 8; i++)
		pthread_join(id[i], NULL);
}

static void instructions(void)
{
	uint64_t value,
	    values[] = {0, 0x1234, 0x7fffffffe000, 0xffff820000000000, 0xffffffffffffffff};
	size_t i;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		skip("kernel does not enable FSGSBASE");
	for (i = 0; i < 200; i++) {
		/* Even a kernel address is legal there: the kernel's own swap must not mix it up.
		 */
		__asm__ volatile("wrgsbase %0" : : "r"(values[i % 5]));
		sched_yield();
		if (i % 20 == 0)
			usleep(1000);
		__asm__ volatile("rdgsbase %0" : "=r"(value));
		if (value != values[i % 5])
			fail("gs base %#lx became %#lx", values[i % 5], value);
	}
	__asm__ volatile("rdfsbase %0" : "=r"(value));
	if (value != get_base(ARCH_GET_FS))
		fail("rdfsbase and ARCH_GET_FS differ");
}

/* Kernel-like GS bases at each kind of entry; an entry that tests the base's sign would break. */
static void hostile(void)
{
	static const uint64_t bases[] = {0xffff888000000000, 0xffffffff81000000,
					 0xffff830000000000};
	struct caught caught;
	size_t i;
	int j;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		skip("kernel does not enable FSGSBASE");
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 100; j++) {
			__asm__ volatile("wrgsbase %0" : : "r"(bases[i]));
			getppid();
			__asm__ volatile("int3; nop" : : : "memory");
		}
		caught = catch_signal(read_through_gs, NULL);
		if (caught.signal != SIGSEGV)
			fail("read through gs base %#lx: signal %d", bases[i], caught.signal);
	}
}

static void ignore(int number)
{
}

static void hostile_with_traps(void)
{
	signal(SIGTRAP, ignore);
	hostile();
}

static void refused(void)
{
	static const uint64_t bases[] = {0x8000000000000000, 0xffff820000000000,
					 0xffffffff81000000};
	size_t i;

	for (i = 0; i < 3; i++)
		if (syscall(SYS_arch_prctl, ARCH_SET_GS, bases[i]) == 0 ||
		    syscall(SYS_arch_prctl, ARCH_SET_FS, bases[i]) == 0)
			fail("arch_prctl accepted base %#lx", bases[i]);
}

/* Loading a null selector clears the base (or keeps it: AMD), and the machine goes on. */
static void selectors(void)
{
	uint64_t value = 5;
	int i;

	for (i = 0; i < 100; i++) {
		set_gs((uint64_t)&value);
		__asm__ volatile("mov %0, %%gs" : : "r"(0));
		sched_yield();
		__asm__ volatile("mov %0, %%gs" : : "r"(0x2b));
		sched_yield();
		__asm__ volatile("mov %0, %%gs" : : "r"(0));
	}
	set_gs((uint64_t)&value);
	if (read_gs0() != 5)
		fail("the base cannot be set after selector loads");
}

static const struct test_case cases[] = {
    {"processes", processes, 120},
    {"threads", threads, 120},
    {"instructions", instructions, 0},
    {"hostile", hostile_with_traps, 0},
    {"refused", refused, 0},
    {"selectors", selectors, 0},
    {NULL, NULL, 0},
};
const struct subject segbase_subject = {"segbase", cases};
