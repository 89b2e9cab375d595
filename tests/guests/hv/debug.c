/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Debugging over instructions that a hypervisor executes in the guest's place: they must look as if the
 * CPU had done it (AMD64 manual volume 2, 13.1). A single step traps behind them, a breakpoint behind
 * them is met even when they were resumed with RF, and the hypercall page can be debugged like any code.
 * The TLFS says nothing of it.
 */
#include "hv.h"

#define DB 1
#define BP 3
#define TF 0x100ull
#define RF 0x10000ull

#define MSR_EFER 0xc0000080u

static volatile uint64_t traps[16];
static volatile unsigned int count;

static uint64_t read_dr6(void)
{
	uint64_t v;

	__asm__ volatile("movq %%dr6, %0" : "=r"(v));
	return v;
}

static void break_at(const void *first, const void *second)
{
	uint64_t dr7 = 0x400 | (first ? 2 : 0) | (second ? 8 : 0);

	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr1; movq %2, %%dr6; movq %3, %%dr7"
			 :
			 : "r"(first), "r"(second), "r"(0xffff0ff0ul), "r"(dr7));
}

static void on_trap(struct frame *f)
{
	if (count < ARRAY_SIZE(traps))
		traps[count] = f->rip;
	count++;
	if (f->vector == DB && !(read_dr6() & 0xf))
		f->rflags &= ~TF;
	else
		f->rflags |= RF; /* go on over the breakpoint */
	__asm__ volatile("movq %0, %%dr6" : : "r"(0xffff0ff0ul));
}

static void catch(bool on)
{
	count = 0;
	handlers[DB] = handlers[BP] = on ? on_trap : NULL;
}

/* TF is set by POPF: the trap comes behind the instruction that follows it. */
#define STEP(instruction, next)                                                                    \
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t" instruction                      \
			 "\n1: nop; nop; leaq 1b(%%rip), %0"                                         \
			 : "=&r"(next), "+a"(a), "+b"(b), "+c"(c), "+d"(d)                         \
			 :                                                                         \
			 : "r8", "r9", "r10", "r11", "memory", "cc")

static void stepped(const char *what, uint64_t next)
{
	if (count != 1 || traps[0] != next)
		fail("%s: %u traps, the first at 0x%lx, not 0x%lx", what, count, traps[0], next);
	count = 0;
}

CASE(steps, "single steps")
{
	uint64_t a = 0, b = 0, c = 0, d = 0, next;

	catch (true);
	STEP("cpuid", next);
	stepped("CPUID", next);
	c = MSR_EFER;
	STEP("rdmsr", next);
	stepped("RDMSR", next);
	STEP("wrmsr", next);
	stepped("WRMSR", next);
	c = HV_MSR_VP_INDEX;
	STEP("rdmsr", next);
	stepped("RDMSR of a synthetic register", next);
	a = 0;
	c = HV_CALL_LONG_SPIN_WAIT | HV_CONTROL_FAST;
	d = 1;
	STEP("vmmcall", next);
	stepped("VMMCALL", next);
	STEP("wbinvd", next);
	stepped("WBINVD", next);
	b = (uint64_t)0xfee00080;
	a = 0;
	STEP("movl %%eax, (%%rbx)", next);
	stepped("a write to the APIC", next);
	catch (false);
}

extern const char debug_cpuid[], debug_behind[];

/* A breakpoint at CPUID, resumed with RF, and one at the next instruction: both are met, once. */
CASE(resume, "breakpoints at and behind CPUID")
{
	uint32_t a = 0, b, c = 0, d;

	catch (true);
	break_at(debug_cpuid, debug_behind);
	__asm__ volatile(".globl debug_cpuid, debug_behind\n"
			 "debug_cpuid: cpuid\n"
			 "debug_behind: nop"
			 : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	break_at(NULL, NULL);
	if (count != 2 || traps[0] != (uint64_t)debug_cpuid || traps[1] != (uint64_t)debug_behind)
		fail("%u traps at 0x%lx and 0x%lx, not at 0x%lx and 0x%lx", count, traps[0], traps[1],
		     (uint64_t)debug_cpuid, (uint64_t)debug_behind);
	catch (false);
}

CASE(page, "breakpoints in the hypercall page")
{
	const uint8_t *p = hypercall_page;
	unsigned int at = 0;

	while (at < 16 && !(p[at] == 0x0f && p[at + 1] == 0x01))
		at++;
	catch (true);
	break_at(p + at, p + at + 3);
	expect(hypercall_fast(HV_CALL_LONG_SPIN_WAIT, 1, 0), HV_SUCCESS, "the call");
	break_at(NULL, NULL);
	if (count != 2 || traps[0] != (uint64_t)p + at || traps[1] != (uint64_t)p + at + 3)
		fail("%u traps at 0x%lx and 0x%lx, not at 0x%lx and 3 behind", count, traps[0], traps[1],
		     (uint64_t)p + at);
	catch (false);
}

static void int3(void)
{
	__asm__ volatile("int3");
}

static void user_int3(void)
{
	__asm__ volatile("int3");
}

CASE(breakpoints, "INT3 in both rings")
{
	catch (true);
	int3();
	expect(count, 1, "INT3 in ring 0");
	catch (false);
	expect(in_user_mode(user_int3), 13, "INT3 in ring 3: exception");
}
