/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: time. A timer may come late (the machine may be busy), never early; clocks may not run
 * backwards, not even between CPUs; the clock must agree with the TSC; and clock_gettime() must
 * stay in the vDSO, since a clock that traps is what makes an ill-adapted guest slow.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define MS 1000000ull

/* Sleep ns; fail when it was early by the raw clock or so late that an interrupt must be lost. */
static void sleep_once(uint64_t ns)
{
	struct timespec request = {ns / 1000000000, ns % 1000000000};
	uint64_t raw = clock_ns(CLOCK_MONOTONIC_RAW), mono = clock_ns(CLOCK_MONOTONIC);

	if (clock_nanosleep(CLOCK_MONOTONIC, 0, &request, NULL))
		fail("clock_nanosleep: %s", strerror(errno));
	mono = clock_ns(CLOCK_MONOTONIC) - mono;
	raw = clock_ns(CLOCK_MONOTONIC_RAW) - raw;
	if (mono < ns)
		fail("sleep of %lu ns was early: %lu ns", ns, mono);
	if (raw < ns - ns / 1000) /* NTP may slew the monotonic clock by 500 ppm */
		fail("sleep of %lu ns: %lu ns by the raw clock", ns, raw);
	if (mono > ns + 3000 * MS)
		fail("sleep of %lu ns took %lu ns", ns, mono);
}

static void sleeps(void)
{
	static const unsigned int ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
	size_t i;
	int j;

	for (i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
		for (j = 0; j < (ms[i] <= 20 ? 10 : 1); j++)
			sleep_once(ms[i] * MS);
	for (j = 1; j < 100; j++)
		sleep_once(j * 1000);
}

/* The same on each CPU: every one has its own timer. */
static void each_cpu(void)
{
	int cpu, i;

	for (cpu = 0; cpu < cpus_online(); cpu++) {
		pin_to_cpu(cpu);
		for (i = 0; i < 20; i++)
			sleep_once(3 * MS);
	}
}

/* The rate of the clock against the TSC must be the same over two different spans. */
static void against_tsc(void)
{
	uint64_t start_tsc, start, tsc[2], ns[2];
	double rate[2];
	int i;

	start = clock_ns(CLOCK_MONOTONIC_RAW);
	start_tsc = rdtsc();
	for (i = 0; i < 2; i++) {
		usleep(i ? 1500000 : 500000);
		tsc[i] = rdtsc() - start_tsc;
		ns[i] = clock_ns(CLOCK_MONOTONIC_RAW) - start;
		rate[i] = (double)tsc[i] / ns[i];
	}
	if (rate[0] / rate[1] > 1.01 || rate[1] / rate[0] > 1.01)
		fail("TSC ticks per ns: %.4f over 0.5 s, %.4f over 2 s", rate[0], rate[1]);
}

static volatile int ticks;

static void tick(int number, siginfo_t *info, void *context)
{
	ticks++;
}

static void interval(void)
{
	struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO};
	struct itimerval timer = {{0, 10000}, {0, 10000}};
	uint64_t start = clock_ns(CLOCK_MONOTONIC), took;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (ticks < 50)
		pause();
	took = clock_ns(CLOCK_MONOTONIC) - start;
	if (took < 500 * MS)
		fail("50 ticks of 10 ms in %lu ns", took);
	if (took > 20000 * MS)
		fail("50 ticks of 10 ms took %lu ns", took);
}

/* CPU time is counted by the tick: a busy process gets signals from its CPU clock. */
static void profiling(void)
{
	struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO};
	struct itimerval timer = {{0, 20000}, {0, 20000}};
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	while (ticks < 10)
		if (clock_ns(CLOCK_MONOTONIC) - start > 30000 * MS)
			fail("%d profiling ticks in 30 s", ticks);
}

static void timer_file(void)
{
	struct itimerspec spec = {{0, 5 * MS}, {0, 5 * MS}};
	int file = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t sum = 0, count, start = clock_ns(CLOCK_MONOTONIC), took;

	if (file < 0 || timerfd_settime(file, 0, &spec, NULL))
		error("timerfd: %s", strerror(errno));
	while (sum < 100) {
		if (read(file, &count, sizeof(count)) != sizeof(count))
			fail("read: %s", strerror(errno));
		sum += count;
	}
	took = clock_ns(CLOCK_MONOTONIC) - start;
	if (took < sum * 5 * MS)
		fail("%lu expiries of 5 ms in %lu ns", sum, took);
}

/* Threads on all CPUs hand a time stamp round; nobody may see one from the future. */
static uint64_t stamp;
static volatile bool stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *watch(void *arg)
{
	pin_to_cpu((int)(long)arg);
	while (!stop) {
		uint64_t now, before;

		pthread_mutex_lock(&lock);
		before = stamp;
		now = clock_ns(CLOCK_MONOTONIC);
		stamp = now;
		pthread_mutex_unlock(&lock);
		if (now < before)
			fail("CPU %ld: the clock is %lu ns behind another CPU's", (long)arg,
			     before - now);
	}
	return NULL;
}

static void monotonic(void)
{
	pthread_t id[64];
	long i, cpus = cpus_online();

	if (cpus < 2)
		skip("one CPU");
	for (i = 0; i < cpus; i++)
		if (pthread_create(&id[i], NULL, watch, (void *)i))
			error("pthread_create");
	sleep(3);
	stop = true;
	for (i = 0; i < cpus; i++)
		pthread_join(id[i], NULL);
}

/*
 * The vDSO against the system call. Taking the clock must be well below a system call's price;
 * the median of many keeps interruptions out.
 */
static uint64_t cheapest(bool by_call)
{
	uint64_t best = ~0ull, start;
	struct timespec now;
	int i, j;

	for (i = 0; i < 200; i++) {
		start = rdtsc();
		for (j = 0; j < 20; j++)
			if (by_call)
				syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
			else
				clock_gettime(CLOCK_MONOTONIC, &now);
		start = rdtsc() - start;
		if (start < best)
			best = start;
	}
	return best;
}

static void vdso(void)
{
	char source[32] = "";
	uint64_t fast = cheapest(false), slow = cheapest(true);
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	if (!file || !fgets(source, sizeof(source), file))
		error("no current_clocksource");
	source[strcspn(source, "\n")] = '\0';
	if (strcmp(source, "tsc") && strcmp(source, "xen") && strcmp(source, "kvm-clock") &&
	    strncmp(source, "hyperv", 6))
		skip("clocksource %s is not for the vDSO", source);
	if (fast * 10 > slow * 8)
		fail("clocksource %s: vDSO %lu ticks, system call %lu: not in user space", source,
		     fast / 20, slow / 20);
}

static void wall_clock(void)
{
	time_t now = time(NULL);

	if (now < 1700000000l || now > 4000000000l)
		fail("the time of day is %ld", now);
}

static const struct test_case cases[] = {
    {"sleeps", sleeps, 0},	     {"each-cpu", each_cpu, 0},
    {"against-tsc", against_tsc, 0}, {"interval", interval, 0},
    {"profiling", profiling, 0},     {"timer-file", timer_file, 0},
    {"monotonic", monotonic, 0},     {"vdso", vdso, 0},
    {"wall-clock", wall_clock, 0},   {NULL, NULL, 0},
};
const struct subject timers_subject = {"timers", cases};
