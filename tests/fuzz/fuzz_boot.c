/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hostile boot information: Multiboot, PVH, ACPI and MP tables, AML. The first byte of the input
 * chooses the reader, the rest is its memory. Besides the sanitizers, what the boot readers promise
 * of struct tw_boot is asserted. Checksums of ACPI tables are made right, since the fuzzer would
 * spend its life on them; the readers' refusal of wrong ones is a unit test's matter.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "../../loader/in/in.h"
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

/* The input is all the memory there is, from 4096 on; the information is at its start. */
static void boot_protocol(bool pvh, const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err;

	memcpy(mock_ram(4096, size), data, size);
	err = pvh ? pvh_read(4096, &boot, &why) : multiboot_read(4096, &boot, &why);
	if (err)
		assert(err < 0 && why);
	else
		check_boot();
}

/* A sound header around the input as the table's body; all readers run over all of them. */
static void acpi_tables(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "APIC", "FACP", "SSDT", "HPET" };
	uint64_t pas[4], dsdt_pa = 0xe8000;
	struct mock_table t;
	uint32_t ids[TW_MAX_CPUS];

	for (unsigned int i = 0; i < 4; i++) {
		size_t part = i < 3 ? size / 4 : size;

		pas[i] = 0xe0000 + 0x2000 * i;
		t = mock_acpi_table(pas[i], names[i], 36 + part);
		mock_put_bytes(&t, data, part);
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
	static uint8_t aml[MEMORY_MAX];

	if (size < 2 || size > MEMORY_MAX / 2)
		return 0;
	mock_reset();
	memset(&bare, 0, sizeof(bare));
	switch (data[0] & 7) {
	case 0:
	case 1:
		boot_protocol(false, data + 1, size - 1);
		break;
	case 2:
	case 3:
		boot_protocol(true, data + 1, size - 1);
		break;
	case 4:
		acpi_tables(data + 1, size - 1);
		break;
	case 5:
		bios_areas(data + 1, size - 1);
		break;
	default: /* a copy at the buffer's end, so that a read beyond it is seen */
		memcpy(aml + MEMORY_MAX - (size - 1), data + 1, size - 1);
		bare_aml_scan(aml + MEMORY_MAX - (size - 1), (uint32_t)(size - 1));
		break;
	}
	return 0;
}
