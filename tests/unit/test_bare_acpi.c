/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Firmware tables: found where they may be, believed only when sound. Each test builds a small
 * machine's tables and breaks one thing at a time.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../translators/bare/host.h"
#include "mock_acpi.h"
#include "mock_hw.h"

#define FADT 0xe0000
#define MADT 0xe1000
#define DSDT 0xe2000
#define HPET 0xe4000
#define SSDT 0xe5000

static const uint64_t all_tables[] = {FADT, MADT, HPET, SSDT};
static uint32_t ids[TW_MAX_CPUS];
static uint32_t len;

static void setup(void)
{
	mock_reset();
	memset(&bare, 0, sizeof(bare));
	for (unsigned int i = 0; i < 16; i++)
		bare.isa[i].gsi = i;
}

static struct mock_table madt_start(size_t room)
{
	struct mock_table t = mock_acpi_table(MADT, "APIC", room);

	mock_put(&t, 0xfee00000, 4);
	mock_put(&t, 1, 4);
	return t;
}

/* --- root
 * ------------------------------------------------------------------------------------------ */

static void root_with_madt(unsigned int revision)
{
	const uint64_t tables[] = {0xdead000, MADT};
	struct mock_table t = madt_start(100);

	mock_madt_lapic(&t, 5, 1);
	mock_acpi_seal(&t);
	mock_acpi_root(revision, tables, 2);
}

START_TEST(root_given_and_scanned)
{
	root_with_madt(_i);
	ck_assert(bare_acpi_open(0xf0000));
	ck_assert_ptr_nonnull(bare_acpi_table("APIC", 0, &len));
	ck_assert_uint_eq(len, 52);
	ck_assert_ptr_null(bare_acpi_table("APIC", 1, &len));
	ck_assert_ptr_null(bare_acpi_table("FACP", 0, &len));
	ck_assert(bare_acpi_open(0));
	ck_assert_ptr_nonnull(bare_acpi_table("APIC", 0, &len));
	ck_assert(!bare_acpi_open(0xf0004));
	ck_assert(!bare_acpi_open(0xffffffff));
	ck_assert(!bare_acpi_open(0x100000000ull));
	ck_assert_ptr_null(bare_acpi_table("APIC", 0, &len));
}
END_TEST

START_TEST(root_in_ebda)
{
	const uint64_t tables[] = {MADT};
	struct mock_table t = madt_start(100);
	uint8_t *bda = mock_ram(0x40e, 2), *ebda = mock_ram(0x9fc00, 1024);

	mock_acpi_seal(&t);
	mock_acpi_root(0, tables, 1);
	memcpy(ebda + 0x20, mock_rsdp.data, 36);
	memset(mock_rsdp.data, 0, 36);
	ck_assert(!bare_acpi_open(0));
	bda[0] = 0xc0; /* segment 0x9fc0 */
	bda[1] = 0x9f;
	ck_assert(bare_acpi_open(0));
	ebda[0x20 + 8]++; /* checksum */
	ck_assert(!bare_acpi_open(0));
}
END_TEST

START_TEST(root_broken)
{
	root_with_madt(0);
	mock_rsdp.data[10]++;
	ck_assert(!bare_acpi_open(0xf0000));
	mock_rsdp.data[10]--;
	mock_root.data[20]++;
	ck_assert(!bare_acpi_open(0xf0000));
	mock_root.data[20]--;
	mock_poke(&mock_root, 4, 0xfffffff0, 4);
	ck_assert(!bare_acpi_open(0xf0000));
	mock_poke(&mock_root, 4, 35, 4);
	ck_assert(!bare_acpi_open(0xf0000));
	mock_acpi_seal(&mock_root);
	ck_assert(bare_acpi_open(0xf0000));
	/* the table itself */
	((uint8_t *)hw_phys(MADT))[40]++;
	ck_assert_ptr_null(bare_acpi_table("APIC", 0, &len));
}
END_TEST

