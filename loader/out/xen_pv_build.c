/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Fill the frames that xen_pv_layout() has chosen: kernel, lists, start_info, page tables. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xen/xen.h>

#include "loader/out/xen_pv.h"
#include "twoway/attr.h"
#include "twoway/hw.h"

#define PTE_LEAF  0x63ull /* present, writable, accessed, dirty; see map_all() */
#define PTE_TABLE 0x67ull
#define PTE_ADDR  0x000ffffffffff000ull
#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & 511)

/* A frame of runs[0], where all that is filled here lies one after another. */
static void *frame(const struct xen_pv *x, uint64_t pfn)
{
	return hw_phys((x->runs[0].mfn + pfn) << TW_PAGE_SHIFT);
}

static void copy_kernel(const struct xen_pv *x)
{
	uint8_t *base = frame(x, 0);

	for (unsigned int i = 0; i < x->elf.segments_count; i++) {
		const struct tw_elf_segment *s = &x->elf.segments[i];
		uint8_t *to = base + (s->paddr - x->notes.paddr_offset);

		memcpy(to, x->elf.file.data + s->offset, s->filesz);
		memset(to + s->filesz, 0, s->memsz - s->filesz);
	}
}

static void fill_p2m(const struct xen_pv *x)
{
	uint64_t *p2m = frame(x, x->p2m_pfn);

	for (unsigned int i = 0; i < x->runs_count; i++)
		for (uint64_t n = 0; n < x->runs[i].count; n++)
			*p2m++ = x->runs[i].mfn + n;
	while ((uintptr_t)p2m & ~TW_PAGE_MASK)
		*p2m++ = ~0ull;
}

struct tables {
	const struct xen_pv *x;
	uint64_t used; /* of the page-table frames; the first is the root */
};

static void map(struct tables *t, uint64_t va, uint64_t mfn)
{
	uint64_t *table = frame(t->x, t->x->pt_pfn);

	for (unsigned int level = 3; level > 0; level--) {
		uint64_t *e = &table[INDEX(va, level)];

		if (!*e) {
			uint64_t pfn = t->x->pt_pfn + t->used++;

			memset(frame(t->x, pfn), 0, TW_PAGE_SIZE);
			*e = (t->x->runs[0].mfn + pfn) << TW_PAGE_SHIFT | PTE_TABLE;
		}
		table = hw_phys(*e & PTE_ADDR);
	}
	table[INDEX(va, 0)] = mfn << TW_PAGE_SHIFT | PTE_LEAF;
}

/*
 * The kernel executes at CPL 0 and may have SMEP and SMAP switched on, so its own mappings carry no
 * user bit in the leaves. The tables' bit says nothing by itself.
 */
static void map_all(const struct xen_pv *x)
{
	struct tables t = { x, 1 };

	memset(frame(x, x->pt_pfn), 0, TW_PAGE_SIZE);
	for (uint64_t pfn = 0; pfn < x->mapped_end; pfn++)
		map(&t, xen_pv_va(x, pfn), x->runs[0].mfn + pfn);
	if (x->notes.has_init_p2m)
		for (uint64_t i = 0; i < x->p2m_frames; i++)
			map(&t, x->p2m_va + (i << TW_PAGE_SHIFT), x->runs[0].mfn + x->p2m_pfn + i);
}

static int fill_start_info(const struct xen_pv *x, const struct xen_pv_ports *ports,
			   const char **why)
{
	struct start_info *si = frame(x, x->start_info_pfn);

	memset(si, 0, TW_PAGE_SIZE);
	if (strlen(x->cmdline) >= sizeof(si->cmd_line)) {
		*why = "the guest's command line is longer than the 1023 characters of Xen's ABI";
		return -E2BIG;
	}
	memcpy(si->magic, "xen-3.0-x86_64", sizeof("xen-3.0-x86_64"));
	si->nr_pages = x->pages;
	si->shared_info = ports->shared_info_pa;
	si->store_mfn = x->runs[0].mfn + x->store_pfn;
	si->store_evtchn = ports->store_port;
	si->console.domU.mfn = x->runs[0].mfn + x->console_pfn;
	si->console.domU.evtchn = ports->console_port;
	si->pt_base = xen_pv_va(x, x->pt_pfn);
	si->nr_pt_frames = x->pt_frames;
	si->mfn_list = x->p2m_va;
	if (x->notes.has_init_p2m) {
		si->first_p2m_pfn = x->p2m_pfn;
		si->nr_p2m_frames = x->p2m_frames;
	}
	if (x->initrd.size) {
		si->mod_len = x->initrd.size;
		si->mod_start = x->initrd_pfn;
		if (x->notes.mod_start_pfn)
			si->flags |= SIF_MOD_START_PFN;
		else
			si->mod_start = xen_pv_va(x, x->initrd_pfn);
	}
	memcpy(si->cmd_line, x->cmdline, strlen(x->cmdline) + 1);
	return 0;
}

/* Calls by page: 32 bytes each (xen/arch-x86_64.h); the iret slot is jumped to, not called. */
static int fill_hypercall_page(const struct xen_pv *x, const char **why)
{
	static const uint8_t call[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0,
					0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05 };
	uint64_t offset = x->notes.hypercall_page - x->notes.virt_base;
	uint8_t *page;

	if (!x->notes.has_hypercall_page)
		return 0;
	if (x->notes.hypercall_page < x->notes.virt_base || offset & ~TW_PAGE_MASK ||
	    offset >> TW_PAGE_SHIFT >= x->kernel_end) {
		*why = "the kernel's HYPERCALL_PAGE note points outside its image";
		return -EINVAL;
	}
	page = frame(x, offset >> TW_PAGE_SHIFT);
	memset(page, 0xcc, TW_PAGE_SIZE);
	for (unsigned int nr = 0; nr < TW_PAGE_SIZE / 32; nr++) {
		uint8_t *stub = page + nr * 32;

		if (nr == __HYPERVISOR_iret) {
			memcpy(stub, iret, sizeof(iret));
		} else {
			memcpy(stub, call, sizeof(call));
			stub[4] = (uint8_t)nr;
		}
	}
	return 0;
}

int xen_pv_build(const struct xen_pv *x, const struct xen_pv_ports *ports, const char **why)
{
	int rc;

	copy_kernel(x);
	rc = fill_hypercall_page(x, why);
	if (rc)
		return rc;
	if (x->initrd.size && !x->notes.mod_start_pfn)
		memcpy(frame(x, x->initrd_pfn), x->initrd.data, x->initrd.size);
	fill_p2m(x);
	map_all(x);
	return fill_start_info(x, ports, why);
}
