/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Calls into a hypervisor. One opcode means different things to different hypervisors (hazard
 * H-32): only the host side that has found its hypervisor's signature may use these. Like hw.h, a
 * hosted build replaces them.
 */
#ifndef TWOWAY_HW_CALL_H
#define TWOWAY_HW_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "twoway/hw.h"

/* VMware: the ways to call, and the registers that carry something. */
enum hw_vmware_form { HW_VMWARE_PORT, HW_VMWARE_VMCALL, HW_VMWARE_VMMCALL };
struct hw_vmware_regs {
	uint32_t eax, ebx, ecx, edx, esi, edi;
};

#ifdef TW_HOSTED

long hw_kvm_call(bool amd, unsigned long nr, unsigned long a0, unsigned long a1, unsigned long a2,
		 unsigned long a3);
uint64_t hw_hyperv_call(void *page, uint64_t control, uint64_t input, uint64_t output);
void hw_vmware_call(enum hw_vmware_form form, struct hw_vmware_regs *r);
long hw_xen_call(void *page, unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3);

#else

/*
 * KVM: number in rAX, arguments in rBX, rCX, rDX, rSI, result in rAX, all else kept (KVM's
 * hypercalls.rst). amd chooses the vendor's own instruction: KVM would patch the wrong one in our
 * text, which is read-only and shared by all CPUs.
 */
static inline long hw_kvm_call(bool amd, unsigned long nr, unsigned long a0, unsigned long a1,
			       unsigned long a2, unsigned long a3)
{
	long result;

	if (amd)
		__asm__ volatile("vmmcall"
				 : "=a"(result)
				 : "a"(nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	else
		__asm__ volatile("vmcall"
				 : "=a"(result)
				 : "a"(nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	return result;
}

/*
 * Hyper-V, through the hypercall page (TLFS 3.7): control, input and output in RCX, RDX, R8, result
 * in RAX; for i386 in EDX:EAX, EBX:ECX, EDI:ESI, result in EDX:EAX. The frame pointer is free.
 */
static inline uint64_t hw_hyperv_call(void *page, uint64_t control, uint64_t input, uint64_t output)
{
	uint64_t result;

#ifdef __x86_64__
	register uint64_t r8 __asm__("r8") = output;

	__asm__ volatile("call *%[page]"
			 : "=a"(result), "+c"(control), "+d"(input), "+r"(r8)
			 : [page] "r"(page)
			 : "r9", "r10", "r11", "memory", "cc");
#else
	uint32_t in_low = (uint32_t)input, out_low = (uint32_t)output;

	__asm__ volatile("call *%[page]"
			 : "=A"(result), "+c"(in_low), "+S"(out_low)
			 : "A"(control), "b"((uint32_t)(input >> 32)), "D"((uint32_t)(output >> 32)),
			   [page] "m"(page)
			 : "memory", "cc");
#endif
	return result;
}

/*
 * VMware: EAX and EDX are set here (the magic number; the port, or 0 for the instructions), the rest
 * is the caller's. Where there is no backdoor the port reads all ones.
 */
static inline void hw_vmware_call(enum hw_vmware_form form, struct hw_vmware_regs *r)
{
	r->eax = 0x564d5868;
	r->edx = form == HW_VMWARE_PORT ? 0x5658 : 0;
#define HW_VMWARE_REGS                                                                             \
	"+a"(r->eax), "+b"(r->ebx), "+c"(r->ecx), "+d"(r->edx), "+S"(r->esi), "+D"(r->edi)
	if (form == HW_VMWARE_PORT)
		__asm__ volatile("inl %%dx, %%eax" : HW_VMWARE_REGS : : "memory", "cc");
	else if (form == HW_VMWARE_VMCALL)
		__asm__ volatile("vmcall" : HW_VMWARE_REGS : : "memory", "cc");
	else
		__asm__ volatile("vmmcall" : HW_VMWARE_REGS : : "memory", "cc");
#undef HW_VMWARE_REGS
}

/*
 * Xen, through the hypercall page (xen/arch-x86/xen.h): 32 bytes of code for each number, arguments
 * in RDI, RSI, RDX, result in RAX; for i386 in EBX, ECX, EDX, result in EAX, and 64-bit arguments take two (none here
 * does). Debug builds of Xen destroy the arguments. A page that Xen has not filled returns at once, with RAX as it
 * was: -ENOSYS then.
 */
static inline long hw_xen_call(void *page, unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
	long result = -38;

#ifdef __x86_64__
	__asm__ volatile("call *%[entry]"
			 : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
			 : [entry] "r"((char *)page + nr * 32)
			 : "r8", "r10", "r11", "rcx", "memory", "cc");
#else
	uint32_t b = (uint32_t)a1, c = (uint32_t)a2, d = (uint32_t)a3;

	__asm__ volatile("call *%[entry]"
			 : "+a"(result), "+b"(b), "+c"(c), "+d"(d)
			 : [entry] "r"((char *)page + nr * 32)
			 : "memory", "cc");
#endif
	return result;
}

#endif /* TW_HOSTED */

/* VMMCALL (AMD, Hygon) rather than VMCALL. */
static inline bool hw_call_is_amd(void)
{
	struct hw_cpuid r = hw_cpuid(0, 0);

	return (r.ebx == 0x68747541 && r.ecx == 0x444d4163) || /* AuthenticAMD */
	       (r.ebx == 0x6f677948 && r.ecx == 0x656e6975);   /* HygonGenuine */
}

#endif /* TWOWAY_HW_CALL_H */