/* The RSDP's own length is hostile too. */
START_TEST(root_rsdp_length)
{
	root_with_madt(2);
	ck_assert(bare_acpi_open(0xf0000));
	mock_poke(&mock_rsdp, 20, 0xffffffff, 4);
	ck_assert(!bare_acpi_open(0xf0000)); /* and there is no RSDT to fall back to */
	mock_poke(&mock_rsdp, 20, 37, 4);
	ck_assert(!bare_acpi_open(0xf0000));
	mock_poke(&mock_rsdp, 20, 35, 4);
	ck_assert(!bare_acpi_open(0xf0000));
}
END_TEST

/* A broken XSDT: the RSDT counts. */
START_TEST(root_xsdt_falls_back)
{
	const uint64_t tables[] = {MADT};
	struct mock_table t = madt_start(100), rsdt = mock_acpi_table(0xf3000, "RSDT", 40);
	uint8_t sum = 0;

	mock_acpi_seal(&t);
	mock_put(&rsdt, MADT, 4);
	mock_acpi_seal(&rsdt);
	mock_acpi_root(2, tables, 1);
	mock_poke(&mock_rsdp, 16, 0xf3000, 4);
	for (unsigned int i = 0; i < 20; i++)
		sum = (uint8_t)(sum + mock_rsdp.data[i]);
	mock_rsdp.data[8] = (uint8_t)(mock_rsdp.data[8] - sum);
	/* the extended checksum is wrong now */
	mock_root.data[20]++;
	ck_assert(bare_acpi_open(0xf0000));
	ck_assert_ptr_nonnull(bare_acpi_table("APIC", 0, &len));
}
END_TEST

/* --- MADT
 * ------------------------------------------------------------------------------------------ */

static unsigned int madt_read(struct mock_table *t, unsigned int max)
{
	const uint64_t tables[] = {MADT};

	mock_acpi_seal(t);
	if (!mock_root.data || !hw_phys(0xf0000))
		mock_acpi_root(0, tables, 1);
	bare.ioapics_count = 0;
	ck_assert(bare_acpi_open(0));
	return bare_madt_read(ids, max);
}

START_TEST(madt_all_kinds)
{
	struct mock_table t = madt_start(400);

	mock_madt_lapic(&t, 4, 1);
	mock_madt_lapic(&t, 9, 0);    /* disabled */
	mock_madt_lapic(&t, 8, 2);    /* may be plugged later */
	mock_madt_lapic(&t, 0xff, 1); /* broadcast id */
	mock_madt_x2apic(&t, 300, 1);
	mock_madt_x2apic(&t, 4, 1); /* the same CPU again */
	mock_madt_x2apic(&t, 0xffffffff, 1);
	mock_madt_ioapic(&t, 0xfec00000, 0);
	mock_madt_ioapic(&t, 0xfec01000, 24);
	mock_madt_override(&t, 0, 2, 0);
	mock_madt_override(&t, 4, 20, 0xf);
	mock_madt_override(&t, 9, 9, 0x5);  /* high, edge */
	mock_madt_override(&t, 16, 1, 0xf); /* no ISA interrupt */
	ck_assert_uint_eq(madt_read(&t, 8), 2);
	ck_assert_uint_eq(ids[0], 4);
	ck_assert_uint_eq(ids[1], 300);
	ck_assert(bare.madt);
	ck_assert_uint_eq(bare.ioapics_count, 2);
	ck_assert_uint_eq(bare.ioapics[1].pa, 0xfec01000);
	ck_assert_uint_eq(bare.ioapics[1].gsi_base, 24);
	ck_assert_uint_eq(bare.isa[0].gsi, 2);
	ck_assert(!bare.isa[0].level && !bare.isa[0].active_low);
	ck_assert_uint_eq(bare.isa[4].gsi, 20);
	ck_assert(bare.isa[4].level && bare.isa[4].active_low);
	ck_assert(!bare.isa[9].level && !bare.isa[9].active_low);
	ck_assert_uint_eq(bare.isa[3].gsi, 3);
}
END_TEST

