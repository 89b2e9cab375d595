/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the SYSCALL entry with hostile state. The instruction changes neither stack nor
 * segments: whatever the process left in RSP, RFLAGS and the other registers is there when the
 * first instruction of the shim runs. Also the place of the instruction: at the end of the address
 * space, single-stepped, under a data breakpoint delayed by MOV SS.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* getppid() with this stack pointer and these flags or'ed in. Returns its result. */
static long call_with(uint64_t rsp, uint64_t set_flags)
{
	long result = SYS_getppid;

	__asm__ volatile(
	    "mov %%rsp, %%r12; pushf; orq %[f], (%%rsp); popf; mov %[s], %%rsp; syscall;"
	    "mov %%r12, %%rsp; pushf; andq $~0x44500, (%%rsp); popf"
	    : "+a"(result)
	    : [f] "r"(set_flags), [s] "r"(rsp)
	    : "rcx", "r11", "r12", "memory", "cc");
	return result;
}

static void stack_pointers(void)
{
	static const uint64_t pointers[] = {0,
					    8,
					    0x7fffffffffff,
					    0x800000000000,
					    0x8000000000000000,
					    0xffff800000000000,
					    0xffff820000000000,
					    0xffff830000000000,
					    0xffffffff81000000,
					    0xffffffffffffffff};
	size_t i;

	for (i = 0; i < 20 * sizeof(pointers) / sizeof(pointers[0]); i++)
		if (call_with(pointers[i / 20], 0) != getppid())
			fail("wrong answer with rsp %#lx", pointers[i / 20]);
}

static volatile int traps;

static void trap(int number, siginfo_t *info, void *context)
{
	traps++;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100ul;
}

static void flags(void)
{
	static const uint64_t sets[] = {
	    0x400 /* DF */, 0x4000 /* NT */, 0x10000 /* RF */, 0x40000 /* AC */, 0x200000 /* ID */,
	    0x44c00,	    0x3000 /* IOPL */};
	char here;
	size_t i;

	for (i = 0; i < 20 * sizeof(sets) / sizeof(sets[0]); i++)
		if (call_with((uint64_t)&here & ~0xfful, sets[i / 20]) != getppid())
			fail("wrong answer with flags %#lx", sets[i / 20]);
}

/* Step over SYSCALL: the trap must come after it, in user space, never in the entry code. */
static void trap_flag(void)
{
	struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};
	long result;
	int i;

	sigaction(SIGTRAP, &action, NULL);
	for (i = 0; i < 500; i++) {
		traps = 0;
		result = SYS_getppid;
		__asm__ volatile("pushf; orq $0x100, (%%rsp); popf; syscall; nop"
				 : "+a"(result)
				 :
				 : "rcx", "r11", "memory", "cc");
		if (result != getppid() || traps < 1)
			fail("round %d: result %ld, %d traps", i, result, traps);
	}
}

/* All numbers of a wide range, and odd ones: ENOSYS, and nothing that a hypercall would do. */
static void numbers(void)
{
	static const long odd[] = {-1,	       -2,	    0x7fffffff,
				   0x80000000, 0xffffffff,  0x40000000,
				   0x400001ff, 0x100000027, 0x7fffffffffffffff};
	size_t i;
	long n;

	for (n = 1000; n < 3000; n++)
		if (syscall(n) != -1 || errno != ENOSYS)
			fail("system call %ld did not give ENOSYS", n);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		syscall(odd[i], 0, 0, 0, 0, 0, 0);
	if (getppid() <= 0)
		fail("getppid");
}

static void jump(void *address)
{
	__asm__ volatile("jmp *%1" : : "a"(SYS_getppid), "r"(address) : "rcx", "r11", "memory");
}

/* SYSCALL as the last bytes of user space: the return address is not canonical. */
static void end_of_space(void)
{
	char *last = mmap((void *)0x7fffffffe000, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct caught caught;
	int i;

	if (last != (char *)0x7fffffffe000)
		skip("the last page of user space cannot be mapped: %s", strerror(errno));
	memset(last, 0x90, PAGE);
	last[PAGE - 2] = 0x0f;
	last[PAGE - 1] = 0x05;
	for (i = 0; i < 20; i++) {
		caught = catch_signal(jump, last + PAGE - 2);
		if (caught.signal != SIGSEGV || caught.rip != 0x7ffffffff000)
			fail("signal %d rip %#lx", caught.signal, caught.rip);
	}
}

/*
 * MOV SS with a data breakpoint on its operand, then SYSCALL, INT 3 or INT 0x80: the debug
 * exception is held back and strikes in the kernel's entry code, on user space's stack
 * (CVE-2018-8897).
 */
static uint16_t watched;

static void delayed(int kind)
{
	int i;

	__asm__ volatile("mov %%ss, %0" : "=m"(watched));
	raise(SIGSTOP);
	for (i = 0; i < 20; i++) {
		long number = kind == 2 ? 20 : SYS_getppid;

		if (kind == 0)
			__asm__ volatile("mov %1, %%ss; syscall"
					 : "+a"(number)
					 : "m"(watched)
					 : "rcx", "r11", "memory");
		else if (kind == 1)
			__asm__ volatile("mov %0, %%ss; int3" : : "m"(watched) : "memory");
		else
			__asm__ volatile("mov %1, %%ss; int $0x80"
					 : "+a"(number)
					 : "m"(watched)
					 : "r8", "r9", "r10", "r11", "memory");
	}
	_exit(0);
}

static void delayed_breakpoint(void)
{
	int kind, status, stops = 0;

	for (kind = 0; kind < 3; kind++) {
		pid_t child = fork_or_error();

		if (child == 0) {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			delayed(kind);
		}
		waitpid(child, &status, 0);
		if (ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg), &watched) ||
		    ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg) + 56,
			   0x00070101L))
			skip("no hardware breakpoints here: %s", strerror(errno));
		for (;;) {
			ptrace(PTRACE_CONT, child, 0, 0);
			if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
				break;
			if (WSTOPSIG(status) != SIGTRAP)
				fail("kind %d: stopped by signal %d", kind, WSTOPSIG(status));
			stops++;
		}
		if (!WIFEXITED(status))
			fail("kind %d: child ended with %#x", kind, status);
	}
	if (stops == 0)
		skip("this CPU (an emulator) does not see the breakpoint");
}

static const struct test_case cases[] = {
    {"stack-pointers", stack_pointers, 0},
    {"flags", flags, 0},
    {"trap-flag", trap_flag, 0},
    {"numbers", numbers, 0},
    {"end-of-space", end_of_space, 0},
    {"delayed-breakpoint", delayed_breakpoint, 0},
    {NULL, NULL, 0},
};
const struct subject syscalls_subject = {"syscalls", cases};
