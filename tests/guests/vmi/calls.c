/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every call's registers and flags. What is served by code must keep EBX, ESI, EDI, EBP and the stack
 * (regparm(3)), 29 to 32 every register but a result, CPUID all but its answers. With a ROM that serves
 * everything the native code of each call is tested, too.
 */
#include "guest.h"

#define KEEP_EBX 0x11111111u
#define KEEP_ESI 0x22222222u
#define KEEP_EDI 0x33333333u
#define KEEP_EBP 0x44444444u
#define FLAGS_CF_OFF 0x2u
#define ANY 0xfeedfaceu /* the result does not matter */

static struct registers r;

/* Call with these arguments; true when what no call may change is unchanged. */
static bool call(unsigned int number, uint32_t eax, uint32_t edx, uint32_t ecx)
{
	r = (struct registers){.eax = eax, .edx = edx, .ecx = ecx, .ebx = KEEP_EBX, .esi = KEEP_ESI,
			       .edi = KEEP_EDI, .ebp = KEEP_EBP, .target = entry_of[number],
			       .eflags = FLAGS_CF_OFF, .arg1 = r.arg1, .arg2 = r.arg2};
	call_seen(&r);
	return r.esi == KEEP_ESI && r.edi == KEEP_EDI && r.ebp == KEEP_EBP && !r.esp_moved &&
	       (number == VMI_CPUID || r.ebx == KEEP_EBX);
}

static void expect(unsigned int number, uint32_t eax, uint32_t edx, uint32_t ecx, uint32_t result,
		   const char *name)
{
	bool kept;

	if (!served(number))
		return;
	kept = call(number, eax, edx, ecx);
	check(kept, name);
	if (result != ANY && r.eax != result)
		check_number(r.eax, result, name);
}

static void test_cpuid(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	if (!served(VMI_CPUID))
		return;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	check(call(VMI_CPUID, 1, 0xdddd, 0), "CPUID keeps the rest");
	check(r.eax == eax && r.ebx == ebx && r.edx == edx, "CPUID answers as the processor");
	check(!(r.ecx >> 31) && !(r.ecx >> 21 & 1) && !(r.ecx >> 24 & 1),
	      "CPUID hides hypervisor, x2APIC, TSC deadline");
	check(!((r.ecx ^ ecx) & ~0x81200000u), "CPUID hides nothing else");
	call(VMI_CPUID, 0x40000000, 1, 2);
	check(!(r.eax | r.ebx | r.ecx | r.edx), "CPUID hides the hypervisor's leaves");
}

static void test_flags(void)
{
	static const unsigned int numbers[] = {VMI_STI, VMI_CLI, VMI_GET_IF, VMI_SET_IF};
	bool kept = true;

	if (!served(VMI_STI))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t eax = i == 3 ? 0x202 : 0xaaaa5555;

		kept &= call(numbers[i], eax, 0xd1d1d1d1, 0xc2c2c2c2) && r.edx == 0xd1d1d1d1 &&
			r.ecx == 0xc2c2c2c2 && (i == 2 || r.eax == eax);
		if (i == 0 || i == 3)
			check(r.eflags & 0x200, "interrupts are on");
		else
			check(!(r.eflags & 0x200), "interrupts are off");
		__asm__ volatile("cli");
	}
	check(kept, "29 to 32 keep every register");
	call(VMI_STI, 0, 0, 0);
	r.eflags = 0;
	__asm__ volatile("sti");
	check((uint32_t)vmi(VMI_GET_IF, 0, 0, 0) == 0x200, "GetInterruptMask: on");
	__asm__ volatile("cli");
	check((uint32_t)vmi(VMI_GET_IF, 0, 0, 0) == 0, "GetInterruptMask: off");
}

