/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: FPU, SSE, AVX and AVX-512 registers of several processes on the same CPUs. Context
 * switches and signals save and restore them with XSAVE, lazily or not (fpu_taskswitch of the guest
 * ABI); the shim itself may not touch them. Each process fills all registers with its own pattern.
 */
#include <cpuid.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define ROUNDS 3000

/* Load all registers from *in, make a system call (0: spin instead), store them to *out. */
static void cycle_sse(const void *in, void *out, long call)
{
	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;"
			 "movdqu 16*\\n(%[in]), %%xmm\\n; .endr;"
			 "test %%eax, %%eax; jz 1f; syscall; jmp 2f;"
			 "1: mov $2000, %%ecx; 3: dec %%ecx; jnz 3b; 2:"
			 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;"
			 "movdqu %%xmm\\n, 16*\\n(%[out]); .endr"
			 : "+a"(call)
			 : [in] "b"(in), [out] "S"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
			   "xmm14", "xmm15");
}

static void cycle_avx(const void *in, void *out, long call)
{
	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;"
			 "vmovdqu 32*\\n(%[in]), %%ymm\\n; .endr;"
			 "test %%eax, %%eax; jz 1f; syscall; jmp 2f;"
			 "1: mov $2000, %%ecx; 3: dec %%ecx; jnz 3b; 2:"
			 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;"
			 "vmovdqu %%ymm\\n, 32*\\n(%[out]); .endr; vzeroupper"
			 : "+a"(call)
			 : [in] "b"(in), [out] "S"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
			   "xmm14", "xmm15");
}

static void cycle_avx512(const void *in, void *out, long call)
{
	__asm__ volatile(
	    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
	    "26,27,28,29,30,31; vmovdqu64 64*\\n(%[in]), %%zmm\\n; .endr;"
	    "test %%eax, %%eax; jz 1f; syscall; jmp 2f;"
	    "1: mov $2000, %%ecx; 3: dec %%ecx; jnz 3b; 2:"
	    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
	    "26,27,28,29,30,31; vmovdqu64 %%zmm\\n, 64*\\n(%[out]); .endr; vzeroupper"
	    : "+a"(call)
	    : [in] "b"(in), [out] "S"(out)
	    : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
	      "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

/* The x87 stack and both control words. */
static void cycle_x87(const void *in, void *out, long call)
{
	const long *value = in;
	uint16_t control = 0x37f - 0x300 * (value[0] & 1);
	uint32_t mxcsr = 0x1f80 + 0x2000 * (value[0] & 3);

	__asm__ volatile(
	    "fninit; fldcw %[control]; ldmxcsr %[mxcsr]; fildll (%[in]); fildll 8(%[in]);"
	    "test %%eax, %%eax; jz 1f; syscall; jmp 2f;"
	    "1: mov $2000, %%ecx; 3: dec %%ecx; jnz 3b; 2:"
	    "fistpll 8(%[out]); fistpll (%[out]); fnstcw %[control]; stmxcsr %[mxcsr]"
	    : "+a"(call), [control] "+m"(control), [mxcsr] "+m"(mxcsr)
	    : [in] "b"(in), [out] "S"(out)
	    : "rcx", "r11", "memory", "st", "st(1)");
	if (control != 0x37f - 0x300 * (value[0] & 1) || mxcsr != 0x1f80 + 0x2000 * (value[0] & 3))
		fail("control word %#x or mxcsr %#x changed", control, mxcsr);
	mxcsr = 0x1f80;
	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

struct kind {
	void (*cycle)(const void *in, void *out, long call);
	size_t bytes;
};

static const struct kind *kind;
static volatile int ticks;

/* A handler that uses the registers itself. */
static void clobber(int number, siginfo_t *info, void *context)
{
	unsigned char in[2048], out[2048];

	memset(in, 0x11, sizeof(in));
	kind->cycle(in, out, 0);
	if (memcmp(in, out, kind->bytes))
		fail("registers changed inside a signal handler");
	ticks++;
}

static void worker(unsigned int seed)
{
	struct sigaction action = {.sa_sigaction = clobber, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerval timer = {{0, 2000}, {0, 2000}};
	unsigned char in[2048], out[2048];
	size_t i;
	int round;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < sizeof(in); i++)
			in[i] = (seed * 31 + round + i * 7) & 0x3f; /* also a legal x87 integer */
		kind->cycle(in, out, round % 2 ? 24 /* sched_yield */ : 0);
		if (memcmp(in, out, kind->bytes))
			fail("process %u, round %d: registers changed", seed, round);
	}
	_exit(0);
}

static void run(const struct kind *what)
{
	unsigned int i, processes = 2 * cpus_online() + 1;
	pid_t child[64];

	kind = what;
	if (processes > 64)
		processes = 64;
	for (i = 0; i < processes; i++) {
		child[i] = fork_or_error();
		if (child[i] == 0)
			worker(i);
	}
	for (i = 0; i < processes; i++)
		expect_exit(child[i], "process");
}

/* XCR0: which states the kernel enabled; 0 without OSXSAVE. */
static uint32_t xcr0(void)
{
	uint32_t a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static void x87(void)
{
	static const struct kind kind87 = {cycle_x87, 16};

	run(&kind87);
}

static void sse(void)
{
	static const struct kind kind_sse = {cycle_sse, 16 * 16};

	run(&kind_sse);
}

static void avx(void)
{
	static const struct kind kind_avx = {cycle_avx, 16 * 32};
	uint32_t a, b, c = 0, d;

	__get_cpuid(1, &a, &b, &c, &d);
	if (!(c & bit_AVX) || (xcr0() & 6) != 6)
		skip("this CPU has no AVX");
	run(&kind_avx);
}

static void avx512(void)
{
	static const struct kind kind_avx512 = {cycle_avx512, 32 * 64};
	uint32_t a, b = 0, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX512F) ||
	    (xcr0() & 0xe6) != 0xe6)
		skip("this CPU has no AVX-512");
	run(&kind_avx512);
}

/* What the guest's CPUID says must work: no feature bit without its instruction. */
static void osxsave(void)
{
	uint32_t a, b, c = 0, d;

	__get_cpuid(1, &a, &b, &c, &d);
	if (!(c & bit_XSAVE))
		skip("this CPU has no XSAVE");
	if (!(c & bit_OSXSAVE))
		fail("CPUID says XSAVE but not OSXSAVE");
	if ((xcr0() & 3) != 3)
		fail("XCR0 is %#x", xcr0());
	if (!__get_cpuid_count(13, 0, &a, &b, &c, &d) || b < 576 || b > c)
		fail("CPUID leaf 13: size %u of %u", b, c);
}

static const struct test_case cases[] = {
    {"x87", x87, 120},	     {"sse", sse, 120},	      {"avx", avx, 120},
    {"avx512", avx512, 120}, {"osxsave", osxsave, 0}, {NULL, NULL, 0},
};
const struct subject fpu_subject = {"fpu", cases};
