/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The frame of the guest tests. Each *.c of this folder is one subject: a table of cases, run by
 * /stress (stress.c). A case is a function that runs in its own process, so that it may break its
 * registers, memory and signal state as it likes; what it leaves behind dies with it. Verdicts:
 *
 *	SUCCESS name		the function returned
 *	SKIP name reason	it called skip(): this CPU, kernel or mode lacks the subject
 *	FAILURE name what	it called fail(), was killed by a signal or did not end in time
 *	ERROR name what		it called error(): the test itself could not do its work
 *
 * The subject is what lies under the kernel: a case that fails natively too is a defect of the
 *test.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

struct test_case {
	const char *name;
	void (*run)(void);
	unsigned int seconds; /* limit; 0 = the default (60) */
};

struct subject {
	const char *name;
	const struct test_case *cases; /* ends with name == NULL */
};

/* End of a case other than by returning; each prints its verdict. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* catch.c: run code that is expected to get a signal, and see what it got. */

struct caught {
	int signal;			   /* 0: none came, the function returned */
	int code;			   /* si_code */
	uint64_t addr;			   /* si_addr */
	uint64_t rip, cs, ss, rflags, rsp; /* where it came from, from the signal frame */
	uint64_t trapno, err;
};

/*
 * Call function(arg) and catch SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP on an alternate stack. The
 * function may have wrecked its stack and segment registers: they are restored.
 */
struct caught catch_signal(void (*function)(void *arg), void *arg);

/* fail() unless function(arg) got this signal; code 0 = any si_code. */
struct caught expect_signal(const char *what, int signal, int code, void (*function)(void *arg),
			    void *arg);

/* fail() unless waitpid() says that child was killed by one of the signals SEGV, BUS, ILL, TRAP. */
void expect_killed(pid_t child, const char *what);

/* Wait for child; fail() unless it exited with status 0. */
void expect_exit(pid_t child, const char *what);

/* util.c */

int cpus_online(void);
void pin_to_cpu(int cpu);		 /* error() when that is impossible */
uint64_t clock_ns(int clock_id);	 /* clock_gettime() in ns */
void *map_pages(size_t pages, int prot); /* private anonymous memory; error() when there is none */
pid_t fork_or_error(void);
bool emulated_smap(void); /* QEMU without acceleration, and the CPU has SMAP */

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#define PAGE 4096ul

extern const struct subject signals_subject, faults_subject, forks_subject, ptrace_subject,
    compat_subject, fpu_subject, softint_subject, ldt_subject, iret_subject, vsyscall_subject,
    syscalls_subject, ioport_subject, addrspace_subject, privileged_subject, segbase_subject,
    timers_subject, tlb_subject, pingpong_subject, hotplug_subject, interrupts_subject,
    memory_subject, patching_subject, direction_subject, pkeys_subject;

#endif /* TEST_H */
