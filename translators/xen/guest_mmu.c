/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Page tables. The guest's tables are the real ones: machine frames in them are real, and the shim
 * trusts the guest kernel with them (the hypervisor underneath isolates the VM), so an update is a
 * store. What remains to be checked is that the table's frame is the guest's own.
 *
 * Linux makes its page tables read-only and then updates them by call. Here nothing needs that: a
 * request by update_va_mapping to take write permission from a supervisor mapping keeps it
 * writable, so that the few direct stores of the kernel do not fault. (Linux uses that call for
 * page tables, GDT and LDT pages only; its own read-only data goes through mmu_update.) Tables that
 * were mapped read-only by other means are made writable at the first fault.
 */
#include "guest.h"

#define PTE_P	 0x1ull
#define PTE_W	 0x2ull
#define PTE_U	 0x4ull
#define PTE_AD	 0x60ull
#define PTE_PS	 0x80ull
#define PTE_ADDR 0x000ffffffffff000ull
#define MFN(pte) (((pte) & PTE_ADDR) >> TW_PAGE_SHIFT)
#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & 511)

static inline void store(uint64_t *pte, uint64_t value)
{
	*(volatile uint64_t *)pte = value;
}

static void store_preserving_ad(uint64_t *pte, uint64_t value)
{
	uint64_t old = *(volatile uint64_t *)pte;

	while (!__atomic_compare_exchange_n(pte, &old, value | (old & PTE_AD), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/* Everything but a plain update: preserving A and D bits, the machine-to-physical table. */
static __attribute__((noinline)) long update_other(uint64_t ptr, uint64_t val,
						     struct xen_vcpu *v)
{
	uint64_t address = ptr & ~3ull;
	uint8_t *page = tw_guest_frame_fast(address >> TW_PAGE_SHIFT);

	if (!page)
		return -XEN_EINVAL;
	if ((ptr & 3) == MMU_MACHPHYS_UPDATE) {
		if (val == ~0ull) /* our mark for frames that are not the guest's */
			return -XEN_EINVAL;
		xen_count(v, XEN_CALL_MMU_MACHPHYS);
		tw_guest_frame_number(address >> TW_PAGE_SHIFT, val);
		return 0;
	}
	if (address & 4)
		return -XEN_EINVAL;
	xen_count(v, XEN_CALL_MMU_UPDATE);
	if ((ptr & 3) == MMU_PT_UPDATE_PRESERVE_AD)
		store_preserving_ad((uint64_t *)(page + (address & ~TW_PAGE_MASK)), val);
	else
		store((uint64_t *)(page + (address & ~TW_PAGE_MASK)), val);
	return 0;
}

/* DOMID_SELF, or DOMID_IO for mappings of device memory: there is no other domain. */
static bool own_domain(uint64_t domid)
{
	domid &= 0xffff;
	return domid == DOMID_SELF || domid == DOMID_IO;
}

static long report_done(uint64_t done_va, uint32_t done, long rc)
{
	if (done_va && tw_copy_to_guest(done_va, &done, sizeof(done)))
		return -XEN_EFAULT;
	return rc;
}

/* Hot: most updates are plain stores, one or a batch of them. */
long xen_mmu_update(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		    struct xen_vcpu *v)
{
	uint32_t count = (uint32_t)a2 & ~0x80000000u, done = 0, others = 0;
	uint64_t u[2]; /* struct mmu_update: ptr, val */
	long rc = 0;

	if (tw_unlikely(!own_domain(a4)))
		return -XEN_ESRCH;
	for (; done < count; done++, a1 += sizeof(u)) {
		if (tw_unlikely(!tw_get128(u, a1))) {
			rc = -XEN_EFAULT;
			break;
		}
		if (tw_likely((u[0] & 7) == MMU_NORMAL_PT_UPDATE)) {
			if (!tw_guest_owns(u[0] >> TW_PAGE_SHIFT)) {
				rc = -XEN_EINVAL;
				break;
			}
			store(tw_guest_machine(u[0]), u[1]);
			continue;
		}
		rc = update_other(u[0], u[1], v);
		if (tw_unlikely(rc))
			break;
		others++;
	}
	v->calls[XEN_CALL_MMU_UPDATE] += done - others; /* update_other() counted those */
	return tw_unlikely(a3) ? report_done(a3, done, rc) : rc;
}

/*
 * The L1 entry of va in the current tables, NULL where a table is missing or a large page maps it.
 * *rights gets the permissions that all upper levels leave (PTE_W, PTE_U).
 */
static uint64_t *l1_entry(uint64_t va, uint64_t *rights)
{
	uint64_t *t = tw_guest_frame_fast(MFN(hw_read_cr3()));

	*rights = ~0ull;
	for (unsigned int level = 3; level > 0 && t; level--) {
		uint64_t e = t[INDEX(va, level)];

		if (!(e & PTE_P) || e & PTE_PS)
			return NULL;
		*rights &= e;
		t = tw_guest_frame_fast(MFN(e));
	}
	return t ? &t[INDEX(va, 0)] : NULL;
}

/* The bitmap of vCPUs at guest address va (unsigned long[]), cut to those that are up. */
static bool read_vcpus(uint64_t va, uint64_t *cpus)
{
	uint64_t up = 0;

	if (tw_copy_from_guest(cpus, va, sizeof(*cpus)))
		return false;
	for (unsigned int i = 0; i < xen_domain.vcpus; i++)
		if (xen_vcpus[i]->up)
			up |= 1ull << i;
	*cpus &= up;
	return true;
}

static uint64_t all_vcpus(void)
{
	uint64_t up = 0;

	for (unsigned int i = 0; i < xen_domain.vcpus; i++)
		if (xen_vcpus[i]->up)
			up |= 1ull << i;
	return up;
}

static long flush_after_update(uint64_t va, uint64_t flags)
{
	uint64_t what = flags & UVMF_FLUSHTYPE_MASK, who = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK;
	uint64_t cpus;

	if (what == UVMF_NONE)
		return 0;
	if (who == UVMF_LOCAL) {
		if (what == UVMF_INVLPG)
			hw_invlpg(va);
		else
			hw_write_cr3(hw_read_cr3());
		return 0;
	}
	if (who == UVMF_ALL)
		cpus = all_vcpus();
	else if (!read_vcpus(who, &cpus))
		return -XEN_EFAULT;
	resident_tlb_flush(cpus, va, what == UVMF_INVLPG);
	return 0;
}

long xen_update_va_mapping(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			   struct xen_vcpu *v)
{
	uint64_t rights, *pte = l1_entry(a1, &rights), old;

	xen_count(v, XEN_CALL_UPDATE_VA_MAPPING);
	if (tw_unlikely(!pte))
		return -XEN_EINVAL;
	old = *pte;
	/* Only the write permission of a supervisor mapping goes: keep it (see above). */
	if ((a2 & (PTE_P | PTE_W | PTE_U)) == PTE_P && (old & (PTE_P | PTE_W)) == (PTE_P | PTE_W) &&
	    !((old ^ a2) & PTE_ADDR))
		a2 |= PTE_W;
	store(pte, a2);
	return a3 ? flush_after_update(a1, a3) : 0;
}

static long new_baseptr(uint64_t mfn, struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_MMUEXT_NEW_BASEPTR);
	if (tw_unlikely(!tw_guest_frame_fast(mfn)))
		return -XEN_EINVAL;
	resident_load_root(v->hw, mfn);
	return 0;
}

static long pin(const struct mmuext_op *op, struct xen_vcpu *v)
{
	uint64_t *page = tw_guest_frame_fast(op->arg1.mfn);

	xen_count(v, XEN_CALL_MMUEXT_PIN);
	if (!page)
		return -XEN_EINVAL;
	if (op->cmd == MMUEXT_PIN_L4_TABLE)
		resident_root_adopt(page, false);
	return 0;
}

static long set_ldt(const struct mmuext_op *op, struct xen_vcpu *v)
{
	uint64_t pages[16], va = op->arg1.linear_addr;
	unsigned int entries = op->arg2.nr_ents;

	xen_count(v, XEN_CALL_MMUEXT_SET_LDT);
	if (entries > 8192 || va & ~TW_PAGE_MASK)
		return -XEN_EINVAL;
	for (unsigned int i = 0; i * 512 < entries; i++) {
		pages[i] = tw_guest_va_to_pa(va + i * TW_PAGE_SIZE);
		if (pages[i] == ~0ull)
			return -XEN_EINVAL;
	}
	resident_set_ldt(v->id, pages, entries);
	return 0;
}

static long flush_many(const struct mmuext_op *op, struct xen_vcpu *v)
{
	bool one = op->cmd == MMUEXT_INVLPG_MULTI || op->cmd == MMUEXT_INVLPG_ALL;
	bool all = op->cmd == MMUEXT_TLB_FLUSH_ALL || op->cmd == MMUEXT_INVLPG_ALL;
	uint64_t cpus = 0;

	if (all)
		xen_count(v, one ? XEN_CALL_MMUEXT_INVLPG_ALL : XEN_CALL_MMUEXT_TLB_ALL);
	else
		xen_count(v, one ? XEN_CALL_MMUEXT_INVLPG_MULTI : XEN_CALL_MMUEXT_TLB_MULTI);
	if (all)
		cpus = all_vcpus();
	else if (!read_vcpus((uint64_t)op->arg2.vcpumask.p, &cpus))
		return -XEN_EFAULT;
	resident_tlb_flush(cpus, op->arg1.linear_addr, one);
	return 0;
}

static long clear_or_copy(const struct mmuext_op *op, struct xen_vcpu *v)
{
	uint8_t *to = tw_guest_frame_fast(op->arg1.mfn);

	if (op->cmd == MMUEXT_CLEAR_PAGE) {
		xen_count(v, XEN_CALL_MMUEXT_CLEAR_PAGE);
		if (!to)
			return -XEN_EINVAL;
		__builtin_memset(to, 0, TW_PAGE_SIZE);
	} else {
		uint8_t *from = tw_guest_frame_fast(op->arg2.src_mfn);

		xen_count(v, XEN_CALL_MMUEXT_COPY_PAGE);
		if (!to || !from)
			return -XEN_EINVAL;
		__builtin_memmove(to, from, TW_PAGE_SIZE);
	}
	return 0;
}

static long mmuext_one(const struct mmuext_op *op, struct xen_vcpu *v)
{
	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
		return new_baseptr(op->arg1.mfn, v);
	case MMUEXT_NEW_USER_BASEPTR:
		xen_count(v, XEN_CALL_MMUEXT_NEW_USER_BASEPTR);
		if (op->arg1.mfn && !tw_guest_frame_fast(op->arg1.mfn))
			return -XEN_EINVAL;
		resident_load_user_root(v->hw, op->arg1.mfn);
		return 0;
	case MMUEXT_TLB_FLUSH_LOCAL:
		xen_count(v, XEN_CALL_MMUEXT_TLB_LOCAL);
		hw_write_cr3(hw_read_cr3());
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		xen_count(v, XEN_CALL_MMUEXT_INVLPG_LOCAL);
		hw_invlpg(op->arg1.linear_addr);
		return 0;
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pin(op, v);
	case MMUEXT_UNPIN_TABLE:
		xen_count(v, XEN_CALL_MMUEXT_UNPIN);
		return tw_guest_frame_fast(op->arg1.mfn) ? 0 : -XEN_EINVAL;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		return flush_many(op, v);
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		xen_count(v, XEN_CALL_MMUEXT_FLUSH_CACHE);
		hw_wbinvd();
		return 0;
	case MMUEXT_SET_LDT:
		return set_ldt(op, v);
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE:
		return clear_or_copy(op, v);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -XEN_EOPNOTSUPP;
	}
	return xen_missing("mmuext_op", __HYPERVISOR_mmuext_op, op->cmd);
}

long xen_mmuext_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		   struct xen_vcpu *v)
{
	uint32_t count = (uint32_t)a2 & ~0x80000000u, done;
	struct mmuext_op op;
	long rc = 0;

	if (tw_unlikely(!own_domain(a4)))
		return -XEN_ESRCH;
	for (done = 0; done < count; done++, a1 += sizeof(op)) {
		if (tw_unlikely(!tw_get128(&op, a1) || !tw_get64(&op.arg2, a1 + 16))) {
			rc = -XEN_EFAULT;
			break;
		}
		rc = mmuext_one(&op, v);
		if (tw_unlikely(rc))
			break;
	}
	return tw_unlikely(a3) ? report_done(a3, done, rc) : rc;
}

