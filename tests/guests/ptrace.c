/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: a debugger. Single steps and hardware breakpoints need #DB and the debug registers,
 * SETREGS can put values into the frame that the exit path must refuse: a bad CS, SS or RIP may
 * give the process a signal, it may not hurt the kernel or the shim.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static volatile long target = 0x1234;

/* A child that stops itself, then runs function and exits. */
static pid_t traced(void (*function)(void))
{
	pid_t child = fork_or_error();
	int status;

	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(100);
		raise(SIGSTOP);
		function();
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		error("child did not stop: %#x", status);
	return child;
}

static int resume(pid_t child, int request, int signal)
{
	int status;

	if (ptrace(request, child, 0, (long)signal))
		fail("ptrace(%d): %s", request, strerror(errno));
	if (waitpid(child, &status, 0) != child)
		error("waitpid");
	return status;
}

static void expect_stop(int status, int signal, const char *what)
{
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != signal)
		fail("%s: status %#x, expected a stop by signal %d", what, status, signal);
}

static void get_regs(pid_t child, struct user_regs_struct *regs)
{
	if (ptrace(PTRACE_GETREGS, child, 0, regs))
		error("GETREGS: %s", strerror(errno));
}

static void nothing(void)
{
}

__attribute__((noinline)) static void calls(void)
{
	int i;

	for (i = 0; i < 20; i++)
		getppid();
}