START_TEST(madt_broken_entries)
{
	struct mock_table t = madt_start(400);
	size_t at;

	mock_madt_lapic(&t, 1, 1);
	at = t.len;
	mock_madt_lapic(&t, 2, 1);
	mock_madt_lapic(&t, 3, 1);
	ck_assert_uint_eq(madt_read(&t, 8), 3);
	t.data[at + 1] = 0; /* would never end */
	ck_assert_uint_eq(madt_read(&t, 8), 1);
	t.data[at + 1] = 17; /* beyond the table */
	ck_assert_uint_eq(madt_read(&t, 8), 1);
	t.data[at + 1] =
	    4; /* too short for its kind: skipped, and what follows is read as it lies */
	ck_assert_uint_eq(madt_read(&t, 8), 1);
	t.data[at + 1] = 8;
	t.len--; /* the last entry is cut */
	ck_assert_uint_eq(madt_read(&t, 8), 2);
}
END_TEST

START_TEST(madt_too_many)
{
	struct mock_table t = madt_start(400);

	for (unsigned int i = 0; i < 10; i++)
		mock_madt_lapic(&t, (uint8_t)i, 1);
	for (unsigned int i = 0; i < BARE_MAX_IOAPICS + 2; i++)
		mock_madt_ioapic(&t, 0xfec00000, i);
	ck_assert_uint_eq(madt_read(&t, 8), 8);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], 2);
	ck_assert_uint_eq(bare.ioapics_count, BARE_MAX_IOAPICS);
}
END_TEST

/* --- MP tables
 * -------------------------------------------------------------------------------------- */

static uint8_t *mp_config;

static void mp_seal(unsigned int bytes)
{
	uint8_t sum = 0;

	memcpy(mp_config, "PCMP", 4);
	mp_config[4] = (uint8_t)bytes;
	mp_config[7] = 0;
	for (unsigned int i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + mp_config[i]);
	mp_config[7] = (uint8_t)-sum;
}

static void mp_machine(void)
{
	static const uint8_t floating[16] = {'_', 'M', 'P', '_', 0x00, 0xfd, 0x09, 0x00, 1, 4};
	static const uint8_t entries[] = {
	    0, 0, 0x14, 3,   0,	   0,	 0,    0,    0, 0,
	    0, 0, 0,	0,   0,	   0,	 0,    0,    0, 0, /* boot CPU */
	    0, 7, 0x14, 1,   0,	   0,	 0,    0,    0, 0,
	    0, 0, 0,	0,   0,	   0,	 0,    0,    0, 0, /* CPU 7 */
	    0, 9, 0x14, 0,   0,	   0,	 0,    0,    0, 0,
	    0, 0, 0,	0,   0,	   0,	 0,    0,    0, 0, /* disabled */
	    1, 0, 'I',	'S', 'A',  ' ',	 ' ',  ' ',	   /* bus */
	    2, 1, 0x11, 1,   0x00, 0x00, 0xc0, 0xfe,	   /* IO-APIC */
	};
	uint8_t *p = mock_ram(0x9fc00, 16), sum = 0;

	memcpy(p, floating, 16);
	for (unsigned int i = 0; i < 16; i++)
		sum = (uint8_t)(sum + p[i]);
	p[10] = (uint8_t)-sum;
	mp_config = mock_ram(0x9fd00, 44 + sizeof(entries));
	memcpy(mp_config + 44, entries, sizeof(entries));
	mp_seal(44 + sizeof(entries));
}

START_TEST(mptable_like_firecracker)
{
	mp_machine();
	ck_assert(!bare_acpi_open(0));
	ck_assert_uint_eq(bare_madt_read(ids, 8), 2);
	ck_assert_uint_eq(ids[0], 0);
	ck_assert_uint_eq(ids[1], 7);
	ck_assert(!bare.madt);
	ck_assert_uint_eq(bare.ioapics_count, 1);
	ck_assert_uint_eq(bare.ioapics[0].pa, 0xfec00000);
}
END_TEST

