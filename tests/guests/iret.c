/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: frames that IRET refuses. A signal handler may write anything into the saved CS, SS,
 * RIP, RSP and RFLAGS; the kernel lets some of it through and relies on the fault of its own iret,
 * which strikes at ring 0 with half of user space's state loaded. Under the shim that path is the
 * shim's. The process must get a signal (or run, where the values are legal), and the kernel must
 * live.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

#define UC_STRICT_RESTORE_SS 4 /* asm/ucontext.h: load SS as it stands */
#define KEEP		     0xdeadl

struct frame {
	const char *what;
	long cs, ss; /* KEEP = unchanged */
	uint64_t rip, rsp;
	uint64_t flags; /* or'ed in */
};

static const struct frame *frame;

static void rewrite(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;
	uint64_t segments = regs[REG_CSGSFS];

	if (frame->cs != KEEP)
		segments = (segments & ~0xfffful) | (uint16_t)frame->cs;
	if (frame->ss != KEEP)
		segments = (segments << 16 >> 16) | (uint64_t)frame->ss << 48;
	regs[REG_CSGSFS] = segments;
	if (frame->rip != KEEP)
		regs[REG_RIP] = frame->rip;
	if (frame->rsp != KEEP)
		regs[REG_RSP] = frame->rsp;
	regs[REG_EFL] |= frame->flags;
	uc->uc_flags |= UC_STRICT_RESTORE_SS;
}

static void raise_signal(void *unused)
{
	syscall(SYS_kill, getpid(), SIGUSR1);
}

static struct caught load(const struct frame *f)
{
	struct sigaction action = {.sa_sigaction = rewrite, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	frame = f;
	sigaction(SIGUSR1, &action, NULL);
	return catch_signal(raise_signal, NULL);
}

/* Each of these must end in SIGSEGV (or SIGBUS for a stack segment). */
static void bad(void)
{
	static const struct frame frames[] = {
	    {"cs 0", 0, KEEP, KEEP, KEEP, 0},
	    {"cs 3", 3, KEEP, KEEP, KEEP, 0},
	    {"cs data segment", 0x2b, KEEP, KEEP, KEEP, 0},
	    {"cs TSS", 0x43, KEEP, KEEP, KEEP, 0},
	    {"cs Xen TSS", 0xe043, KEEP, KEEP, KEEP, 0},
	    {"cs beyond the GDT", 0xfffb, KEEP, KEEP, KEEP, 0},
	    {"cs LDT", 0x7f7, KEEP, KEEP, KEEP, 0},
	    {"ss 3", KEEP, 3, KEEP, KEEP, 0},
	    {"ss code segment", KEEP, 0x33, KEEP, KEEP, 0},
	    {"ss TSS", KEEP, 0x43, KEEP, KEEP, 0},
	    {"ss Xen TSS", KEEP, 0xe043, KEEP, KEEP, 0},
	    {"ss beyond the GDT", KEEP, 0xfffb, KEEP, KEEP, 0},
	    {"ss LDT", KEEP, 0x7f7, KEEP, KEEP, 0},
	    {"rip non-canonical", KEEP, KEEP, 0x8000000000000000, KEEP, 0},
	    {"rip 1 << 47", KEEP, KEEP, 0x800000000000, KEEP, 0},
	    {"rip below the hypervisor", KEEP, KEEP, 0xffff7fffffffffff, KEEP, 0},
	    {"rip hypervisor", KEEP, KEEP, 0xffff820000000000, KEEP, 0},
	    {"rip kernel", KEEP, KEEP, 0xffffffff81000000, KEEP, 0},
	    {"cs 32-bit, rip above 4 GB", 0x23, KEEP, 0x123456789000, KEEP, 0},
	    {"rip 0 with trap flag", KEEP, KEEP, 0, KEEP, 0x100},
	    {"rip kernel with resume flag", KEEP, KEEP, 0xffffffff81000000, KEEP, 0x10000},
	};
	struct caught caught;
	size_t i;

	for (i = 0; i < 3 * sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame *f = &frames[i / 3];

		caught = load(f);
		if (caught.signal != SIGSEGV && caught.signal != SIGBUS)
			fail("%s: signal %d at rip %#lx", f->what, caught.signal, caught.rip);
	}
}

/* Selectors with a low privilege level: Linux ors in 3; Xen's own ring-0 selectors become unusable.
 */
static void ring0_selectors(void)
{
	static const struct frame frames[] = {
	    {"kernel cs", 0x10, KEEP, KEEP, KEEP, 0},
	    {"kernel ss", KEEP, 0x18, KEEP, KEEP, 0},
	    {"shim cs", 0xe008, KEEP, KEEP, KEEP, 0},
	    {"shim ss", KEEP, 0xe010, KEEP, KEEP, 0},
	    {"shim cs and ss", 0xe008, 0xe010, 0xffffffff81000000, KEEP, 0},
	};
	struct caught caught;
	size_t i;

	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		caught = load(&frames[i]);
		if (caught.signal != SIGSEGV && caught.signal != SIGBUS)
			fail("%s: signal %d", frames[i].what, caught.signal);
	}
}

