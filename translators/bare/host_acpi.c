/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ACPI root tables: find the RSDP, walk XSDT or RSDT, hand out checked tables. All of it is read
 * from memory that somebody else wrote, so a table counts only when it lies wholly in reach, has
 * a sane length and the right checksum; everything else is as if it were absent. Layouts: ACPI
 * specification 6.5, 5.2.5 (RSDP) to 5.2.8 (XSDT).
 */
#include "host.h"
#include "twoway/phys.h"

#define RSDP_V1_LEN   20
#define RSDP_V2_LEN   36
#define HEADER_LEN    36
#define TABLE_LEN_MAX (16u << 20) /* the largest DSDTs are below 1 MB */
#define ROOT_MAX      256	  /* tables; real machines have some dozens */

static const uint8_t *root TW_INITDATA = NULL;
static uint32_t root_entries TW_INITDATA = 0;
static uint32_t root_entry_size TW_INITDATA = 0;

TW_INIT uint8_t bare_checksum(const uint8_t *p, uint32_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return sum;
}

static TW_INIT bool same(const uint8_t *p, const char *signature)
{
	while (*signature)
		if (*p++ != (uint8_t)*signature++)
			return false;
	return true;
}

TW_INIT uint64_t bare_scan(uint64_t from, uint64_t to, const char *signature, uint32_t checked_len)
{
	for (uint64_t pa = TW_ALIGN_UP(from, 16); pa + checked_len <= to; pa += 16) {
		const uint8_t *p = tw_phys_range(pa, checked_len);

		if (p && same(p, signature) && !bare_checksum(p, checked_len))
			return pa;
	}
	return 0;
}

TW_INIT uint64_t bare_ebda(void)
{
	const uint8_t *bda = tw_phys_range(0x40e, 2); /* BIOS data area: the EBDA's segment */
	uint64_t ebda = bda ? (uint64_t)tw_load16(bda) << 4 : 0;

	return ebda >= 0x80000 && ebda < 0xa0000 ? ebda : 0;
}

TW_INIT const uint8_t *bare_acpi_table_at(uint64_t pa, const char *signature, uint32_t *len)
{
	const uint8_t *table = pa ? tw_phys_range(pa, HEADER_LEN) : NULL;

	if (!table || (signature && !same(table, signature)))
		return NULL;
	*len = tw_load32(table + 4);
	if (*len < HEADER_LEN || *len > TABLE_LEN_MAX)
		return NULL;
	table = tw_phys_range(pa, *len);
	return table && !bare_checksum(table, *len) ? table : NULL;
}

/* Use the root table at pa; entries are 8 bytes wide in the XSDT, 4 in the RSDT. */
static TW_INIT bool open_root(uint64_t pa, const char *signature, uint32_t entry_size)
{
	uint32_t len;

	root = bare_acpi_table_at(pa, signature, &len);
	if (!root)
		return false;
	root_entry_size = entry_size;
	root_entries = (len - HEADER_LEN) / entry_size;
	if (root_entries > ROOT_MAX)
		root_entries = ROOT_MAX;
	return true;
}

static TW_INIT uint64_t find_rsdp(void)
{
	uint64_t ebda = bare_ebda();
	uint64_t pa = ebda ? bare_scan(ebda, ebda + 1024, "RSD PTR ", RSDP_V1_LEN) : 0;

	return pa ? pa : bare_scan(0xe0000, 0x100000, "RSD PTR ", RSDP_V1_LEN);
}

TW_INIT bool bare_acpi_open(uint64_t rsdp)
{
	const uint8_t *p;
	uint32_t len;

	root = NULL;
	if (!rsdp)
		rsdp = find_rsdp();
	p = rsdp ? tw_phys_range(rsdp, RSDP_V1_LEN) : NULL;
	if (!p || !same(p, "RSD PTR ") || bare_checksum(p, RSDP_V1_LEN))
		return false;
	if (p[15] >= 2 && tw_phys_range(rsdp, RSDP_V2_LEN)) {
		len = tw_load32(p + 20);
		if (len >= RSDP_V2_LEN && len <= TW_PAGE_SIZE && tw_phys_range(rsdp, len) &&
		    !bare_checksum(p, len) && open_root(tw_load64(p + 24), "XSDT", 8))
			return true;
	}
	return open_root(tw_load32(p + 16), "RSDT", 4);
}

TW_INIT const uint8_t *bare_acpi_table(const char *signature, unsigned int nth, uint32_t *len)
{
	for (uint32_t i = 0; root && i < root_entries; i++) {
		const uint8_t *entry = root + HEADER_LEN + i * root_entry_size;
		uint64_t pa = root_entry_size == 8 ? tw_load64(entry) : tw_load32(entry);
		const uint8_t *table = bare_acpi_table_at(pa, signature, len);

		if (table && !nth--)
			return table;
	}
	return NULL;
}
