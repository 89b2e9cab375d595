/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Page-table calls: what is stored and what is refused, how many were done when one fails, who is
 * flushed, and which write faults are repaired. Page tables here are real ones, in guest memory.
 */
#include <check.h>
#include <string.h>

#include "mock_resident.h"
#include "mock_xen.h"

#define P  0x1ull
#define W  0x2ull
#define U  0x4ull
#define A  0x20ull
#define D  0x40ull
#define PS 0x80ull
#define VA 0xffff888012345000ull /* mapped by a test's own tables */

static struct xen_vcpu *v;
static uint64_t list, done_va; /* guest addresses */
static uint64_t root, page;    /* machine frames */

/* A frame of guest memory of its own. */
static uint64_t frame(void)
{
	uint64_t va = mock_guest_alloc(2 * TW_PAGE_SIZE);

	return MOCK_MFN_OF(TW_ALIGN_UP(va, TW_PAGE_SIZE));
}

static uint64_t *words(uint64_t mfn)
{
	return tw_guest_frame(mfn);
}

static void setup(void)
{
	mock_xen_reset(3);
	v = xen_vcpus[0];
	list = mock_guest_alloc(256);
	done_va = mock_guest_alloc(16);
	*(uint32_t *)mock_guest_at(done_va) = 0x5555;
	root = frame();
	page = frame();
	mock_cr[3] = root << 12;
}

static uint32_t done(void)
{
	return *(uint32_t *)mock_guest_at(done_va);
}

/* The L1 entry of va; tables that are missing are made. */
static uint64_t *entry(uint64_t va)
{
	uint64_t *table = words(root);

	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		uint64_t *e = &table[va >> shift & 511];

		if (!*e)
			*e = frame() << 12 | P | W | U;
		table = words(*e >> 12 & 0xffffffff);
	}
	return &table[va >> 12 & 511];
}

/* --- mmu_update --- */

static void update(unsigned int i, uint64_t ptr, uint64_t val)
{
	((uint64_t *)mock_guest_at(list))[2 * i] = ptr;
	((uint64_t *)mock_guest_at(list))[2 * i + 1] = val;
}

static long mmu_update(uint64_t count, uint64_t domid)
{
	return xen_mmu_update(list, count, done_va, domid, 0, v);
}

START_TEST(batch_of_updates)
{
	uint64_t *w = words(page);

	update(0, page << 12, 0x111);
	update(1, page << 12 | 0xff8, 0x222);
	update(2, page << 12 | 8 | MMU_PT_UPDATE_NO_TRANSLATE, 0x333);
	update(3, page << 12 | 16, 0x444);
	ck_assert_int_eq(mmu_update(3, DOMID_SELF), 0);
	ck_assert_uint_eq(done(), 3);
	ck_assert_uint_eq(w[0], 0x111);
	ck_assert_uint_eq(w[511], 0x222);
	ck_assert_uint_eq(w[1], 0x333);
	ck_assert_uint_eq(w[2], 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMU_UPDATE], 3);

	/* No counter wanted; Xen's own mark for a continued call is not part of the count. */
	ck_assert_int_eq(xen_mmu_update(list, 0x80000004, 0, DOMID_SELF, 0, v), 0);
	ck_assert_uint_eq(w[2], 0x444);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMU_UPDATE], 7);
	ck_assert_uint_eq(done(), 3);
	ck_assert_int_eq(mmu_update(0, DOMID_SELF), 0);
	ck_assert_uint_eq(done(), 0);
}
END_TEST