static void good(void *unused)
{
	__asm__ volatile("ud2");
}

/* Legal, if unusual: the process goes on (to ud2, which says that it got there). */
static void odd(void)
{
	const uint64_t here = (uint64_t)good;
	const struct frame frames[] = {
	    {"flags IOPL", KEEP, KEEP, here, KEEP, 0x3000},
	    {"flags NT", KEEP, KEEP, here, KEEP, 0x4000},
	    {"flags VM", KEEP, KEEP, here, KEEP, 0x20000},
	    {"flags VIF, VIP", KEEP, KEEP, here, KEEP, 0x180000},
	    {"flags AC, DF", KEEP, KEEP, here, KEEP, 0x40400},
	    {"flags all", KEEP, KEEP, here, KEEP, ~0x100ul},
	    {"rsp non-canonical", KEEP, KEEP, here, 0x8000000000000000, 0},
	    {"rsp kernel", KEEP, KEEP, here, 0xffffffff81000000, 0},
	    {"rsp hypervisor", KEEP, KEEP, here, 0xffff820000000000, 0},
	    {"cs 32-bit", 0x23, KEEP, here, KEEP, 0},
	    {"ss 32-bit", KEEP, 0x2b, here, KEEP, 0},
	};
	struct caught caught;
	size_t i;

	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		caught = load(&frames[i]);
		if (caught.signal != SIGILL && caught.signal != SIGSEGV)
			fail("%s: signal %d rip %#lx", frames[i].what, caught.signal, caught.rip);
		if (caught.signal == SIGILL && caught.rflags & 0x3000)
			fail("%s: user space has IOPL %lu", frames[i].what,
			     caught.rflags >> 12 & 3);
		if (caught.signal == SIGILL && !(caught.rflags & 0x200))
			fail("%s: user space runs with interrupts off", frames[i].what);
	}
}

/*
 * The espfix case: return to a 16-bit stack segment, where iret restores only 16 bits of RSP and
 * the rest would show the kernel's stack pointer. 16-bit code: movl %esp, %eax; int3.
 */
static void sixteen_bit_stack(void)
{
	struct user_desc desc = {.limit = 0xffff, .useable = 1};
	struct frame f = {"16-bit stack", 7, 15, 0, 0xf00, 0};
	unsigned char *low = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct caught caught;
	int i;

	if (low == MAP_FAILED)
		error("no memory below 4 GB");
	memcpy(low, "\x66\x89\xe0\xcc", 4);
	desc.base_addr = (uintptr_t)low;
	desc.contents = MODIFY_LDT_CONTENTS_CODE;
	if (syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)))
		skip("this kernel has no 16-bit segments");
	desc.entry_number = 1;
	desc.contents = MODIFY_LDT_CONTENTS_DATA;
	if (syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)))
		error("modify_ldt");
	for (i = 0; i < 100; i++) {
		caught = load(&f);
		if (caught.signal != SIGTRAP || caught.cs != 7 || caught.rip != 4 ||
		    (caught.rsp & 0xffff) != 0xf00)
			fail("signal %d cs %#lx rip %#lx rsp %#lx", caught.signal, caught.cs,
			     caught.rip, caught.rsp);
	}
}

static const struct test_case cases[] = {
    {"bad", bad, 0}, {"ring0-selectors", ring0_selectors, 0},
    {"odd", odd, 0}, {"sixteen-bit-stack", sixteen_bit_stack, 0},
    {NULL, NULL, 0},
};
const struct subject iret_subject = {"iret", cases};
