/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The shim core: internal header. Each prototype stands under the file that owns it.
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/layout.h"
#include "twoway/attr.h"
#include "twoway/boot.h"
#include "twoway/guest.h"
#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/ledger.h"
#include "twoway/lock.h"
#include "twoway/log.h"

/* --- shim.lds.in: the image's parts (addresses of the image slot) --- */
extern char image_start[], init_start[], init_end[], kept_start[], rodata_start[], rodata_end[],
	kept_end[], shim_end[];

/* --- move.c --- */
/* How far up from where it was loaded the image lies now. */
extern uint64_t image_moved;
/* Give the place where we were loaded to the guest, when there is room elsewhere. Once, early. */
void image_move(void);

/* Physical address of something in the image; a hosted build has none, its test answers. */
#ifdef TW_HOSTED
uint64_t image_pa(const void *p);
#else
static inline uint64_t image_pa(const void *p)
{
	return (uint64_t)p - SHIM_IMAGE + image_moved;
}
#endif

/* --- options.c: the shim's own command line --- */
struct options {
	char abi[64];	 /* "auto", "xen-pv@1", ... */
	bool ledger;	 /* print the ledger at the end */
	char console[16];
	char host[16];	 /* force=host:NAME, "" = detect */
	bool pti, no_pti;      /* force=pti, force=no-pti: separate page tables for user mode */
	bool svm; /* force=svm: use SVM though CPUID does not show it (tests: Bochs bx_generic) */
	unsigned int cpus_max; /* cpus=N */
	uint64_t mem_max;      /* guestmem=SIZE, 0 = all */
	uint64_t mem_keep;     /* mem=SIZE: resident memory kept for the shim beyond its own need */
};
extern struct options options;
void options_parse(const char *cmdline);