START_TEST(mptable_broken)
{
	mp_machine();
	mp_config[50]++;
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 0);
	mp_config[50]--;
	mp_seal(44 + 30); /* ends inside the second CPU */
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 1);
	mp_seal(20);
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 0);
	mp_seal(44 + 76);
	mp_config[5] = 0xff; /* far beyond what is there */
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 0);
	mp_config[5] = 0;
	mp_seal(44 + 76);
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 2);
	((uint8_t *)hw_phys(0x9fc00))[8]++;
	ck_assert_uint_eq(bare_mptable_read(ids, 8), 0);
}
END_TEST

/* --- FADT, DSDT, HPET
 * ----------------------------------------------------------------------------- */

static struct mock_table fadt, dsdt;

static void pc_tables(void)
{
	struct mock_table hpet = mock_acpi_table(HPET, "HPET", 56);
	uint8_t s5[32];

	dsdt = mock_acpi_table(DSDT, "DSDT", 300);
	mock_put_bytes(&dsdt, "\x10\x20junk_S5_", 10); /* the name alone is not its definition */
	mock_put_bytes(&dsdt, s5, mock_aml_s5(s5, 5, 6));
	mock_acpi_seal(&dsdt);
	fadt = mock_fadt(FADT, DSDT);
	hpet.len = 56;
	mock_poke(&hpet, 44, 0xfed00000, 8);
	mock_acpi_seal(&hpet);
	mock_acpi_root(2, all_tables, 4);
}

static void fadt_read(void)
{
	mock_acpi_seal(&fadt);
	mock_acpi_seal(&dsdt);
	memset(&bare, 0, sizeof(bare));
	bare_acpi_open(0);
	bare_fadt_read();
}

START_TEST(fadt_pc)
{
	pc_tables();
	fadt_read();
	ck_assert(bare.acpi && !bare.hw_reduced && !bare.no_rtc);
	ck_assert_uint_eq(bare.pm1a_event, 0x600);
	ck_assert_uint_eq(bare.pm1a_control, 0x604);
	ck_assert_uint_eq(bare.pm1b_control, 0);
	ck_assert_uint_eq(bare.pm_timer, 0x608);
	ck_assert(!bare.pm_timer_32);
	ck_assert_uint_eq(bare.smi_cmd, 0xb2);
	ck_assert_uint_eq(bare.acpi_enable, 0xf1);
	ck_assert_uint_eq(bare.century, 0x32);
	ck_assert_uint_eq(bare.reset.space, BARE_SPACE_PORT);
	ck_assert_uint_eq(bare.reset.address, 0xcf9);
	ck_assert_uint_eq(bare.reset_value, 6);
	ck_assert(bare.s5);
	ck_assert_uint_eq(bare.s5_type_a, 5);
	ck_assert_uint_eq(bare.s5_type_b, 6);
	ck_assert_uint_eq(bare.hpet, 0xfed00000);
	ck_assert_uint_eq(bare.pvpanic, 0);
}
END_TEST

START_TEST(fadt_extended_wins)
{
	pc_tables();
	mock_poke(&fadt, 112, 1u << 8, 4); /* 32-bit timer, no reset register */
	mock_poke(&fadt, 172, 1, 1);
	mock_poke(&fadt, 176, 0xb004, 8);
	mock_poke(&fadt, 208, 1, 1);
	mock_poke(&fadt, 212, 0x12345, 8); /* no port */
	mock_poke(&fadt, 109, 1u << 5, 2);
	fadt_read();
	ck_assert_uint_eq(bare.pm1a_control, 0xb004);
	ck_assert_uint_eq(bare.pm_timer, 0x608);
	ck_assert(bare.pm_timer_32);
	ck_assert(bare.no_rtc);
	ck_assert_uint_eq(bare.reset.space, BARE_SPACE_NONE);
}
END_TEST

