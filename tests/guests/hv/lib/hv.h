/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The library of the Hyper-V conformance guests: free-standing 64-bit kernels, one subject each, that
 * use the guest ABI as the TLFS has it and know nothing of what serves it. Each prototype stands under
 * the file that owns it.
 *
 * A guest is some CASE()s. Their verdicts are lines on the serial port, as in tests/guests/test.h:
 * SUCCESS name, SKIP name reason, FAILURE name what (the subject is wrong), ERROR name what (the test
 * is); "END name" comes last, then the guest powers off. A case that failed goes on, if it can.
 */
#ifndef HV_H
#define HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hyperv.h"
#include "layout.h"

#define PAGE	       4096ul
#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define PAGE_ALIGNED   __attribute__((aligned(4096)))

/* --- verdict.c --- */
struct test_case {
	const char *name;
	void (*run)(void);
};
/* A case: runs on the boot CPU, interrupts on, the others halted. In the order of the file. */
#define CASE(id, title)                                                                            \
	static void id(void);                                                                      \
	static const struct test_case case_##id                                                    \
		__attribute__((section(".cases"), used, aligned(8))) = { title, id };              \
	static void id(void)
void boot_main(void) __attribute__((noreturn));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Nothing can go on: say why, end. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* fail() with what was expected, unless got == want. */
bool expect(uint64_t got, uint64_t want, const char *what);
void power_off(void) __attribute__((noreturn));

/* --- console.c: %s %c %u %x %lu %lx %llu %llx, %d, no widths --- */
void console_init(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_v(const char *format, __builtin_va_list args);

/* --- machine.c: what the boot loader and ACPI say --- */
struct memory_range {
	uint64_t base, end;
	bool ram;
};
extern struct memory_range memory_map[64];
extern unsigned int memory_ranges;
void machine_init(void);

/* --- cpu.h things --- */
#include "cpu.h"

/* --- trap.c --- */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};
/* What an interrupt calls; the EOI follows unless no_eoi says that there is none. */
extern void (*volatile handlers[256])(struct frame *f);
extern volatile bool no_eoi[256];
void trap_load(struct cpu *c);
void trap_c(struct frame *f);
/* Run fn in ring 3 until its first exception; returns the vector. */
unsigned int in_user_mode(void (*fn)(void));

/* --- smp.c --- */
extern unsigned int cpus;
void smp_start(void);
void ap_main(void) __attribute__((noreturn));
/* Make a CPU ready for its end: INIT comes next. */
void smp_retire(unsigned int cpu);
/* INIT and SIPI to one CPU, and wait until it is up. */
void smp_restart(unsigned int cpu);
/* Run fn(arg) on a CPU; smp_wait() waits for its end. Not for the calling CPU. */
void smp_call(unsigned int cpu, void (*fn)(void *), void *arg);
void smp_wait(unsigned int cpu);
/* Run fn(arg) on all CPUs at once, and wait. */
void smp_all(void (*fn)(void *), void *arg);
void smp_run(unsigned int cpu, void (*fn)(void *), void *arg);

/* --- apic.c --- */
void apic_init(void);
void apic_eoi(void);
uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t value);
void apic_send(unsigned int apic_id, uint32_t command);
bool apic_in_service(uint8_t vector);
bool apic_requested(uint8_t vector);

/* --- paging.c --- */
#define WINDOW 0x100000000ull /* the first address of 512 small pages that tests map as they like */
void paging_init(void);
/* Map the n-th page of the window; 0: nothing. No flush. */
void window_map(unsigned int n, uint64_t entry);
static inline volatile uint64_t *window(unsigned int n)
{
	return (volatile uint64_t *)(WINDOW + n * PAGE);
}

/* --- hypercall.c --- */
extern uint8_t hypercall_page[PAGE];
#define OS_ID 0x8100000000000000ull /* open source, no particular one */
/* Say who we are and place the hypercall page. */
void hypercall_init(void);
/* RAX of a call through the page. */
uint64_t hypercall(uint64_t control, uint64_t input, uint64_t output);
/* With XMM0-5 from words[2..13]; words[0] and [1] are the input and output registers. */
uint64_t hypercall_xmm(uint64_t control, const uint64_t words[14]);
/* A page for input and one for output of each CPU. */
void *hypercall_input(void);
void *hypercall_output(void);
static inline uint64_t hypercall_fast(uint16_t code, uint64_t a, uint64_t b)
{
	return hypercall(code | HV_CONTROL_FAST, a, b);
}
static inline uint64_t hypercall_slow(uint64_t control)
{
	return hypercall(control, (uint64_t)hypercall_input(), (uint64_t)hypercall_output());
}
/* The CPU's own instruction, without the page. 64-bit. */
uint64_t hypercall_raw(uint64_t control, uint64_t input, uint64_t output);
bool hv_offers(uint32_t eax_bits); /* CPUID 0x40000003 EAX */
bool hv_offers_edx(uint32_t edx_bits);
bool hv_offers_ebx(uint32_t ebx_bits);
uint64_t ref_time(void); /* 100 ns, by MSR */

/* --- testdev.c: QEMU's hyperv-testdev at port 0x3000 --- */
enum testdev_command {
	ROUTE_CREATE = 1,
	ROUTE_DESTROY,
	ROUTE_SET,
	MESSAGE_CREATE,
	MESSAGE_DESTROY,
	EVENT_CREATE,
	EVENT_DESTROY,
};
void testdev(enum testdev_command command, uint8_t sint, uint8_t vp, uint8_t connection);

/* --- synic.c: message and event page of each CPU --- */
struct hv_message_page *synic_messages(unsigned int cpu);
struct hv_event_page *synic_events(unsigned int cpu);
/* Switch SynIC and both pages on, all SINTs masked; on the CPU itself. */
void synic_on(void *unused);
void synic_off(void *unused);
/* HvCallPostMessage of size bytes at payload. */
uint64_t post_message(uint32_t connection, uint32_t type, const void *payload, unsigned int size);

#endif /* HV_H */