static void test_control(void)
{
	uint32_t cr0, cr3, cr4;

	__asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
			 : "=r"(cr0), "=r"(cr3), "=r"(cr4));
	expect(VMI_GET_CR0, 0, 0, 0, cr0, "GetCR0");
	expect(VMI_GET_CR3, 0, 0, 0, cr3, "GetCR3");
	expect(VMI_GET_CR4, 0, 0, 0, cr4, "GetCR4");
	expect(VMI_SET_CR0, cr0 | 8, 0, 0, cr0 | 8, "SetCR0");
	expect(VMI_GET_CR0, 0, 0, 0, cr0 | 8, "GetCR0 after SetCR0");
	expect(VMI_CLTS, 0, 0, 0, 0, "CLTS");
	expect(VMI_GET_CR0, 0, 0, 0, cr0, "CLTS cleared TS");
	expect(VMI_SET_CR2, 0x1234567, 0, 0, 0x1234567, "SetCR2");
	expect(VMI_GET_CR2, 0, 0, 0, 0x1234567, "GetCR2");
	expect(VMI_SET_CR3, cr3, 0, 0, cr3, "SetCR3");
	expect(VMI_SET_CR4, cr4, 0, 0, cr4, "SetCR4");
	for (uint32_t n = 0; n < 4; n++) {
		expect(VMI_SET_DR, n, 0xc0de0000 + n, 0, ANY, "SetDR");
		expect(VMI_GET_DR, n, 0, 0, 0xc0de0000 + n, "GetDR");
		expect(VMI_SET_DR, n, 0, 0, ANY, "SetDR 0");
	}
}

static void test_tables(void)
{
	static uint64_t descriptors[4];
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) a = {0}, b = {0}, c = {0}, d = {0};
	uint16_t tr;

	__asm__ volatile("sgdt %0; sidt %1; str %2" : "=m"(a), "=m"(b), "=r"(tr));
	expect(VMI_GET_GDT, (uint32_t)&c, 0, 0, (uint32_t)&c, "GetGDT");
	expect(VMI_GET_IDT, (uint32_t)&d, 0, 0, (uint32_t)&d, "GetIDT");
	if (served(VMI_GET_GDT))
		check(a.limit == c.limit && a.base == c.base && b.limit == d.limit && b.base == d.base,
		      "as the instructions say");
	expect(VMI_SET_GDT, (uint32_t)&a, 0, 0, (uint32_t)&a, "SetGDT");
	expect(VMI_SET_IDT, (uint32_t)&b, 0, 0, (uint32_t)&b, "SetIDT");
	expect(VMI_GET_TR, 0, 0, 0, tr, "GetTR");
	expect(VMI_SET_LDT, 0, 0, 0, 0, "SetLDT");
	expect(VMI_GET_LDT, 0xffffffff, 0, 0, 0, "GetLDT");
	for (unsigned int n = VMI_WRITE_GDT; n <= VMI_WRITE_IDT; n++) {
		if (!served(n))
			continue;
		r.arg1 = 0xaabbccdd;
		check(call(n, (uint32_t)descriptors, n - VMI_WRITE_GDT, 0x11223344), "Write*Entry");
		check(descriptors[n - VMI_WRITE_GDT] == 0xaabbccdd11223344ull, "wrote both halves");
	}
	expect(VMI_KERNEL_STACK, 0x18, 0xc0100000, 0, ANY, "UpdateKernelStack");
}

static void test_rest(void)
{
	uint32_t loop;

	expect(VMI_WBINVD, 7, 0, 0, 7, "WBINVD");
	expect(VMI_M2P, 0x1234, 0, 0, 0x1234, "MachineToPhysical");
	expect(VMI_P2M, 0x4321, 0, 0, 0x4321, "PhysicalToMachine");
	expect(VMI_IOPL_MASK, 0x3000, 0, 0, ANY, "SetIOPLMask");
	if (served(VMI_IOPL_MASK)) {
		check((r.eflags & 0x3000) == 0x3000, "IOPL is set");
		vmi(VMI_IOPL_MASK, 0, 0, 0);
	}
	if (served(VMI_RDTSC)) {
		uint64_t before = rdtsc(), now;

		check(call(VMI_RDTSC, 0, 0, 0), "RDTSC");
		now = (uint64_t)r.edx << 32 | r.eax;
		check(now > before && now < rdtsc(), "RDTSC is the TSC");
	}
	if (served(VMI_OUTB)) {
		check(call(VMI_OUTB, 0x5a, 0x80, 0), "OUTB");
		check(call(VMI_INB, 0, 0x64, 0), "INB");
	}
	if (served(VMI_RDMSR)) {
		check(call(VMI_RDMSR, 0, 0, 0x1b), "RDMSR");
		check((r.eax & 0xfffff000) == 0xfee00000 && !r.edx, "RDMSR reads an MSR");
	}
	/* The two that do not return: an iret frame, and sysexit only by its code. */
	__asm__ volatile("pushfl; pushl $0x10; pushl $1f; jmp *%1; 1: movl $77, %0"
			 : "=r"(loop)
			 : "r"(entry_of[VMI_IRET])
			 : "memory");
	check_number(loop, 77, "IRET returns");
	check(*(uint8_t *)entry_of[VMI_IRET] == 0xcf, "IRET is one instruction");
	check((*(uint32_t *)entry_of[VMI_SYSEXIT] & 0xffffff) == 0x350ffb,
	      "SYSEXIT is sti; sysexit, so that nothing comes between");
}

