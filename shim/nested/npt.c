/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested page tables: guest-physical is host-physical, in the largest pages. The shim's own pages
 * show one page of nothing ("sink") instead: reads, writes and page-table walks of the guest end
 * there without an exit.
 *
 * Each CPU has a view of its own, since its xAPIC page may be replaced while others go on: a private
 * PML4, PDPT (first 512 GB), page directory of 3..4 GB and page table of the APIC. All else is shared,
 * and a change above the shared level is made in every view.
 *
 * Windows of devices above RAM and 4 GB are mapped when they are first touched.
 */
#include "shim/nested/nested.h"

#define GB(n)	   ((uint64_t)(n) << 30)
#define PRIVATE_GB 3
#define POOL_PAGES 40 /* tables for the shim's own ranges, overlays and device windows */
#define VIEW_PAGES 11 /* of each CPU: four tables, the APIC copy, splits, its overlays */

uint64_t nested_gpa_limit;
static uint64_t sink_pa;
static uint64_t pool_pa, pool_left;
static uint64_t *shared_pdpt; /* entries of the first 512 GB; [PRIVATE_GB] is each view's own */
static struct tw_lock lock;
static bool huge;

static uint64_t new_table(void)
{
	uint64_t pa = pool_pa;

	if (!pool_left)
		return 0;
	pool_pa += TW_PAGE_SIZE;
	pool_left--;
	return pa;
}

static uint64_t *table(uint64_t entry)
{
	return hw_phys(entry & PTE_ADDR);
}

uint64_t nested_npt_identity(uint64_t gpa)
{
	if (nested_memory_touches_shim(gpa, TW_PAGE_SIZE))
		return sink_pa | NPT_RAM | PTE_NX;
	return gpa | NPT_RAM;
}

/* A page table for the 2 MB at base, and the entry that shows it (or one large page). */
static uint64_t make_2m(uint64_t base, bool split)
{
	uint64_t pa, *t;

	if (!split && !nested_memory_touches_shim(base, 1ull << 21))
		return base | NPT_RAM | PTE_PS;
	pa = new_table();
	if (!pa)
		return 0;
	t = hw_phys(pa);
	for (unsigned int i = 0; i < 512; i++)
		t[i] = nested_npt_identity(base + i * TW_PAGE_SIZE);
	return pa | NPT_RAM;
}

static uint64_t make_1g(uint64_t base, bool split)
{
	uint64_t pa, *t;

	if (huge && !split && !nested_memory_touches_shim(base, GB(1)))
		return base | NPT_RAM | PTE_PS;
	pa = new_table();
	if (!pa)
		return 0;
	t = hw_phys(pa);
	for (unsigned int i = 0; i < 512; i++)
		t[i] = make_2m(base + ((uint64_t)i << 21), false);
	return pa | NPT_RAM;
}

static TW_INIT void make_view(struct nested_cpu *c)
{
	uint64_t root = new_table(), pdpt = new_table(), pd = make_1g(GB(PRIVATE_GB), true), entry;

	c->pml4 = hw_phys(root);
	c->pdpt = hw_phys(pdpt);
	c->pd3 = table(pd);
	c->pml4[0] = pdpt | NPT_RAM;
	__builtin_memcpy(c->pdpt, shared_pdpt, TW_PAGE_SIZE);
	c->pdpt[PRIVATE_GB] = pd;
	entry = make_2m(nested_apic_pa & ~0x1fffffull, true);
	c->pd3[nested_apic_pa >> 21 & 511] = entry;
	c->apic_pte = &table(entry)[nested_apic_pa >> 12 & 511];
	*c->apic_pte |= PTE_NX;
	c->apic_copy_pa = new_table();
	c->apic_copy = hw_phys(c->apic_copy_pa);
	c->npt_root = root;
}

