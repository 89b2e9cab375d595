/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The memory map as the boot loader (Multiboot 1 or PVH) gives it, and the CPUs as ACPI's MADT lists
 * them. Everything is read before anything else is written: the loader's data may lie anywhere.
 */
#include "hv.h"

#define MULTIBOOT_MAGIC 0x2badb002u
#define PVH_MAGIC	0x336ec578u

extern uint32_t boot_magic, boot_info;

struct memory_range memory_map[64];
unsigned int memory_ranges;
unsigned int cpus = 1;
uint8_t cpu_of_apic_id[256];

static uint32_t load32(uint64_t at)
{
	return *(const volatile uint32_t *)at;
}

static uint64_t load64(uint64_t at)
{
	return *(const volatile uint64_t *)at;
}

static void add(uint64_t base, uint64_t size, uint32_t type)
{
	if (memory_ranges < ARRAY_SIZE(memory_map))
		memory_map[memory_ranges++] =
			(struct memory_range){ base, base + size, type == 1 };
}

static void read_multiboot(uint64_t info)
{
	uint64_t at = load32(info + 48), end = at + load32(info + 44);

	for (; at < end; at += load32(at) + 4)
		add(load64(at + 4), load64(at + 12), load32(at + 20));
}

static void read_pvh(uint64_t info)
{
	uint64_t at = load64(info + 40);

	for (uint32_t n = load32(info + 48); n--; at += 24)
		add(load64(at), load64(at + 8), load32(at + 16));
}

static uint64_t find_rsdp(void)
{
	for (uint64_t at = 0xe0000; at < 0x100000; at += 16)
		if (load64(at) == 0x2052545020445352ull) /* "RSD PTR " */
			return at;
	return 0;
}

static void read_madt(uint64_t table)
{
	uint64_t at = table + 44, end = table + load32(table + 4);
	unsigned int self = cpuid(1, 0).ebx >> 24;

	cpu_at(0)->apic_id = self;
	for (; at < end; at += load32(at) >> 8 & 0xff) {
		uint32_t entry = load32(at), id = entry >> 24;

		if ((entry & 0xff) != 0 || !(load32(at + 4) & 1) || id == self || cpus == MAX_CPUS)
			continue;
		cpu_at(cpus)->apic_id = id;
		cpu_of_apic_id[id] = (uint8_t)cpus++;
	}
}

void machine_init(void)
{
	uint64_t rsdp = find_rsdp(), rsdt;

	if (boot_magic == MULTIBOOT_MAGIC)
		read_multiboot(boot_info);
	else if (load32(boot_info) == PVH_MAGIC)
		read_pvh(boot_info);
	else
		die("neither Multiboot nor PVH: EAX 0x%x", boot_magic);
	if (!rsdp)
		return;
	rsdt = load32(rsdp + 16);
	for (uint64_t at = rsdt + 36; at < rsdt + load32(rsdt + 4); at += 4)
		if (load32(load32(at)) == 0x43495041) /* "APIC" */
			read_madt(load32(at));
}