/* The one that fails and all behind it are not done, and the guest is told how many were. */
START_TEST(updates_stop_at_the_first_bad_one)
{
	const uint64_t bad[] = {
	    0,					/* frame 0 */
	    (MOCK_MFN - 1) << 12,		/* just below */
	    (MOCK_MFN + MOCK_PAGES) << 12,	/* just above */
	    ~0ull << 12,			/* no frame has that number */
	    (page << 12) + 20,			/* not aligned */
	    (page << 12) + 20 + MMU_PT_UPDATE_PRESERVE_AD,
	    (MOCK_MFN - 1) << 12 | MMU_PT_UPDATE_PRESERVE_AD,
	    (MOCK_MFN - 1) << 12 | MMU_MACHPHYS_UPDATE,
	};
	uint64_t *w = words(page);

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		uint64_t before = v->calls[XEN_CALL_MMU_UPDATE];

		w[0] = w[1] = w[2] = 0;
		update(0, page << 12, 0x111);
		update(1, page << 12 | 8 | MMU_PT_UPDATE_PRESERVE_AD, 0x222);
		update(2, bad[i], 0x333);
		update(3, page << 12 | 16, 0x444);
		ck_assert_int_eq(mmu_update(4, DOMID_SELF), -XEN_EINVAL);
		ck_assert_uint_eq(done(), 2);
		ck_assert_uint_eq(w[0], 0x111);
		ck_assert_uint_eq(w[1], 0x222);
		ck_assert_uint_eq(w[2] | w[3], 0);
		/* Each update that was done is in the ledger once. */
		ck_assert_uint_eq(v->calls[XEN_CALL_MMU_UPDATE] - before, 2);
	}
}
END_TEST

START_TEST(updates_fault)
{
	update(0, page << 12, 0x111);
	update(1, page << 12 | 8, 0x222);
	mock_mapped = list + 24 - MOCK_VA; /* within the second one */
	ck_assert_int_eq(xen_mmu_update(list, 2, 0, DOMID_SELF, 0, v), -XEN_EFAULT);
	ck_assert_uint_eq(words(page)[0], 0x111);
	ck_assert_uint_eq(words(page)[1], 0);
	setup();
	update(0, page << 12, 0x111);
	ck_assert_int_eq(xen_mmu_update(list, 1, MOCK_VA - 4, DOMID_SELF, 0, v), -XEN_EFAULT);
	ck_assert_int_eq(xen_mmu_update(0, 1, done_va, DOMID_SELF, 0, v), -XEN_EFAULT);
	ck_assert_uint_eq(done(), 0);
	ck_assert_int_eq(xen_mmu_update(~0ull - 15, ~0ull, done_va, DOMID_SELF, 0, v), -XEN_EFAULT);
}
END_TEST

START_TEST(updates_of_other_domains)
{
	static const domid_t others[] = {0, XEN_GUEST_DOMID, 7, DOMID_XEN, DOMID_COW, DOMID_INVALID};

	update(0, page << 12, 0x111);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(others); i++)
		ck_assert_int_eq(mmu_update(1, others[i]), -XEN_ESRCH);
	ck_assert_uint_eq(words(page)[0], 0);
	ck_assert_uint_eq(done(), 0x5555);
	ck_assert_int_eq(mmu_update(1, DOMID_IO), 0); /* device memory: Linux's ioremap */
	ck_assert_uint_eq(words(page)[0], 0x111);
}
END_TEST

START_TEST(accessed_and_dirty_stay)
{
	uint64_t *w = words(page);

	w[0] = 0x1000 | P | W | A | D;
	w[1] = 0x1000 | P | W | A;
	update(0, page << 12 | MMU_PT_UPDATE_PRESERVE_AD, 0x2000 | P);
	update(1, page << 12 | 8, 0x2000 | P); /* the plain one does not keep them */
	ck_assert_int_eq(mmu_update(2, DOMID_SELF), 0);
	ck_assert_uint_eq(w[0], 0x2000 | P | A | D);
	ck_assert_uint_eq(w[1], 0x2000 | P);
}
END_TEST

START_TEST(machine_to_physical)
{
	uint64_t before = mock_m2p[page - MOCK_MFN];

	update(0, page << 12 | MMU_MACHPHYS_UPDATE, 0x77);
	ck_assert_int_eq(mmu_update(1, DOMID_SELF), 0);
	ck_assert_uint_ne(before, 0x77);
	ck_assert_uint_eq(mock_m2p[page - MOCK_MFN], 0x77);
	ck_assert_uint_eq(words(page)[0], 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMU_MACHPHYS], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMU_UPDATE], 0);

	/* A number that would make the frame look as if it were not the guest's. */
	update(0, page << 12 | MMU_MACHPHYS_UPDATE, ~0ull);
	ck_assert_int_eq(mmu_update(1, DOMID_SELF), -XEN_EINVAL);
	ck_assert_uint_eq(mock_m2p[page - MOCK_MFN], 0x77);

	/* Of a frame that was given back nothing can be changed. */
	mock_m2p[page - MOCK_MFN] = ~0ull;
	update(0, page << 12 | MMU_MACHPHYS_UPDATE, 0x78);
	ck_assert_int_eq(mmu_update(1, DOMID_SELF), -XEN_EINVAL);
	update(0, page << 12, 0x111);
	ck_assert_int_eq(mmu_update(1, DOMID_SELF), -XEN_EINVAL);
	ck_assert_uint_eq(mock_m2p[page - MOCK_MFN], ~0ull);
}
END_TEST

