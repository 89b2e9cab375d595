/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core of the VMI ROM: what its files share. The ROM is one 32-bit image that runs wherever the
 * guest maps it: code is position independent, data is relocated by vmi_init for the address at which
 * the guest calls. A guest maps low memory at one linear distance from its physical address (Linux:
 * PAGE_OFFSET), and the ROM's own address tells it.
 */
#ifndef SHIM_VMI_ROM_H
#define SHIM_VMI_ROM_H

/* What the guest leaves to the ROM: all linear addresses from the first on. */
#define ROM_VIRTUAL_TOP 0xfe800000
#define ROM_WINDOW_SIZE 0x1000000
/*
 * By how much the ROM grows at POST: pages for host sides (Hyper-V has the most, for 16 CPUs: 4 of inputs, the hypercall page,
 * the TSC page), and 2 KB because ROMs lie at 2 KB.
 */
#define ROM_POOL_SIZE (6 * 4096 + 2048)

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stdint.h>

#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/rom.h"

/* translators/vmi/guest.c */
void vmi_guest_init(void);

/* rom.lds.in */
extern char rom_start[], rom_bss[], rom_bss_end[], rom_end[];
/* Bytes that the ROM has now, by its header. */
uint32_t rom_length(void);

/* prepare.c: before any data may be used. 0, or 1: this memory stays read-only, or is too small. */
uint32_t rom_prepare(uint32_t base);

/* start.c: vmi_init itself; with_driver false: bare only. 0 or the guest stays native. */
uint32_t rom_main(bool with_driver);
/* Linear address of the ROM, and what to add to low physical addresses. */
extern uint32_t rom_base, rom_offset;

/* entry.S: leave vmi_init, as if nothing had been called. */
_Noreturn void rom_give_up(void);

/* pool.c */
void rom_pool_init(void);

/* window.c: 0 or -1: the guest uses the addresses that it must leave. */
int rom_window_init(void);
/* The guest may have other page tables by now: put the window into them, if it is not there. */
void rom_window_check(void);
/* The guest has its last kind of page tables: it uses the timer of the local APIC, long after it has made its memory. */
void rom_window_settle(void);

/* host.c: choose and start the host side; 0 or -1. */
int rom_host_detect(bool with_driver);

/* apic.c */
int rom_apic_init(void);
void rom_apic_timer_init(void);
void rom_cpus_init(void);

#endif /* __ASSEMBLY__ */

#endif /* SHIM_VMI_ROM_H */
