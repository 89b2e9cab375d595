/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A 32-bit program without any library, run by the compat subject: `/elf32 int80|vdso|sysenter|
 * callsys|signals|fork`. Exit status 0 = right, 77 = this CPU lacks the instruction, else the
 * number of the check that failed.
 */
#include <stdint.h>

#define NR_exit		1
#define NR_fork		2
#define NR_waitpid	7
#define NR_getpid	20
#define NR_kill		37
#define NR_getppid	64
#define NR_sched_yield	158
#define NR_rt_sigreturn 173
#define NR_rt_sigaction 174
#define NR_mmap2	192

#define AT_SYSINFO  32
#define SIGILL	    4
#define SIGUSR1	    10
#define SA_SIGINFO  4
#define SA_RESTORER 0x04000000

/* The kernel's rt_sigaction argument for 32-bit programs. */
struct kernel_sigaction {
	uint32_t handler, flags, restorer, mask[2];
};

static uint32_t sysinfo; /* the vDSO's __kernel_vsyscall */

static int int80(int number, int b, int c, int d, int s, int di)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(b), "c"(c), "d"(d), "S"(s), "D"(di)
			 : "memory");
	return result;
}

static int call0(int number)
{
	return int80(number, 0, 0, 0, 0, 0);
}

static void leave(int status)
{
	int80(NR_exit, status, 0, 0, 0, 0);
}

static int vdso(int number)
{
	int result;

	__asm__ volatile("call *%1" : "=a"(result) : "r"(sysinfo), "0"(number) : "memory");
	return result;
}

/* SYSENTER and 32-bit SYSCALL return to the vDSO's landing pad, which pops EBP, EDX, ECX, returns.
 */
static int sysenter(int number)
{
	int result;

	__asm__ volatile("call 1f; jmp 2f; 1: push %%ecx; push %%edx; push %%ebp; mov %%esp, %%ebp;"
			 "sysenter; 2:"
			 : "=a"(result)
			 : "0"(number)
			 : "memory", "ecx", "edx");
	return result;
}

static int callsys(int number)
{
	int result;

	__asm__ volatile("call 1f; jmp 2f; 1: push %%ecx; push %%edx; push %%ebp; mov %%ecx, %%ebp;"
			 "syscall; 2:"
			 : "=a"(result)
			 : "0"(number)
			 : "memory", "ecx", "edx");
	return result;
}

static volatile int hits;

static void handler(int number)
{
	hits++;
}

static void lacking(int number)
{
	leave(77);
}

__asm__("restorer: mov $173, %eax; int $0x80");
extern char restorer[];

static void install(int number, void (*function)(int))
{
	struct kernel_sigaction action = {
	    (uint32_t)function, SA_RESTORER | SA_SIGINFO, (uint32_t)restorer, {0, 0}};

	if (int80(NR_rt_sigaction, number, (int)&action, 0, 8, 0))
		leave(2);
}

/* 500 calls by one entry, compared with int 0x80. */
static void compare(int (*call)(int))
{
	int i, pid = call0(NR_getpid), parent = call0(NR_getppid);

	for (i = 0; i < 500; i++) {
		if (call(NR_getpid) != pid)
			leave(10);
		if (call(NR_getppid) != parent)
			leave(11);
		if (call(NR_sched_yield) != 0)
			leave(12);
		if (call(9999) != -38)
			leave(13);
	}
}

static void signals(void)
{
	int i, pid = call0(NR_getpid);

	install(SIGUSR1, handler);
	for (i = 0; i < 500; i++)
		if (int80(NR_kill, pid, SIGUSR1, 0, 0, 0))
			leave(20);
	if (hits != 500)
		leave(21);
	install(SIGILL, handler);
	__asm__ volatile("int $0x80" : : "a"(NR_kill), "b"(pid), "c"(SIGILL) : "memory");
	if (hits != 501)
		leave(22);
}

static void forks(void)
{
	static volatile int value = 1;
	int i, child, status;

	for (i = 0; i < 50; i++) {
		child = call0(NR_fork);
		if (child < 0)
			leave(30);
		if (child == 0) {
			value += i + 1;
			leave(value == i + 2 ? 0 : 1);
		}
		if (int80(NR_waitpid, child, (int)&status, 0, 0, 0) != child || status)
			leave(31);
		if (value != 1)
			leave(32);
	}
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

__attribute__((used)) static void start(uint32_t *stack)
{
	uint32_t argc = stack[0];
	const char *what = argc > 1 ? (const char *)stack[2] : "";
	uint32_t *p = stack + 1 + argc + 1;

	while (*p)
		p++;
	for (p++; p[0]; p += 2)
		if (p[0] == AT_SYSINFO)
			sysinfo = p[1];
	if (same(what, "int80")) {
		compare(call0);
	} else if (same(what, "vdso")) {
		if (!sysinfo)
			leave(77);
		compare(vdso);
	} else if (same(what, "sysenter") || same(what, "callsys")) {
		if (!sysinfo)
			leave(77);
		install(SIGILL, lacking);
		compare(same(what, "sysenter") ? sysenter : callsys);
	} else if (same(what, "signals")) {
		signals();
	} else if (same(what, "fork")) {
		forks();
	} else {
		leave(1);
	}
	leave(0);
}

__asm__(
    ".globl _start; _start: mov %esp, %eax; and $-16, %esp; sub $12, %esp; push %eax; call start");
