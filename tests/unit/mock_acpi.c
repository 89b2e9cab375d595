/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Builders of firmware tables for unit tests, see mock_acpi.h. Layouts: ACPI specification 6.5. */
#include <stdlib.h>
#include <string.h>

#include "mock_acpi.h"
#include "mock_hw.h"

struct mock_table mock_rsdp, mock_root;

void mock_poke(struct mock_table *t, size_t at, uint64_t value, unsigned int bytes)
{
	if (at + bytes > t->room)
		abort();
	for (unsigned int i = 0; i < bytes; i++)
		t->data[at + i] = (uint8_t)(value >> 8 * i);
}

void mock_put(struct mock_table *t, uint64_t value, unsigned int bytes)
{
	mock_poke(t, t->len, value, bytes);
	t->len += bytes;
}

void mock_put_bytes(struct mock_table *t, const void *bytes, size_t n)
{
	if (t->len + n > t->room)
		abort();
	memcpy(t->data + t->len, bytes, n);
	t->len += n;
}

static void checksum(uint8_t *p, size_t n, size_t at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + p[i]);
	p[at] = (uint8_t)-sum;
}

struct mock_table mock_acpi_table(uint64_t pa, const char *signature, size_t room)
{
	struct mock_table t = {pa, mock_ram(pa, room), 36, room};

	memcpy(t.data, signature, 4);
	return t;
}

void mock_acpi_seal(struct mock_table *t)
{
	mock_poke(t, 4, t->len, 4);
	checksum(t->data, t->len, 9);
}

struct mock_table mock_fadt(uint64_t pa, uint64_t dsdt_pa)
{
	struct mock_table t = mock_acpi_table(pa, "FACP", 276);

	t.len = 276;
	mock_poke(&t, 40, dsdt_pa, 4);
	mock_poke(&t, 48, 0xb2, 4);
	mock_poke(&t, 52, 0xf1, 1);
	mock_poke(&t, 56, 0x600, 4);
	mock_poke(&t, 64, 0x604, 4);
	mock_poke(&t, 76, 0x608, 4);
	mock_poke(&t, 108, 0x32, 1);
	mock_poke(&t, 112, 1u << 10, 4);
	mock_poke(&t, 116, 1, 1);
	mock_poke(&t, 120, 0xcf9, 8);
	mock_poke(&t, 128, 6, 1);
	mock_acpi_seal(&t);
	return t;
}

void mock_madt_lapic(struct mock_table *madt, uint8_t apic_id, uint32_t flags)
{
	mock_put(madt, 0, 1);
	mock_put(madt, 8, 1);
	mock_put(madt, apic_id, 1);
	mock_put(madt, apic_id, 1);
	mock_put(madt, flags, 4);
}

void mock_madt_x2apic(struct mock_table *madt, uint32_t apic_id, uint32_t flags)
{
	mock_put(madt, 9, 1);
	mock_put(madt, 16, 1);
	mock_put(madt, 0, 2);
	mock_put(madt, apic_id, 4);
	mock_put(madt, flags, 4);
	mock_put(madt, apic_id, 4);
}

void mock_madt_ioapic(struct mock_table *madt, uint32_t pa, uint32_t gsi_base)
{
	mock_put(madt, 1, 1);
	mock_put(madt, 12, 1);
	mock_put(madt, 0, 2);
	mock_put(madt, pa, 4);
	mock_put(madt, gsi_base, 4);
}

void mock_madt_override(struct mock_table *madt, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	mock_put(madt, 2, 1);
	mock_put(madt, 10, 1);
	mock_put(madt, 0, 1);
	mock_put(madt, irq, 1);
	mock_put(madt, gsi, 4);
	mock_put(madt, flags, 2);
}

uint64_t mock_acpi_root(unsigned int revision, const uint64_t *tables, unsigned int n)
{
	mock_root = mock_acpi_table(0xf1000, revision >= 2 ? "XSDT" : "RSDT", 36 + 8 * n);
	for (unsigned int i = 0; i < n; i++)
		mock_put(&mock_root, tables[i], revision >= 2 ? 8 : 4);
	mock_acpi_seal(&mock_root);
	mock_rsdp = (struct mock_table){0xf0000, mock_ram(0xf0000, 36), 36, 36};
	memcpy(mock_rsdp.data, "RSD PTR ", 8);
	mock_poke(&mock_rsdp, 15, revision, 1);
	mock_poke(&mock_rsdp, 20, 36, 4);
	if (revision >= 2)
		mock_poke(&mock_rsdp, 24, mock_root.pa, 8);
	else
		mock_poke(&mock_rsdp, 16, mock_root.pa, 4);
	checksum(mock_rsdp.data, 20, 8);
	checksum(mock_rsdp.data, 36, 32);
	return mock_rsdp.pa;
}

size_t mock_aml_s5(uint8_t *out, uint8_t a, uint8_t b)
{
	const uint8_t aml[] = {0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, a, 0x0a, b, 0, 0};

	memcpy(out, aml, sizeof(aml));
	return sizeof(aml);
}
