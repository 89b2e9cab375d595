/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: signal delivery and return. A signal frame goes to user space with one kind of exit and
 * comes back by rt_sigreturn with registers that no ordinary system call can return: the kernel
 * must then leave by iret, and the shim must load exactly what it was told.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static volatile int count, depth, deepest;

static void install(int number, void (*function)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = function, .sa_flags = SA_SIGINFO | flags};

	if (sigaction(number, &action, NULL))
		error("sigaction(%d): %s", number, strerror(errno));
}

static void counting(int number, siginfo_t *info, void *context)
{
	count++;
}

static void many(void)
{
	int i;

	install(SIGUSR1, counting, 0);
	for (i = 0; i < 10000; i++)
		kill(getpid(), SIGUSR1);
	if (count != 10000)
		fail("%d of 10000 signals arrived", count);
}

static void nest(int number, siginfo_t *info, void *context)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (depth < 50)
		raise(depth % 2 ? SIGUSR2 : SIGUSR1);
	depth--;
}

static void nested(void)
{
	install(SIGUSR1, nest, SA_NODEFER);
	install(SIGUSR2, nest, SA_NODEFER);
	raise(SIGUSR1);
	if (deepest != 50 || depth != 0)
		fail("nesting reached %d of 50, %d left", deepest, depth);
}

static char *alternate;

static void on_alternate(int number, siginfo_t *info, void *context)
{
	char here;

	if (&here < alternate || &here >= alternate + 16 * PAGE)
		fail("handler ran on %p, not on the alternate stack %p", (void *)&here, alternate);
	count++;
}

static void alternate_stack(void)
{
	stack_t stack = {.ss_size = 16 * PAGE};
	pid_t child;
	int i;

	stack.ss_sp = alternate = map_pages(16, PROT_READ | PROT_WRITE);
	sigaltstack(&stack, NULL);
	install(SIGUSR1, on_alternate, SA_ONSTACK);
	for (i = 0; i < 1000; i++)
		raise(SIGUSR1);
	/* Nowhere to put the frame: the process must be killed, not the machine. */
	child = fork_or_error();
	if (child == 0) {
		install(SIGUSR2, counting, 0);
		__asm__ volatile("xor %%esp, %%esp; syscall; hlt"
				 :
				 : "a"(62), "D"(getpid()), "S"(SIGUSR2)
				 : "rcx", "r11", "memory");
	}
	expect_killed(child, "signal with stack pointer 0");
	if (count != 1000)
		fail("%d of 1000 handlers ran", count);
}

/* What sigreturn loads: every register, with values that SYSRET could not restore. */
static uint64_t seen[16];

static void rewrite(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	regs[REG_R8] = 0x0808080808080808;
	regs[REG_R9] = 0x0909090909090909;
	regs[REG_R10] = 0x1010101010101010;
	regs[REG_R11] = 0x1111111111111111; /* differs from RFLAGS */
	regs[REG_RCX] = 0x7abcdef012345678; /* differs from RIP */
	regs[REG_RDX] = -1;
	regs[REG_RSI] = 0x0606060606060606;
	regs[REG_RDI] = 0x0707070707070707;
	regs[REG_R14] = 0x1414141414141414;
	regs[REG_R15] = 0x1515151515151515;
	regs[REG_EFL] |= 0x001 | 0x400 | 0x200000; /* CF, DF, ID */
}

