/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUs and IO-APICs from the MultiProcessor tables (Intel MP specification 1.4, chapter 4), for
 * machines without ACPI: Firecracker and QEMU's microvm. ISA interrupts are taken as wired one to
 * one, which is how those machines are built; the table's wiring entries are not read.
 */
#include "host.h"
#include "twoway/phys.h"

#define FLOATING_LEN  16
#define CONFIG_HEADER 44

enum { MP_PROCESSOR = 0, MP_IOAPIC = 2 };

/* The floating pointer is in the EBDA's first KB, in the last KB of base memory or in the ROM. */
static TW_INIT uint64_t find_floating(void)
{
	uint64_t ebda = bare_ebda();
	uint64_t pa = ebda ? bare_scan(ebda, ebda + 1024, "_MP_", FLOATING_LEN) : 0;

	if (!pa)
		pa = bare_scan(0x9fc00, 0xa0000, "_MP_", FLOATING_LEN);
	return pa ? pa : bare_scan(0xf0000, 0x100000, "_MP_", FLOATING_LEN);
}

/* The configuration table, checked; NULL when there is none. */
static TW_INIT const uint8_t *find_config(uint32_t *len)
{
	uint64_t floating = find_floating();
	const uint8_t *p = floating ? tw_phys_range(floating, FLOATING_LEN) : NULL;
	uint64_t pa = p ? tw_load32(p + 4) : 0;

	p = pa ? tw_phys_range(pa, CONFIG_HEADER) : NULL;
	if (!p || tw_load32(p) != 0x504d4350) /* "PCMP" */
		return NULL;
	*len = tw_load16(p + 4);
	if (*len < CONFIG_HEADER || !tw_phys_range(pa, *len) || bare_checksum(p, *len))
		return NULL;
	return p;
}

TW_INIT unsigned int bare_mptable_read(uint32_t *apic_id, unsigned int max)
{
	uint32_t len = 0, at = CONFIG_HEADER;
	const uint8_t *config = find_config(&len);
	unsigned int count = 0;

	while (config && at < len) {
		const uint8_t *entry = config + at;
		unsigned int size = entry[0] == MP_PROCESSOR ? 20 : 8;

		if (size > len - at)
			break;
		if (entry[0] == MP_PROCESSOR && (entry[3] & 1))
			count = bare_cpu_add(apic_id, count, max, entry[1]);
		else if (entry[0] == MP_IOAPIC && (entry[3] & 1) && !bare.ioapics_count)
			/* Further IO-APICs have no GSI base here, and ISA is on the first. */
			bare.ioapics[bare.ioapics_count++] =
			    (struct bare_ioapic){tw_load32(entry + 4), 0};
		at += size;
	}
	return count;
}
