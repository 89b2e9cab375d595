/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: privileged and hypervisor instructions in user space. Each must end in a signal for the
 * process; that the kernel may use them at ring 0, or has them emulated, must not leak to it.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

struct instruction {
	const char *what;
	const char *bytes; /* followed by ret */
	unsigned int size;
	int signal; /* 0: SIGSEGV or SIGILL */
};

#define BYTES(s) s, sizeof(s) - 1

static const struct instruction refused[] = {
    {"hlt", BYTES("\xf4"), SIGSEGV},
    {"cli", BYTES("\xfa"), SIGSEGV},
    {"sti", BYTES("\xfb"), SIGSEGV},
    {"clts", BYTES("\x0f\x06"), SIGSEGV},
    {"invd", BYTES("\x0f\x08"), SIGSEGV},
    {"wbinvd", BYTES("\x0f\x09"), SIGSEGV},
    {"wrmsr", BYTES("\x0f\x30"), SIGSEGV},
    {"rdmsr", BYTES("\x0f\x32"), SIGSEGV},
    {"rdpmc", BYTES("\x0f\x33"), 0},
    {"mov cr0, rax", BYTES("\x0f\x20\xc0"), SIGSEGV},
    {"mov rax, cr0", BYTES("\x0f\x22\xc0"), SIGSEGV},
    {"mov cr2, rax", BYTES("\x0f\x20\xd0"), SIGSEGV},
    {"mov cr3, rax", BYTES("\x0f\x20\xd8"), SIGSEGV},
    {"mov rax, cr3", BYTES("\x0f\x22\xd8"), SIGSEGV},
    {"mov cr4, rax", BYTES("\x0f\x20\xe0"), SIGSEGV},
    {"mov cr8, rax", BYTES("\x44\x0f\x20\xc0"), SIGSEGV},
    {"mov dr0, rax", BYTES("\x0f\x21\xc0"), SIGSEGV},
    {"mov rax, dr7", BYTES("\x0f\x23\xf8"), SIGSEGV},
    {"lgdt", BYTES("\x0f\x01\x10"), SIGSEGV},
    {"lidt", BYTES("\x0f\x01\x18"), SIGSEGV},
    {"lldt", BYTES("\x0f\x00\xd0"), SIGSEGV},
    {"ltr", BYTES("\x0f\x00\xd8"), SIGSEGV},
    {"lmsw", BYTES("\x0f\x01\xf0"), SIGSEGV},
    {"invlpg", BYTES("\x0f\x01\x38"), SIGSEGV},
    {"swapgs", BYTES("\x0f\x01\xf8"), SIGSEGV},
    {"sysretq", BYTES("\x48\x0f\x07"), 0},
    {"sysexit", BYTES("\x0f\x35"), 0},
    {"xsetbv", BYTES("\x0f\x01\xd1"), 0},
    {"clac", BYTES("\x0f\x01\xca"), 0},
    {"stac", BYTES("\x0f\x01\xcb"), 0},
    {"vmrun", BYTES("\x0f\x01\xd8"), 0},
    {"clgi", BYTES("\x0f\x01\xdd"), 0},
    {"stgi", BYTES("\x0f\x01\xdc"), 0},
    {"vmxoff", BYTES("\x0f\x01\xc4"), 0},
    {"monitor", BYTES("\x0f\x01\xc8"), 0},
    {"mwait", BYTES("\x0f\x01\xc9"), 0},
    {"in al, dx", BYTES("\xec"), SIGSEGV},
    {"out dx, al", BYTES("\xee"), SIGSEGV},
    {"mov ss, ring 0", BYTES("\xb8\x18\x00\x00\x00\x8e\xd0"), SIGSEGV},
    {"mov ss, Xen ring 0", BYTES("\xb8\x10\xe0\x00\x00\x8e\xd0"), SIGSEGV},
    {"mov ds, Xen TSS", BYTES("\xb8\x43\xe0\x00\x00\x8e\xd8"), SIGSEGV},
};

/* Those that use the stack for what they load. */
static const struct instruction far_refused[] = {
    {"iret to ring 0", BYTES("\x6a\x10\x54\x9c\x6a\x08\x50\x48\xcf"), SIGSEGV},
    {"iret to the shim's segments",
     BYTES("\x68\x10\xe0\x00\x00\x54\x9c\x68\x08\xe0\x00\x00\x50\x48\xcf"), SIGSEGV},
    {"lret to ring 0", BYTES("\x50\x6a\x10\x50\x48\xcb"), SIGSEGV},
    {"lret to the shim's segment", BYTES("\x68\x08\xe0\x00\x00\x50\x48\xcb"), SIGSEGV},
    {"far call to a TSS", BYTES("\x68\x40\xe0\x00\x00\x68\x00\x00\x00\x00\xff\x5c\x24\x04"),
     SIGSEGV},
};

static unsigned char *code;

