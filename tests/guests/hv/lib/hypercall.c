/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Hypercalls through the page, and what the partition offers. */
#include "hv.h"

uint8_t hypercall_page[PAGE] PAGE_ALIGNED;

static uint8_t inputs[MAX_CPUS][PAGE] PAGE_ALIGNED, outputs[MAX_CPUS][PAGE] PAGE_ALIGNED;

void *hypercall_input(void)
{
	return inputs[this_cpu()->index];
}

void *hypercall_output(void)
{
	return outputs[this_cpu()->index];
}

void hypercall_init(void)
{
	struct cpuid id = cpuid(HV_LEAF_VENDOR, 0);

	if (id.ebx != HV_VENDOR_EBX || id.ecx != HV_VENDOR_ECX || id.edx != HV_VENDOR_EDX)
		die("this is not Hyper-V");
	wrmsr(HV_MSR_GUEST_OS_ID, OS_ID);
	wrmsr(HV_MSR_HYPERCALL, (uint64_t)hypercall_page | HV_PAGE_ENABLE);
}

uint64_t hypercall(uint64_t control, uint64_t input, uint64_t output)
{
	register uint64_t r8 __asm__("r8") = output;
	uint64_t result;

	__asm__ volatile("call *%[page]"
			 : "=a"(result), "+c"(control), "+d"(input), "+r"(r8)
			 : [page] "r"((uint64_t)hypercall_page)
			 : "r9", "r10", "r11", "memory", "cc");
	return result;
}

uint64_t hypercall_xmm(uint64_t control, const uint64_t words[14])
{
	__asm__ volatile("movups 16(%0), %%xmm0; movups 32(%0), %%xmm1; movups 48(%0), %%xmm2\n\t"
			 "movups 64(%0), %%xmm3; movups 80(%0), %%xmm4; movups 96(%0), %%xmm5"
			 :
			 : "r"(words)
			 : "memory");
	return hypercall(control | HV_CONTROL_FAST, words[0], words[1]);
}

uint64_t hypercall_raw(uint64_t control, uint64_t input, uint64_t output)
{
	register uint64_t r8 __asm__("r8") = output;
	uint64_t result = ~0ull;

	if (cpuid(0, 0).ebx == 0x756e6547) /* Intel */
		__asm__ volatile("vmcall"
				 : "+a"(result), "+c"(control), "+d"(input), "+r"(r8)
				 :
				 : "r9", "r10", "r11", "memory", "cc");
	else
		__asm__ volatile("vmmcall"
				 : "+a"(result), "+c"(control), "+d"(input), "+r"(r8)
				 :
				 : "r9", "r10", "r11", "memory", "cc");
	return result;
}

bool hv_offers(uint32_t eax_bits)
{
	return (cpuid(HV_LEAF_FEATURES, 0).eax & eax_bits) == eax_bits;
}

bool hv_offers_ebx(uint32_t ebx_bits)
{
	return (cpuid(HV_LEAF_FEATURES, 0).ebx & ebx_bits) == ebx_bits;
}

bool hv_offers_edx(uint32_t edx_bits)
{
	return (cpuid(HV_LEAF_FEATURES, 0).edx & edx_bits) == edx_bits;
}

uint64_t ref_time(void)
{
	return rdmsr(HV_MSR_TIME_REF_COUNT);
}
