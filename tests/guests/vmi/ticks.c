/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Ticks between marks, for counting what they make a hypervisor do (word "ticks"). A mark is CPUID with a leaf
 * that no machine has, as in tests/guests/lab/marked.c, whose numbers these are: 3 one-shot alarms with a halt each,
 * 4 a periodic alarm while the processor works, 0 behind each, 255 at the end.
 */
#include "guest.h"

#define VECTOR 0x30
#define TICKS  200
enum { END = 0, NONE = 1, TIMER = 3, BUSY = 4, CLOSE = 255 };

static void mark(uint32_t what)
{
	uint32_t eax = 0x4ffff000 + what, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx) : : "memory");
}

static void alarm(uint32_t flags, uint64_t expiry, uint64_t period)
{
	vmi5(VMI_SET_ALARM, VMI_ALARM_LVTT | flags, (uint32_t)expiry, (uint32_t)(expiry >> 32), (uint32_t)period,
	     (uint32_t)(period >> 32));
}

void test_ticks(void)
{
	uint64_t hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), start;
	uint32_t until;

	vmi(VMI_APIC_WRITE, 0xf0, 0x1ff, 0);
	vmi(VMI_APIC_WRITE, 0x320, VECTOR, 0);
	mark(NONE); /* the one that switches the trace on is not in it */
	mark(END);
	mark(TIMER);
	for (until = interrupts[VECTOR] + TICKS; interrupts[VECTOR] != until;) {
		alarm(0, rdtsc() + hz / 1000, 0);
		__asm__ volatile("sti; hlt; cli");
	}
	mark(END);
	mark(BUSY);
	start = rdtsc();
	until = interrupts[VECTOR] + TICKS;
	alarm(VMI_ALARM_PERIODIC, start + hz / 100, hz / 100);
	__asm__ volatile("sti");
	while ((int32_t)(interrupts[VECTOR] - until) < 0 && rdtsc() - start < 100 * hz)
		__asm__ volatile("pause");
	__asm__ volatile("cli");
	mark(END);
	check((int32_t)(interrupts[VECTOR] - until) >= 0, "all ticks have come");
	vmi(VMI_CANCEL_ALARM, VMI_ALARM_LVTT, 0, 0);
	mark(CLOSE);
}
