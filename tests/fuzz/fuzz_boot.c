/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hostile boot information: Multiboot, PVH, bundles, ACPI and MP tables, AML. The first byte of the input
 * chooses the reader, the rest is its memory. Besides the sanitizers, what the boot readers promise
 * of struct tw_boot is asserted. Checksums of ACPI tables are made right, since the fuzzer would
 * spend its life on them; the readers' refusal of wrong ones is a unit test's matter.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../../loader/in/in.h"
#include "../../loader/in/multiboot.h"
#include "../../translators/bare/host.h"
#include "../unit/mock_acpi.h"
#include "../unit/mock_hw.h"
#include "twoway/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX 16384

static struct tw_boot boot;

static void check_boot(void)
{
	uint64_t end = 0;

	assert(boot.regions_count > 0 && boot.regions_count <= TW_MAX_REGIONS);
	for (unsigned int i = 0; i < boot.regions_count; i++) {
		const struct tw_region *r = &boot.regions[i];

		assert(r->size && r->base >= end && r->size <= UINT64_MAX - r->base);
		assert(r->type >= TW_MEM_RAM && r->type <= TW_MEM_NVS);
		assert(r->type != TW_MEM_RAM || ((r->base | r->size) & 0xfff) == 0);
		end = r->base + r->size;
	}
	assert(boot.modules_count <= TW_MAX_MODULES);
	for (unsigned int i = 0; i < boot.modules_count; i++) {
		assert(boot.modules[i].size <= UINT64_MAX - boot.modules[i].base);
		assert(memchr(boot.modules[i].cmdline, 0, TW_CMDLINE_MAX));
	}
	assert(memchr(boot.cmdline, 0, TW_CMDLINE_MAX));
}

/*
 * Addresses and counts of random bytes lead nowhere nearly always. Unless the input asks for raw
 * values, those at the top are folded into the memory that is there and a little beyond.
 */
static void fold(uint8_t *p, size_t room, size_t at, uint32_t base, uint32_t range)
{
	uint32_t value;

	if (at + 8 > room)
		return;
	memcpy(&value, p + at, 4);
	if (!value)
		return;
	value = base + value % range;
	memcpy(p + at, &value, 4);
}

static void fold_multiboot(uint8_t *p, size_t size)
{
	static const uint8_t addresses[] = {MB_CMDLINE, MB_MODS_ADDR, MB_MMAP_ADDR, MB_LOADER_NAME};

	for (unsigned int i = 0; i < sizeof(addresses); i++)
		fold(p, size, addresses[i], 4096, (uint32_t)size + 16);
	fold(p, size, MB_MODS_COUNT, 0, 16);
	fold(p, size, MB_MMAP_LENGTH, 0, (uint32_t)size + 16);
}

static void fold_pvh(uint8_t *p, size_t size)
{
	static const uint8_t addresses[] = {16, 24, 40}; /* modlist, cmdline, memmap */

	if (size < 56)
		return;
	memcpy(p, "\x78\xc5\x6e\x33", 4);
	for (unsigned int i = 0; i < sizeof(addresses); i++) {
		fold(p, size, addresses[i], 4096, (uint32_t)size + 16);
		memset(p + addresses[i] + 4, 0, 4);
	}
	fold(p, size, 12, 0, 16);
	fold(p, size, 48, 0, 160);
}

/* The input is all the memory there is, from 4096 on; the information is at its start. */
static void boot_protocol(bool pvh, bool raw, const uint8_t *data, size_t size)
{
	uint8_t *memory = mock_ram(4096, size);
	const char *why = NULL;
	int err;

	memcpy(memory, data, size);
	if (!raw && pvh)
		fold_pvh(memory, size);
	else if (!raw)
		fold_multiboot(memory, size);
	err = pvh ? pvh_read(4096, &boot, &why) : multiboot_read(4096, &boot, &why);
	if (err)
		assert(err < 0 && why);
	else
		check_boot();
}

static uint8_t *hex(uint8_t *p, uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*p++ = (uint8_t)"0123456789abcdef"[value >> shift & 15];
	return p;
}

/*
 * A bundle: the input as it is, or taken as a list of members (name, type, lengths), since the
 * fuzzer would not find the headers' digits by itself.
 */
static void bundle(bool raw, const uint8_t *data, size_t size)
{
	static const char *const names[] = {"kernel", "initrd", "kernel.cmdline", "./a.cmdline",
					    ".cmdline", "a", "TRAILER!!!", ""};
	static uint8_t archive[MEMORY_MAX];
	const char *why = NULL;
	size_t used = 0;
	uint8_t *p;

	for (; !raw && size >= 4 && used < MEMORY_MAX - 1024; data += 4, size -= 4) {
		const char *name = names[data[0] & 7];

		memset(archive + used, 0, 1024);
		memcpy(archive + used, data[0] & 8 ? "070702" : "070701", 6);
		p = archive + used + 6;
		for (unsigned int i = 0; i < 13; i++)
			p = hex(p, i == 1    ? data[0] & 16 ? 0120777 : 0100644
				   : i == 6  ? data[1] + (data[2] & 1) * 0xffffff00u
				   : i == 11 ? (uint32_t)strlen(name) + 1 + (data[3] & 3)
					     : 0);
		memcpy(p, name, strlen(name));
		used += (110 + strlen(name) + 1 + (data[3] & 3) + 3) & ~(size_t)3;
		memset(archive + used, data[2], data[1]);
		used += (data[1] + 3u) & ~3u;
	}
	if (raw) {
		memcpy(archive, data, size);
		used = size;
	}
	if (!used)
		return;
	memcpy(mock_ram(4096, used), archive, used);
	boot.modules_count = 1;
	boot.modules[0] = (struct tw_module){.base = 4096, .size = used};
	if (bundle_open(&boot, &why)) {
		assert(why);
		return;
	}
	assert(boot.modules_count && boot.modules_count <= TW_MAX_MODULES);
	for (unsigned int i = 0; i < boot.modules_count; i++) {
		const struct tw_module *m = &boot.modules[i];

		assert(m->base >= 4096 && m->base + m->size <= 4096 + used);
		assert(memchr(m->cmdline, 0, TW_CMDLINE_MAX));
	}
}

