/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * CPUs, IO-APICs and the wiring of ISA interrupts from ACPI's MADT (specification 6.5, 5.2.12).
 * Entries carry their own length, so the walk checks each against the table's end. What is not
 * needed (NMI sources, local APIC NMI, SAPIC ...) is skipped.
 */
#include "host.h"
#include "twoway/log.h"
#include "twoway/phys.h"

#define MADT_ENTRIES 44 /* offset of the first entry */

enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };

TW_INIT unsigned int bare_cpu_add(uint32_t *apic_id, unsigned int count, unsigned int max,
				  uint32_t id)
{
	for (unsigned int i = 0; i < count; i++)
		if (apic_id[i] == id)
			return count; /* some firmware lists a CPU as LAPIC and as x2APIC */
	if (count == max) {
		bare.cpus_left_out = true;
		tw_warn("more than %u CPUs: the CPU with APIC id %u stays unused", max, id);
		return count;
	}
	apic_id[count] = id;
	return count + 1;
}

static TW_INIT void add_ioapic(const uint8_t *entry)
{
	if (bare.ioapics_count < BARE_MAX_IOAPICS)
		bare.ioapics[bare.ioapics_count++] =
		    (struct bare_ioapic){tw_load32(entry + 4), tw_load32(entry + 8)};
}

/* MPS INTI flags: polarity in bits 0-1, trigger in 2-3; 3 is low and level, 0 and 1 ISA's own. */
static TW_INIT void add_override(const uint8_t *entry)
{
	uint16_t flags = tw_load16(entry + 8);

	if (entry[2] == 0 && entry[3] < 16)
		bare.isa[entry[3]] = (struct bare_isa_irq){
		    .gsi = tw_load32(entry + 4),
		    .level = (flags >> 2 & 3) == 3,
		    .active_low = (flags & 3) == 3,
		};
}

TW_INIT unsigned int bare_madt_read(uint32_t *apic_id, unsigned int max)
{
	uint32_t len, at = MADT_ENTRIES;
	const uint8_t *madt = bare_acpi_table("APIC", 0, &len);
	unsigned int count = 0;

	if (!madt)
		return bare_mptable_read(apic_id, max);
	bare.madt = true;
	while (at < len && len - at >= 2) {
		const uint8_t *entry = madt + at;
		unsigned int size = entry[1];

		if (size < 2 || size > len - at)
			break;
		/* Flag bit 0: usable now. CPUs that are only hot-pluggable are not there yet. */
		if (entry[0] == MADT_LAPIC && size >= 8 && (entry[4] & 1) && entry[3] != 0xff)
			count = bare_cpu_add(apic_id, count, max, entry[3]);
		else if (entry[0] == MADT_X2APIC && size >= 16 && (entry[8] & 1) &&
			 tw_load32(entry + 4) != 0xffffffffu)
			count = bare_cpu_add(apic_id, count, max, tw_load32(entry + 4));
		else if (entry[0] == MADT_IOAPIC && size >= 12)
			add_ioapic(entry);
		else if (entry[0] == MADT_OVERRIDE && size >= 10)
			add_override(entry);
		at += size;
	}
	return count;
}
