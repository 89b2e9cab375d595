/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The chipset's hand on the memory of option ROMs: for the VMI ROM itself, and for the shim that puts it there. */
#ifndef SHIM_PAM_H
#define SHIM_PAM_H

#include <stdint.h>

/*
 * Let [pa, end), in 0xC0000 to 0xDFFFF, be read and written as RAM; offset: what to add to a physical address for a
 * linear one. Nothing happens on an unknown chipset.
 */
void pam_unlock(unsigned long offset, uint32_t pa, uint32_t end);

#endif /* SHIM_PAM_H */
