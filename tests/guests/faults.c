/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: CPU exceptions of user space. Each must arrive as the right signal with the right
 * si_code and si_addr: the exception vector, error code and CR2 pass from the hardware through the
 * shim to the kernel. CR2 is the delicate one, since a page fault of the shim itself would
 * overwrite it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static void read_byte(void *address)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax", "memory");
}

static void write_byte(void *address)
{
	__asm__ volatile("movb $0x5a, (%0)" : : "r"(address) : "memory");
}

static void jump_to(void *address)
{
	((void (*)(void))address)();
}

static void expect_fault(const char *what, int signal, int code, void (*function)(void *), void *at)
{
	struct caught caught = expect_signal(what, signal, code, function, at);

	if (caught.addr != (uint64_t)at)
		fail("%s: si_addr %#lx, expected %p", what, caught.addr, at);
}

static void unmapped(void)
{
	char *page = map_pages(1, PROT_NONE);

	expect_fault("read of address 8", SIGSEGV, SEGV_MAPERR, read_byte, (void *)8);
	expect_fault("write to address 8", SIGSEGV, SEGV_MAPERR, write_byte, (void *)8);
	expect_fault("jump to address 8", SIGSEGV, SEGV_MAPERR, jump_to, (void *)8);
	expect_fault("read of PROT_NONE", SIGSEGV, SEGV_ACCERR, read_byte, page + 77);
	expect_fault("jump to PROT_NONE", SIGSEGV, SEGV_ACCERR, jump_to, page + 77);
	munmap(page, PAGE);
	expect_fault("read after munmap", SIGSEGV, SEGV_MAPERR, read_byte, page + 77);
}

static void read_only(void)
{
	char *page = map_pages(1, PROT_READ | PROT_WRITE);

	page[5] = 1;
	mprotect(page, PAGE, PROT_READ);
	expect_fault("write to a page made read-only", SIGSEGV, SEGV_ACCERR, write_byte, page + 5);
	if (page[5] != 1)
		fail("the forbidden write changed the page");
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	write_byte(page + 5);
	if (page[5] != 0x5a)
		fail("a write after mprotect was lost");
	expect_fault("write to program text", SIGSEGV, SEGV_ACCERR, write_byte, (void *)read_only);
	expect_fault("write to a constant", SIGSEGV, SEGV_ACCERR, write_byte, (void *)"text");
}

static void no_execute(void)
{
	unsigned char *page = map_pages(1, PROT_READ | PROT_WRITE);

	page[0] = 0xc3; /* ret */
	expect_fault("exec of a data page", SIGSEGV, SEGV_ACCERR, jump_to, page);
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	jump_to(page);
	mprotect(page, PAGE, PROT_READ);
	expect_fault("exec of a page that was executable", SIGSEGV, SEGV_ACCERR, jump_to, page);
	page = (void *)(((uintptr_t)&page) & ~(PAGE - 1));
	expect_fault("exec of the stack", SIGSEGV, SEGV_ACCERR, jump_to, page);
}

static void bus(void)
{
	char name[] = "/tmp/bus.XXXXXX";
	int file = mkstemp(name);
	char *map;

	if (file < 0 || ftruncate(file, PAGE))
		error("temporary file: %s", strerror(errno));
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		error("mmap: %s", strerror(errno));
	expect_fault("read beyond the end of a file", SIGBUS, BUS_ADRERR, read_byte,
		     map + PAGE + 9);
	map[9] = 1;
	if (ftruncate(file, 0))
		error("ftruncate: %s", strerror(errno));
	expect_fault("read of a truncated page", SIGBUS, BUS_ADRERR, read_byte, map + 9);
	unlink(name);
}

static void divide_by_zero(void *arg)
{
	__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; div %0" : : "r"(0) : "rax", "rdx", "cc");
}

static void divide_overflow(void *arg)
{
	__asm__ volatile("mov $0x80000000, %%eax; cltd; idivl %0" : : "r"(-1) : "rax", "rdx", "cc");
}

/* Unmask all SSE or x87 exceptions, then make one. */
static void sse_divide(void *arg)
{
	uint32_t mxcsr = 0x1f80 & ~(1u << 9); /* zero-divide unmasked */
	double zero = 0, one = 1;

	__asm__ volatile("ldmxcsr %2; movsd %1, %%xmm0; divsd %0, %%xmm0"
			 :
			 : "m"(zero), "m"(one), "m"(mxcsr)
			 : "xmm0");
}

static void x87_divide(void *arg)
{
	uint16_t control = 0x37f & ~4;

	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control) : "st");
}

static void arithmetic(void)
{
	expect_signal("div by 0", SIGFPE, FPE_INTDIV, divide_by_zero, NULL);
	expect_signal("idiv overflow", SIGFPE, FPE_INTDIV, divide_overflow, NULL);
}

static void expect_float(const char *what, void (*function)(void *))
{
	struct caught caught = catch_signal(function, NULL);

	if (caught.signal == 0)
		skip("%s: this CPU (an emulator) does not raise it", what);
	if (caught.signal != SIGFPE || caught.code != FPE_FLTDIV)
		fail("%s: signal %d code %d", what, caught.signal, caught.code);
}