static void run(void *data)
{
	uint64_t rcx = 0x10 /* MSR, PMC, XCR */, rdx = 0x80 /* port */;

	__asm__ volatile("push %%rbp; mov %%rsp, %%rbp; call *%[code]; mov %%rbp, %%rsp; pop %%rbp"
			 : "+c"(rcx), "+d"(rdx)
			 : [code] "r"(code), "a"(data)
			 : "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
}

static void prepare(const struct instruction *instruction)
{
	if (!code)
		code = map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	memset(code, 0xc3, 32);
	memcpy(code, instruction->bytes, instruction->size);
}

static void expect_refused(const struct instruction *list, size_t count)
{
	char *data = map_pages(1, PROT_READ | PROT_WRITE);
	struct caught caught;
	size_t i;

	for (i = 0; i < count; i++) {
		prepare(&list[i]);
		caught = catch_signal(run, data);
		if (list[i].signal ? caught.signal != list[i].signal
				   : caught.signal != SIGSEGV && caught.signal != SIGILL)
			fail("%s: signal %d", list[i].what, caught.signal);
	}
}

static void instructions(void)
{
	expect_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

static void far_transfers(void)
{
	if (emulated_smap())
		skip("QEMU before 9.1 reads the stack with kernel rights, which SMAP forbids");
	expect_refused(far_refused, sizeof(far_refused) / sizeof(far_refused[0]));
}

/* Calls of every hypervisor ABI; with numbers that would hurt if anybody served them. */
static void hypercalls(void)
{
	static const struct instruction calls[] = {
	    {"vmcall", BYTES("\x0f\x01\xc1"), 0},
	    {"vmmcall", BYTES("\x0f\x01\xd9"), 0},
	    {"int 0x82", BYTES("\xcd\x82"), SIGSEGV},
	    {"tdcall", BYTES("\x66\x0f\x01\xcc"), 0},
	};
	struct caught caught;
	size_t i, number;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		prepare(&calls[i]);
		for (number = 0; number < 64; number++) {
			caught = catch_signal(run, (void *)number);
			if (caught.signal == 0 ||
			    (calls[i].signal && caught.signal != calls[i].signal))
				fail("%s %zu: signal %d", calls[i].what, number, caught.signal);
		}
	}
}

/*
 * Xen's forced-emulation prefix (ud2a "xen" cpuid). Xen answers it in user space, too: then it must
 * be a harmless CPUID; else SIGILL.
 */
static void emulated_cpuid(void)
{
	static const struct instruction prefix = {"ud2a xen cpuid",
						  BYTES("\x0f\x0b\x78\x65\x6e\x0f\xa2"), 0};
	static const struct instruction wrong = {"ud2a xen hlt", BYTES("\x0f\x0b\x78\x65\x6e\xf4"),
						 0};
	struct caught caught;

	prepare(&prefix);
	caught = catch_signal(run, NULL);
	if (caught.signal != 0 && caught.signal != SIGILL)
		fail("prefix with cpuid: signal %d", caught.signal);
	prepare(&wrong);
	caught = catch_signal(run, NULL);
	if (caught.signal != SIGILL && caught.signal != SIGSEGV)
		fail("prefix with hlt: signal %d", caught.signal);
	/* The prefix split by the end of the mapping: the decoder may not run beyond it. */
	code = map_pages(2, PROT_READ | PROT_WRITE | PROT_EXEC);
	munmap(code + PAGE, PAGE);
	code += PAGE - 3;
	memcpy(code, "\x0f\x0b\x78", 3);
	caught = catch_signal(run, NULL);
	if (caught.signal != SIGILL && caught.signal != SIGSEGV)
		fail("split prefix: signal %d", caught.signal);
}

static void store_gdt(void *to)
{
	__asm__ volatile("sgdt (%0)" : : "r"(to) : "memory");
}

static void store_idt(void *to)
{
	__asm__ volatile("sidt (%0)" : : "r"(to) : "memory");
}

static void store_msw(void *to)
{
	__asm__ volatile("smsw %%eax; movl %%eax, (%0)" : : "r"(to) : "rax", "memory");
}

/* Allowed, or UMIP: refused, or emulated by the kernel with dummy values. */
static void store_tables(void)
{
	char *page = map_pages(1, PROT_READ | PROT_WRITE);
	void (*const stores[])(void *) = {store_gdt, store_idt, store_msw};
	struct caught caught;
	size_t i;

	for (i = 0; i < 3; i++) {
		caught = catch_signal(stores[i], page);
		if (caught.signal != 0 && caught.signal != SIGSEGV)
			fail("store %zu: signal %d", i, caught.signal);
	}
}

static const struct test_case cases[] = {
    {"instructions", instructions, 0}, {"far-transfers", far_transfers, 0},
    {"hypercalls", hypercalls, 0},     {"emulated-cpuid", emulated_cpuid, 0},
    {"store-tables", store_tables, 0}, {NULL, NULL, 0},
};
const struct subject privileged_subject = {"privileged", cases};
