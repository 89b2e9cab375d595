/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Is the ROM's host side in use, and not bare alone? Each hypervisor tells what was registered with it: pages that lie in
 * the ROM's memory, and what it wrote there. Words "on-kvm", "on-hyperv", "on-vmware".
 */
#include "abi/vmware.h"
#include "guest.h"

#define KVM_CLOCK	  0x4b564d01u
#define KVM_STEAL	  0x4b564d03u
#define HV_OS_ID	  0x40000000u
#define HV_HYPERCALL	  0x40000001u
#define HV_TSC_FREQUENCY  0x40000022u
#define HV_TSC_PAGE	  0x40000021u

static uint64_t rdmsr(uint32_t msr)
{
	uint64_t v;

	__asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
	return v;
}

/* An enabled page of the ROM, by the MSR that names it; NULL when it is not. */
static volatile uint32_t *page_of(uint32_t msr, uint32_t flags)
{
	uint64_t value = rdmsr(msr);
	uint32_t start = (uint32_t)rom - OFFSET, pa = (uint32_t)value & ~flags;

	if (!(value & 1) || value >> 32 || pa < start || pa >= start + rom->blocks * 512)
		return NULL;
	return VA(pa);
}

static void test_kvm(void)
{
	volatile uint32_t *clock = page_of(KVM_CLOCK, 1);
	uint64_t wall = vmi(VMI_WALLCLOCK, 0, 0, 0), hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), told;

	check(clock, "KVM: the ROM has registered its clock page");
	check(clock && clock[0] && !(clock[0] & 1), "KVM: KVM has written it");
	check(page_of(KVM_STEAL, 0x3f), "KVM: steal time is registered");
	/* mul: 2^-32 ns a cycle, shifted; here only that the frequency is of that scale. */
	told = clock ? (1000000000ull << 32) / clock[6] : 0;
	told = clock && (int8_t)clock[7] < 0 ? told << -(int8_t)clock[7] : clock ? told >> (clock[7] & 31) : 0;
	check(told > hz - hz / 1000 && told < hz + hz / 1000, "KVM: the frequency is KVM's");
	check(wall % 1000000000ull || vmi(VMI_WALLCLOCK, 0, 0, 0) % 1000000000ull,
	      "KVM: the wall clock knows parts of a second");
}

static void test_hyperv(void)
{
	volatile uint32_t *page = page_of(HV_HYPERCALL, 0xfff);

	check(rdmsr(HV_OS_ID), "Hyper-V: the ROM has said who it is");
	check(page, "Hyper-V: there is a hypercall page");
	check(page && page[0], "Hyper-V: with code");
	page = page_of(HV_TSC_PAGE, 0xfff);
	check(page && page[0], "Hyper-V: the TSC page is valid");
	check(vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0) == rdmsr(HV_TSC_FREQUENCY),
	      "Hyper-V: the frequency is what the hypervisor says");
}

/* By leaf or by backdoor, as the host side asks. */
static void test_vmware(void)
{
	uint32_t eax = 0x40000010, ebx, ecx = 0, edx;
	uint64_t told;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	told = eax * 1000ull;
	if (!eax) {
		eax = VMWARE_MAGIC;
		ebx = VMWARE_NONE;
		ecx = VMWARE_GETHZ;
		edx = VMWARE_PORT;
		__asm__ volatile("inl %%dx, %%eax" : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx));
		told = (uint64_t)ebx << 32 | eax;
	}
	check(told == vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), "VMware: the frequency is what it says");
}

/* Leaf +3 tells the TSC's kHz; Xen has filled the hypercall page: 32 bytes for each number ("mov $n, %eax; ..."). */
static void test_xen(void)
{
	uint32_t leaf, eax, ebx, ecx, edx, page, end = (uint32_t)rom + rom->blocks * 512;
	uint64_t hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), told, wall = vmi(VMI_WALLCLOCK, 0, 0, 0);

	for (leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
		eax = leaf;
		ecx = 0;
		__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
		if (ebx == 0x566e6558 && ecx == 0x65584d4d)
			break;
	}
	eax = leaf + 3;
	ecx = 0;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	told = ecx * 1000ull;
	check(told > hz - hz / 1000 && told < hz + hz / 1000, "Xen: the frequency is Xen's");
	for (page = ((uint32_t)rom + 4095) & ~4095u; page + 4096 <= end; page += 4096)
		if (*(uint8_t *)(page + 32 * 29) == 0xb8 && *(uint32_t *)(page + 32 * 29 + 1) == 29)
			break;
	check(page + 4096 <= end, "Xen: there is a hypercall page");
	check(wall % 1000000000ull || vmi(VMI_WALLCLOCK, 0, 0, 0) % 1000000000ull,
	      "Xen: the wall clock knows parts of a second");
}

void test_host(bool kvm, bool hyperv, bool vmware, bool xen)
{
	if (kvm)
		test_kvm();
	if (hyperv)
		test_hyperv();
	if (vmware)
		test_vmware();
	if (xen)
		test_xen();
	if (kvm || hyperv || vmware || xen)
		check(served(VMI_CPUID), "the hypervisor is hidden");
}
