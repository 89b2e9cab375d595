/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Command lines of boot loaders: bounded copies. */
#include "in.h"
#include "twoway/attr.h"
#include "twoway/log.h"
#include "twoway/phys.h"

/*
 * Multiboot says only that a module has "a string". QEMU, GRUB legacy, syslinux and iPXE put the
 * file's name in front, GRUB 2 does not: the caller decides.
 */
static TW_INIT uint64_t skip_word(uint64_t pa)
{
	const uint8_t *c = tw_phys_range(pa, 1);

	while (c && *c == ' ')
		c = tw_phys_range(++pa, 1);
	while (c && *c && *c != ' ')
		c = tw_phys_range(++pa, 1);
	while (c && *c == ' ')
		c = tw_phys_range(++pa, 1);
	return pa;
}

TW_INIT bool in_string(uint64_t pa, bool strip, const char *what, char *out)
{
	const uint8_t *c;
	unsigned int n = 0;

	out[0] = '\0';
	if (!pa)
		return true;
	if (strip)
		pa = skip_word(pa);
	while ((c = tw_phys_range(pa + n, 1)) != NULL && *c) {
		if (n == TW_CMDLINE_MAX - 1) {
			out[n] = '\0';
			tw_warn("the command line of %s is longer than %u bytes: the rest is lost",
				what, TW_CMDLINE_MAX - 1);
			return true;
		}
		out[n++] = (char)*c;
	}
	out[n] = '\0';
	return c != NULL;
}