/* After this nothing may be taken from memory any more: the ranges of the shim are closed here. */
TW_INIT void nested_npt_init(void)
{
	uint64_t top = memory_top > GB(4) ? memory_top : GB(4);
	unsigned int bits = hw_cpuid(0x80000008, 0).eax & 0xff;

	huge = hw_cpuid(0x80000001, 0).edx & 1u << 26;
	nested_gpa_limit = 1ull << (bits > 48 ? 48 : bits);
	pool_left = POOL_PAGES + VIEW_PAGES * nested_cpus + (huge ? 0 : top >> 30);
	pool_pa = memory_take_tables(pool_left);
	nested_memory_close();
	sink_pa = new_table();
	__builtin_memset(hw_phys(sink_pa), 0xff, TW_PAGE_SIZE);
	shared_pdpt = hw_phys(new_table());
	for (uint64_t gpa = 0; gpa < top && gpa < GB(512); gpa += GB(1))
		if (gpa != GB(PRIVATE_GB))
			shared_pdpt[gpa >> 30] = make_1g(gpa, false);
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		make_view(nested_cpu_of[cpu]);
}


/* Set the 1 GB entry of gpa in every view; makes the PDPT of a higher 512 GB if need be. */
static bool set_1g(uint64_t gpa, uint64_t entry)
{
	unsigned int slot = gpa >> 39 & 511, index = gpa >> 30 & 511;

	if (!entry)
		return false;
	if (slot == 0) {
		shared_pdpt[index] = entry;
		for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
			nested_cpu_of[cpu]->pdpt[index] = entry;
		return true;
	}
	if (!(nested_cpu_of[0]->pml4[slot] & PTE_P)) {
		uint64_t pa = new_table();

		for (unsigned int cpu = 0; pa && cpu < nested_cpus; cpu++)
			nested_cpu_of[cpu]->pml4[slot] = pa | NPT_RAM;
		if (!pa)
			return false;
	}
	table(nested_cpu_of[0]->pml4[slot])[index] = entry;
	return true;
}

static uint64_t get_1g(uint64_t gpa)
{
	uint64_t top = nested_cpu_of[0]->pml4[gpa >> 39 & 511];

	return top & PTE_P ? table(top)[gpa >> 30 & 511] : 0;
}

/* The 4 KB entry of gpa, split down to it; NULL when there are no pages for tables. */
static uint64_t *entry_4k(uint64_t gpa)
{
	uint64_t entry = get_1g(gpa), *pd;
	unsigned int index = gpa >> 21 & 511;

	if ((!(entry & PTE_P) || entry & PTE_PS) && !set_1g(gpa, make_1g(gpa & ~(GB(1) - 1), true)))
		return NULL;
	pd = table(get_1g(gpa));
	entry = pd[index];
	if (entry & PTE_PS) {
		entry = make_2m(gpa & ~0x1fffffull, true);
		if (!entry)
			return NULL;
		pd[index] = entry;
		for (unsigned int cpu = 1; gpa >> 30 == PRIVATE_GB && cpu < nested_cpus; cpu++)
			nested_cpu_of[cpu]->pd3[index] = entry;
	}
	return &table(entry)[gpa >> 12 & 511];
}

/*
 * entry is that of CPU 0. In the private directory the tables that were made with the views, around the APIC
 * and the shim's own ranges, are each view's own, too.
 */
static void set_4k(uint64_t gpa, uint64_t value, uint64_t *entry)
{
	*entry = value;
	for (unsigned int cpu = 1; gpa >> 30 == PRIVATE_GB && cpu < nested_cpus; cpu++)
		table(nested_cpu_of[cpu]->pd3[gpa >> 21 & 511])[gpa >> 12 & 511] = value;
}

bool nested_npt_set(uint64_t gpa, uint64_t value)
{
	uint64_t *entry;

	tw_lock(&lock);
	entry = entry_4k(gpa);
	if (entry)
		set_4k(gpa, value, entry);
	tw_unlock(&lock);
	return entry;
}

bool nested_npt_fault(uint64_t gpa)
{
	bool good;

	if (gpa >= nested_gpa_limit)
		return false;
	tw_lock(&lock);
	good = get_1g(gpa) & PTE_P;
	if (!good)
		good = set_1g(gpa, make_1g(gpa & ~(GB(1) - 1), false));
	else
		good = gpa >= GB(4); /* another CPU was first */
	tw_unlock(&lock);
	return good;
}
