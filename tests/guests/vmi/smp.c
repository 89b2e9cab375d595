/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A second processor, started in the state that SetInitialAPState names, without its real-mode
 * trampoline; then it has alarms of its own and takes an IPI. The state lies on the stack of a function
 * that returns before the STARTUP IPI, as Linux's does.
 */
#include "guest.h"

#define ICR	 0x300
#define ICR_TO	 0x310
#define VECTOR	 0x31
#define IPI	 0x32
#define PAGE	 0x9000u

static volatile uint32_t ap_up, ap_alarm, ap_ipi, ap_registers;
static uint8_t stack[8192] __attribute__((aligned(16)));

extern char trampoline[], trampoline_end[], ap_entry[], gdt_register[];
void guest_ap(const uint32_t *pushed);

void guest_ap(const uint32_t *pushed)
{
	uint64_t hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0), now;
	bool good = true;

	for (uint32_t i = 0; i < 6; i++)
		good &= pushed[i] == 0xa0 + i;
	ap_registers = good;
	load_tables(1);
	vmi(VMI_APIC_WRITE, 0xf0, 0x1ff, 0);
	vmi(VMI_APIC_WRITE, 0x320, VECTOR, 0);
	ap_up = (uint32_t)vmi(VMI_APIC_READ, 0x20, 0, 0) >> 24;
	now = rdtsc();
	vmi5(VMI_SET_ALARM, VMI_ALARM_LVTT, (uint32_t)(now + hz / 100),
	     (uint32_t)((now + hz / 100) >> 32), 0, 0);
	while (!interrupts[VECTOR])
		__asm__ volatile("sti; hlt; cli");
	ap_alarm = interrupt_tsc[VECTOR] - now >= hz / 100;
	while (!interrupts[IPI])
		__asm__ volatile("sti; hlt; cli");
	ap_ipi = 1;
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Until *flag is set, at most 30 s of the counter. */
static bool wait_for(volatile uint32_t *flag)
{
	uint64_t start = rdtsc(), hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0);

	while (!*flag && rdtsc() - start < 30 * hz)
		__asm__ volatile("pause");
	return *flag;
}

static void __attribute__((noinline)) set_state(uint32_t apic_id)
{
	struct vmi_ap_state s = {0};
	uint32_t cr0, cr3, cr4;
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdt;

	__asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2; sgdt %3"
			 : "=r"(cr0), "=r"(cr3), "=r"(cr4), "=m"(gdt));
	s.cr0 = cr0;
	s.cr3 = cr3;
	s.cr4 = cr4;
	s.eip = (uint32_t)ap_entry;
	s.eflags = 2;
	s.esp = (uint32_t)(stack + sizeof(stack));
	s.eax = 0xa0;
	s.ebx = 0xa1;
	s.ecx = 0xa2;
	s.edx = 0xa3;
	s.esi = 0xa4;
	s.edi = 0xa5;
	s.ebp = 0xa6;
	s.cs = 0x10;
	s.ss = s.ds = s.es = s.fs = s.gs = 0x18;
	s.gdtr_limit = gdt.limit;
	s.gdtr_base = gdt.base;
	s.idtr_limit = 0;
	vmi(VMI_AP_STATE, (uint32_t)&s, apic_id, 0);
}

static void send(uint32_t apic_id, uint32_t command)
{
	vmi(VMI_APIC_WRITE, ICR_TO, apic_id << 24, 0);
	vmi(VMI_APIC_WRITE, ICR, command, 0);
}

static void start_ap(uint32_t apic_id)
{
	uint64_t start = rdtsc(), hz = vmi(VMI_CYCLE_FREQUENCY, 0, 0, 0);

	ap_up = ap_alarm = interrupts[VECTOR] = 0;
	send(apic_id, 0x4500); /* INIT */
	set_state(apic_id);
	while (rdtsc() - start < hz / 100)
		;
	send(apic_id, 0x4600 | PAGE >> 12);
	send(apic_id, 0x4600 | PAGE >> 12); /* the second one that every PC sends */
}

void test_smp(uint32_t apic_id)
{
	uint16_t *real_mode = VA(0x900);
	char *page = VA(PAGE);
	bool same = true;

	check(served(VMI_AP_STATE), "SetInitialAPState is served");
	*real_mode = 0;
	__builtin_memcpy(page, trampoline, (uint32_t)(trampoline_end - trampoline));
	set_state(0xffffffff); /* a processor that there is not */
	start_ap(apic_id);
	check(wait_for(&ap_up), "the second processor runs");
	check_number(ap_up, apic_id, "and has its APIC id");
	check(ap_registers, "with the registers of its state");
	check_number(*real_mode, 0, "not by the real-mode trampoline");
	for (uint32_t i = 0; i < (uint32_t)(trampoline_end - trampoline); i++)
		same &= page[i] == trampoline[i];
	check(same, "whose page is as it was");
	check(wait_for(&ap_alarm), "its own alarm comes, not early");
	send(apic_id, 0x4000 | IPI);
	check(wait_for(&ap_ipi), "it takes an IPI");
	start_ap(apic_id); /* as a processor that was taken offline */
	check(wait_for(&ap_up), "it starts again");
	check(wait_for(&ap_alarm), "and its alarm comes, not early");
}