/* --- update_va_mapping --- */

static long va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
	return xen_update_va_mapping(va, pte, flags, DOMID_SELF, 0, v);
}

START_TEST(mapping_by_address)
{
	uint64_t *e = entry(VA);

	ck_assert_int_eq(va_mapping(VA, page << 12 | P | W, UVMF_NONE), 0);
	ck_assert_uint_eq(*e, page << 12 | P | W);
	ck_assert_int_eq(va_mapping(VA + 0xfff, 0, 0), 0); /* the offset says nothing */
	ck_assert_uint_eq(*e, 0);
	ck_assert_uint_eq(e[1], 0);
	ck_assert_uint_eq(v->calls[XEN_CALL_UPDATE_VA_MAPPING], 2);
	ck_assert_uint_eq(mock_cr3_writes + mock_invlpgs + mock_resident.flushes, 0);
}
END_TEST

START_TEST(mapping_without_tables)
{
	uint64_t *l4e, *l3e, *l2e, keep;

	ck_assert_int_eq(va_mapping(VA, page << 12 | P, 0), -XEN_EINVAL);
	entry(VA);
	l4e = &words(root)[VA >> 39 & 511];
	l3e = &words(*l4e >> 12)[VA >> 30 & 511];
	l2e = &words(*l3e >> 12)[VA >> 21 & 511];
	ck_assert_int_eq(va_mapping(VA, page << 12 | P, 0), 0);
	/* Not there, a large page, or a table in a frame that is not the guest's. */
	for (uint64_t *e = l4e;; e = e == l4e ? l3e : l2e) {
		keep = *e;
		*e = keep & ~P;
		ck_assert_int_eq(va_mapping(VA, 1, 0), -XEN_EINVAL);
		*e = keep | PS;
		ck_assert_int_eq(va_mapping(VA, 1, 0), -XEN_EINVAL);
		*e = (MOCK_MFN + MOCK_PAGES) << 12 | P | W;
		ck_assert_int_eq(va_mapping(VA, 1, 0), -XEN_EINVAL);
		*e = keep;
		if (e == l2e)
			break;
	}
	ck_assert_uint_eq(*entry(VA), page << 12 | P);
	mock_cr[3] = 0;
	ck_assert_int_eq(va_mapping(VA, 1, 0), -XEN_EINVAL);
}
END_TEST

/* Linux makes its page tables read-only by this call; that alone is not done. */
START_TEST(supervisor_page_stays_writable)
{
	uint64_t *e = entry(VA), other = frame() << 12, same = page << 12;

	*e = same | P | W;
	ck_assert_int_eq(va_mapping(VA, same | P | D, 0), 0);
	ck_assert_uint_eq(*e, same | P | W | D);
	/* User mode's rights are its own. */
	*e = same | P | W | U;
	ck_assert_int_eq(va_mapping(VA, same | P | U, 0), 0);
	ck_assert_uint_eq(*e, same | P | U);
	/* Another frame, or one that was read-only before. */
	*e = same | P | W;
	ck_assert_int_eq(va_mapping(VA, other | P, 0), 0);
	ck_assert_uint_eq(*e, other | P);
	ck_assert_int_eq(va_mapping(VA, other | P, 0), 0);
	ck_assert_uint_eq(*e, other | P);
	/* Taking the mapping away. */
	*e = same | P | W;
	ck_assert_int_eq(va_mapping(VA, same, 0), 0);
	ck_assert_uint_eq(*e, same);
}
END_TEST

