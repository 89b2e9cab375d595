/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ACPI's FADT (specification 6.5, 5.2.9), the HPET table, and the two things that the AML of DSDT
 * and SSDTs is needed for: the sleep type of S5 and QEMU's pvpanic device. There is no AML
 * interpreter: \_S5_ is by universal practice a constant package, found by its name.
 */
#include "host.h"
#include "twoway/phys.h"

#define HEADER_LEN 36

/* FADT flags */
#define RESET_REG_SUPPORTED (1u << 10)
#define TIMER_32_BITS	    (1u << 8)
#define HW_REDUCED	    (1u << 20)
#define BOOT_NO_RTC	    (1u << 5) /* in IAPC_BOOT_ARCH */

/* A FADT of an older revision is shorter: a field beyond its end reads 0. */
struct fadt {
	const uint8_t *data;
	uint32_t len;
};

static TW_INIT uint32_t field(const struct fadt *fadt, uint32_t at, unsigned int bytes)
{
	if (at + bytes > fadt->len)
		return 0;
	return bytes == 4   ? tw_load32(fadt->data + at)
	       : bytes == 2 ? tw_load16(fadt->data + at)
			    : fadt->data[at];
}

static TW_INIT struct bare_register generic_address(const struct fadt *fadt, uint32_t at)
{
	struct bare_register none = { BARE_SPACE_NONE, 0 };
	struct bare_register reg;

	if (at + 12 > fadt->len)
		return none;
	reg.space = fadt->data[at];
	reg.address = tw_load64(fadt->data + at + 4);
	if (!reg.address || reg.space > BARE_SPACE_PCI)
		return none;
	return reg;
}

/* A port that old revisions give as a number (32 bits) and new ones as an address as well. */
static TW_INIT uint16_t port(const struct fadt *fadt, uint32_t at, uint32_t extended_at)
{
	struct bare_register reg = generic_address(fadt, extended_at);
	uint32_t old = field(fadt, at, 4);

	if (reg.space == BARE_SPACE_PORT && reg.address <= 0xffff)
		return (uint16_t)reg.address;
	return old <= 0xffff ? (uint16_t)old : 0;
}

static TW_INIT void read_fields(const struct fadt *fadt)
{
	uint32_t flags = field(fadt, 112, 4);

	bare.acpi = true;
	bare.hw_reduced = flags & HW_REDUCED;
	bare.no_rtc = field(fadt, 109, 2) & BOOT_NO_RTC;
	bare.century = (uint8_t)field(fadt, 108, 1);
	if (!bare.hw_reduced) {
		bare.smi_cmd = (uint16_t)field(fadt, 48, 4);
		bare.acpi_enable = (uint8_t)field(fadt, 52, 1);
		bare.pm1a_event = port(fadt, 56, 148);
		bare.pm1a_control = port(fadt, 64, 172);
		bare.pm1b_control = port(fadt, 68, 184);
		bare.pm_timer = port(fadt, 76, 208);
		bare.pm_timer_32 = flags & TIMER_32_BITS;
	} else {
		bare.sleep_control = generic_address(fadt, 244);
	}
	if (flags & RESET_REG_SUPPORTED) {
		bare.reset = generic_address(fadt, 116);
		bare.reset_value = (uint8_t)field(fadt, 128, 1);
	}
}

/* An AML integer constant at *p (not beyond end); false when it is anything else. */
static TW_INIT bool aml_integer(const uint8_t **p, const uint8_t *end, uint8_t *value)
{
	unsigned int size;

	if (*p >= end)
		return false;
	switch (*(*p)++) {
	case 0x00: /* ZeroOp */
		*value = 0;
		return true;
	case 0x01: /* OneOp */
		*value = 1;
		return true;
	case 0x0a: /* byte, word and double word constants */
		size = 1;
		break;
	case 0x0b:
		size = 2;
		break;
	case 0x0c:
		size = 4;
		break;
	default:
		return false;
	}
	if ((uint64_t)(end - *p) < size)
		return false;
	*value = **p;
	*p += size;
	return true;
}

/* Package behind the name: PackageOp, length (1-4 bytes), count, elements. */
static TW_INIT bool aml_s5(const uint8_t *p, const uint8_t *end)
{
	uint8_t count, a, b = 0;

	if (end - p < 3 || *p++ != 0x12)
		return false;
	p += 1 + (*p >> 6);
	if (p >= end)
		return false;
	count = *p++;
	if (!count || !aml_integer(&p, end, &a) || (count > 1 && !aml_integer(&p, end, &b)))
		return false;
	bare.s5 = true;
	bare.s5_type_a = a & 7;
	bare.s5_type_b = b & 7;
	return true;
}

/* The first I/O port descriptor (0x47, decode, min16, max16, align, length) of pvpanic's _CRS. */
static TW_INIT void aml_pvpanic(const uint8_t *p, const uint8_t *end)
{
	if (end - p > 128)
		end = p + 128;
	for (; end - p >= 8; p++)
		if (p[0] == 0x47 && p[1] <= 1 && tw_load16(p + 2) == tw_load16(p + 4) &&
		    p[7] <= 4) {
			bare.pvpanic = tw_load16(p + 2);
			return;
		}
}

TW_INIT void bare_aml_scan(const uint8_t *aml, uint32_t len)
{
	const uint8_t *end = aml + len;

	for (const uint8_t *p = aml; end - p >= 8; p++) {
		uint32_t name = tw_load32(p);

		/* NameOp (0x08) goes before the name, or before the root prefix in front of it. */
		if (name == 0x5f35535f && !bare.s5 && p > aml && /* "_S5_" */
		    (p[-1] == 0x08 || (p[-1] == '\\' && p - aml > 1 && p[-2] == 0x08)))
			aml_s5(p + 4, end);
		else if (name == 0x554d4551 && tw_load32(p + 4) == 0x31303030 && !bare.pvpanic)
			aml_pvpanic(p + 8, end); /* "QEMU0001" */
	}
}

/* Both addresses of the DSDT may be given, and should be equal; kernels differ in which one they believe. */
TW_INIT void bare_fadt_definitions(void (*use)(const uint8_t *table, uint32_t len))
{
	struct fadt fadt;
	uint64_t pa, old;
	const uint8_t *table;
	uint32_t len;

	fadt.data = bare_acpi_table("FACP", 0, &fadt.len);
	if (!fadt.data)
		return;
	pa = fadt.len >= 148 ? tw_load64(fadt.data + 140) : 0;
	old = field(&fadt, 40, 4);
	table = bare_acpi_table_at(pa, "DSDT", &len);
	if (table)
		use(table, len);
	table = old != pa ? bare_acpi_table_at(old, "DSDT", &len) : NULL;
	if (table)
		use(table, len);
	for (unsigned int i = 0; (table = bare_acpi_table("SSDT", i, &len)) != NULL; i++)
		use(table, len);
}

static TW_INIT void scan(const uint8_t *table, uint32_t len)
{
	bare_aml_scan(table + HEADER_LEN, len - HEADER_LEN);
}

TW_INIT void bare_fadt_read(void)
{
	struct fadt fadt;
	const uint8_t *hpet;
	uint32_t len;

	bare.reset.space = bare.sleep_control.space = BARE_SPACE_NONE;
	fadt.data = bare_acpi_table("FACP", 0, &fadt.len);
	if (fadt.data) {
		read_fields(&fadt);
		bare_fadt_definitions(scan);
	}
	hpet = bare_acpi_table("HPET", 0, &len);
	if (hpet && len >= 56 && hpet[40] == BARE_SPACE_MEMORY)
		bare.hpet = tw_load64(hpet + 44);
}
