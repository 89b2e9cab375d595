/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMI test kernel's frame: says what it finds on the debug port, one TAP line without a number for
 * each check, and ends the machine. What is tested is chosen by words of the command line: "pae" (it must be
 * the first), "smp", "full" (the ROM serves every call by code), "native" (there must be no ROM), "refused" (there is one, that cannot serve this machine), "bzimage" (started as
 * one), "initrd" (with an initrd), "read-only" (the ROM is
 * that), "loaded" (it is not), "serial" (speak on COM1, too), "on-..." (see host.c), "no-pc" (no PIC, PIT, CMOS clock nor UART: a PVH domain), "switch" (to PAE on the way), "ticks"
 * (alarms for counting, and nothing else).
 */
#include "guest.h"

bool pae;
volatile uint32_t interrupts[64];
volatile uint64_t interrupt_tsc[64];
static uint32_t failed;

struct gate {
	uint16_t low, selector, attributes, high;
};
static struct gate idt[64];
static uint8_t tss[2][128];
extern char stubs[];
extern uint64_t gdt[];

void guest_main(const char *cmdline);
void guest_interrupt(uint32_t vector, uint32_t error_or_eip);

static bool serial, no_pc;

static void put(char c)
{
	outb(0xe9, (uint8_t)c);
	if (!serial)
		return;
	while (!(inb(0x3fd) & 0x20))
		;
	outb(0x3f8, (uint8_t)c);
}

void print(const char *s)
{
	while (*s)
		put(*s++);
}

static void print_hex(uint32_t v)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[v >> shift & 15]);
}

void check(bool good, const char *name)
{
	print(good ? "ok - " : "not ok - ");
	print(name);
	print("\n");
	failed += !good;
}

void check_number(uint32_t got, uint32_t wanted, const char *name)
{
	check(got == wanted, name);
	if (got == wanted)
		return;
	print("# got ");
	print_hex(got);
	print(" wanted ");
	print_hex(wanted);
	print("\n");
}

/* 0 bytes at 0. */
static const struct {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed)) no_idt;

static void end(void)
{
	print(failed ? "GUEST-DONE bad\n" : "GUEST-DONE good\n");
	if (no_pc && served(VMI_SHUTDOWN))
		vmi(VMI_SHUTDOWN, 0, 0, 0);
	outb(0xf4, failed != 0); /* isa-debug-exit: status 1 or 3 */
	outw(0x604, 0x2000); /* S5 on QEMU's machines, else on Bochs */
	outw(0xb004, 0x2000);
	if (no_pc) /* a triple fault, which ends a domain */
		__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
	for (;;)
		__asm__ volatile("cli; hlt");
}

void guest_interrupt(uint32_t vector, uint32_t error_or_eip)
{
	interrupts[vector]++;
	interrupt_tsc[vector] = rdtsc();
	if (vector < 0x20) {
		uint32_t cr2;

		__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
		print("not ok - exception ");
		print_hex(vector);
		print(" at ");
		print_hex(error_or_eip);
		print(" cr2 ");
		print_hex(cr2);
		print("\n");
		failed++;
		end();
	}
	if (vector < 0x30) {
		outb(0x20, 0x20);
		return;
	}
	if (served(VMI_APIC_WRITE))
		vmi(VMI_APIC_WRITE, 0xb0, 0, 0);
}

void pic_mask(uint16_t mask)
{
	static const uint8_t init[][2] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28},
					  {0x21, 4},	{0xa1, 2},    {0x21, 1},    {0xa1, 1}};

	for (unsigned int i = 0; i < sizeof(init) / sizeof(*init); i++)
		outb(init[i][0], init[i][1]);
	outb(0x21, (uint8_t)mask);
	outb(0xa1, (uint8_t)(mask >> 8));
}

/* IDT and a TSS of its own for each processor. */
void load_tables(unsigned int cpu)
{
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) r = {sizeof(idt) - 1, (uint32_t)idt};
	uint32_t base = (uint32_t)tss[cpu];

	gdt[4 + cpu] = 103 | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)0x89 << 40 |
		       (uint64_t)(base >> 24) << 56;
	__asm__ volatile("lidt %0; ltr %w1" : : "m"(r), "r"(0x20 + 8 * cpu));
}

/* What Linux did up to 2.6.24 with PAE: it boots without, makes PAE tables in which only its own memory is, and turns to
 * them long after vmi_init. The low entries of the old directory are the pointers of the new one. */
static void switch_to_pae(void)
{
	extern uint32_t page_dir[], pmd[];
	uint32_t cr4;

	for (uint32_t i = 0; i < 8; i++)
		pmd[2 * i] = i << 21 | 0x83;
	page_dir[6] = ((uint32_t)pmd - OFFSET) | 1;
	__asm__ volatile("mov %%cr4, %0; or $0x20, %0; mov %0, %%cr4; mov %%cr3, %0; mov %0, %%cr3"
			 : "=&r"(cr4)
			 :
			 : "memory");
	pae = true;
}

static bool word(const char *line, const char *w)
{
	for (; *line; line++) {
		const char *a = line, *b = w;

		while (*b && *a == *b) {
			a++;
			b++;
		}
		if (!*b && (!*a || *a == ' '))
			return true;
	}
	return false;
}

void guest_main(const char *cmdline)
{
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t stub = (uint32_t)stubs + 16 * i;

		idt[i] = (struct gate){(uint16_t)stub, 0x10, 0x8e00, (uint16_t)(stub >> 16)};
	}
	load_tables(0);
	pic_mask(0xffff);
	serial = word(cmdline, "serial");
	no_pc = word(cmdline, "no-pc");
	pae = word(cmdline, "pae");
	if (word(cmdline, "native")) {
		check(!probe(), "no ROM with a bad header is found");
		end();
	}
	if (word(cmdline, "refused")) {
		rom = probe();
		check(rom && vmi_asked(rom->init, 0) << 32, "vmi_init fails");
		check(rom && !vmi_asked(rom->get_reloc, VMI_IRET), "and leaves the guest native");
		end();
	}
	if (word(cmdline, "bzimage"))
		test_boot(word(cmdline, "initrd"));
	test_probe(word(cmdline, "read-only"), word(cmdline, "loaded"));
	test_relocation();
	test_patching();
	if (word(cmdline, "switch"))
		switch_to_pae();
	test_host(word(cmdline, "on-kvm"), word(cmdline, "on-hyperv"), word(cmdline, "on-vmware"), word(cmdline, "on-xen"));
	if (word(cmdline, "ticks")) {
		test_ticks();
		end();
	}
	test_calls();
	test_pages();
	test_time(!no_pc);
	if (!no_pc)
		test_irq0();
	test_alarms();
	if (word(cmdline, "smp"))
		test_smp(word(cmdline, "on-xen") ? 2 : 1); /* Xen gives APIC ids in steps of two */
	end();
}