START_TEST(fadt_hardware_reduced)
{
	pc_tables();
	mock_poke(&fadt, 112, 1u << 20, 4);
	mock_poke(&fadt, 244, 0, 1);
	mock_poke(&fadt, 248, 0xfea00000, 8);
	fadt_read();
	ck_assert(bare.hw_reduced);
	ck_assert_uint_eq(bare.pm1a_control, 0);
	ck_assert_uint_eq(bare.pm_timer, 0);
	ck_assert_uint_eq(bare.sleep_control.space, BARE_SPACE_MEMORY);
	ck_assert_uint_eq(bare.sleep_control.address, 0xfea00000);
}
END_TEST

START_TEST(fadt_short_and_absent)
{
	pc_tables();
	fadt.len = 116; /* revision 1 */
	fadt_read();
	ck_assert(bare.acpi);
	ck_assert_uint_eq(bare.pm1a_control, 0x604);
	ck_assert_uint_eq(bare.reset.space, BARE_SPACE_NONE);
	fadt.len = 60;
	fadt_read();
	ck_assert_uint_eq(bare.pm1a_control, 0);
	ck_assert(bare.s5);
	fadt.data[0] = 'X';
	fadt_read();
	ck_assert(!bare.acpi && !bare.s5);
	ck_assert_uint_eq(bare.reset.space, BARE_SPACE_NONE);
}
END_TEST

/* x_dsdt of a broken address falls back to the 32-bit one; SSDTs are scanned too. */
START_TEST(fadt_dsdt_places)
{
	struct mock_table ssdt = mock_acpi_table(SSDT, "SSDT", 200);
	uint8_t s5[32];

	pc_tables();
	mock_poke(&fadt, 140, 0x123456789000ull, 8);
	fadt_read();
	ck_assert(bare.s5);
	mock_poke(&fadt, 40, 0, 4);
	mock_acpi_seal(&ssdt);
	fadt_read();
	ck_assert(!bare.s5);
	mock_put_bytes(&ssdt, s5, mock_aml_s5(s5, 7, 0));
	mock_acpi_seal(&ssdt);
	fadt_read();
	ck_assert(bare.s5);
	ck_assert_uint_eq(bare.s5_type_a, 7);
}
END_TEST

/* --- sleep states
 * ----------------------------------------------------------------------------------- */

#define S(n) "\x08_S" #n "_\x12\x06\x04\x01\x01\x00\x00"
#define PUT(t, s) mock_put_bytes(t, s, sizeof(s) - 1)

static struct tw_host host;

/* Hide in the tables as they are, and nothing else changes but names and sums. */
static void hide_sleep(void)
{
	mock_acpi_seal(&fadt);
	mock_acpi_seal(&dsdt);
	bare_acpi_open(0);
	bare_sleep_init(&host);
	host.hide_sleep();
	ck_assert_uint_eq(bare_checksum(dsdt.data, (uint32_t)dsdt.len), 0);
}

static bool has(const struct mock_table *t, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= t->len; i++)
		if (!memcmp(t->data + i, text, n))
			return true;
	return false;
}

START_TEST(sleep_hidden)
{
	pc_tables();
	PUT(&dsdt, S(1) S(2) "\x08\\_S3_\x12\x01" S(4));
	hide_sleep();
	ck_assert(!has(&dsdt, "_S2_") && !has(&dsdt, "_S3_"));
	ck_assert(has(&dsdt, "\x08TS2_\x12") && has(&dsdt, "\x08\\TS3_\x12"));
	ck_assert(has(&dsdt, S(1)) && has(&dsdt, S(4)) && has(&dsdt, "\x08_S5_\x12"));
	bare_fadt_read();
	ck_assert(bare.s5);
}
END_TEST

