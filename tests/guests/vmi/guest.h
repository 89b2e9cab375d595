/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the VMI test kernel's files share: a console, checks, interrupts, the ROM that was found. */
#ifndef TESTS_GUESTS_VMI_GUEST_H
#define TESTS_GUESTS_VMI_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/vmi.h"

#define OFFSET 0xc0000000u
#define VA(pa) ((void *)((pa) + OFFSET))

/* Everything that a call may see and change; start.S knows the layout. */
struct registers {
	uint32_t eax, ecx, edx, ebx, esi, edi, ebp;
	uint32_t target;
	uint32_t eflags;
	uint32_t esp_moved; /* after the call */
	uint32_t arg1, arg2; /* on the stack */
};
void call_seen(struct registers *r);
uint64_t vmi_asked(const void *function, uint32_t eax);

/* --- guest.c --- */
void print(const char *s);
/* One line "ok - NAME" or "not ok - NAME". */
void check(bool good, const char *name);
void check_number(uint32_t got, uint32_t wanted, const char *name);
extern bool pae;
/* Interrupts by vector. 0x20..0x2f are the PICs', which are masked but for what pic_mask() leaves. */
extern volatile uint32_t interrupts[64];
extern volatile uint64_t interrupt_tsc[64];
void pic_mask(uint16_t mask);
void load_tables(unsigned int cpu);

static inline uint64_t rdtsc(void)
{
	uint64_t v;

	__asm__ volatile("rdtsc" : "=A"(v));
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %w1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %w1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* --- probe.c: the ROM --- */
extern struct vmi_rom *rom;
extern uint32_t entry_of[VMI_CALLS];
extern uint8_t type_of[VMI_CALLS];
/* Look for the ROM as Linux does; NULL when there is none. */
struct vmi_rom *probe(void);
void test_probe(bool protected, bool loaded);
void test_relocation(void);
void test_patching(void);
/* Call by number, regparm(3). */
uint64_t vmi(unsigned int call, uint32_t eax, uint32_t edx, uint32_t ecx);
uint64_t vmi5(unsigned int call, uint32_t eax, uint32_t edx, uint32_t ecx, uint32_t s1, uint32_t s2);
bool served(unsigned int call);

/* --- boot.c, host.c, calls.c, times.c, smp.c, ticks.c --- */
void test_boot(bool with_initrd);
void test_host(bool kvm, bool hyperv, bool vmware, bool xen);
void test_calls(void);
void test_pages(void);
/* with_cmos: there is that clock to compare with. */
void test_time(bool with_cmos);
void test_alarms(void);
void test_irq0(void);
void test_smp(uint32_t apic_id);
void test_ticks(void);

#endif /* TESTS_GUESTS_VMI_GUEST_H */