/* A sound header around the input as the table's body; all readers run over all of them. */
static void acpi_tables(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"APIC", "FACP", "SSDT", "HPET"};
	uint64_t pas[4], dsdt_pa = 0xe8000;
	struct mock_table t;
	uint32_t ids[TW_MAX_CPUS], len;
	struct tw_host host;
	bool sound;

	for (unsigned int i = 0; i < 4; i++) {
		size_t part = i < 3 ? size / 4 : size;
		size_t room = i == 1 && part >= 64 ? 240 + part : part; /* a whole FADT, mostly */

		pas[i] = 0xe0000 + 0x2000 * i;
		t = mock_acpi_table(pas[i], names[i], 36 + room);
		mock_put_bytes(&t, data, part);
		t.len = 36 + room;
		if (i == 1 && part >= 8)
			mock_poke(&t, 40, dsdt_pa, 4);
		mock_acpi_seal(&t);
		data += part;
		size -= part;
	}
	t = mock_acpi_table(dsdt_pa, "DSDT", 36 + size);
	mock_acpi_seal(&t);
	mock_acpi_root(2, pas, 4);
	bare_acpi_open(0);
	assert(bare_madt_read(ids, TW_MAX_CPUS) <= TW_MAX_CPUS);
	assert(bare.ioapics_count <= BARE_MAX_IOAPICS);
	bare_fadt_read();
	assert(bare.s5_type_a <= 7 && bare.s5_type_b <= 7);
	sound = bare_acpi_table("SSDT", 0, &len);
	bare_sleep_init(&host);
	host.hide_sleep();
	assert(!bare_checksum(t.data, (uint32_t)t.len));
	assert(sound == !!bare_acpi_table("SSDT", 0, &len));
}

static void seal(uint8_t *p, size_t len, size_t at)
{
	p[at] = 0;
	p[at] = (uint8_t)-bare_checksum(p, (uint32_t)len);
}

/* An MP configuration table with the input as its entries. */
static void mp_table(const uint8_t *data, size_t size)
{
	uint8_t *p = mock_ram(0xf0000, 16 + 44 + size);
	uint16_t len = (uint16_t)(44 + size);
	uint32_t ids[TW_MAX_CPUS];

	memcpy(p, "_MP_\x10\x00\x0f\x00\x01\x04", 10);
	seal(p, 16, 10);
	memcpy(p + 16, "PCMP", 4);
	memcpy(p + 20, &len, 2);
	memcpy(p + 60, data, size);
	seal(p + 16, len, 7);
	assert(bare_mptable_read(ids, TW_MAX_CPUS) <= TW_MAX_CPUS);
	assert(bare.ioapics_count <= BARE_MAX_IOAPICS);
}

/* The BIOS areas as the input has them: RSDP, RSDT, MP tables with whatever checksums. */
static void bios_areas(const uint8_t *data, size_t size)
{
	uint32_t ids[TW_MAX_CPUS], len;

	memcpy(mock_ram(0xf0000, size), data, size);
	if (bare_acpi_open(0xf0000) || bare_acpi_open(0))
		bare_acpi_table("APIC", 0, &len);
	assert(bare_mptable_read(ids, TW_MAX_CPUS) <= TW_MAX_CPUS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[MEMORY_MAX];
	uint8_t *aml;

	if (size < 2 || size > MEMORY_MAX / 2)
		return 0;
	mock_reset();
	memset(&bare, 0, sizeof(bare));
	switch (data[0] & 7) {
	case 0:
	case 1:
		boot_protocol(false, data[0] & 8, data + 1, size - 1);
		break;
	case 2:
	case 3:
		boot_protocol(true, data[0] & 8, data + 1, size - 1);
		break;
	case 4:
		acpi_tables(data + 1, size - 1);
		break;
	case 5:
		if (data[0] & 8)
			bios_areas(data + 1, size - 1);
		else
			mp_table(data + 1, size - 1);
		break;
	case 6:
		bundle(data[0] & 8, data + 1, size - 1);
		break;
	default: /* the name in front, the end at the buffer's end, so that a read beyond it is seen
		  */
		aml = memory + MEMORY_MAX - (size + 7);
		memcpy(aml, (data[0] & 8) ? "QEMU0001" : "___\x08_S5_", 8);
		memcpy(aml + 8, data + 1, size - 1);
		bare_aml_scan(aml, (uint32_t)(size + 7));
		break;
	}
	return 0;
}
