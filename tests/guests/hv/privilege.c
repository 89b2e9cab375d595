/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a guest must be refused as the CPU refuses it: user mode reaches neither MSRs nor the hypervisor,
 * (TLFS 3.5), the virtualisation that the CPU really has is hidden, and values that a register does not take
 * are #GP.
 */
#include "hv.h"

#define UD 6
#define GP 13

#define USER(name, code)                                                                           \
	static void name(void)                                                                     \
	{                                                                                          \
		__asm__ volatile(code "\n\tud2" : : "a"(0), "c"(0), "d"(0) : "memory");            \
	}
USER(user_rdmsr, "movl $0x40000002, %%ecx; rdmsr")
USER(user_wrmsr, "movl $0x40000070, %%ecx; wrmsr")
USER(user_efer, "movl $0xc0000080, %%ecx; rdmsr")
USER(user_xsetbv, "xsetbv")
USER(user_invd, "invd")
USER(user_wbinvd, "wbinvd")
USER(user_hlt, "hlt")
USER(user_vmmcall, "vmmcall")
USER(user_out, "movw $0x3000, %%dx; outb %%al, %%dx")
USER(user_vmcall, "vmcall")

CASE(user, "user mode")
{
	expect(in_user_mode(user_rdmsr), GP, "RDMSR of a synthetic register");
	expect(in_user_mode(user_wrmsr), GP, "WRMSR of a synthetic register");
	expect(in_user_mode(user_efer), GP, "RDMSR of EFER");
	expect(in_user_mode(user_xsetbv), GP, "XSETBV");
	expect(in_user_mode(user_invd), GP, "INVD");
	expect(in_user_mode(user_wbinvd), GP, "WBINVD");
	expect(in_user_mode(user_hlt), GP, "HLT");
	expect(in_user_mode(user_out), GP, "OUT to a port of the hypervisor");
	expect(in_user_mode(user_vmmcall), UD, "VMMCALL");
	expect(in_user_mode(user_vmcall), UD, "VMCALL");
}

#define TRY(code)                                                                                  \
	({                                                                                         \
		FAULT_REGISTER;                                                                    \
		__asm__ volatile("1: " code "\n2:\n\t" FIXUP("1b", "2b")                           \
				 : "+r"(fault)                                                     \
				 : "a"(0), "c"(0), "d"(0)                                          \
				 : "memory");                                                      \
		(unsigned int)fault;                                                               \
	})

CASE(hidden, "the CPU's own virtualisation is hidden")
{
	uint64_t value;

	expect(cpuid(0x80000001, 0).ecx & 1u << 2, 0, "CPUID's SVM bit");
	expect(cpuid(0x8000000a, 0).eax, 0, "CPUID's SVM leaf");
	expect(cpuid(1, 0).ecx & 1u << 5, 0, "CPUID's VMX bit");
	expect(TRY("vmrun %%rax"), UD, "VMRUN");
	expect(TRY("vmload %%rax"), UD, "VMLOAD");
	expect(TRY("vmsave %%rax"), UD, "VMSAVE");
	expect(TRY("stgi"), UD, "STGI");
	expect(TRY("clgi"), UD, "CLGI");
	expect(TRY("invlpga %%rax, %%ecx"), UD, "INVLPGA");
	expect(rdmsr(0xc0000080) & 1u << 12, 0, "EFER.SVME");
	expect(wrmsr_try(0xc0000080, rdmsr(0xc0000080) | 1u << 12), GP, "EFER.SVME set");
	expect(rdmsr(0xc0010114) & 0x10, 0x10, "VM_CR says switched off");
	expect(rdmsr_try(0xc0010117, &value), GP, "VM_HSAVE_PA");
}

/* The clock MSRs of KVM, old and new: a host's own, and here there is no KVM to see. */
CASE(others, "registers of other hypervisors")
{
	static const uint32_t msrs[] = { 0x11, 0x12, 0x4b564d00, 0x4b564d01, 0x4b564d02, 0x40000fff };
	uint64_t value;

	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		expect(rdmsr_try(msrs[i], &value), GP, "reading one");
		expect(wrmsr_try(msrs[i], 0), GP, "writing one");
	}
}

CASE(values, "values that registers do not take")
{
	const uint64_t efer = rdmsr(0xc0000080), pat = rdmsr(0x277);

	for (unsigned int bit = 32; bit < 64; bit++)
		expect(wrmsr_try(0xc0000080, efer | 1ull << bit), GP, "a reserved bit of EFER");
	expect(wrmsr_try(0xc0000080, efer & ~(1ull << 8)), GP, "EFER.LME cleared while paging");
	expect(wrmsr_try(0xc0000080, efer ^ 1), NO_FAULT, "EFER.SCE changed");
	expect(rdmsr(0xc0000080), efer ^ 1, "EFER then");
	wrmsr(0xc0000080, efer);
	wrmsr(0x277, 0x0001040600070406);
	expect(rdmsr(0x277), 0x0001040600070406, "PAT");
	wrmsr(0x277, pat);
	expect(TRY("xgetbv"), UD, "XGETBV while CR4.OSXSAVE is 0");
	expect(cpuid(1, 0).ecx & 1u << 27, 0, "CPUID's OSXSAVE then");
}

static uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}

static void write_cr4(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(v) : "memory");
}

static unsigned int xsetbv_try(uint32_t index, uint64_t value)
{
	FAULT_REGISTER;

	__asm__ volatile("1: xsetbv\n2:\n\t" FIXUP("1b", "2b")
			 : "+r"(fault)
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return (unsigned int)fault;
}

CASE(xcr0, "XSETBV")
{
	static const uint64_t bad[] = { 0, 2, 4, 5, 1ull << 62 | 1, ~0ull, 9 };

	if (!(cpuid(1, 0).ecx & 1u << 26)) {
		skip("no XSAVE");
		return;
	}
	write_cr4(read_cr4() | 1u << 18);
	expect(cpuid(1, 0).ecx >> 27 & 1, 1, "CPUID's OSXSAVE");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (bad[i] != 9 || !(cpuid(0xd, 0).eax & 8))
			expect(xsetbv_try(0, bad[i]), GP, "a wrong XCR0");
	expect(xsetbv_try(0xffff, 1), GP, "XSETBV of an unknown register");
	expect(xsetbv_try(0, 3), NO_FAULT, "XCR0 of x87 and SSE");
	expect(cpuid(0xd, 0).ebx, 576, "the size of its state");
	expect(xsetbv_try(0, 1), NO_FAULT, "XCR0 of x87");
	write_cr4(read_cr4() & ~(1ull << 18));
}
