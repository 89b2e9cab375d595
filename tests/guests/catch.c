/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Catching the signals that a case provokes; used by most subjects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static sigjmp_buf back;
static volatile struct caught got;

static const int caught_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
#define COUNT (sizeof(caught_signals) / sizeof(caught_signals[0]))

static void handler(int number, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	got.signal = number;
	got.code = info->si_code;
	got.addr = (uint64_t)info->si_addr;
	got.rip = regs[REG_RIP];
	got.rsp = regs[REG_RSP];
	got.rflags = regs[REG_EFL];
	got.cs = regs[REG_CSGSFS] & 0xffff;
	got.ss = (uint64_t)regs[REG_CSGSFS] >> 48;
	got.trapno = regs[REG_TRAPNO];
	got.err = regs[REG_ERR];
	siglongjmp(back, 1);
}

struct caught catch_signal(void (*function)(void *arg), void *arg)
{
	struct sigaction action = {.sa_sigaction = handler,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	struct sigaction old[COUNT];
	static char *stack;
	stack_t alternate = {.ss_size = 16 * PAGE};
	uint16_t ss, ds, es;
	size_t i;

	if (!stack)
		stack = map_pages(16, PROT_READ | PROT_WRITE);
	alternate.ss_sp = stack;
	sigaltstack(&alternate, NULL);
	for (i = 0; i < COUNT; i++)
		sigaction(caught_signals[i], &action, &old[i]);

	__asm__ volatile("mov %%ss, %0; mov %%ds, %1; mov %%es, %2" : "=r"(ss), "=r"(ds), "=r"(es));
	memset((void *)&got, 0, sizeof(got));
	if (sigsetjmp(back, 1) == 0)
		function(arg);
	__asm__ volatile("mov %0, %%ss; mov %1, %%ds; mov %2, %%es; cld"
			 :
			 : "r"(ss), "r"(ds), "r"(es));
	for (i = 0; i < COUNT; i++)
		sigaction(caught_signals[i], &old[i], NULL);
	return *(struct caught *)&got;
}

struct caught expect_signal(const char *what, int signal, int code, void (*function)(void *arg),
			    void *arg)
{
	struct caught caught = catch_signal(function, arg);

	if (caught.signal != signal || (code != 0 && caught.code != code))
		fail("%s: signal %d code %d addr %#lx rip %#lx, expected signal %d code %d", what,
		     caught.signal, caught.code, caught.addr, caught.rip, signal, code);
	return caught;
}

void expect_killed(pid_t child, const char *what)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		error("%s: waitpid", what);
	if (!WIFSIGNALED(status))
		fail("%s: not killed by a signal, status %#x", what, status);
	switch (WTERMSIG(status)) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGTRAP:
		return;
	default:
		fail("%s: killed by signal %d", what, WTERMSIG(status));
	}
}

void expect_exit(pid_t child, const char *what)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		error("%s: waitpid", what);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail("%s: status %#x", what, status);
}