/* Some firmware puts each state into an SSDT of its own. */
START_TEST(sleep_in_ssdt)
{
	struct mock_table ssdt = mock_acpi_table(SSDT, "SSDT", 100);

	pc_tables();
	PUT(&ssdt, S(3));
	mock_acpi_seal(&ssdt);
	hide_sleep();
	ck_assert(has(&ssdt, "\x08TS3_\x12"));
	ck_assert_uint_eq(bare_checksum(ssdt.data, (uint32_t)ssdt.len), 0);
}
END_TEST

/* Two DSDTs: nobody knows which one the guest believes. */
START_TEST(sleep_in_both_dsdts)
{
	struct mock_table other = mock_acpi_table(SSDT, "DSDT", 100);

	pc_tables();
	PUT(&other, S(3));
	mock_acpi_seal(&other);
	PUT(&dsdt, S(3));
	mock_poke(&fadt, 140, SSDT, 8);
	hide_sleep();
	ck_assert(has(&other, "TS3_") && has(&dsdt, "TS3_"));
}
END_TEST

START_TEST(sleep_other_names_stay)
{
	static const char aml[] = "_S3_\x12 \x0a_S3_\x12 \x08_S3_\x11 \x08_S3D\x12 \x08_S0_\x12 \x08\\\\_S3_\x12 \x08_T3_\x12";
	uint8_t before[300];

	pc_tables();
	mock_put_bytes(&dsdt, aml, sizeof(aml));
	mock_acpi_seal(&dsdt);
	memcpy(before, dsdt.data, dsdt.len);
	hide_sleep();
	ck_assert_mem_eq(before, dsdt.data, dsdt.len);
}
END_TEST

/* The table ends within the definition, at each of its bytes. */
START_TEST(sleep_cut)
{
	static const char aml[] = "\x08\\_S3_\x12";
	size_t n = 7 - (size_t)_i;
	struct mock_table ssdt = mock_acpi_table(SSDT, "SSDT", 36 + n); /* no byte more: the sanitizer sees it */

	pc_tables();
	mock_put_bytes(&ssdt, aml, n);
	mock_acpi_seal(&ssdt);
	hide_sleep();
	ck_assert(has(&ssdt, "TS3_") == !_i);
	ck_assert_uint_eq(bare_checksum(ssdt.data, (uint32_t)ssdt.len), 0);
}
END_TEST

/* A table that is not sound, or none at all: nothing is touched. */
START_TEST(sleep_bad_tables)
{
	pc_tables();
	PUT(&dsdt, S(3));
	mock_acpi_seal(&dsdt);
	mock_acpi_seal(&fadt);
	bare_sleep_init(&host);
	dsdt.data[9]++;
	bare_acpi_open(0);
	host.hide_sleep();
	ck_assert(has(&dsdt, S(3)));
	dsdt.data[9]--;
	mock_poke(&dsdt, 4, 0xffffffff, 4);
	host.hide_sleep();
	ck_assert(has(&dsdt, S(3)));
	mock_acpi_seal(&dsdt);
	fadt.data[9]++;
	host.hide_sleep();
	ck_assert(has(&dsdt, S(3)));
	fadt.data[9]--;
	host.hide_sleep();
	ck_assert(!has(&dsdt, S(3)));
	memset(mock_rsdp.data, 0, 36);
	ck_assert(!bare_acpi_open(0));
	host.hide_sleep();
}
END_TEST

/* --- AML
 * -------------------------------------------------------------------------------------------- */

static void aml(const void *bytes, size_t n)
{
	uint8_t *exact = malloc(n); /* so that the sanitizer sees a read beyond the end */

	memset(&bare, 0, sizeof(bare));
	memcpy(exact, bytes, n);
	bare_aml_scan(exact, (uint32_t)n);
	free(exact);
}