START_TEST(mapping_and_flushing)
{
	uint64_t mask = mock_guest_alloc(16);

	entry(VA);
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_INVLPG | UVMF_LOCAL), 0);
	ck_assert_uint_eq(mock_invlpg_va, VA);
	ck_assert_uint_eq(mock_invlpgs, 1);
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
	ck_assert_uint_eq(mock_cr3_writes, 1);
	ck_assert_uint_eq(mock_cr[3], root << 12);
	ck_assert_uint_eq(mock_resident.flushes, 0);

	ck_assert_int_eq(va_mapping(VA, 0, UVMF_INVLPG | UVMF_ALL), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 7);
	ck_assert_uint_eq(mock_resident.flush_va, VA);
	ck_assert(mock_resident.flush_one);
	xen_vcpus[1]->up = false;
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_TLB_FLUSH | UVMF_ALL), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 5);
	ck_assert(!mock_resident.flush_one);

	/* A list of vCPUs: those that do not exist or are down need nothing. */
	*(uint64_t *)mock_guest_at(mask) = ~0ull << 1;
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_INVLPG | mask), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 4);
	ck_assert_uint_eq(mock_resident.flushes, 3);
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_NONE | mask), 0);
	ck_assert_uint_eq(mock_resident.flushes, 3);
	ck_assert_int_eq(va_mapping(VA, 0, UVMF_INVLPG | (MOCK_VA - 8)), -XEN_EFAULT);
	ck_assert_uint_eq(mock_resident.flushes, 3);
}
END_TEST

/* --- mmuext_op --- */

static void ext(unsigned int i, uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
	uint64_t *w = (uint64_t *)mock_guest_at(list) + 3 * i;

	ck_assert_uint_eq(sizeof(struct mmuext_op), 24);
	w[0] = cmd;
	w[1] = arg1;
	w[2] = arg2;
}

static long one(uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
	ext(0, cmd, arg1, arg2);
	return xen_mmuext_op(list, 1, 0, DOMID_SELF, 0, v);
}

START_TEST(roots)
{
	uint64_t other = frame();

	ck_assert_int_eq(one(MMUEXT_NEW_BASEPTR, other, 0), 0);
	ck_assert_uint_eq(mock_resident.root, other);
	ck_assert_int_eq(one(MMUEXT_NEW_USER_BASEPTR, page, 0), 0);
	ck_assert_uint_eq(mock_resident.user_root, page);
	ck_assert_int_eq(one(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0); /* none */
	ck_assert_uint_eq(mock_resident.user_root, 0);
	ck_assert_int_eq(one(MMUEXT_NEW_BASEPTR, 0, 0), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_NEW_BASEPTR, MOCK_MFN - 1, 0), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_NEW_USER_BASEPTR, MOCK_MFN + MOCK_PAGES, 0), -XEN_EINVAL);
	ck_assert_uint_eq(mock_resident.root_loads, 1);
	ck_assert_uint_eq(mock_resident.user_root_loads, 2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_NEW_BASEPTR], 3);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_NEW_USER_BASEPTR], 3);
}
END_TEST

/* Only a root gets the shim's slots; of the other levels nothing is asked. */
START_TEST(pins)
{
	for (uint32_t cmd = MMUEXT_PIN_L1_TABLE; cmd < MMUEXT_PIN_L4_TABLE; cmd++)
		ck_assert_int_eq(one(cmd, page, 0), 0);
	ck_assert_uint_eq(mock_resident.adoptions, 0);
	ck_assert_int_eq(one(MMUEXT_PIN_L4_TABLE, page, 0), 0);
	ck_assert_uint_eq(mock_resident.adoptions, 1);
	ck_assert_ptr_eq(mock_resident.adopted, words(page));
	ck_assert_int_eq(one(MMUEXT_UNPIN_TABLE, page, 0), 0);
	for (uint32_t cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_UNPIN_TABLE; cmd++)
		ck_assert_int_eq(one(cmd, MOCK_MFN - 1, 0), -XEN_EINVAL);
	ck_assert_uint_eq(mock_resident.adoptions, 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_PIN], 8);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_UNPIN], 2);
}
END_TEST