static void step(void)
{
	pid_t child = traced(calls);
	int i, status;

	for (i = 0; i < 3000; i++) {
		status = resume(child, PTRACE_SINGLESTEP, 0);
		if (WIFEXITED(status))
			break;
		expect_stop(status, SIGTRAP, "single step");
	}
	if (i < 20 * 4) /* call, number, SYSCALL, RET: no library needs fewer */
		fail("only %d steps through 20 system calls", i);
	if (i == 3000)
		status = resume(child, PTRACE_CONT, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("child ended with %#x", status);
}

static void peek_poke(void)
{
	pid_t child = traced(nothing);

	errno = 0;
	if (ptrace(PTRACE_PEEKDATA, child, &target, 0) != 0x1234 || errno)
		fail("PEEKDATA");
	if (ptrace(PTRACE_POKEDATA, child, &target, 0x5678L) ||
	    ptrace(PTRACE_PEEKDATA, child, &target, 0) != 0x5678)
		fail("POKEDATA");
	if (target != 0x1234)
		fail("POKEDATA changed the parent");
	/* Poke into read-only program text: the kernel breaks copy-on-write by force. */
	if (ptrace(PTRACE_POKETEXT, child, (void *)nothing, 0xccccccccccccccccL))
		fail("POKETEXT: %s", strerror(errno));
	expect_stop(resume(child, PTRACE_CONT, 0), SIGTRAP, "breakpoint poked into text");
	nothing();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void touch(void)
{
	target++;
	calls();
	target++;
}

static long debug_offset(int number)
{
	return offsetof(struct user, u_debugreg) + number * sizeof(long);
}

static void hardware_breakpoint(void)
{
	pid_t child = traced(touch);
	unsigned long dr6;
	int status, i;

	if (ptrace(PTRACE_POKEUSER, child, debug_offset(0), &target) ||
	    ptrace(PTRACE_POKEUSER, child, debug_offset(7), 0x000d0101L)) /* DR0: write, 4 bytes */
		skip("no hardware breakpoints here: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		expect_stop(resume(child, PTRACE_CONT, 0), SIGTRAP, "data breakpoint");
		dr6 = ptrace(PTRACE_PEEKUSER, child, debug_offset(6), 0);
		if (!(dr6 & 1))
			fail("DR6 %#lx does not name breakpoint 0", dr6);
	}
	if (ptrace(PTRACE_POKEUSER, child, debug_offset(1), (void *)calls) ||
	    ptrace(PTRACE_POKEUSER, child, debug_offset(7), 0x00000404L)) /* DR1: execution */
		fail("cannot move the breakpoint: %s", strerror(errno));
	status = resume(child, PTRACE_CONT, 0);
	if (!WIFEXITED(status))
		fail("a removed breakpoint struck: %#x", status);
}

static void execution_breakpoint(void)
{
	pid_t child = traced(touch);
	struct user_regs_struct regs;
	int status;

	if (ptrace(PTRACE_POKEUSER, child, debug_offset(2), (void *)calls) ||
	    ptrace(PTRACE_POKEUSER, child, debug_offset(7), 0x00000010L))
		skip("no hardware breakpoints here: %s", strerror(errno));
	expect_stop(resume(child, PTRACE_CONT, 0), SIGTRAP, "execution breakpoint");
	get_regs(child, &regs);
	if (regs.rip != (uint64_t)calls)
		fail("stopped at %#llx, expected %p", regs.rip, (void *)calls);
	status = resume(child, PTRACE_CONT, 0);
	if (!WIFEXITED(status))
		fail("child ended with %#x", status);
}

/* Breakpoints at addresses of kernel, hypervisor and shim: refused, or silent. */
static void kernel_breakpoint(void)
{
	static const uint64_t addresses[] = {0xffffffff81000000, 0xffff800000000000,
					     0xffff830000000000, 0xffff828000000000};
	pid_t child = traced(calls);
	size_t i;
	int status;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (ptrace(PTRACE_POKEUSER, child, debug_offset(0), addresses[i]) == 0)
			fail("a breakpoint at %#lx was accepted", addresses[i]);
	status = resume(child, PTRACE_CONT, 0);
	if (!WIFEXITED(status))
		fail("child ended with %#x", status);
}

/*
 * Registers that no process may have. The kernel refuses some (fine), sanitises some (fine), and
 * the rest must end in a signal to the child; afterwards a new child must work.
 */
static void bad_registers(void)
{
	static const struct {
		const char *what;
		size_t offset;
		uint64_t value;
	} bad[] = {
	    {"cs 0", offsetof(struct user_regs_struct, cs), 0},
	    {"cs ring 0", offsetof(struct user_regs_struct, cs), 0x10},
	    {"cs of Xen's ring 0", offsetof(struct user_regs_struct, cs), 0xe008},
	    {"cs 0xe010", offsetof(struct user_regs_struct, cs), 0xe010},
	    {"cs data", offsetof(struct user_regs_struct, cs), 0x2b},
	    {"cs TSS", offsetof(struct user_regs_struct, cs), 0xe043},
	    {"cs beyond the GDT", offsetof(struct user_regs_struct, cs), 0xfffb},
	    {"cs LDT", offsetof(struct user_regs_struct, cs), 7},
	    {"ss 0", offsetof(struct user_regs_struct, ss), 0},
	    {"ss 3", offsetof(struct user_regs_struct, ss), 3},
	    {"ss ring 0", offsetof(struct user_regs_struct, ss), 0x18},
	    {"ss code", offsetof(struct user_regs_struct, ss), 0x33},
	    {"ss LDT", offsetof(struct user_regs_struct, ss), 7},
	    {"ds TSS", offsetof(struct user_regs_struct, ds), 0xe043},
	    {"rip non-canonical", offsetof(struct user_regs_struct, rip), 0x8000000000000000},
	    {"rip 1 << 47", offsetof(struct user_regs_struct, rip), 0x800000000000},
	    {"rip end of user space", offsetof(struct user_regs_struct, rip), 0x7fffffffffff},
	    {"rip hypervisor", offsetof(struct user_regs_struct, rip), 0xffff820000000000},
	    {"rip kernel", offsetof(struct user_regs_struct, rip), 0xffffffff81000000},
	    {"rip vsyscall page", offsetof(struct user_regs_struct, rip), 0xffffffffff600008},
	    {"rsp non-canonical", offsetof(struct user_regs_struct, rsp), 0x8000000000000000},
	    {"rsp kernel", offsetof(struct user_regs_struct, rsp), 0xffffffff81000000},
	    {"eflags all", offsetof(struct user_regs_struct, eflags), ~0ul},
	    {"eflags VM", offsetof(struct user_regs_struct, eflags), 0x20202},
	    {"eflags NT", offsetof(struct user_regs_struct, eflags), 0x4202},
	    {"eflags IOPL, IF off", offsetof(struct user_regs_struct, eflags), 0x3002},
	    {"orig_rax", offsetof(struct user_regs_struct, orig_rax), 0x7fffffffffffffff},
	    {"fs_base non-canonical", offsetof(struct user_regs_struct, fs_base), 1ul << 63},
	    {"gs_base non-canonical", offsetof(struct user_regs_struct, gs_base), 1ul << 63},
	    {"gs_base kernel", offsetof(struct user_regs_struct, gs_base), 0xffffffff81000000},
	};
	struct user_regs_struct regs;
	pid_t child;
	size_t i;
	int status;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		child = traced(calls);
		get_regs(child, &regs);
		memcpy((char *)&regs + bad[i].offset, &bad[i].value, sizeof(bad[i].value));
		ptrace(PTRACE_SETREGS, child, 0, &regs);
		status = resume(child, PTRACE_CONT, 0);
		while (WIFSTOPPED(status))
			status = resume(child, PTRACE_CONT, WSTOPSIG(status));
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			fail("%s: killed, not signalled", bad[i].what);
	}
	child = fork_or_error();
	if (!child)
		_exit(0);
	expect_exit(child, "a new process");
}

static const struct test_case cases[] = {
    {"step", step, 0},
    {"peek-poke", peek_poke, 0},
    {"hardware-breakpoint", hardware_breakpoint, 0},
    {"execution-breakpoint", execution_breakpoint, 0},
    {"kernel-breakpoint", kernel_breakpoint, 0},
    {"bad-registers", bad_registers, 0},
    {NULL, NULL, 0},
};
const struct subject ptrace_subject = {"ptrace", cases};
