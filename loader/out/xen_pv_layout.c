/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where everything of a Xen PV guest lies at its start. The order is that of Xen's own builder:
 * kernel, initrd (unless the kernel takes it unmapped), p2m list (unless it has a place of its own),
 * start_info, xenstore and console pages, page tables, boot stack; all of it mapped from virt_base on,
 * to the next 4 MB boundary with at least 512 KB to spare.
 */
#include <elf.h>
#include <errno.h>
#include <stdint.h>

#include <xen/xen.h>

#include "loader/out/xen_pv.h"
#include "twoway/attr.h"

#define PAGES(bytes) (((bytes) + TW_PAGE_SIZE - 1) >> TW_PAGE_SHIFT)
#define PADDING	     (512ul << 10)
#define ALIGNMENT    (4ul << 20)

static int fail(int error, const char *text, const char **why)
{
	*why = text;
	return error;
}

/* Is [va, va + size) canonical and none of the hypervisor's (xen/arch-x86/xen-x86_64.h)? */
static bool usable(uint64_t va, uint64_t size)
{
	uint64_t last = va + size - 1;

	if (last < va || (va >> 47 && va >> 47 != 0x1ffff) || va >> 47 != last >> 47)
		return false;
	return last < HYPERVISOR_VIRT_START || va >= HYPERVISOR_VIRT_END;
}

int xen_pv_check(const struct tw_elf *elf, const struct tw_xen_notes *notes, const char **why)
{
	/* XENFEAT bits that a PV guest may require of us (guest_version.c says the same). */
	const uint32_t offered = 1u << 4 | 1u << 5 | 1u << 7;

	if (!elf->is64 || elf->machine != EM_X86_64)
		return fail(-ENOEXEC, "the kernel is not a 64-bit x86 ELF image", why);
	if (notes->unknown_feature[0])
		return fail(-EINVAL, "the kernel requires a Xen feature that nobody knows", why);
	/* "!writable_page_tables" is in every Linux; the run-time answer decides (xen_version 6). */
	if (notes->required & ~(offered | 1u))
		return fail(-EINVAL, "the kernel requires a Xen feature that is not offered here", why);
	if (notes->virt_base & ~TW_PAGE_MASK)
		return fail(-EINVAL, "the kernel's VIRT_BASE is not page-aligned", why);
	if (elf->paddr_low < notes->paddr_offset)
		return fail(-EINVAL, "the kernel's segments lie below its PADDR_OFFSET", why);
	return 0;
}

/* Page-table pages for [va, va + pages): every level below the root. */
static uint64_t tables(uint64_t va, uint64_t pages)
{
	uint64_t first = va >> 12, last = first + pages - 1, count = 0;

	for (unsigned int shift = 9; shift <= 27; shift += 9)
		count += (last >> shift) - (first >> shift) + 1;
	return count;
}

static uint64_t place(uint64_t *next, uint64_t pages)
{
	uint64_t pfn = *next;

	*next += pages;
	return pfn;
}

/* Page tables map themselves, so their number and the mapped end depend on each other. */
static void place_tables(struct xen_pv *x, uint64_t *next)
{
	uint64_t base = *next, frames = 1, end, need;

	for (;;) {
		end = (base + frames + 1) << TW_PAGE_SHIFT; /* + boot stack */
		end = TW_ALIGN_UP(x->notes.virt_base + end + PADDING, ALIGNMENT) - x->notes.virt_base;
		need = 1 + tables(x->notes.virt_base, end >> TW_PAGE_SHIFT);
		if (x->notes.has_init_p2m)
			need += tables(x->notes.init_p2m, x->p2m_frames);
		if (need <= frames)
			break;
		frames = need;
	}
	x->pt_frames = frames;
	x->pt_pfn = place(next, frames);
	x->stack_pfn = place(next, 1);
	x->mapped_end = end >> TW_PAGE_SHIFT;
}

static int check_addresses(const struct xen_pv *x, const char **why)
{
	uint64_t p2m = x->notes.init_p2m, mapped = x->mapped_end << TW_PAGE_SHIFT;
	uint64_t size = x->p2m_frames << TW_PAGE_SHIFT;

	if (!usable(x->notes.virt_base, mapped))
		return fail(-EINVAL, "the kernel's VIRT_BASE leaves no room before the hypervisor's addresses "
				     "or the end of the address space", why);
	if (!x->notes.has_init_p2m)
		return 0;
	if (!usable(p2m, size) || p2m & ~TW_PAGE_MASK)
		return fail(-EINVAL, "the kernel's INIT_P2M is no address that a guest may use", why);
	if (p2m - x->notes.virt_base < mapped || x->notes.virt_base - p2m < size)
		return fail(-EINVAL, "the kernel's INIT_P2M lies in what is mapped at its VIRT_BASE", why);
	return 0;
}

/* The initrd's run is the guest's as a whole, unless a limit (option guestmem=) has cut it. */
static int number_initrd(struct xen_pv *x, const char **why)
{
	if (x->initrd_run >= x->runs_count || x->runs[x->initrd_run].count < PAGES(x->initrd.size))
		return fail(-ENOMEM, "too little memory for the initrd; allow the guest more", why);
	x->initrd_pfn = 0;
	for (unsigned int i = 0; i < x->initrd_run; i++)
		x->initrd_pfn += x->runs[i].count;
	return 0;
}

int xen_pv_layout(struct xen_pv *x, const char **why)
{
	static const char too_little[] = "too little memory for this kernel; give the VM more";
	uint64_t next;
	int rc;

	if (x->elf.paddr_high - x->notes.paddr_offset > 1ull << 30)
		return fail(-E2BIG, "the kernel image spans more than 1 GB", why);
	x->pages = 0;
	for (unsigned int i = 0; i < x->runs_count; i++)
		x->pages += x->runs[i].count;
	next = PAGES(x->elf.paddr_high - x->notes.paddr_offset);
	x->kernel_end = next;
	if (x->runs_count == 0 || next > x->runs[0].count)
		return fail(-ENOMEM, too_little, why);
	if (x->initrd.size && !x->notes.mod_start_pfn)
		x->initrd_pfn = place(&next, PAGES(x->initrd.size));
	x->p2m_frames = PAGES(x->pages * sizeof(uint64_t));
	if (!x->notes.has_init_p2m) {
		x->p2m_pfn = place(&next, x->p2m_frames);
		x->p2m_va = xen_pv_va(x, x->p2m_pfn);
	}
	x->start_info_pfn = place(&next, 1);
	x->store_pfn = place(&next, 1);
	x->console_pfn = place(&next, 1);
	place_tables(x, &next);
	if (x->notes.has_init_p2m) {
		/* Behind all that is mapped at virt_base: the kernel may take what is free there. */
		next = x->mapped_end;
		x->p2m_pfn = place(&next, x->p2m_frames);
		x->p2m_va = x->notes.init_p2m;
	}
	rc = check_addresses(x, why);
	if (rc)
		return rc;
	x->end_pfn = next > x->mapped_end ? next : x->mapped_end;
	if (x->end_pfn > x->runs[0].count)
		return fail(-ENOMEM, too_little, why);
	return x->initrd.size && x->notes.mod_start_pfn ? number_initrd(x, why) : 0;
}

uint64_t xen_pv_mfn(const struct xen_pv *x, uint64_t pfn)
{
	for (unsigned int i = 0; i < x->runs_count; i++) {
		if (pfn < x->runs[i].count)
			return x->runs[i].mfn + pfn;
		pfn -= x->runs[i].count;
	}
	return ~0ull;
}