static void sse(void)
{
	expect_float("SSE divide by 0", sse_divide);
}

static void x87(void)
{
	expect_float("x87 divide by 0", x87_divide);
}

static void ud2(void *arg)
{
	__asm__ volatile("ud2");
}

static void ud1(void *arg)
{
	__asm__ volatile(".byte 0x0f, 0xb9, 0xc0");
}

static void lock_without_memory(void *arg)
{
	__asm__ volatile(".byte 0xf0, 0x90"); /* lock nop */
}

static void illegal(void)
{
	struct caught caught = expect_signal("ud2", SIGILL, ILL_ILLOPN, ud2, NULL);

	if (caught.addr != caught.rip)
		fail("ud2: si_addr %#lx is not rip %#lx", caught.addr, caught.rip);
	expect_signal("ud1", SIGILL, ILL_ILLOPN, ud1, NULL);
	expect_signal("lock nop", SIGILL, ILL_ILLOPN, lock_without_memory, NULL);
}

/* Set EFLAGS.AC and read at an odd address. */
static void misaligned(void *address)
{
	__asm__ volatile("pushf; orl $0x40000, (%%rsp); popf; movl 1(%0), %%eax; pushf;"
			 "andl $~0x40000, (%%rsp); popf"
			 :
			 : "r"(address)
			 : "rax", "cc", "memory");
}

static void alignment(void)
{
	struct caught caught = catch_signal(misaligned, map_pages(1, PROT_READ | PROT_WRITE));

	/* The handler came here with AC still set in user space: Linux clears it for handlers only.
	 */
	__asm__ volatile("pushf; andl $~0x40000, (%%rsp); popf" : : : "cc", "memory");
	if (caught.signal == 0)
		skip("this CPU (an emulator) does not check alignment");
	if (caught.signal != SIGBUS || caught.code != BUS_ADRALN)
		fail("alignment check: signal %d code %d", caught.signal, caught.code);
}

/* Registers survive a fault that the kernel repairs: fill them, touch a new page, compare. */
static void registers(void)
{
	unsigned char *pages = map_pages(200, PROT_READ | PROT_WRITE);
	uint64_t bad;
	int i;

	for (i = 0; i < 200; i++) {
		__asm__ volatile(
		    "mov $0x1111111111111111, %%r8; lea 1(%%r8), %%r9; lea 2(%%r8), %%r10;"
		    "lea 3(%%r8), %%r11; lea 4(%%r8), %%r12; lea 5(%%r8), %%r13;"
		    "lea 6(%%r8), %%r14; lea 7(%%r8), %%r15; lea 8(%%r8), %%rcx;"
		    "lea 9(%%r8), %%rdx; lea 10(%%r8), %%rsi; lea 11(%%r8), %%rdi; stc; std;"
		    "movb $1, (%1); setnc %%al; movzbl %%al, %%eax; pushf; cld;"
		    "btl $10, (%%rsp); setnc %%ah; lea 8(%%rsp), %%rsp;"
		    "sub %%r8, %%r9; sub $1, %%r9; or %%r9, %%rax;"
		    "sub %%r8, %%r10; sub $2, %%r10; or %%r10, %%rax;"
		    "sub %%r8, %%r11; sub $3, %%r11; or %%r11, %%rax;"
		    "sub %%r8, %%r12; sub $4, %%r12; or %%r12, %%rax;"
		    "sub %%r8, %%r13; sub $5, %%r13; or %%r13, %%rax;"
		    "sub %%r8, %%r14; sub $6, %%r14; or %%r14, %%rax;"
		    "sub %%r8, %%r15; sub $7, %%r15; or %%r15, %%rax;"
		    "sub %%r8, %%rcx; sub $8, %%rcx; or %%rcx, %%rax;"
		    "sub %%r8, %%rdx; sub $9, %%rdx; or %%rdx, %%rax;"
		    "sub %%r8, %%rsi; sub $10, %%rsi; or %%rsi, %%rax;"
		    "sub %%r8, %%rdi; sub $11, %%rdi; or %%rdi, %%rax;"
		    : "=&a"(bad)
		    : "b"(pages + i * PAGE)
		    : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rcx", "rdx", "rsi",
		      "rdi", "cc", "memory");
		if (bad)
			fail("a register or flag changed across page fault %d (%#lx)", i, bad);
	}
}

static const struct test_case cases[] = {
    {"unmapped", unmapped, 0},
    {"read-only", read_only, 0},
    {"no-execute", no_execute, 0},
    {"bus", bus, 0},
    {"arithmetic", arithmetic, 0},
    {"sse", sse, 0},
    {"x87", x87, 0},
    {"illegal", illegal, 0},
    {"alignment", alignment, 0},
    {"registers", registers, 0},
    {NULL, NULL, 0},
};
const struct subject faults_subject = {"faults", cases};
