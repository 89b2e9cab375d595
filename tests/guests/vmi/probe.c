/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Finding the ROM as Linux does (2 KB steps, first match, the same conditions), its start, and what
 * get_reloc says: every number several times with the same answer, only types that a guest may meet, and
 * 4,000 call sites patched.
 */
#include "guest.h"

struct vmi_rom *rom;
uint32_t entry_of[VMI_CALLS];
uint8_t type_of[VMI_CALLS];

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool fits(const struct vmi_rom *r)
{
	const char *license = (const char *)r + r->license_offset;

	return r->rom_signature == VMI_ROM_SIGNATURE && r->signature == VMI_SIGNATURE &&
	       r->api_major == VMI_API_MAJOR && r->pci_offset && r->license_offset &&
	       (same(license, "GPL") || same(license, "GPL v2"));
}

struct vmi_rom *probe(void)
{
	for (uint32_t pa = VMI_SCAN_FROM; pa < VMI_SCAN_TO; pa += VMI_SCAN_STEP)
		if (fits(VA(pa)))
			return VA(pa);
	return NULL;
}

/* As for a kernel with another PAGE_OFFSET, whom kexec starts. */
static void test_moved(void)
{
	const uint32_t by = 0x10000000;
	extern uint32_t page_dir[], pmd[];
	uint32_t *from = pae ? pmd : page_dir + 768, *to = from + (pae ? 2 * (by >> 21) : by >> 22);
	char *there = (char *)rom + by;
	uint32_t cr3;
	uint64_t r;

	for (unsigned int i = 0; i < (pae ? 16 : 4); i++)
		to[i] = from[i];
	check_number((uint32_t)vmi_asked(there + VMI_OFF_INIT, 0), 0, "vmi_init at another linear address");
	r = vmi_asked(there + VMI_OFF_GET_RELOC, VMI_APIC_READ);
	check(r >> 32 == VMI_RELOC_CALL && (uint32_t)r - (uint32_t)there < rom->blocks * 512u, "and its code is there");
	for (unsigned int i = 0; i < (pae ? 16 : 4); i++)
		to[i] = 0;
	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
}

void test_probe(bool protected, bool loaded)
{
	volatile uint32_t *word;
	uint32_t old, before, sum = 0;
	bool taken;

	rom = probe();
	check(rom, "the ROM is found");
	if (!rom)
		return;
	for (uint32_t i = 0; i < rom->blocks * 512u; i++)
		sum += ((uint8_t *)rom)[i];
	check_number(sum & 0xff, 0, "its bytes still sum to 0 after POST");
	word = (uint32_t *)((char *)rom + rom->blocks * 256); /* its last page may be shared with another ROM */
	old = *word;
	*word = ~old;
	taken = *word != old;
	*word = old;
	if (protected)
		check(!taken, "the BIOS has left it read-only");
	if (loaded)
		check(taken, "the loader has left it writable");
	check_number((uint32_t)(vmi_asked(rom->get_reloc, VMI_IRET) >> 32), VMI_RELOC_NONE, "before vmi_init nothing is served");
	check_number((uint32_t)vmi_asked(rom->init, 0), 0, "vmi_init");
	test_moved();
	before = rom->virtual_top;
	check(before >= 0xf8000000u, "virtual_top leaves the guest its space");
	check_number((uint32_t)vmi_asked(rom->init, 0), 0, "vmi_init again, as after kexec");
}

bool served(unsigned int call)
{
	return type_of[call] == VMI_RELOC_CALL;
}

void test_relocation(void)
{
	uint32_t low = (uint32_t)rom, high = low + rom->blocks * 512;
	bool constant = true, sane = true, inside = true;

	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t call = 0; call < VMI_CALLS; call++) {
			uint64_t r = vmi_asked(rom->get_reloc, call);

			if (round && (entry_of[call] != (uint32_t)r || type_of[call] != r >> 32))
				constant = false;
			entry_of[call] = (uint32_t)r;
			type_of[call] = (uint8_t)(r >> 32);
			sane &= r >> 32 <= VMI_RELOC_NOP;
			if (type_of[call] == VMI_RELOC_CALL || type_of[call] == VMI_RELOC_JUMP)
				inside &= (uint32_t)r >= low && (uint32_t)r < high;
		}
	}
	check(constant, "relocation of every call, five times the same");
	check(sane, "only types 0 to 3");
	check(inside, "code lies in the ROM");
	check_number(type_of[VMI_IRET], VMI_RELOC_JUMP, "IRET is a jump");
	check_number(type_of[VMI_SYSEXIT], VMI_RELOC_JUMP, "SYSEXIT is a jump");
	check_number(type_of[VMI_IO_DELAY], VMI_RELOC_NOP, "IODelay is nothing");
	check(served(VMI_CYCLE_FREQUENCY) && served(VMI_CYCLE_COUNTER) && served(VMI_SET_ALARM) &&
		      served(VMI_CANCEL_ALARM) && served(VMI_WALLCLOCK),
	      "time and alarms are served");
	check(served(VMI_APIC_READ) && served(VMI_APIC_WRITE), "the local APIC is served");
	check_number((uint32_t)(vmi_asked(rom->get_reloc, VMI_CALLS) >> 32), VMI_RELOC_NONE,
		     "an unknown call is NONE");
	check_number((uint32_t)(vmi_asked(rom->get_reloc, 0xffffffff) >> 32), VMI_RELOC_NONE,
		     "the largest number, too");
}

/* Sites of "leave it native" stay as they were: here a plain return with its flags. */
void test_patching(void)
{
	static uint8_t sites[4000][8];
	uint32_t good = 0;
	uint64_t start = rdtsc();

	for (uint32_t i = 0; i < 4000; i++) {
		uint32_t call = VMI_STI + i % 6;
		uint64_t r = vmi_asked(rom->get_reloc, call);
		uint8_t *site = sites[i];

		for (unsigned int n = 0; n < 8; n++)
			site[n] = 0x90;
		site[7] = 0xc3;
		if (r >> 32 == VMI_RELOC_CALL || r >> 32 == VMI_RELOC_JUMP) {
			site[0] = r >> 32 == VMI_RELOC_CALL ? 0xe8 : 0xe9;
			*(uint32_t *)(site + 1) = (uint32_t)r - (uint32_t)site - 5;
		}
		good += (uint32_t)r == entry_of[call];
	}
	check_number(good, 4000, "4,000 call sites patched");
	check(rdtsc() - start < 2000000000ull, "and quickly");
	for (uint32_t i = 0; i < 4000; i++)
		if (i % 6 == VMI_CLI - VMI_STI || i % 6 == VMI_GET_IF - VMI_STI)
			__asm__ volatile("call *%0" : : "r"(sites[i]) : "eax", "ecx", "edx", "cc", "memory");
	check(true, "and run");
}

uint64_t vmi5(unsigned int call, uint32_t eax, uint32_t edx, uint32_t ecx, uint32_t s1, uint32_t s2)
{
	uint32_t low = eax, high = edx;

	if (!served(call)) {
		check(false, "a test needs a call that is not served");
		return 0;
	}
	__asm__ volatile("pushl %4; pushl %3; call *%5; addl $8, %%esp"
			 : "+a"(low), "+d"(high), "+c"(ecx)
			 : "S"(s1), "D"(s2), "b"(entry_of[call])
			 : "memory", "cc");
	return (uint64_t)high << 32 | low;
}

uint64_t vmi(unsigned int call, uint32_t eax, uint32_t edx, uint32_t ecx)
{
	return vmi5(call, eax, edx, ecx, 0, 0);
}
