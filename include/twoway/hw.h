/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The only door to the hardware: every privileged instruction, port and MMIO access of shim,
 * loader and translators goes through these inline primitives. A hosted build (-DTW_HOSTED: unit
 * tests, fuzzers, the tool) replaces them by functions of the same names, so that the same
 * translator file can be run as an ordinary process.
 */
#ifndef TWOWAY_HW_H
#define TWOWAY_HW_H

#include <stddef.h>
#include <stdint.h>

/* Result of CPUID. */
struct hw_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

#ifdef TW_HOSTED

struct hw_cpuid hw_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t hw_rdmsr(uint32_t msr);
void hw_wrmsr(uint32_t msr, uint64_t value);
uint8_t hw_in8(uint16_t port);
uint16_t hw_in16(uint16_t port);
uint32_t hw_in32(uint16_t port);
void hw_out8(uint16_t port, uint8_t value);
void hw_out16(uint16_t port, uint16_t value);
void hw_out32(uint16_t port, uint32_t value);
uint32_t hw_mmio_read32(uint64_t pa);
void hw_mmio_write32(uint64_t pa, uint32_t value);
uint64_t hw_rdtsc(void);
void hw_pause(void);
void hw_sti_hlt(void);
void hw_halt(void);
void hw_cli(void);
void hw_sti(void);
void hw_invlpg(uint64_t va);
uint64_t hw_read_cr0(void);
void hw_write_cr0(uint64_t value);
uint64_t hw_read_cr2(void);
uint64_t hw_read_cr3(void);
void hw_write_cr3(uint64_t value);
uint64_t hw_read_cr4(void);
void hw_write_cr4(uint64_t value);
uint64_t hw_read_dr(unsigned int reg);
void hw_write_dr(unsigned int reg, uint64_t value);
void hw_wbinvd(void);
void hw_swapgs(void);
void hw_load_gs(uint16_t selector);
void hw_lldt(uint16_t selector);
/* Stop the CPU so hard that the machine resets: the last resort of a reboot. */
void hw_triple_fault(void);
/* Physical memory as the hosted build sees it: NULL when nothing is there. */
void *hw_phys(uint64_t pa);

#else

#ifdef __x86_64__
/* Virtual address of the shim's direct map of all physical memory (L4 slot 262). */
#define HW_DIRECT_MAP 0xffff830000000000ull
#endif

static inline struct hw_cpuid hw_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct hw_cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t hw_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void hw_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

#define HW_PORT_IO(bits, type, suffix)                                                             \
	static inline type hw_in##bits(uint16_t port)                                              \
	{                                                                                          \
		type v;                                                                            \
		__asm__ volatile("in" suffix " %w1, %0" : "=a"(v) : "Nd"(port) : "memory");        \
		return v;                                                                          \
	}                                                                                          \
	static inline void hw_out##bits(uint16_t port, type value)                                 \
	{                                                                                          \
		__asm__ volatile("out" suffix " %0, %w1" : : "a"(value), "Nd"(port) : "memory");   \
	}
HW_PORT_IO(8, uint8_t, "b")
HW_PORT_IO(16, uint16_t, "w")
HW_PORT_IO(32, uint32_t, "l")
#undef HW_PORT_IO

#ifdef __x86_64__
/* Physical memory through the direct map (RAM, and MMIO below 4 GB as uncached). */
static inline void *hw_phys(uint64_t pa)
{
	return (void *)(uintptr_t)(HW_DIRECT_MAP + pa);
}
#else
/*
 * i386 has no room for a map of everything: the core that links this maps on demand, a device or a
 * table at a time. NULL when it has no room left.
 */
void *hw_phys_map(uint64_t pa, uint64_t len);
static inline void *hw_phys(uint64_t pa)
{
	return hw_phys_map(pa, 1);
}
#endif

static inline uint32_t hw_mmio_read32(uint64_t pa)
{
	return *(volatile uint32_t *)hw_phys(pa);
}

