/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Hide ACPI's sleep states S2 and S3 (specification 6.5, 16.1). In these the CPUs lose what they hold, and
 * firmware wakes the boot CPU at the guest's own vector: a layer below the guest would be gone. A system
 * offers a state by a package of that name, \_S2_ or \_S3_, in the DSDT or an SSDT (7.4.2), so the name
 * becomes another one, and the table's checksum follows. States that keep the CPUs (S1) or begin with a
 * boot (S4) stay.
 */
#include "host.h"
#include "twoway/log.h"

#define CHECKSUM   9 /* in a table's header */
#define HEADER_LEN 36
#define NAME_OP	   0x08
#define PACKAGE_OP 0x12
#define OTHER	   'T' /* in place of the first '_', which is reserved for ACPI's own names */

/* A definition of one of the two at p: operator, root prefix or not, name, package. NULL or its name. */
static TW_INIT volatile uint8_t *lossy_sleep(uint8_t *p, const uint8_t *end)
{
	if (*p++ != NAME_OP)
		return NULL;
	if (p < end && *p == '\\')
		p++;
	if (end - p < 5 || p[0] != '_' || p[1] != 'S' || (p[2] != '2' && p[2] != '3') || p[3] != '_' ||
	    p[4] != PACKAGE_OP)
		return NULL;
	return p;
}

/* The table is sound (bare_acpi_table_at()), and in the firmware's memory, which is ours to write. */
static TW_INIT void hide(const uint8_t *table, uint32_t len)
{
	uint8_t *start = (uint8_t *)table, *end = start + len;
	volatile uint8_t *sum = start + CHECKSUM, *name;

	for (uint8_t *p = start + HEADER_LEN; p < end; p++) {
		name = lossy_sleep(p, end);
		if (!name)
			continue;
		*name = OTHER;
		if (*name != OTHER) {
			tw_warn("ACPI's state S%c cannot be hidden, its table is in ROM: the guest must not use it",
				name[2]);
			continue;
		}
		*sum = (uint8_t)(*sum + '_' - OTHER);
		tw_debug("ACPI's state S%c is hidden from the guest", name[2]);
	}
}

static TW_INIT void hide_sleep(void)
{
	bare_fadt_definitions(hide);
}

TW_INIT void bare_sleep_init(struct tw_host *host)
{
	host->hide_sleep = hide_sleep;
}
