/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Started as a bzImage by its 32-bit entry (word "bzimage"): registers, segments and boot_params as
 * Documentation/arch/x86/boot.rst asks for, the initrd there, and the ROM's memory reserved in the map.
 */
#include "guest.h"

#define E820_COUNT 0x1e8
#define E820_TABLE 0x2d0
#define E820_ENTRY 20
#define RESERVED   2

extern uint8_t boot_params[4096];
extern uint32_t boot_state[8]; /* ebx, ebp, edi, flags, cr0, cs, ds, ss */
extern char boot_initrd[16];

static uint32_t word_at(uint32_t offset)
{
	uint32_t v;

	__builtin_memcpy(&v, boot_params + offset, sizeof(v));
	return v;
}

/* The map has one reserved entry with all of [start, end), and no other entry touches it. */
static bool reserved(uint32_t start, uint32_t end)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < boot_params[E820_COUNT]; i++) {
		uint32_t at = E820_TABLE + i * E820_ENTRY;
		uint32_t base = word_at(at), size = word_at(at + 8);

		if (word_at(at + 4) || base >= end || base + size <= start)
			continue;
		if (word_at(at + 16) != RESERVED || base > start || base + size < end)
			return false;
		good++;
	}
	return good == 1;
}

static bool same(const char *a, const char *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

void test_boot(bool with_initrd)
{
	struct vmi_rom *there = probe();
	uint32_t start = (uint32_t)there - OFFSET;

	check(!(boot_state[0] | boot_state[1] | boot_state[2]), "EBX, EBP, EDI are 0 at the entry");
	check(!(boot_state[3] & 0x200), "interrupts are off");
	check(boot_state[4] & 1 && !(boot_state[4] >> 31), "protected mode, no paging");
	check_number(boot_state[5], 0x10, "CS");
	check_number(boot_state[6], 0x18, "DS");
	check_number(boot_state[7], 0x18, "SS");
	check(boot_params[0x210], "a boot loader has its number there");
	check_number(word_at(0x202), 0x53726448, "the setup header is there");
	check_number(word_at(0x206) & 0xffff, 0x206, "with its version");
	check_number(word_at(0x214), 0x100000, "the kernel is at 1 MB");
	check_number(word_at(0x23c), 0, "nothing is taken from behind an old header");
	check_number(boot_params[E820_COUNT] > 2, true, "there is a memory map");
	check(there && reserved(start, start + there->blocks * 512), "the ROM's memory is reserved");
	if (!with_initrd)
		return;
	check(word_at(0x218) >= 0x200000 && word_at(0x21c) == 16, "an initrd is there");
	check(same(boot_initrd, "THE VMI INITRD!", 15), "it is ours");
}