void test_calls(void)
{
	test_cpuid();
	test_flags();
	test_control();
	test_tables();
	test_rest();
	check(call(VMI_CYCLE_FREQUENCY, 0, 0, 0), "GetCycleFrequency keeps registers");
	for (uint32_t n = 0; n < 4; n++)
		check(call(VMI_CYCLE_COUNTER, n, 0, 0), "GetCycleCounter keeps registers");
	check(call(VMI_WALLCLOCK, 0, 0, 0), "GetWallclockTime keeps registers");
	check(call(VMI_WALL_UPDATED, 0, 0, 0), "WallclockUpdated keeps registers");
	r.arg1 = r.arg2 = 0;
	check(call(VMI_SET_ALARM, VMI_ALARM_LVTT, 0xffffffff, 0x00ffffff), "SetAlarm keeps registers");
	check(call(VMI_CANCEL_ALARM, VMI_ALARM_LVTT, 0, 0), "CancelAlarm keeps registers");
	check_number(r.eax, 1, "and there was an alarm");
	check(call(VMI_APIC_WRITE, 0x80, 0, 0), "APICWrite keeps registers");
	check(call(VMI_APIC_READ, 0x30, 0, 0), "APICRead keeps registers");
	check(r.eax >> 16 && (r.eax & 0xff) >= 0x10, "the local APIC's version");
	check_number((uint32_t)vmi(VMI_APIC_READ, 0xfee00030, 0, 0), r.eax,
		     "by its linear address, too");
}

/* One page through a page table of our own, as a guest does with every call of the family. */
void test_pages(void)
{
	static uint32_t table[1024] __attribute__((aligned(4096)));
	static uint32_t data[2][1024] __attribute__((aligned(4096)));
	extern uint32_t page_dir[], pmd[];
	volatile uint32_t *window = (uint32_t *)0xc0800000;
	uint32_t table_pa = (uint32_t)table - OFFSET;
	uint32_t *pde = pae ? pmd + 2 * 4 : page_dir + 770;

	data[0][0] = 0x1111;
	data[1][0] = 0x2222;
	if (served(VMI_ALLOCATE_PAGE))
		vmi(VMI_ALLOCATE_PAGE, table_pa >> 12, VMI_PAGE_PT, 0);
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t pte = ((uint32_t)data[i] - OFFSET) | 3;

		if (served(VMI_LAZY_MODE))
			vmi(VMI_LAZY_MODE, VMI_LAZY_MMU, 0, 0);
		if (pae && served(VMI_SET_PXE_LONG))
			vmi5(VMI_SET_PXE_LONG, pte, 0, (uint32_t)table, VMI_PAGE_PT, 0);
		else if (!pae && served(VMI_SET_PXE))
			vmi(VMI_SET_PXE, pte, (uint32_t)table, VMI_PAGE_PT);
		else
			table[0] = pte;
		if (served(VMI_LAZY_MODE))
			vmi(VMI_LAZY_MODE, VMI_LAZY_NONE, 0, 0);
		*pde = table_pa | 3;
		if (served(VMI_INVAL_PAGE))
			vmi(VMI_INVAL_PAGE, (uint32_t)window, 0, 0);
		else
			__asm__ volatile("invlpg (%0)" : : "r"(window) : "memory");
		if (served(VMI_FLUSH_TLB))
			vmi(VMI_FLUSH_TLB, i ? 3 : 1, 0, 0);
		check_number(*window, i ? 0x2222 : 0x1111, "a page table entry counts after its batch");
	}
	if (served(VMI_RELEASE_PAGE))
		vmi(VMI_RELEASE_PAGE, table_pa >> 12, VMI_PAGE_PT, 0);
}