START_TEST(flushes)
{
	uint64_t mask = mock_guest_alloc(16);

	ck_assert_int_eq(one(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	ck_assert_uint_eq(mock_cr3_writes, 1);
	ck_assert_uint_eq(mock_cr[3], root << 12);
	ck_assert_int_eq(one(MMUEXT_INVLPG_LOCAL, VA, 0), 0);
	ck_assert_uint_eq(mock_invlpg_va, VA);
	ck_assert_uint_eq(mock_resident.flushes, 0);

	xen_vcpus[2]->up = false;
	ck_assert_int_eq(one(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 3);
	ck_assert(!mock_resident.flush_one);
	ck_assert_int_eq(one(MMUEXT_INVLPG_ALL, VA, 0), 0);
	ck_assert_uint_eq(mock_resident.flush_va, VA);
	ck_assert(mock_resident.flush_one);
	*(uint64_t *)mock_guest_at(mask) = 0xff6;
	ck_assert_int_eq(one(MMUEXT_TLB_FLUSH_MULTI, 0, mask), 0);
	ck_assert_uint_eq(mock_resident.flush_cpus, 2);
	ck_assert(!mock_resident.flush_one);
	ck_assert_int_eq(one(MMUEXT_INVLPG_MULTI, VA + 0x1000, mask), 0);
	ck_assert_uint_eq(mock_resident.flush_va, VA + 0x1000);
	ck_assert_uint_eq(mock_resident.flush_cpus, 2);
	ck_assert(mock_resident.flush_one);
	ck_assert_uint_eq(mock_resident.flushes, 4);
	ck_assert_int_eq(one(MMUEXT_INVLPG_MULTI, VA, 0), -XEN_EFAULT);
	ck_assert_int_eq(one(MMUEXT_TLB_FLUSH_MULTI, 0, ~0ull), -XEN_EFAULT);
	ck_assert_uint_eq(mock_resident.flushes, 4);

	ck_assert_int_eq(one(MMUEXT_FLUSH_CACHE, 0, 0), 0);
	ck_assert_int_eq(one(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
	ck_assert_uint_eq(mock_wbinvds, 2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_TLB_LOCAL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_INVLPG_LOCAL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_TLB_ALL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_INVLPG_ALL], 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_TLB_MULTI], 2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_INVLPG_MULTI], 2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_FLUSH_CACHE], 2);
}
END_TEST

START_TEST(ldt)
{
	uint64_t va = MOCK_VA + 8 * TW_PAGE_SIZE, pa = (MOCK_MFN + 8) << 12;

	mock_cpu = 1;
	v = xen_vcpus[1];
	ck_assert_int_eq(one(MMUEXT_SET_LDT, va, 513), 0);
	ck_assert_uint_eq(mock_resident.ldt_cpu, 1);
	ck_assert_uint_eq(mock_resident.ldt_entries, 513);
	ck_assert_uint_eq(mock_resident.ldt_pages[0], pa);
	ck_assert_uint_eq(mock_resident.ldt_pages[1], pa + TW_PAGE_SIZE);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, va, 8192), 0); /* the most there can be */
	ck_assert_uint_eq(mock_resident.ldt_pages[15], pa + 15 * TW_PAGE_SIZE);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, 0, 0), 0); /* none */
	ck_assert_uint_eq(mock_resident.ldt_entries, 0);
	ck_assert_uint_eq(mock_resident.ldt_calls, 3);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, va, 8193), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, va, 0xffffffff), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, va + 8, 1), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_SET_LDT, MOCK_VA + 63 * TW_PAGE_SIZE, 513), -XEN_EINVAL);
	ck_assert_uint_eq(mock_resident.ldt_calls, 3);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_SET_LDT], 7);
}
END_TEST

START_TEST(clear_and_copy)
{
	uint64_t other = frame();
	uint8_t *from = (uint8_t *)words(page), *to = (uint8_t *)words(other);

	memset(from, 0xaa, TW_PAGE_SIZE);
	ck_assert_int_eq(one(MMUEXT_COPY_PAGE, other, page), 0);
	ck_assert_mem_eq(from, to, TW_PAGE_SIZE);
	ck_assert_int_eq(one(MMUEXT_COPY_PAGE, page, page), 0);
	ck_assert_int_eq(one(MMUEXT_CLEAR_PAGE, page, 0), 0);
	for (unsigned int i = 0; i < TW_PAGE_SIZE; i++)
		ck_assert_uint_eq(from[i], 0);
	ck_assert_uint_eq(to[0], 0xaa);
	ck_assert_uint_eq(to[4095], 0xaa);
	ck_assert_int_eq(one(MMUEXT_CLEAR_PAGE, MOCK_MFN - 1, 0), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_COPY_PAGE, other, MOCK_MFN + MOCK_PAGES), -XEN_EINVAL);
	ck_assert_int_eq(one(MMUEXT_COPY_PAGE, 0, page), -XEN_EINVAL);
	ck_assert_uint_eq(to[0], 0xaa);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_CLEAR_PAGE], 2);
	ck_assert_uint_eq(v->calls[XEN_CALL_MMUEXT_COPY_PAGE], 4);
}
END_TEST

