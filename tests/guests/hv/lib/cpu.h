/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Instructions that tests need, some of which may fault, and what each CPU has for itself. */
#ifndef HV_CPU_H
#define HV_CPU_H

struct tss {
	uint32_t reserved;
	uint64_t rsp[3];
	uint64_t more[11];
	uint16_t also, io_map;
} __attribute__((packed));

/* At the lower end of each CPU's stack. */
struct cpu {
	unsigned int index, apic_id;
	volatile uint32_t counts[256]; /* interrupts taken, by vector */
	void (*volatile fn)(void *);
	void *volatile arg;
	volatile bool busy, retired;
	volatile unsigned int starts; /* how often it came up */
	uint64_t user_saved;
	uint64_t gdt[8];
	struct tss tss;
};

extern uint8_t stacks[MAX_CPUS][STACK_SIZE];

static inline struct cpu *cpu_at(unsigned int index)
{
	return (struct cpu *)stacks[index];
}

static inline struct cpu *this_cpu(void)
{
	uint64_t rsp;

	__asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
	return (struct cpu *)(rsp & ~(STACK_SIZE - 1ull));
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline void pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline void irq_on(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void irq_off(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t read_cr3(void)
{
	uint64_t cr3;

	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	return cr3;
}

static inline void flush_all(void)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(read_cr3()) : "memory");
}

static inline void flush_page(const volatile void *p)
{
	__asm__ volatile("invlpg (%0)" ::"r"(p) : "memory");
}

/*
 * Instructions that may fault: where one does, trap.c goes on at the second label, with the vector in
 * R15, which says NO_FAULT otherwise.
 */
#define NO_FAULT	256u
#define FIXUP(from, to) ".pushsection .fixups,\"a\"\n\t.quad " from ", " to "\n\t.popsection\n\t"
#define FAULT_REGISTER	register uint64_t fault __asm__("r15") = NO_FAULT

static inline unsigned int rdmsr_try(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0;
	FAULT_REGISTER;

	__asm__ volatile("1: rdmsr\n2:\n\t" FIXUP("1b", "2b")
			 : "+a"(low), "+d"(high), "+r"(fault)
			 : "c"(msr)
			 : "memory");
	*value = (uint64_t)high << 32 | low;
	return (unsigned int)fault;
}

static inline unsigned int wrmsr_try(uint32_t msr, uint64_t value)
{
	FAULT_REGISTER;

	__asm__ volatile("1: wrmsr\n2:\n\t" FIXUP("1b", "2b")
			 : "+r"(fault)
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return (unsigned int)fault;
}

static inline unsigned int read_try(const volatile void *p, uint64_t *value)
{
	uint64_t got = 0;
	FAULT_REGISTER;

	__asm__ volatile("1: movq (%2), %1\n2:\n\t" FIXUP("1b", "2b")
			 : "+r"(fault), "+r"(got)
			 : "r"(p)
			 : "memory");
	*value = got;
	return (unsigned int)fault;
}

static inline unsigned int write_try(volatile void *p, uint64_t value)
{
	FAULT_REGISTER;

	__asm__ volatile("1: movq %1, (%2)\n2:\n\t" FIXUP("1b", "2b")
			 : "+r"(fault)
			 : "r"(value), "r"(p)
			 : "memory");
	return (unsigned int)fault;
}

/* As if they could not fault: a fault ends the test. */
static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

#endif /* HV_CPU_H */