static inline void hw_mmio_write32(uint64_t pa, uint32_t value)
{
	*(volatile uint32_t *)hw_phys(pa) = value;
}

static inline uint64_t hw_rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void hw_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Wait for an interrupt with no window between enabling and waiting (STI shadow). */
static inline void hw_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

/* Wait with interrupts as they are. */
static inline void hw_halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

static inline void hw_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void hw_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void hw_invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"((unsigned long)va) : "memory");
}

#define HW_CR(n)                                                                                   \
	static inline uint64_t hw_read_cr##n(void)                                                 \
	{                                                                                          \
		unsigned long v;                                                                   \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory");                     \
		return v;                                                                          \
	}                                                                                          \
	static inline void hw_write_cr##n(uint64_t value)                                          \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n : : "r"((unsigned long)value) : "memory");      \
	}
HW_CR(0)
HW_CR(2)
HW_CR(3)
HW_CR(4)
#undef HW_CR

/* Debug registers 0-3, 6, 7; 4 and 5 alias 6 and 7 and are refused by the callers. */
static inline uint64_t hw_read_dr(unsigned int reg)
{
	unsigned long v = 0;

	switch (reg) {
	case 0:
		__asm__ volatile("mov %%db0, %0" : "=r"(v));
		break;
	case 1:
		__asm__ volatile("mov %%db1, %0" : "=r"(v));
		break;
	case 2:
		__asm__ volatile("mov %%db2, %0" : "=r"(v));
		break;
	case 3:
		__asm__ volatile("mov %%db3, %0" : "=r"(v));
		break;
	case 6:
		__asm__ volatile("mov %%db6, %0" : "=r"(v));
		break;
	case 7:
		__asm__ volatile("mov %%db7, %0" : "=r"(v));
		break;
	}
	return v;
}

static inline void hw_write_dr(unsigned int reg, uint64_t value)
{
	switch (reg) {
	case 0:
		__asm__ volatile("mov %0, %%db0" : : "r"((unsigned long)value));
		break;
	case 1:
		__asm__ volatile("mov %0, %%db1" : : "r"((unsigned long)value));
		break;
	case 2:
		__asm__ volatile("mov %0, %%db2" : : "r"((unsigned long)value));
		break;
	case 3:
		__asm__ volatile("mov %0, %%db3" : : "r"((unsigned long)value));
		break;
	case 6:
		__asm__ volatile("mov %0, %%db6" : : "r"((unsigned long)value));
		break;
	case 7:
		__asm__ volatile("mov %0, %%db7" : : "r"((unsigned long)value));
		break;
	}
}

static inline void hw_wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

#ifdef __x86_64__
static inline void hw_swapgs(void)
{
	__asm__ volatile("swapgs" : : : "memory");
}
#endif

static inline void hw_lldt(uint16_t selector)
{
	__asm__ volatile("lldt %w0" : : "r"(selector) : "memory");
}

/* Stop the CPU so hard that the machine resets (an exception without any IDT). */
static inline void hw_triple_fault(void)
{
	const struct {
		uint16_t limit;
		uintptr_t base;
	} __attribute__((packed)) none = { 0, 0 };

	__asm__ volatile("lidt %0; ud2" : : "m"(none) : "memory");
}

#endif /* TW_HOSTED */

/* Model-specific registers that more than one file needs. */
#define MSR_APIC_BASE	   0x1bu
#define MSR_SYSENTER_CS	   0x174u
#define MSR_SYSENTER_ESP   0x175u
#define MSR_SYSENTER_EIP   0x176u
#define MSR_TSC_DEADLINE   0x6e0u
#define MSR_EFER	   0xc0000080u
#define MSR_STAR	   0xc0000081u
#define MSR_LSTAR	   0xc0000082u
#define MSR_CSTAR	   0xc0000083u
#define MSR_SFMASK	   0xc0000084u
#define MSR_FS_BASE	   0xc0000100u
#define MSR_GS_BASE	   0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

#endif /* TWOWAY_HW_H */
