/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: wake-ups between CPUs. A pipe or futex that hands control to a sleeping process on
 * another CPU needs an IPI that ends that CPU's idle state: one lost event is a hang, which the
 * time limit of the case shows.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void pipes_between(int cpu_a, int cpu_b, int rounds)
{
	int there[2], back[2], i;
	char byte = 'x';
	pid_t child;

	if (pipe(there) || pipe(back))
		error("pipe: %s", strerror(errno));
	child = fork_or_error();
	pin_to_cpu(child ? cpu_a : cpu_b);
	for (i = 0; i < rounds; i++) {
		if (child) {
			if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
				fail("round %d: %s", i, strerror(errno));
		} else if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) {
			_exit(1);
		}
	}
	if (!child)
		_exit(0);
	expect_exit(child, "partner");
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

static void pipes(void)
{
	int a, b, cpus = cpus_online();

	pipes_between(0, 0, 2000);
	for (a = 0; a < cpus && a < 4; a++)
		for (b = 0; b < cpus && b < 4; b++)
			if (a != b)
				pipes_between(a, b, 500);
}

static void futex(volatile int *word, int operation, int value)
{
	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void futexes(void)
{
	volatile int *word =
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int cpus = cpus_online(), i, me, seen;
	pid_t child;

	if (word == MAP_FAILED)
		error("mmap: %s", strerror(errno));
	child = fork_or_error();
	me = child ? 0 : 1;
	pin_to_cpu(me % cpus);
	for (i = 0; i < 2000; i++) {
		/* One read decides and is what FUTEX_WAIT compares: a second might see our turn,
		 * and sleep. */
		while ((seen = *word) % 2 != me)
			futex(word, FUTEX_WAIT, seen);
		(*word)++;
		futex(word, FUTEX_WAKE, 1);
	}
	if (!child)
		_exit(0);
	expect_exit(child, "partner");
	if (*word != 4000)
		fail("the word is %d, expected 4000", *word);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void *adder(void *unused)
{
	int i;

	for (i = 0; i < 20000; i++) {
		pthread_mutex_lock(&lock);
		sum++;
		pthread_mutex_unlock(&lock);
		if (i % 256 == 0)
			sched_yield();
	}
	return NULL;
}

static void mutexes(void)
{
	pthread_t id[8];
	int i;

	for (i = 0; i < 8; i++)
		if (pthread_create(&id[i], NULL, adder, NULL))
			error("pthread_create");
	for (i = 0; i < 8; i++)
		pthread_join(id[i], NULL);
	if (sum != 160000)
		fail("%ld of 160000 additions", sum);
}

/* Move between CPUs all the time; the kernel migrates through stop-machine threads and IPIs. */
static void migrate(void)
{
	int cpus = cpus_online(), i;
	unsigned int cpu;

	if (cpus < 2)
		skip("one CPU");
	for (i = 0; i < 1000; i++) {
		pin_to_cpu(i % cpus);
		if (syscall(SYS_getcpu, &cpu, NULL, NULL) || cpu != (unsigned int)(i % cpus))
			fail("on CPU %u instead of %d", cpu, i % cpus);
	}
}

/* membarrier() sends an IPI to all CPUs that run the process. */
static void *spin(void *flag)
{
	while (!*(volatile bool *)flag)
		;
	return NULL;
}

static void broadcast(void)
{
	static volatile bool done;
	int cpus = cpus_online(), i;
	pthread_t id[64];

	if (cpus < 2)
		skip("one CPU");
	for (i = 1; i < cpus; i++)
		if (pthread_create(&id[i], NULL, spin, (void *)&done))
			error("pthread_create");
	if (syscall(SYS_membarrier, 1 << 4, 0, 0)) /* REGISTER_PRIVATE_EXPEDITED */
		skip("no membarrier: %s", strerror(errno));
	for (i = 0; i < 2000; i++)
		if (syscall(SYS_membarrier, 1 << 3, 0, 0)) /* PRIVATE_EXPEDITED */
			fail("membarrier: %s", strerror(errno));
	done = true;
	for (i = 1; i < cpus; i++)
		pthread_join(id[i], NULL);
}

static const struct test_case cases[] = {
    {"pipes", pipes, 120},   {"futexes", futexes, 0},	  {"mutexes", mutexes, 0},
    {"migrate", migrate, 0}, {"broadcast", broadcast, 0}, {NULL, NULL, 0},
};
const struct subject pingpong_subject = {"pingpong", cases};
