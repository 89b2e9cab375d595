/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* ACPI and MP tables in mock memory, byte by byte, with right checksums unless a test breaks them.
 */
#ifndef TESTS_UNIT_MOCK_ACPI_H
#define TESTS_UNIT_MOCK_ACPI_H

#include <stddef.h>
#include <stdint.h>

/* A table under construction: at pa in mock memory, len bytes so far. */
struct mock_table {
	uint64_t pa;
	uint8_t *data;
	size_t len, room;
};

/* Bytes in little-endian order at the end of a table. */
void mock_put(struct mock_table *t, uint64_t value, unsigned int bytes);
void mock_put_bytes(struct mock_table *t, const void *bytes, size_t n);
/* Overwrite a field. */
void mock_poke(struct mock_table *t, size_t at, uint64_t value, unsigned int bytes);

/* Start an ACPI table of that signature (36-byte header) at pa with room bytes in all. */
struct mock_table mock_acpi_table(uint64_t pa, const char *signature, size_t room);
/* Set length and checksum. Call again after each change. */
void mock_acpi_seal(struct mock_table *t);
/* A FADT of 276 bytes: PM1a control 0x604, PM timer 0x608, SMI command 0xb2, reset by 0xcf9 = 6. */
struct mock_table mock_fadt(uint64_t pa, uint64_t dsdt_pa);
/* MADT entries. */
void mock_madt_lapic(struct mock_table *madt, uint8_t apic_id, uint32_t flags);
void mock_madt_x2apic(struct mock_table *madt, uint32_t apic_id, uint32_t flags);
void mock_madt_ioapic(struct mock_table *madt, uint32_t pa, uint32_t gsi_base);
void mock_madt_override(struct mock_table *madt, uint8_t irq, uint32_t gsi, uint16_t flags);
/*
 * Root tables in the BIOS area: RSDP at 0xf0000, RSDT or XSDT (revision 2) at 0xf1000, pointing to
 * n tables. Returns the RSDP's address.
 */
uint64_t mock_acpi_root(unsigned int revision, const uint64_t *tables, unsigned int n);
/* Memory behind the RSDP and the root table, to break them. */
extern struct mock_table mock_rsdp, mock_root;

/* What SeaBIOS' AML says: \_S5_ = Package (4) { a, b, 0, 0 }. Returns its length. */
size_t mock_aml_s5(uint8_t *out, uint8_t a, uint8_t b);

#endif /* TESTS_UNIT_MOCK_ACPI_H */