/* Is mfn a table of the tree at root? Only ever asked at a write fault, so a search is cheap enough. */
static bool is_page_table(uint64_t mfn, const uint64_t *table, unsigned int level)
{
	for (unsigned int i = 0; i < 512; i++) {
		uint64_t e = table[i];
		const uint64_t *next;

		if (!(e & PTE_P) || e & PTE_PS || (level == 3 && resident_root_slot(i)))
			continue;
		if (MFN(e) == mfn)
			return true;
		if (level > 1) {
			next = tw_guest_frame_fast(MFN(e));
			if (next && is_page_table(mfn, next, level - 1))
				return true;
		}
	}
	return false;
}

bool xen_write_fault(uint64_t va, struct tw_vcpu *hw)
{
	struct xen_vcpu *v = (struct xen_vcpu *)hw->guest;
	uint64_t root = MFN(hw_read_cr3()), rights, *pte = l1_entry(va, &rights);
	const uint64_t *l4 = tw_guest_frame_fast(root);

	/*
	 * User pages are the guest kernel's business, writable or not: it may be SMAP that forbids the store,
	 * and trying again would never end.
	 */
	if (!pte || !l4 || !(*pte & PTE_P) || !(rights & PTE_W) || rights & *pte & PTE_U)
		return false;
	if (*pte & PTE_W) { /* another CPU was quicker, or a stale entry */
		hw_invlpg(va);
		return true;
	}
	if (*pte & PTE_U)
		return false;
	if (MFN(*pte) != root && !is_page_table(MFN(*pte), l4, 3))
		return false;
	xen_count(v, XEN_CALL_PT_WRITE_FAULT);
	__atomic_or_fetch(pte, PTE_W, __ATOMIC_SEQ_CST);
	hw_invlpg(va);
	return true;
}