START_TEST(aml_s5_forms)
{
	aml("\x08\\_S5_\x12\x0a\x04\x0b\x05\x00\x0c\x06\0\0\0\0\0", 20);
	ck_assert(bare.s5);
	ck_assert_uint_eq(bare.s5_type_a, 5);
	ck_assert_uint_eq(bare.s5_type_b, 6);
	aml("\x08_S5_\x12\x06\x04\x00\x01\x00\x00", 12);
	ck_assert(bare.s5);
	ck_assert_uint_eq(bare.s5_type_a, 0);
	ck_assert_uint_eq(bare.s5_type_b, 1);
	aml("\x08_S5_\x12\x40\x00\x01\x01____", 13); /* two bytes of length, one element */
	ck_assert(bare.s5);
	ck_assert_uint_eq(bare.s5_type_a, 1);
	ck_assert_uint_eq(bare.s5_type_b, 0);
}
END_TEST

START_TEST(aml_s5_refused)
{
	static const char good[] = "\x08_S5_\x12\x08\x04\x0a\x05\x0a\x05\x00\x00";

	for (size_t n = 1; n < 12; n++) { /* cut anywhere before the second type is complete */
		aml(good, n);
		ck_assert_msg(!bare.s5, "%zu bytes", n);
	}
	aml(good, 12);
	ck_assert(bare.s5);
	aml("\x09_S5_\x12\x08\x04\x0a\x05\x0a\x05\x00\x00", 14); /* no name operator */
	ck_assert(!bare.s5);
	aml("\x08_S5_\x11\x08\x04\x0a\x05\x0a\x05\x00\x00", 14); /* a buffer */
	ck_assert(!bare.s5);
	aml("\x08_S5_\x12\x08\x00\x0a\x05\x0a\x05\x00\x00", 14); /* empty package */
	ck_assert(!bare.s5);
	aml("\x08_S5_\x12\x08\x04XX05\x0a\x05\x00\x00", 15); /* a method call */
	ck_assert(!bare.s5);
	aml("\x08_S5_\x12\xff\x04\x0a\x05", 10); /* length beyond the end */
	ck_assert(!bare.s5);
}
END_TEST

START_TEST(aml_pvpanic_port)
{
	static const char device[] =
	    "\x0dQEMU0001\0\x08_CRS\x11\x0d\x0a\x0a\x47\x01\x05\x05\x05\x05\x01\x01\x79\0";

	aml(device, sizeof(device) - 1);
	ck_assert_uint_eq(bare.pvpanic, 0x505);
	aml(device, 26); /* the descriptor is cut */
	ck_assert_uint_eq(bare.pvpanic, 0);
	aml("\x0dQEMU0002\0\x08_CRS\x11\x0d\x0a\x0a\x47\x01\x05\x05\x05\x05\x01\x01\x79\0", 30);
	ck_assert_uint_eq(bare.pvpanic, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bare acpi");
	TCase *t = tcase_create("bare acpi");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, mock_reset);
	tcase_add_loop_test(t, root_given_and_scanned, 0, 3);
	tcase_add_test(t, root_in_ebda);
	tcase_add_test(t, root_broken);
	tcase_add_test(t, root_rsdp_length);
	tcase_add_test(t, root_xsdt_falls_back);
	tcase_add_test(t, madt_all_kinds);
	tcase_add_test(t, madt_broken_entries);
	tcase_add_test(t, madt_too_many);
	tcase_add_test(t, mptable_like_firecracker);
	tcase_add_test(t, mptable_broken);
	tcase_add_test(t, fadt_pc);
	tcase_add_test(t, fadt_extended_wins);
	tcase_add_test(t, fadt_hardware_reduced);
	tcase_add_test(t, fadt_short_and_absent);
	tcase_add_test(t, fadt_dsdt_places);
	tcase_add_test(t, sleep_hidden);
	tcase_add_test(t, sleep_in_ssdt);
	tcase_add_test(t, sleep_in_both_dsdts);
	tcase_add_test(t, sleep_other_names_stay);
	tcase_add_loop_test(t, sleep_cut, 0, 7);
	tcase_add_test(t, sleep_bad_tables);
	tcase_add_test(t, aml_s5_forms);
	tcase_add_test(t, aml_s5_refused);
	tcase_add_test(t, aml_pvpanic_port);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