/* --- log.c --- */
extern enum tw_log_level log_level;
/* The first line: "twoway VERSION: ..." */
void log_banner(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A raw line for tools, on the debug port only. */
void log_raw(const char *s, size_t n);

/* --- memory.c: physical memory before the guest starts --- */
/* Take the map, keep image and modules out. Dies with one line when there is too little. */
void memory_init(const struct tw_boot *boot);
/* Resident pages, zeroed, contiguous; physical address. Dies when there is no room. */
uint64_t memory_take(uint64_t pages);
/* The same for what is counted apart: page tables, and pages made for the guest or the CPU. */
uint64_t memory_take_tables(uint64_t pages);
/* A place for the image, kept out of what is free: its physical address, remainder modulo step; or 0. */
uint64_t memory_place(uint64_t bytes, uint64_t step, uint64_t remainder);
/* Scratch for the loader at the far end of memory: not taken, overwritten later by the guest. */
uint64_t memory_scratch(uint64_t bytes);
/* The free extents (page-aligned, ascending): what will be the guest's. */
struct extent {
	uint64_t base, size;
};
extern struct extent memory_free[TW_MAX_REGIONS];
extern unsigned int memory_free_count;
void memory_release(uint64_t base, uint64_t size);
/* End of RAM, bytes (highest address + 1); and all RAM found, bytes. */
extern uint64_t memory_top, memory_total;
/* Resident bytes: image, per-CPU areas, page tables; the M2P table is counted apart. */
extern uint64_t memory_resident;
extern uint64_t memory_tables; /* of these: memory_take_tables() */
/* What memory_take() has given. */
extern struct extent memory_taken[8];
extern unsigned int memory_taken_count;

/* --- image.c --- */
/* Is this page of the resident image of no use in the mode that was chosen? Page-aligned address in it. */
bool image_unused(uint64_t page);
/* The next piece of the image that is of use (physical); begin with a size of 0. Boot only. */
bool image_next_kept(struct extent *piece);

/* --- paging.c: the shim's own page tables --- */
#define PTE_P	 0x1ull
#define PTE_W	 0x2ull
#define PTE_U	 0x4ull
#define PTE_PWT	 0x8ull
#define PTE_PCD	 0x10ull
#define PTE_A	 0x20ull
#define PTE_D	 0x40ull
#define PTE_PS	 0x80ull
#define PTE_NX	 (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull
void paging_init(const struct tw_boot *boot);
/* Map one page at va (in the shim's slots). flags: PTE_*. */
void paging_map(uint64_t va, uint64_t pa, uint64_t flags);
/* Change one existing 4 KB entry of the shim's slots (whole PTE) and flush it here. Resident. */
void paging_set(uint64_t va, uint64_t pte);
/* The slots' L4 entries for a guest's root, and the shim's own root (no guest, no low memory). */
extern uint64_t paging_slots[SHIM_SLOT_END - SHIM_SLOT_M2P];
extern uint64_t paging_root;
/* Switch the calling CPU to the shim's own root. */
void paging_use(void);
/* Unmap boot-only code and data and low memory; the caller must be resident code on a resident stack. */
void paging_forget_init(void);

/* --- m2p.c: the machine-to-physical table (public in Xen's ABI) --- */
#define M2P_INVALID (~0ull)
extern uint64_t m2p_frames; /* entries */
void m2p_init(const struct tw_boot *boot);
void m2p_set(uint64_t mfn, uint64_t pfn);

/* --- smp.c --- */
void smp_start_all(void);
void ap_main(unsigned int cpu) __attribute__((noreturn));
/* A CPU has come up: its starter goes on. */
void smp_arrived(void);

/* --- ledger.c --- */
/* Counters for the CPUs of tw_host and the calls of tw_guest. Boot only. */
void ledger_init(void);

/* --- resident/area.c --- */
/* Returns from the kernel that entry code has counted on a CPU. */
uint64_t resident_irets(unsigned int cpu);

/* --- nested/cpu.c --- */
/* Bytes of stack that no CPU of nested mode has ever used. */
unsigned int nested_stack_spare(void);

/* --- nested/count.c --- */
/* Name and count (all CPUs) of the nth reason for exits; NULL behind the last. */
const char *nested_exit_count(unsigned int n, uint64_t *count);

/* --- end.c: how it ends --- */
/* Ledger, "twoway-end: reason detail" for the tool, then the host's power-off, reboot or crash. */
void end_machine(const char *reason, const char *detail) __attribute__((noreturn));
/* The same without the end: the guest itself is about to bring it about. */
void end_report(const char *reason, const char *detail);

/* --- host.c --- */
/* Pages of hypercall code that host sides have asked for: from the first on. */
unsigned int host_code_pages_used(void);
/* Look for a hypervisor's own console, for bare_console_early(). */
void host_console_find(void);
/* owns_apic: see struct tw_host. */
void host_detect(const struct tw_boot *boot, bool owns_apic);

/* --- clock_follow.c --- */
/* Take note of the hypervisor's clock as it is at start. */
void clock_follow_start(void);
/* Resident mode, about once a second on one CPU, interrupts off: has the hypervisor's clock changed? */
void clock_follow(void);

/* --- start_nested.c --- */
/* Is abi (NAME[@VERSION][:PROFILE]) one of nested mode? */
bool nested_offers(const char *abi);
/* The guest side of options.abi becomes tw_guest. Boot only. */
void nested_choose(void);
/* What all CPUs need before the guest side is chosen; stops where nested mode is impossible. */
void nested_make_cpus(void);
void start_nested(struct tw_boot *boot) __attribute__((noreturn));

/* --- start_vmi.c --- */
/* Before paging_init(): needs the boot page tables only. */
void start_vmi(struct tw_boot *boot) __attribute__((noreturn));

/* --- start_xen.c --- */
void start_xen(struct tw_boot *boot) __attribute__((noreturn));

/* --- start.c --- */
/* The first line for people, once guest, host and CPUs are known. */
void start_banner(void);
extern bool start_announced; /* the banner is out: there is a guest, and a ledger of it */
void start(uint32_t magic, uint32_t info) __attribute__((noreturn));

#endif /* SHIM_SHIM_H */