START_TEST(extended_operations_stop_at_the_first_bad_one)
{
	ext(0, MMUEXT_INVLPG_LOCAL, VA, 0);
	ext(1, MMUEXT_NEW_USER_BASEPTR, page, 0);
	ext(2, MMUEXT_PIN_L4_TABLE, 0, 0);
	ext(3, MMUEXT_NEW_BASEPTR, root, 0);
	ck_assert_int_eq(xen_mmuext_op(list, 4, done_va, DOMID_SELF, 0, v), -XEN_EINVAL);
	ck_assert_uint_eq(done(), 2);
	ck_assert_uint_eq(mock_resident.user_root, page);
	ck_assert_uint_eq(mock_resident.root_loads, 0);

	ext(2, MMUEXT_MARK_SUPER, page, 0);
	ck_assert_int_eq(xen_mmuext_op(list, 4, done_va, DOMID_SELF, 0, v), -XEN_EOPNOTSUPP);
	ext(2, MMUEXT_UNMARK_SUPER, page, 0);
	ck_assert_int_eq(xen_mmuext_op(list, 4, done_va, DOMID_SELF, 0, v), -XEN_EOPNOTSUPP);
	ck_assert_uint_eq(mock_missing, 0);
	ext(2, 14, page, 0); /* a number that Xen never gave out */
	ck_assert_int_eq(xen_mmuext_op(list, 4, done_va, DOMID_SELF, 0, v), -XEN_ENOSYS);
	ck_assert_uint_eq(done(), 2);
	ck_assert_uint_eq(mock_missing, 1);
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_mmuext_op);
	ck_assert_uint_eq(mock_missing_sub, 14);

	ext(2, MMUEXT_PIN_L4_TABLE, page, 0);
	ck_assert_int_eq(xen_mmuext_op(list, 0x80000004, done_va, DOMID_SELF, 0, v), 0);
	ck_assert_uint_eq(done(), 4);
	ck_assert_uint_eq(mock_resident.root, root);
}
END_TEST

START_TEST(extended_operations_fault)
{
	ext(0, MMUEXT_NEW_BASEPTR, page, 0);
	ext(1, MMUEXT_NEW_BASEPTR, root, 0);
	ck_assert_int_eq(xen_mmuext_op(list, 1, 0, 0, 0, v), -XEN_ESRCH);
	ck_assert_int_eq(xen_mmuext_op(list, 1, 0, 7, 0, v), -XEN_ESRCH);
	ck_assert_uint_eq(mock_resident.root_loads, 0);
	/* The second one ends 8 bytes too early, and earlier still. */
	for (unsigned int cut = 24; cut < 48; cut += 8) {
		mock_mapped = list + cut - MOCK_VA;
		ck_assert_int_eq(xen_mmuext_op(list, 2, 0, DOMID_SELF, 0, v), -XEN_EFAULT);
		ck_assert_uint_eq(mock_resident.root, page);
	}
	ck_assert_uint_eq(mock_resident.root_loads, 3);
	ck_assert_int_eq(xen_mmuext_op(list, 1, MOCK_VA - 1, DOMID_SELF, 0, v), -XEN_EFAULT);
}
END_TEST

/* --- write faults --- */

static bool fault(uint64_t va)
{
	v->hw->guest = (uint64_t)v;
	mock_invlpgs = 0;
	return xen_write_fault(va, v->hw);
}