static void odd_frame(void)
{
	uint64_t flags;
	int i;

	install(SIGUSR1, rewrite, 0);
	for (i = 0; i < 100; i++) {
		__asm__ volatile("syscall;"
				 "mov %%r8, 0(%[s]); mov %%r9, 8(%[s]); mov %%r10, 16(%[s]);"
				 "mov %%r11, 24(%[s]); mov %%rcx, 32(%[s]); mov %%rdx, 40(%[s]);"
				 "mov %%rsi, 48(%[s]); mov %%rdi, 56(%[s]); mov %%r14, 64(%[s]);"
				 "mov %%r15, 72(%[s]); pushf; pop %[f]; cld"
				 : [f] "=&r"(flags)
				 : "a"(62), "D"(getpid()), "S"(SIGUSR1), [s] "b"(seen)
				 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r14", "r15", "memory",
				   "cc");
		if (seen[0] != 0x0808080808080808 || seen[1] != 0x0909090909090909 ||
		    seen[2] != 0x1010101010101010 || seen[3] != 0x1111111111111111 ||
		    seen[4] != 0x7abcdef012345678 || seen[5] != (uint64_t)-1 ||
		    seen[6] != 0x0606060606060606 || seen[7] != 0x0707070707070707 ||
		    seen[8] != 0x1414141414141414 || seen[9] != 0x1515151515151515)
			fail("round %d: a register is wrong: r11 %#lx rcx %#lx rdx %#lx", i,
			     seen[3], seen[4], seen[5]);
		if ((flags & 0x401) != 0x401)
			fail("round %d: flags %#lx lack CF or DF", i, flags);
	}
}

static void to_function(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	regs[REG_RIP] += 2; /* over ud2 */
	count++;
}

static void skip_instruction(void)
{
	int i;

	install(SIGILL, to_function, 0);
	for (i = 0; i < 5000; i++)
		__asm__ volatile("ud2");
	if (count != 5000)
		fail("%d of 5000 ud2 were skipped", count);
}

/* TF set by sigreturn: exactly one instruction runs, then SIGTRAP. */
static uint64_t trap_rip;

static void set_trap(int number, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= 0x100;
}

static void trapped(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (count++ == 0)
		trap_rip = regs[REG_RIP];
	regs[REG_EFL] &= ~0x100ul;
}

static void single_step(void)
{
	uint64_t after;

	install(SIGUSR1, set_trap, 0);
	install(SIGTRAP, trapped, 0);
	__asm__ volatile("lea 1f(%%rip), %0; mov $62, %%eax; syscall; nop; 1: nop; nop"
			 : "=&b"(after)
			 : "D"(getpid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "memory");
	if (count != 1 || trap_rip != after)
		fail("%d traps, the first at %#lx, expected 1 at %#lx", count, trap_rip, after);
}

/* Signals between processes while both also take timer signals. */
static void storm(void)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	pid_t child, parent = getpid();
	sigset_t set, old;
	int i;

	install(SIGALRM, counting, SA_RESTART);
	install(SIGUSR1, counting, SA_RESTART);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork_or_error();
	setitimer(ITIMER_REAL, &timer, NULL);
	for (i = 0; i < 1000; i++) {
		if (child)
			kill(child, SIGUSR1);
		while (sigwaitinfo(&set, NULL) < 0 && errno == EINTR)
			;
		if (!child)
			kill(parent, SIGUSR1);
	}
	if (!child)
		_exit(0);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	expect_exit(child, "partner");
}

static void interrupted(void)
{
	struct itimerval timer = {{0, 0}, {0, 20000}};
	int pipes[2];
	char byte;

	if (pipe(pipes))
		error("pipe: %s", strerror(errno));
	install(SIGALRM, counting, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (read(pipes[0], &byte, 1) != -1 || errno != EINTR)
		fail("read() was not ended by a signal: %s", strerror(errno));
	install(SIGALRM, counting, SA_RESTART);
	if (fork_or_error() == 0) {
		usleep(100000);
		_exit(write(pipes[1], "x", 1) != 1);
	}
	setitimer(ITIMER_REAL, &timer, NULL);
	if (read(pipes[0], &byte, 1) != 1 || count != 2)
		fail("read() was not restarted: %s, %d signals", strerror(errno), count);
}

static const struct test_case cases[] = {
    {"many", many, 0},
    {"nested", nested, 0},
    {"alternate-stack", alternate_stack, 0},
    {"odd-frame", odd_frame, 0},
    {"skip-instruction", skip_instruction, 0},
    {"single-step", single_step, 0},
    {"storm", storm, 0},
    {"interrupted", interrupted, 0},
    {NULL, NULL, 0},
};
const struct subject signals_subject = {"signals", cases};
