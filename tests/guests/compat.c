/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: 32-bit user space, in two forms: 32-bit code inside a 64-bit process (compat32.S), and a
 * real 32-bit program, /elf32. System calls come by int 0x80, SYSENTER or the 32-bit SYSCALL, each
 * of which has its own entry; leaving needs iret to a 32-bit code segment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define HWCAP_SEP (1 << 11) /* AT_HWCAP is what the kernel lets of CPUID 1 EDX */

uint32_t run32(void (*code)(void), void *stack32);
void getppid_int80(void);
void mmap_int80(void);
void spin32(void);
void fault32(void);
void ud32(void);
void sysenter32(void);
void syscall32(void);
void into32(void);
void bound32(void);

static char *stack32(void)
{
	static char *stack;

	if (!stack) {
		stack = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		if (stack == MAP_FAILED)
			error("no memory below 4 GB: %s", strerror(errno));
	}
	return stack + 15 * PAGE;
}

static void run(void *code)
{
	run32((void (*)(void))code, stack32());
}

static void int80(void)
{
	uint32_t address;
	int i;

	for (i = 0; i < 2000; i++)
		if (run32(getppid_int80, stack32()) != (uint32_t)getppid())
			fail("getppid by int 0x80 is wrong");
	address = run32(mmap_int80, stack32());
	if (address & 0xfff)
		fail("mmap2 by int 0x80: %#x", address);
	memset((void *)(uintptr_t)address, 1, PAGE);
}

static volatile int ticks;

static void tick(int number, siginfo_t *info, void *context)
{
	ticks++;
}

static void interrupts(void)
{
	struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_size = 16 * PAGE};
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	int i;

	stack.ss_sp = map_pages(16, PROT_READ | PROT_WRITE);
	sigaltstack(&stack, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (i = 0; i < 20 || (ticks < 3 && i < 1000); i++)
		if (run32(spin32, stack32()) != 0xaaaaaaaa)
			fail("registers changed in 32-bit code");
	if (ticks < 3)
		fail("%d signals in 32-bit code", ticks);
}

static void faults(void)
{
	struct caught caught =
	    expect_signal("read in 32-bit mode", SIGSEGV, SEGV_MAPERR, run, fault32);

	if (caught.addr != 8 || caught.cs != 0x23)
		fail("32-bit fault: addr %#lx cs %#lx", caught.addr, caught.cs);
	expect_signal("ud2 in 32-bit mode", SIGILL, 0, run, ud32);
	expect_signal("into", SIGSEGV, 0, run, into32);
	expect_signal("bound", SIGSEGV, 0, run, bound32);
}

/*
 * The fast calls return to the 32-bit vDSO, which a 64-bit process does not have: it may get any
 * signal, or even the answer; the kernel must survive.
 */
static void fast_calls(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		catch_signal(run, sysenter32);
		catch_signal(run, syscall32);
	}
	if (run32(getppid_int80, stack32()) != (uint32_t)getppid())
		fail("int 0x80 is broken after fast calls");
}

/* Run /elf32; when the kernel does not offer the call (optional), a clean death is a skip. */
static void elf32(const char *what, bool optional)
{
	pid_t child = fork_or_error();
	int status;

	if (child == 0) {
		execl("/elf32", "elf32", what, NULL);
		_exit(errno == ENOEXEC ? 77 : 78);
	}
	if (waitpid(child, &status, 0) != child)
		error("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("no 32-bit programs, or this CPU lacks the instruction");
	if (optional && WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL))
		skip("the kernel does not offer it, and refuses it cleanly");
	if (status)
		fail("/elf32 %s: status %#x", what, status);
}

static void elf_int80(void)
{
	elf32("int80", false);
}

static void elf_vdso(void)
{
	elf32("vdso", false);
}

static void elf_sysenter(void)
{
	elf32("sysenter", !(getauxval(AT_HWCAP) & HWCAP_SEP));
}

static void elf_syscall(void)
{
	elf32("callsys", false);
}

static void elf_signals(void)
{
	elf32("signals", false);
}

static void elf_fork(void)
{
	elf32("fork", false);
}

static const struct test_case cases[] = {
    {"int80", int80, 0},
    {"interrupts", interrupts, 0},
    {"faults", faults, 0},
    {"fast-calls", fast_calls, 0},
    {"elf-int80", elf_int80, 0},
    {"elf-vdso", elf_vdso, 0},
    {"elf-sysenter", elf_sysenter, 0},
    {"elf-syscall", elf_syscall, 0},
    {"elf-signals", elf_signals, 0},
    {"elf-fork", elf_fork, 0},
    {NULL, NULL, 0},
};
const struct subject compat_subject = {"compat", cases};