/* A read-only mapping of a table in the current tree becomes writable, whatever its level. */
START_TEST(page_tables_become_writable)
{
	uint64_t *e = entry(VA), l3 = words(root)[VA >> 39 & 511] >> 12;
	uint64_t l2 = words(l3)[VA >> 30 & 511] >> 12, l1 = words(l2)[VA >> 21 & 511] >> 12;
	const uint64_t tables[] = {root, l3, l2, l1};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(tables); i++) {
		*e = tables[i] << 12 | P | A;
		ck_assert(fault(VA + 0x18));
		ck_assert_uint_eq(*e, tables[i] << 12 | P | W | A);
		ck_assert_uint_eq(mock_invlpgs, 1);
		ck_assert_uint_eq(v->calls[XEN_CALL_PT_WRITE_FAULT], i + 1);
	}
}
END_TEST

/* A key or SMAP forbids what the entry permits: another try would never end. */
START_TEST(user_pages_are_never_tried_again)
{
	uint64_t *e = entry(VA);

	*e = page << 12 | P | W | U;
	ck_assert(!fault(VA));
	ck_assert_uint_eq(mock_invlpgs, 0);
}
END_TEST

START_TEST(other_write_faults_are_the_guests)
{
	uint64_t *e = entry(VA), l3 = words(root)[VA >> 39 & 511] >> 12;

	*e = page << 12 | P; /* read-only data */
	ck_assert(!fault(VA));
	ck_assert_uint_eq(*e, page << 12 | P);
	*e = l3 << 12 | P | U; /* user mode's view */
	ck_assert(!fault(VA));
	*e = l3 << 12; /* not present */
	ck_assert(!fault(VA));
	ck_assert(!fault(VA ^ 1ull << 46)); /* no tables at all */
	*e = l3 << 12 | P;
	words(root)[VA >> 39 & 511] &= ~W; /* taken away above */
	ck_assert(!fault(VA));
	ck_assert_uint_eq(*e, l3 << 12 | P);
	ck_assert_uint_eq(v->calls[XEN_CALL_PT_WRITE_FAULT], 0);
	words(root)[VA >> 39 & 511] |= W;
	mock_cr[3] = 0;
	ck_assert(!fault(VA));
}
END_TEST

/* Another CPU was quicker, or this one's TLB was old: try again, nothing to count. */
START_TEST(stale_write_fault)
{
	*entry(VA) = page << 12 | P | W;
	ck_assert(fault(VA));
	ck_assert_uint_eq(mock_invlpgs, 1);
	ck_assert_uint_eq(v->calls[XEN_CALL_PT_WRITE_FAULT], 0);
}
END_TEST

/* Large pages and the shim's own slots are no tables, whatever their numbers say. */
START_TEST(search_leaves_out_large_pages_and_the_shim)
{
	uint64_t *e = entry(VA), l3 = words(root)[VA >> 39 & 511] >> 12;

	*e = page << 12 | P;
	words(root)[256] = page << 12 | P | W;
	words(root)[271] = page << 12 | P | W;
	words(l3)[5] = page << 12 | P | W | PS;
	words(l3)[6] = page << 12; /* not present */
	ck_assert(!fault(VA));
	words(root)[272] = page << 12 | P | W;
	ck_assert(fault(VA));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-mmu");
	TCase *tc = tcase_create("mmu");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, batch_of_updates);
	tcase_add_test(tc, updates_stop_at_the_first_bad_one);
	tcase_add_test(tc, updates_fault);
	tcase_add_test(tc, updates_of_other_domains);
	tcase_add_test(tc, accessed_and_dirty_stay);
	tcase_add_test(tc, machine_to_physical);
	tcase_add_test(tc, mapping_by_address);
	tcase_add_test(tc, mapping_without_tables);
	tcase_add_test(tc, supervisor_page_stays_writable);
	tcase_add_test(tc, mapping_and_flushing);
	tcase_add_test(tc, roots);
	tcase_add_test(tc, pins);
	tcase_add_test(tc, flushes);
	tcase_add_test(tc, ldt);
	tcase_add_test(tc, clear_and_copy);
	tcase_add_test(tc, extended_operations_stop_at_the_first_bad_one);
	tcase_add_test(tc, extended_operations_fault);
	tcase_add_test(tc, page_tables_become_writable);
	tcase_add_test(tc, user_pages_are_never_tried_again);
	tcase_add_test(tc, other_write_faults_are_the_guests);
	tcase_add_test(tc, stale_write_fault);
	tcase_add_test(tc, search_leaves_out_large_pages_and_the_shim);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
